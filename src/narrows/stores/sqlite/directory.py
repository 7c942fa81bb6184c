"""The data directory: its modes, its lock, its file names. Knows nothing of what is in the files."""

import contextlib
import errno
import fcntl
import os
import re
import time
from pathlib import Path
from typing import Final

_JOURNAL: Final = re.compile(r"journal-(\d{3,})\.db")
_OTHERS: Final = 0o077
_TRIES: Final = 5
_PAUSE: Final = 0.01


class DataDirectoryError(Exception):
    """The data directory can't be used; the message says why and what to do."""


class DataDirectory:
    """Paths below one directory. `prepare` makes it, `lock` keeps a second gate out of it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: int | None = None

    @property
    def key_path(self) -> Path:
        """The master key."""
        return self.path / "master.key"

    def journal(self, number: int) -> Path:
        """The journal file of this number."""
        return self.path / f"journal-{number:03d}.db"

    def journals(self) -> list[tuple[int, Path]]:
        """The journal files that exist, oldest first."""
        found = ((_JOURNAL.fullmatch(path.name), path) for path in self.path.glob("journal-*.db"))
        return sorted((int(match[1]), path) for match, path in found if match)

    def prepare(self) -> None:
        """Makes the directory, for its owner only. Raises DataDirectoryError."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self.path.stat().st_mode & _OTHERS:
                self.path.chmod(0o700)
        except OSError as error:
            raise DataDirectoryError(f"{self.path}: can't be used as data directory: {error.strerror}") from None

    def lock(self) -> None:
        """Takes the directory for this process until `unlock`. Raises DataDirectoryError if another gate has it."""
        path = self.path / "gate.lock"
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise DataDirectoryError(f"{path}: can't be opened: {error.strerror}") from None
        if not _taken(descriptor):
            os.close(descriptor)
            raise DataDirectoryError(
                f"{self.path}: another gate is running on this data directory; "
                "stop it, or give this one its own `store`"
            )
        self._lock = descriptor

    def unlock(self) -> None:
        """Gives the directory free; does nothing when it isn't locked."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def locked(self) -> bool:
        """Whether a gate runs on it now."""
        try:
            descriptor = os.open(self.path / "gate.lock", os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
        finally:
            os.close(descriptor)
        return False

    def sync(self) -> None:
        """Makes the names in the directory durable."""
        descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _taken(descriptor: int) -> bool:
    """Whether the lock is ours now. Whoever only asks for it (`locked`) has it for a moment, so it is tried again."""
    for remaining in range(_TRIES, -1, -1):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if remaining:
                time.sleep(_PAUSE)
        else:
            return True
    return False


def ensure_private(path: Path) -> None:
    """Makes an empty file that only its owner may read where there is none, for SQLite to open: were it made by SQLite,
    others could open it for a moment. Its -wal and -shm take after it. Raises OSError.

    A file that is there is not opened. To close any descriptor of a file ends every lock that the process has on it
    (POSIX), those of SQLite's connections among them: another process would then take itself for the last one and
    remove the write-ahead log, and who follows the file here would never see another change of it.
    """
    with contextlib.suppress(FileExistsError):
        create_private(path)
    if path.is_symlink():
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))


def create_private(path: Path, data: bytes = b"") -> None:
    """Makes a new durable file that only its owner may read. Raises OSError, FileExistsError if it is there."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
