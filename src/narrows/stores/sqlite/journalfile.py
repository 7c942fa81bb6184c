"""One journal file, open for writing: turns entries into rows, a transaction at a time. Owned by the writer thread.

Knows canonical bytes, contents and the log's order; knows nothing of threads, futures, retries or other files.
"""

from pathlib import Path
from typing import Final

from narrows.config.schema import Recording
from narrows.evidence.canonical import Canonical, Kind, was_forwarded
from narrows.evidence.commitments import leaf_hash
from narrows.evidence.sealing import Compressor, MasterKey
from narrows.model.record import Closed, Opened, Segment, Strangers
from narrows.stores.sqlite import rows, schema
from narrows.stores.sqlite.contents import Contents, Owned, Owner, Refers

Entry = Opened | Segment | Closed | Strangers
Work = tuple[Entry, Owner | None]
"""An entry and whose call it is about; strangers and the endings of a crash have no contents and no owner."""

_SAVE_EVERY: Final = 4096
"""Log entries between two savings of what runs; a start reads at most so many, and a batch more."""

_CACHE_KIB: Final = 16 * 1024
_NOTHING: Final[Refers] = (b"", None)


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
        except BaseException:
            self.connection.close()
            raise
        self._master = master
        self._canonical = Canonical()
        self._page = int(self.connection.execute("PRAGMA page_size").fetchone()[0])
        self._log: list[tuple[int, int, str | None, int, bytes, bytes, bytes]] = []
        self._opened: set[str] = set()
        self._closed: set[str] = set()
        self._references: list[tuple[int, bytes]] = []
        self._stale = False

    def write(self, work: list[Work], now: int) -> None:
        """Writes the entries in one transaction: all or none. Raises sqlite3.Error.

        What belongs to a call that isn't running is left out: its intent was never written, or it has ended.
        """
        try:
            if self._stale:
                self._refresh()
            self.connection.execute("BEGIN IMMEDIATE")
            accepted = [item for item in work if self._accepts(item[0])]
            owned = [_owned(*item) for item in accepted]
            held = iter(self._contents.keep([one for one in owned if one is not None]))
            for (entry, owner), one in zip(accepted, owned, strict=True):
                self._add(entry, owner, _NOTHING if one is None else next(held), now)
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

    def _accepts(self, entry: Entry) -> bool:
        """Whether the entry is written, given those before it in the batch."""
        match entry:
            case Opened():
                if entry.forwarded:
                    self._opened.add(entry.call)
                return True
            case Closed():
                if not self._runs(entry.call):
                    return False
                self._closed.add(entry.call)
                return True
            case Segment():
                return self._runs(entry.call)
            case Strangers():
                return True

    def _runs(self, call: str) -> bool:
        return (call in self.running or call in self._opened) and call not in self._closed

    def _add(self, entry: Entry, owner: Owner | None, refers: Refers, now: int) -> None:
        seq = self.seq + len(self._log) + 1
        ids, found = refers
        match entry:
            case Opened():
                self._append(seq, entry.at, entry.call, Kind.OPENED, ids, self._canonical.opened(entry, seq, found))
            case Closed():
                self._append(seq, entry.at, entry.call, Kind.CLOSED, ids, self._canonical.closed(entry, seq, found))
                if owner is not None:
                    run = seq // schema.RUN
                    names = (self._master.reference(*owner, reference) for reference in entry.response_ids)
                    self._references.extend((run, name) for name in names)
            case Segment():
                self._append(seq, entry.at, entry.call, Kind.SEGMENT, ids, self._canonical.segment(entry, seq, found))
            case Strangers():
                self._append(seq, now, None, Kind.STRANGERS, b"", self._canonical.strangers(entry, seq, now))

    def _append(self, seq: int, at: int, call: str | None, kind: Kind, ids: bytes, entry: bytes) -> None:
        self._log.append((seq, at, call, int(kind), ids, entry, leaf_hash(entry)))

    def _insert(self) -> None:
        self._contents.flush()
        rows.ADD_LOG.run(self.connection, self._log)
        last = self.seq + len(self._log)
        if last - self._saved >= _SAVE_EVERY:
            schema.save_running(self.connection, last, (self.running | self._opened) - self._closed)
        rows.ADD_REFERENCE.run(self.connection, self._references)

    def _undo(self) -> None:
        """SQLite has rolled back by itself after most failures; what is remembered is read again before the next try:
        a commit that failed may, rarely, have been made all the same."""
        self._clear()
        self._stale = True
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK")

    def _refresh(self) -> None:
        self._contents.forget()
        self.seq, self.running = self._position()
        self._stale = False

    def _position(self) -> tuple[int, set[str]]:
        """The last place in the log, and the calls that run there: those that ran when it was last saved, and what
        the log has told since."""
        self._saved, running = schema.saved_running(self.connection)
        for call, kind, entry in self.connection.execute(
            "SELECT call, kind, entry FROM log WHERE seq > ? ORDER BY seq", (self._saved,)
        ):
            if kind == Kind.OPENED and was_forwarded(entry):
                running.add(call)
            elif kind == Kind.CLOSED:
                running.discard(call)
        return schema.last_seq(self.connection), running

    def _clear(self) -> None:
        self._log, self._references = [], []
        self._opened, self._closed = set(), set()


def _owned(entry: Entry, owner: Owner | None) -> Owned | None:
    """The contents that an entry brings along."""
    if owner is None or isinstance(entry, Strangers) or not entry.contents:
        return None
    return owner, entry.contents
