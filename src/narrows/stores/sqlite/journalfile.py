"""One journal file, open for writing: turns entries into rows, a transaction at a time. Owned by the writer thread.

Knows canonical bytes, contents and the log's order; knows nothing of threads, futures, retries or other files.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from narrows.config.schema import Recording
from narrows.evidence import canonical
from narrows.evidence.commitments import leaf_hash
from narrows.evidence.entries import Kind
from narrows.evidence.sealing import Compressor, MasterKey
from narrows.model.record import Closed, Opened, Segment, Strangers
from narrows.stores.sqlite import rows, runs, schema
from narrows.stores.sqlite.contents import Contents, Owned, Owner, Refers
from narrows.stores.sqlite.contexts import Contexts

Entry = Opened | Segment | Closed | Strangers
Work = tuple[Entry, Owner | None, *tuple[object, ...]]
"""An entry and whose call it is about; strangers and the endings of a crash have no contents and no owner. What more
the writer keeps with them is not read here."""

_SAVE_EVERY: Final = 4096
"""Log entries between two savings of what runs; a start reads at most so many, and a batch more."""

_CACHE_KIB: Final = 16 * 1024

_OPENED: Final = int(Kind.OPENED)
_SEGMENT: Final = int(Kind.SEGMENT)
_CLOSED: Final = int(Kind.CLOSED)
_STRANGERS: Final = int(Kind.STRANGERS)


class JournalFile:
    """The tables of one file and the position in the log."""

    _saved: int

    def __init__(self, path: Path, number: int, master: MasterKey, recording: Recording) -> None:
        self.path, self.number = path, number
        self.connection = schema.connect(path)
        try:
            schema.first_seq(self.connection)
            self.connection.execute(f"PRAGMA synchronous = {recording.durability.upper()}")
            self.connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
            self.seq, self.running = self._position()
            self._contents = Contents(self.connection, master, Compressor())
            self._contexts = Contexts(self.connection)
            self._run = runs.Filling(self.connection)
        except BaseException:
            self.connection.close()
            raise
        self._master = master
        self._page = int(self.connection.execute("PRAGMA page_size").fetchone()[0])
        self._log: list[runs.LogRow] = []
        self._opened: set[str] = set()
        self._closed: set[str] = set()
        self._stale = False

    def write(self, work: Sequence[Work], now: int) -> None:
        """Writes the entries in one transaction: all or none. Raises sqlite3.Error.

        What belongs to a call that isn't running is left out: its intent was never written, or it has ended.
        """
        try:
            if self._stale:
                self._refresh()
            self.connection.execute("BEGIN IMMEDIATE")
            accepted, owned = self._accepted(work)
            for entry, owner_contents, refers in zip(accepted, owned, self._contents.keep(owned), strict=True):
                self._add(entry, owner_contents[0], refers, now)
            self._insert()
            self.connection.execute("COMMIT")
        except BaseException:
            self._undo()
            raise
        self.seq += len(self._log)
        if self.seq - self._saved >= _SAVE_EVERY:
            self._saved = self.seq
        self.running |= self._opened
        self.running -= self._closed
        self._clear()

    def probe(self) -> None:
        """Tries whether the file can be written. Raises sqlite3.Error."""
        try:
            self.connection.execute("BEGIN IMMEDIATE")
            self.connection.execute("INSERT OR REPLACE INTO meta VALUES ('probe', ?)", (self.seq,))
            self.connection.execute("COMMIT")
        except BaseException:
            self._undo()
            raise

    def size(self) -> int:
        """Bytes of the database, with what is still in the write-ahead log."""
        return int(self.connection.execute("PRAGMA page_count").fetchone()[0]) * self._page

    def _accepted(self, work: Sequence[Work]) -> tuple[list[Entry], list[Owned]]:
        """The entries that are written, given those before them in the batch, and their contents."""
        # `isinstance` asks a struct's metaclass, an ABCMeta, which is many times slower than the comparison of types.
        entries: list[Entry] = []
        owned: list[Owned] = []
        for item in work:
            entry = item[0]
            if type(entry) is Opened:
                if entry.forwarded:
                    self._opened.add(entry.call)
            elif type(entry) is Closed:
                if not self._runs(entry.call):
                    continue
                self._closed.add(entry.call)
            elif isinstance(entry, Segment):
                if not self._runs(entry.call):
                    continue
            elif isinstance(entry, Strangers):
                entries.append(entry)
                owned.append((None, ()))
                continue
            entries.append(entry)
            owned.append((item[1], entry.contents))
        return entries, owned

    def _runs(self, call: str) -> bool:
        return (call in self.running or call in self._opened) and call not in self._closed

    def _add(self, entry: Entry, owner: Owner | None, refers: Refers, now: int) -> None:
        """Turns an entry into a row. The branches are in the order of how often they are taken."""
        log = self._log
        seq = self.seq + len(log) + 1
        ids, found = refers
        if type(entry) is Opened:
            data = canonical.opened(entry, seq, self._contexts.of(entry), found)
            log.append((seq, entry.at, entry.call, _OPENED, ids, b"", data, leaf_hash(data)))
        elif type(entry) is Closed:
            data = canonical.closed(entry, seq, found)
            names = b""
            if entry.response_ids and owner is not None:
                names = b"".join([self._master.reference(*owner, reference) for reference in entry.response_ids])
            log.append((seq, entry.at, entry.call, _CLOSED, ids, names, data, leaf_hash(data)))
        elif isinstance(entry, Segment):
            data = canonical.segment(entry, seq, found)
            log.append((seq, entry.at, entry.call, _SEGMENT, ids, b"", data, leaf_hash(data)))
        elif isinstance(entry, Strangers):
            data = canonical.strangers(entry, seq, now)
            log.append((seq, now, None, _STRANGERS, ids, b"", data, leaf_hash(data)))

    def _insert(self) -> None:
        self._contents.flush()
        self._contexts.flush()
        rows.ADD_LOG.run(self.connection, self._log)
        last = self.seq + len(self._log)
        if last - self._saved >= _SAVE_EVERY:
            schema.save_running(self.connection, last, (self.running | self._opened) - self._closed)
        self._run.add(self._log)

    def _undo(self) -> None:
        """SQLite has rolled back by itself after most failures; what is remembered is read again before the next try:
        a commit that failed may, rarely, have been made all the same."""
        self._clear()
        self._stale = True
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK")

    def _refresh(self) -> None:
        self._contents.forget()
        self._contexts.forget()
        self._run.forget()
        self.seq, self.running = self._position()
        self._stale = False

    def _position(self) -> tuple[int, set[str]]:
        """The last place in the log, and the calls that run there: those that ran when it was last saved, and what
        the log has told since."""
        self._saved, running = schema.saved_running(self.connection)
        for call, kind, entry in self.connection.execute(
            "SELECT call, kind, entry FROM log WHERE seq > ? ORDER BY seq", (self._saved,)
        ):
            if kind == Kind.OPENED and canonical.was_forwarded(entry):
                running.add(call)
            elif kind == Kind.CLOSED:
                running.discard(call)
        return schema.last_seq(self.connection), running

    def _clear(self) -> None:
        self._log = []
        self._opened, self._closed = set(), set()
