"""The root of the commands: lists without loading, loads what is used, and turns failures into one line."""

import importlib
import subprocess
import sys
from collections.abc import Callable

import pytest

from narrows import __version__
from narrows.cli import main as root
from unit.cli.command import Ran

Narrows = Callable[..., Ran]


def test_version(narrows: Narrows) -> None:
    assert narrows("--version") == (0, f"narrows {__version__}\n", "")


def test_help_names_every_command(narrows: Narrows) -> None:
    for arguments in (["--help"], ["-h"]):
        ran = narrows(*arguments)
        assert ran.code == 0
        assert all(f" {name} " in ran.out for name in root.COMMANDS)


@pytest.mark.parametrize("name", root.COMMANDS)
def test_every_command_has_help(narrows: Narrows, name: str) -> None:
    ran = narrows(name, "--help")
    assert ran.code == 0
    assert f"narrows {name}" in ran.out
    assert "install-completion" not in ran.out


def test_help_imports_no_command() -> None:
    code = "import sys; from narrows.cli.main import app; app(['--help'], standalone_mode=False); print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = ran.stdout.splitlines()[-1].split()
    assert "narrows.cli.main" in loaded
    assert not {"asyncio", "narrows.cli.demo", "narrows.cli.sessions", "narrows.wiring.gate", "uvloop"} & set(loaded)


@pytest.mark.parametrize(
    ("arguments", "part"),
    [(["tokn"], "Did you mean 'token'?"), (["--colour"], "--colour"), (["sessions", "lst"], "lst")],
)
def test_a_mistyped_command_is_a_usage_error(narrows: Narrows, arguments: list[str], part: str) -> None:
    ran = narrows(*arguments)
    assert ran.code == 2
    assert part in ran.err


def test_no_command_at_all_prints_the_help(narrows: Narrows) -> None:
    ran = narrows()
    assert ran.code == 2
    assert "sessions" in ran.out + ran.err


def broken(failure: BaseException) -> Callable[..., None]:
    def fail(*_: object, **__: object) -> None:
        raise failure

    return fail


def test_a_defect_is_one_line(narrows: Narrows, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        importlib.import_module("narrows.cli.token"), "read_state", broken(ZeroDivisionError("\x1boops"))
    )
    ran = narrows("token")
    assert ran.code == 1
    assert ran.err == "narrows: unexpected ZeroDivisionError: \\x1boops (NARROWS_DEBUG=1 shows where)\n"


def test_an_interrupt_is_130(narrows: Narrows, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.import_module("narrows.cli.token"), "read_state", broken(KeyboardInterrupt()))
    assert narrows("token").code == 130


def test_a_closed_pipe_is_quiet(narrows: Narrows, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.import_module("narrows.cli.token"), "read_state", broken(BrokenPipeError(32, "pipe")))
    ran = narrows("token")
    assert ran.code == 1
    assert ran.err == ""
