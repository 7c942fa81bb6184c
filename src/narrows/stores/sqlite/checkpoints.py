"""Copies the write-ahead log into the database, beside the writer: a thread and a connection of its own for one file.

A checkpoint inside the writer's commits would push their p99 to tens of milliseconds. This one runs when the log is
large or the writer idle. Under steady load it never quite catches up, and only a log that is copied whole can begin
anew; so it then asks the writer (`wanted`) to copy the few pages that are left, between two batches.

SQLite before 3.51.3 can corrupt a database if a second checkpoint starts on a log that is already copied whole while
a commit begins it anew (sqlite.org/wal.html#walresetbug). Hence one rule: after a complete checkpoint none is
started until a further commit has been made, and thread and writer never checkpoint at the same time.
"""

import logging
import sqlite3
import threading
from pathlib import Path
from typing import Final

from narrows.stores.sqlite import schema

LARGE: Final = 32 * 1024 * 1024
"""Bytes of log at which it is copied although the writer is busy."""

HUGE: Final = 64 * 1024 * 1024
"""Bytes of log from which the writer is asked to help."""

_IDLE: Final = 0.5

_log = logging.getLogger(__name__)


class Checkpointer:
    """Keeps one file's write-ahead log small. `note` is the writer's only duty; `wanted` its only help."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._wal = path.with_name(path.name + "-wal")
        self._wake = threading.Event()
        self._stopping = False
        self._sleeping = True
        self._commits = 0
        self._copied_at = -1
        self.wanted = False
        self._thread = threading.Thread(target=self._run, name="narrows-checkpoints", daemon=True)
        self._thread.start()

    def note(self) -> None:
        """A commit was made."""
        self._commits += 1
        if self._sleeping:
            self._sleeping = False
            self._wake.set()

    def help(self, connection: sqlite3.Connection) -> None:
        """The writer copies what is left, as `wanted` says. A failure isn't the writer's: it is tried again later."""
        try:
            self._checkpoint(connection)
        except sqlite3.Error as error:
            _log.warning("checkpoint of %s failed: %s", self._path.name, error)
        self.wanted = False
        self._wake.set()

    def stop(self) -> None:
        """Ends the thread."""
        self._stopping = True
        self._wake.set()
        self._thread.join()

    def _run(self) -> None:
        connection: sqlite3.Connection | None = None
        try:
            connection = schema.connect(self._path)
            while not self._stopping:
                self._wait(connection)
        except sqlite3.Error as error:
            _log.error("checkpoints of %s have stopped: %s", self._path.name, error)
        finally:
            if connection is not None:
                connection.close()

    def _wait(self, connection: sqlite3.Connection) -> None:
        """One round: asleep until a commit, then awake until the writer is idle and everything is copied."""
        before = self._commits
        self._wake.wait(None if self._sleeping else _IDLE)
        self._wake.clear()
        if self._stopping or self.wanted:
            return
        idle = before == self._commits
        size = self._wal.stat().st_size if self._wal.exists() else 0
        if self._commits > self._copied_at and (idle or size >= LARGE):
            self._copy(connection, size)
        if idle and self._copied_at == self._commits:
            self._sleeping = True
            if self._copied_at != self._commits:
                self._sleeping = False

    def _copy(self, connection: sqlite3.Connection, size: int) -> None:
        try:
            if not self._checkpoint(connection) and size >= HUGE:
                self.wanted = True
        except sqlite3.Error as error:
            _log.warning("checkpoint of %s failed: %s", self._path.name, error)

    def _checkpoint(self, connection: sqlite3.Connection) -> bool:
        """Copies what no reader still needs; True if that was everything."""
        _, pages, copied = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        complete = bool(pages == copied)
        if complete:
            self._copied_at = self._commits
        return complete
