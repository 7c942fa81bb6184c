"""What keeps the console from starting is one message. That it serves is shown end to end."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from unit.cli.command import Ran

Narrows = Callable[..., Ran]


def test_without_a_configuration(narrows: Narrows) -> None:
    ran = narrows("console")
    assert ran.code == 2
    assert "there is no configuration" in ran.err


def test_with_a_role_for_everybody(narrows: Narrows, config: Path) -> None:
    config.write_text(config.read_text() + '\nconsole: {roles: {admin: ["*"]}}\n')
    ran = narrows("console", "-c", "narrows.yaml")
    assert ran.code == 1
    assert "would make everybody admin" in ran.err


def test_with_a_store_that_is_a_file(narrows: Narrows, config: Path, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    ran = narrows("console", "-c", str(config))
    assert ran.code == 1
    assert "data" in ran.err


def test_no_other_command_pays_for_it() -> None:
    modules = "narrows.cli.main, narrows.cli.serve, narrows.cli.demo, narrows.wiring.gate"
    code = f"import sys, {modules}; print([name for name in ('litestar', 'uvicorn') if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert ran.stdout.strip() == "[]"
