"""Compiled patterns and word lists, kept on disk: compiling takes seconds, reading back a moment.

It owns the files of one directory. What it gives back is what it was given, whole, or nothing: a file that is damaged,
someone else's or writable by others is as good as none. Not being able to write one is no failure either.
"""

import contextlib
import fcntl
import hashlib
import logging
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

_log = logging.getLogger("narrows.masking")

_MAGIC: Final = b"narrows compiled patterns 1\n"
_HEAD: Final = len(_MAGIC) + hashlib.sha256().digest_size
_SUFFIX: Final = ".patterns"
KEPT: Final = 8
"""Files of patterns that stay, the newest. Each version of the product adds one, and so does each change of one's own
patterns."""


def user_cache(environ: Mapping[str, str]) -> Path | None:
    """`$XDG_CACHE_HOME/narrows`, by default `~/.cache/narrows`; None where there is no home. For what has no data
    directory that lasts."""
    base = environ.get("XDG_CACHE_HOME", "")
    if base.startswith("/"):
        return Path(base) / "narrows"
    home = environ.get("HOME", "")
    return Path(home) / ".cache" / "narrows" if home.startswith("/") else None


class CompiledFiles:
    """A cache below a directory, or without one none at all. Each kind of content has its suffix."""

    def __init__(self, directory: Path | None, *, suffix: str = _SUFFIX, kept: int = KEPT) -> None:
        self._directory = directory
        self._suffix, self._kept = suffix, kept

    @property
    def directory(self) -> Path | None:
        """Where it is."""
        return self._directory

    @property
    def filled(self) -> bool:
        """Whether there is anything in it."""
        return self._directory is not None and any(self._directory.glob(f"*{self._suffix}"))

    def read(self, key: str) -> bytes | None:
        """What was written under a key."""
        if self._directory is None:
            return None
        try:
            descriptor = os.open(self._directory / f"{key}{self._suffix}", os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
            # Unbuffered, and head and content apart: nothing of many megabytes is copied under the interpreter's lock.
            with os.fdopen(descriptor, "rb", buffering=0) as file:
                if not _is_ours(os.fstat(descriptor)):
                    return None
                head, content = file.read(_HEAD), file.read()
        except OSError:
            return None
        return content if head == _header(content) else None

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Waits until no other process compiles for this directory. Where none can be kept out, all may compile."""
        descriptor = None
        if self._directory is not None:
            with contextlib.suppress(OSError):
                descriptor = os.open(self._directory, os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY)
                fcntl.flock(descriptor, fcntl.LOCK_EX)
        try:
            yield
        finally:
            if descriptor is not None:
                os.close(descriptor)

    def write(self, key: str, content: bytes) -> None:
        """Keeps a content under a key, readable by its owner alone; only logs if that can't be done."""
        if self._directory is None:
            return
        path = self._directory / f"{key}{self._suffix}"
        temporary = path.with_suffix(f".{os.getpid()}.tmp")
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            with contextlib.suppress(FileNotFoundError):
                temporary.unlink()
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
            with os.fdopen(os.open(temporary, flags, 0o600), "wb") as file:
                file.write(_header(content))
                file.write(content)
            temporary.replace(path)
            self._prune()
        except OSError as error:
            with contextlib.suppress(OSError):
                temporary.unlink()
            _log.warning("what was compiled can't be kept in %s: %s", self._directory, error.strerror)

    def _prune(self) -> None:
        if self._directory is not None:
            files = sorted(
                self._directory.glob(f"*{self._suffix}"), key=lambda path: path.stat().st_mtime, reverse=True
            )
            for path in files[self._kept :]:
                path.unlink(missing_ok=True)


def _header(content: bytes) -> bytes:
    return _MAGIC + hashlib.sha256(content).digest()


def _is_ours(status: os.stat_result) -> bool:
    others = stat.S_IWGRP | stat.S_IWOTH
    return stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & others
