"""What may be done once for a run of the tests, instead of once for each gate or client: compiling vectorscan's
databases, which takes seconds of CPU, compiling Python's bytecode, and reading the certificates of all authorities of
the world, of which no test needs any.

The first gate of a run compiles as a first start does. Files are named by what they were made of and written in one
step, so that two workers can share the folder without a lock: who comes second has made the same file.
"""

import contextlib
import os
import shutil
import sys
import tempfile
from pathlib import Path

import certifi

FOLDER = "NARROWS_TESTS_COMPILED"
"""The environment's name for the folder: what the controller has set, its workers inherit."""

AUTHORITY = "authority.pem"

SUFFIXES = frozenset({".patterns", ".rules", ".views"})
"""Not word lists: those are somebody's own, and the secret of one test must not turn up below the store of another."""


def begin() -> Path | None:
    """Makes the folder for a run, for whoever is first; None for a worker, whose controller has done it.

    Commands keep what they compile below it, too, and not in the home of whoever runs the tests.
    """
    # Set in many images of containers, it has each of hundreds of processes compile the product anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    made = None
    if FOLDER not in os.environ:
        made = Path(tempfile.mkdtemp(prefix="narrows-compiled-"))
        os.environ[FOLDER] = str(made / "gates")
        os.environ["XDG_CACHE_HOME"] = str(made / "caches")
        (made / "gates").mkdir()
        (made / AUTHORITY).write_text(_first(certifi.contents()), encoding="ascii")
    # Each httpx.get, each client of an SDK and each gate reads the whole bundle: forty milliseconds of CPU.
    bundle = str(Path(os.environ[FOLDER]).with_name(AUTHORITY))
    os.environ["SSL_CERT_FILE"] = bundle
    certifi.where = lambda: bundle
    return made


def end(made: Path | None) -> None:
    """Removes what `begin` made."""
    if made is not None:
        del os.environ[FOLDER]
        shutil.rmtree(made, ignore_errors=True)


def commands() -> Path:
    """Where commands keep what they compile."""
    return Path(os.environ["XDG_CACHE_HOME"]) / "narrows"


def lend(directory: Path) -> Path:
    """Lets a gate, a demo or a command find what earlier ones have compiled; gives the directory. Outside of a run of
    the tests, in a benchmark, each compiles for itself."""
    for folder in (directory.parent, directory):  # both as a gate makes them
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if FOLDER in os.environ:
        _copy(Path(os.environ[FOLDER]), directory)
    return directory


def keep(directory: Path) -> None:
    """Takes over what was compiled there for those that come later."""
    if FOLDER in os.environ and directory.is_dir():
        _copy(directory, Path(os.environ[FOLDER]))


def _first(bundle: str) -> str:
    """The first certificate of a bundle: there must be one."""
    last = "-----END CERTIFICATE-----\n"
    return bundle[bundle.index("-----BEGIN") : bundle.index(last) + len(last)]


def _copy(source: Path, target: Path) -> None:
    for path in source.iterdir():
        if path.suffix in SUFFIXES:
            # Files that are replaced are replaced whole, so a second name for one is as good as a copy. A gate that
            # stopped early has kept less than there is to compile, so more of it is taken instead.
            with contextlib.suppress(FileExistsError, FileNotFoundError):
                known = target / path.name
                if not known.exists():
                    os.link(path, known, follow_symlinks=False)
                elif known.stat().st_size < path.stat().st_size:
                    more = target / f"{path.name}.{os.getpid()}"
                    os.link(path, more, follow_symlinks=False)
                    more.replace(known)
