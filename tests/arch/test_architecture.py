"""The shape of the code, checked: sizes, names, mirrors, layers, and that importing it does nothing."""

import ast
import functools
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SRC = ROOT / "src" / "narrows"
MODULES = sorted(SRC.rglob("*.py"))
CODE = sorted(path for folder in ("src", "tests", "bench") for path in (ROOT / folder).rglob("*.py"))
CODE = [path for path in CODE if not {"node_modules", ".venv"} & set(path.parts)]

FILE_LINES = 400
FUNCTION_LINES = 60
BANNED_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "managers", "tools", "stuff", "base"}
UNMIRRORED = ("ports", "model", "config/schema.py")
"""Protocols and plain values: there is nothing in them to run on its own; their users' tests exercise them."""

MUTABLE_CALLS = {"list", "dict", "set", "bytearray", "defaultdict", "deque", "OrderedDict", "Counter"}
MUTATORS = {"append", "extend", "insert", "add", "update", "pop", "popitem", "clear", "remove", "discard", "setdefault"}


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@functools.cache
def trees() -> list[tuple[Path, ast.Module]]:
    """Parsed once for all tests; nobody changes them."""
    return [(path, ast.parse(path.read_text(encoding="utf-8"), str(path))) for path in MODULES]


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT / "src").with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def test_no_file_is_long() -> None:
    lengths = {relative(path): len(path.read_text(encoding="utf-8").splitlines()) for path in CODE}
    assert {name: lines for name, lines in lengths.items() if lines > FILE_LINES} == {}


def test_no_function_is_long() -> None:
    long = {}
    for path in CODE:
        # What can't be long anywhere needs no parsing: most files of tests.
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)) if text.count("\n") > FUNCTION_LINES else ():
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > FUNCTION_LINES:
                    long[f"{relative(path)}:{node.name}"] = lines
    assert long == {}


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [relative(path) for path in CODE if path.stem in BANNED_NAMES or path.parent.name in BANNED_NAMES] == []


def test_every_module_opens_with_its_contract() -> None:
    assert [relative(path) for path, tree in trees() if tree.body and not ast.get_docstring(tree)] == []


def test_every_module_has_its_mirror_test() -> None:
    missing = []
    for path in MODULES:
        inner = path.relative_to(SRC)
        if path.name in ("__init__.py", "__main__.py") or inner.as_posix().startswith(UNMIRRORED):
            continue
        mirror = ROOT / "tests" / "unit" / inner.parent / f"test_{inner.name}"
        if not mirror.exists():
            missing.append(f"{relative(path)} → {relative(mirror)}")
    assert missing == []


def test_no_unit_test_has_lost_its_module() -> None:
    """A module may have several: the names of the further ones begin with its own."""
    unit = ROOT / "tests" / "unit"
    orphans = [
        relative(test)
        for test in sorted(unit.rglob("test_*.py"))
        if not any((SRC / test.relative_to(unit).parent / name).exists() for name in _tested(test.stem))
    ]
    assert orphans == []


def _tested(test: str) -> list[str]:
    """The modules that a test may be of: `test_reserve_times` is of `reserve_times.py` or `reserve.py`."""
    words = test.removeprefix("test_").split("_")
    return [f"{'_'.join(words[:count])}.py" for count in range(len(words), 0, -1)]


def test_no_global_statement() -> None:
    found = [
        f"{relative(path)}:{node.lineno}"
        for path, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Global)
    ]
    assert found == []


def _is_mutable(value: ast.expr | None) -> bool:
    if isinstance(value, ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp | ast.SetComp):
        return True
    if isinstance(value, ast.Call):
        name = value.func.id if isinstance(value.func, ast.Name) else getattr(value.func, "attr", "")
        return name in MUTABLE_CALLS
    return False


def _module_assignments(tree: ast.Module) -> Iterator[tuple[str, ast.expr | None, str]]:
    for node in tree.body:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                yield ast.unparse(target), node.value, ""
        elif isinstance(node, ast.AnnAssign):
            yield ast.unparse(node.target), node.value, ast.unparse(node.annotation)


def test_no_mutable_module_globals() -> None:
    """A table is `Final`, so that nobody rebinds it, and the next test sees that nobody fills it."""
    found = [
        f"{relative(path)}: {name}"
        for path, tree in trees()
        for name, value, annotation in _module_assignments(tree)
        if _is_mutable(value) and not annotation.startswith(("Final", "typing.Final")) and name != "__all__"
    ]
    assert found == []


def _names_mutated(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in MUTATORS:
            if isinstance(node.func.value, ast.Name):
                yield node.func.value.id, node.lineno
        elif (
            isinstance(node, ast.Subscript)
            and isinstance(node.ctx, ast.Store | ast.Del)
            and isinstance(node.value, ast.Name)
        ):
            yield node.value.id, node.lineno


def test_no_module_table_is_written_to() -> None:
    found = []
    for path, tree in trees():
        tables = {name for name, value, _ in _module_assignments(tree) if _is_mutable(value)}
        found += [f"{relative(path)}:{line}: {name}" for name, line in _names_mutated(tree) if name in tables]
    assert found == []


PROBE = """
import asyncio, importlib, json, logging, os, signal, sys, threading, warnings
external, modules = json.loads(sys.stdin.read())
for name in external:
    importlib.import_module(name)
asyncio.get_event_loop_policy()
seen, current = [], ""
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
STARTS = ("socket.", "os.putenv", "os.unsetenv", "os.mkdir", "os.rename", "os.remove", "os.fork", "os.system",
          "os.exec", "os.posix_spawn", "subprocess.", "sqlite3.connect", "tempfile.", "signal.")
def hook(event, args):
    if not current:
        return
    if event == "open" and isinstance(args[2], int) and args[2] & WRITES:
        seen.append(f"{current}: opened {args[0]} for writing")
    elif event.startswith(STARTS):
        seen.append(f"{current}: {event}")
sys.addaudithook(hook)
start_thread = threading._start_new_thread  # raises no audit event before Python 3.12
def start(*args):
    seen.append(f"{current}: started a thread")
    return start_thread(*args)
threading._start_new_thread = start
def state():
    return {
        "environment": dict(os.environ),
        "directory": os.getcwd(),
        "threads": [thread.name for thread in threading.enumerate()],
        "signals": {str(number): str(signal.getsignal(number)) for number in signal.valid_signals()},
        "warnings": len(warnings.filters),
        "handlers": len(logging.getLogger().handlers),
        "level": logging.getLogger().level,
        "loop policy": type(asyncio.get_event_loop_policy()).__name__,
        "path": list(sys.path),
        "open files": sorted(os.listdir("/proc/self/fd")),
    }
before = state()
for current in modules:
    importlib.import_module(current)
current = ""
after = state()
print(json.dumps(seen + [f"changed: {key}" for key in before if before[key] != after[key]]))
"""


def _external_imports() -> list[str]:
    names = set()
    for _, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module)
    return sorted(name for name in names if name.split(".")[0] not in ("narrows", "__future__"))


def test_importing_any_module_has_no_effect() -> None:
    """No file, socket, thread, process, environment variable, signal handler, warning filter or log handler."""
    modules = [module_name(path) for path in MODULES if path.name != "__main__.py"]
    run = subprocess.run(
        [sys.executable, "-B", "-c", PROBE],
        input=json.dumps([_external_imports(), modules]),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout) == []
    assert run.stderr == ""


def test_the_probe_sees_effects() -> None:
    """The test above can fail: the same probe on modules of the standard library that do have effects."""
    run = subprocess.run(
        [sys.executable, "-B", "-c", PROBE],
        input=json.dumps([[], ["this_module_writes"]]),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PYTHONPATH": str(Path(__file__).parent / "effects")},
    )
    assert run.returncode == 0, run.stderr
    text = run.stdout
    assert "opened" in text
    assert "socket." in text
    assert "started a thread" in text
    assert "changed: environment" in text


def test_the_layers_hold() -> None:
    run = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr


def tracked() -> list[Path]:
    run = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        pytest.skip("needs a git checkout (../shared has none either)")
    return [ROOT / name for name in run.stdout.split("\0") if name and (ROOT / name).is_file()]


ELSEWHERE = re.compile(
    r"/work/(?:main|shared)\b|/home/[a-z]\w+/|/Users/\w+/|/tmp/bash_jobs|--(?:extra-)?index-url\b"
    r"|\"resolved\": \"http|\bindex-url *=|(?<![\w-])trusted-host\b"
)


def test_no_tracked_file_names_a_machine_or_a_registry() -> None:
    found = []
    for path in tracked():
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            match = ELSEWHERE.search(line)
            if match and path != Path(__file__):
                found.append(f"{relative(path)}:{number}: {match.group()}")
    assert found == []


def test_no_possessive_groups() -> None:
    """Before Python 3.11.5 a possessive quantifier on a group can match too much (python/cpython#106052)."""
    possessive = re.compile(r"\)(?:[*+?]|\{\d*,?\d*\})\+|\(\?>")
    patterns = re.compile(r"re\.compile\((.*)")
    found = [
        f"{relative(path)}: {line.strip()}"
        for path in MODULES
        for line in path.read_text(encoding="utf-8").splitlines()
        if (match := patterns.search(line)) and possessive.search(re.sub(r"\[[^]]*\]", "", match[1]))
    ]
    assert found == []
