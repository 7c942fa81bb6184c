"""Which journal file to go on with after a start, clean or not, and how a new one is begun.

SQLite itself undoes half a transaction; what is left to decide here is half a *file*: one that rotation or the very
first start had begun to make. Anything else that can't be read refuses the start: evidence is not stepped over. A
file of a format before is left as it is: the log goes on in a new one.
"""

import sqlite3
from pathlib import Path

from narrows.config.schema import Recording
from narrows.evidence.sealing import MasterKey, Unsealable
from narrows.stores.sqlite import schema
from narrows.stores.sqlite.directory import DataDirectory, DataDirectoryError, create_private
from narrows.stores.sqlite.journalfile import JournalFile, position


class Files:
    """The journal files of a directory, for their one writer."""

    def __init__(self, directory: DataDirectory, master: MasterKey, recording: Recording) -> None:
        self._directory = directory
        self._master = master
        self._recording = recording

    def latest(self, at: int) -> JournalFile:
        """The newest file, or a first one. Raises DataDirectoryError."""
        for number, path in reversed(self._directory.journals()):
            if _half_made(path):
                _remove(path)
            else:
                return self._open(number, path, at)
        return self._begin(1, 1, set(), at)

    def following(self, file: JournalFile, at: int) -> JournalFile:
        """A new file that goes on where this one ends. Raises sqlite3.Error, OSError; nothing is left then."""
        return self._begin(file.number + 1, file.seq + 1, file.running, at)

    def _begin(self, number: int, first: int, running: set[str], at: int) -> JournalFile:
        path = self._directory.journal(number)
        create_private(path)
        try:
            connection = schema.connect(path)
            try:
                schema.create(connection, first, running, at=at)
            finally:
                connection.close()
            self._directory.sync()
            return JournalFile(path, number, self._master, self._recording)
        except BaseException:
            _remove(path)
            raise

    def _open(self, number: int, path: Path, at: int) -> JournalFile:
        try:
            before = _before(path)
            if before is not None:
                return self._begin(number + 1, *before, at)
            return JournalFile(path, number, self._master, self._recording)
        except (sqlite3.Error, schema.SchemaUnknown, Unsealable) as error:
            raise DataDirectoryError(
                f"{path}: can't be continued: {error}; move this file with its -wal and -shm away, or restore it"
            ) from None


def _before(path: Path) -> tuple[int, set[str]] | None:
    """Where the log goes on after a file of a format before, and what runs there; None for one of this format."""
    connection = schema.connect(path)
    try:
        if schema.version(connection) == schema.VERSION:
            return None
        _, last, running = position(connection)
        return last + 1, running
    finally:
        connection.close()


def _half_made(path: Path) -> bool:
    """Whether the file's one creating transaction never ended: no tables at all, so no record was ever in it."""
    if path.stat().st_size == 0 and not path.with_name(path.name + "-wal").exists():
        return True
    try:
        connection = schema.connect(path)
        try:
            return not connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
        finally:
            connection.close()
    except sqlite3.Error:
        return False


def _remove(path: Path) -> None:
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        path.with_name(name).unlink(missing_ok=True)
