"""Makes a module of the tests an installed plug-in, for this process and for those that it starts."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def install(
    directory: Path,
    monkeypatch: pytest.MonkeyPatch,
    classifiers: Mapping[str, str] | None = None,
    controls: Mapping[str, str] | None = None,
    **analyzers: str,
) -> dict[str, str]:
    """Installs a distribution with these entry points below the directory; gives the environment that finds it."""
    info = directory / "parrot-1.0.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: parrot\nVersion: 1.0\n", encoding="utf-8")
    groups = {"analyzers": analyzers, "classifiers": classifiers or {}, "controls": controls or {}}
    lines = [
        f"[narrows.{group}]\n" + "".join(f"{name} = {target}\n" for name, target in points.items())
        for group, points in groups.items()
    ]
    (info / "entry_points.txt").write_text("".join(lines), encoding="utf-8")
    (directory / "parrot.py").write_bytes((HERE / "parrot.py").read_bytes())
    path = os.pathsep.join([str(directory), *filter(None, [os.environ.get("PYTHONPATH")])])
    monkeypatch.setenv("PYTHONPATH", path)
    monkeypatch.syspath_prepend(str(directory))
    return {"PYTHONPATH": path}
