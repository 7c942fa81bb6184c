"""`.ci/retry`: one flaky test neither fails a change nor goes unseen; a broken one fails it, and so do many."""

import os
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RETRY = ROOT / ".ci" / "retry"

TESTS = """
import pathlib

import pytest

COUNTS = pathlib.Path(__file__).parent / "counts"


def attempt(name):
    COUNTS.mkdir(exist_ok=True)
    with (COUNTS / name).open("a") as file:
        file.write(".")
    return len((COUNTS / name).read_text())


def test_sound():
    attempt("sound")


@pytest.mark.parametrize("number", range({flaky}))
def test_flaky(number):
    assert attempt(f"flaky{{number}}") == 2


@pytest.mark.parametrize("number", range({broken}))
def test_broken(number):
    assert attempt(f"broken{{number}}") == 0
"""


class Run:
    """A project of its own with the settings of this one, checked once."""

    def __init__(self, folder: Path, text: str, *arguments: str) -> None:
        ours = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pytest"]["ini_options"]
        options = f"addopts = {shlex.join(ours['addopts'])}\nfilterwarnings = {' '.join(ours['filterwarnings'])}\n"
        (folder / "pytest.ini").write_text(f"[pytest]\n{options}", encoding="utf-8")
        (folder / "test_project.py").write_text(text, encoding="utf-8")
        self.counts = folder / "counts"
        pytest_ = [sys.executable, "-m", "pytest", "-q", "-p", "xdist", *arguments]
        done = subprocess.run(
            [sys.executable, str(RETRY), *pytest_],
            cwd=folder,
            env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        self.code, self.said = done.returncode, done.stderr

    def attempts(self, name: str) -> int:
        return len((self.counts / name).read_text(encoding="utf-8"))


def project(*, flaky: int = 0, broken: int = 0) -> str:
    return TESTS.format(flaky=flaky, broken=broken)


def test_what_passes_runs_once_and_in_silence(tmp_path: Path) -> None:
    run = Run(tmp_path, "def test_sound():\n    pass\n")
    assert (run.code, run.said) == (0, "")


@pytest.mark.parametrize("arguments", [(), ("-n", "2", "--dist", "loadscope")])
def test_a_flaky_test_passes_and_is_named(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    run = Run(tmp_path, project(flaky=1), *arguments)
    assert run.code == 0
    assert "passed only when run alone:\n   test_project.py::test_flaky[0]\n" in run.said
    assert "failed twice" not in run.said
    assert (run.attempts("sound"), run.attempts("flaky0")) == (1, 2)


def test_a_broken_test_fails_beside_a_flaky_one(tmp_path: Path) -> None:
    run = Run(tmp_path, project(flaky=1, broken=1))
    assert run.code == 1
    assert "failed twice:\n   test_project.py::test_broken[0]\n" in run.said
    assert "passed only when run alone:\n   test_project.py::test_flaky[0]\n" in run.said
    assert (run.attempts("broken0"), run.attempts("flaky0")) == (2, 2)


def test_five_are_tried_again(tmp_path: Path) -> None:
    run = Run(tmp_path, project(flaky=5))
    assert run.code == 0
    assert run.said.count("test_flaky") == 10


def test_six_are_not(tmp_path: Path) -> None:
    run = Run(tmp_path, project(flaky=6))
    assert run.code == 1
    assert "6 tests failed; nothing is run again" in run.said
    assert run.attempts("flaky0") == 1


def test_a_module_that_does_not_import_fails(tmp_path: Path) -> None:
    run = Run(tmp_path, "import nothing_of_this_name\n")
    assert run.code not in {0, 5}
    assert "passed only" not in run.said


def test_where_pytest_itself_fails_nothing_is_tried_again(tmp_path: Path) -> None:
    run = Run(tmp_path, project(flaky=1), "--no-such-option")
    assert run.code == 4
    assert "alone" not in run.said
