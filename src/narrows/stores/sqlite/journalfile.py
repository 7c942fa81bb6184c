"""One journal file, open for writing: turns entries into rows, a transaction at a time. Owned by the writer thread.

Knows canonical bytes, contents and the log's order; knows nothing of threads, futures, retries or other files.
"""

import sqlite3
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
from narrows.stores.sqlite.logtable import Blocks, Log

Entry = Opened | Segment | Closed | Strangers
Work = tuple[Entry, Owner | None, *tuple[object, ...]]
"""An entry and whose call it is about; strangers and the endings of a crash have no contents and no owner. What more
the writer keeps with them is not read here."""

_SAVE_EVERY: Final = 4096
"""Log entries between two savings of what runs; a start reads at most so many, and a batch more."""

_CACHE_KIB: Final = 16 * 1024

_NOBODYS: Final[Owned] = (None, ())


class _Batch:
    """The entries of one transaction from the place `first` on, column by column."""

    __slots__ = ("calls", "entries", "first", "leaves", "moments", "names", "refs")

    def __init__(self, first: int) -> None:
        self.first = first
        self.entries: list[bytes] = []
        self.refs: list[bytes] = []
        self.names: list[bytes] = []
        self.leaves: list[bytes] = []
        self.calls: list[str | None] = []
        self.moments: list[int] = []


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
            self._saved, self.seq, self.running = position(self.connection)
            self._contents = Contents(self.connection, master, Compressor())
            self._contexts = Contexts(self.connection)
            self._run = runs.Filling(self.connection)
            self._blocks = Blocks()
        except BaseException:
            self.connection.close()
            raise
        self._master = master
        self._page = int(self.connection.execute("PRAGMA page_size").fetchone()[0])
        self._stale = False
        self._taken: Sequence[Entry] = ()
        self.reserving = False
        """Whether an intent of the last batch says what its call reserved."""

    def write(self, work: Sequence[Work], now: int) -> Sequence[Entry]:
        """Writes the entries in one transaction: all or none; gives those that were written, the last of them at `seq`.
        Raises sqlite3.Error.

        What belongs to a call that isn't running is left out: its intent was never written, or it has ended.
        """
        try:
            if self._stale:
                self._refresh()
            accepted, owned = self._accepted(work)
            if accepted:
                self._insert(self._put_together(accepted, owned, self._contents.keep(owned), now))
        except BaseException:
            self._undo()
            raise
        self._taken = ()
        self.seq += len(accepted)
        if self.seq - self._saved >= _SAVE_EVERY:
            self._saved = self.seq
        return accepted

    def probe(self) -> None:
        """Tries whether the file can be written. Raises sqlite3.Error."""
        try:
            if self._stale:
                self._refresh()
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
        """The entries that are written, given those before them, and their contents. What runs is changed at once;
        `_undo` knows by what."""
        # `isinstance` asks a struct's metaclass, an ABCMeta, which is many times slower than the comparison of types.
        entries: list[Entry] = []
        owned: list[Owned] = []
        running, reserving = self.running, False
        self._taken = entries
        for item in work:
            entry = item[0]
            if type(entry) is Opened:
                if entry.forwarded:
                    running.add(entry.call)
                    if entry.reserved is not None:
                        reserving = True
            elif type(entry) is Closed:
                call = entry.call
                if call not in running:
                    continue
                running.remove(call)
            elif isinstance(entry, Segment):
                if entry.call not in running:
                    continue
            elif isinstance(entry, Strangers):
                entries.append(entry)
                owned.append(_NOBODYS)
                continue
            entries.append(entry)
            owned.append((item[1], entry.contents))
        self.reserving = reserving
        return entries, owned

    def _put_together(self, accepted: list[Entry], owned: list[Owned], kept: list[Refers], now: int) -> _Batch:
        """What is stored of the entries. The branches are in the order of how often they are taken."""
        seq = self.seq
        batch = _Batch(seq + 1)
        entries, names, calls, moments = batch.entries, batch.names, batch.calls, batch.moments
        for entry, mine, (_, found) in zip(accepted, owned, kept, strict=True):
            seq += 1
            if type(entry) is Opened:
                data = canonical.opened(entry, seq, self._contexts.of(entry), found)
                calls.append(entry.call)
                moments.append(entry.at)
                names.append(b"")
            else:
                if type(entry) is Closed:
                    data = canonical.closed(entry, seq, found)
                    calls.append(entry.call)
                    names.append(self._names(mine[0], entry.response_ids) if entry.response_ids else b"")
                elif isinstance(entry, Segment):
                    data = canonical.segment(entry, seq, found)
                    calls.append(entry.call)
                    names.append(b"")
                elif isinstance(entry, Strangers):
                    data = canonical.strangers(entry, seq, now)
                    calls.append(None)
                    names.append(b"")
                else:
                    raise TypeError(f"no entry of the journal: {type(entry).__name__}")
                moments.append(-1)
            entries.append(data)
        batch.leaves = list(map(leaf_hash, entries))
        batch.refs = [ids for ids, _ in kept]
        return batch

    def _names(self, owner: Owner | None, references: tuple[str, ...]) -> bytes:
        """The keyed names of response ids, one after the other."""
        if owner is None or not references:
            return b""
        principal, connection = owner
        if len(references) == 1:
            return self._master.reference(principal, connection, references[0])
        return b"".join([self._master.reference(principal, connection, reference) for reference in references])

    def _insert(self, batch: _Batch) -> None:
        """Writes the rows; a batch that is one row is one statement, which is a transaction by itself."""
        first, last = batch.first, self.seq + len(batch.entries)
        log = self._blocks.rows(first, batch.entries, batch.refs, batch.names, batch.leaves)
        saves = last - self._saved >= _SAVE_EVERY
        if len(log) == 1 and not (saves or self._contents.staged or self._contexts.staged or self._run.ends(last)):
            rows.ADD_LOG.run(self.connection, log)
            self._run.add(first, batch.calls, batch.moments, batch.names)
            return
        self.connection.execute("BEGIN IMMEDIATE")
        self._contents.flush()
        self._contexts.flush()
        rows.ADD_LOG.run(self.connection, log)
        if saves:
            schema.save_running(self.connection, last, self.running)
        self._run.add(first, batch.calls, batch.moments, batch.names)
        self.connection.execute("COMMIT")

    def _undo(self) -> None:
        """SQLite has rolled back by itself after most failures; what is remembered is read again before the next try:
        a commit that failed may, rarely, have been made all the same."""
        taken = self._taken
        self.running.update([entry.call for entry in taken if isinstance(entry, Closed)])
        self.running.difference_update([entry.call for entry in taken if isinstance(entry, Opened) and entry.forwarded])
        self._taken = ()
        self._stale = True
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK")

    def _refresh(self) -> None:
        self._contents.forget()
        self._contexts.forget()
        self._run.forget()
        self._saved, self.seq, self.running = position(self.connection)
        self._stale = False


def position(connection: sqlite3.Connection) -> tuple[int, int, set[str]]:
    """The place in the log at which it was last saved what runs, the last place, and the calls that run there: those
    of then, and what the log has told since."""
    saved, running = schema.saved_running(connection)
    for entry in Log(connection).after(saved):
        if entry.call is None:
            continue
        if entry.kind == Kind.OPENED and canonical.head(entry.entry).forwarded:
            running.add(entry.call)
        elif entry.kind == Kind.CLOSED:
            running.discard(entry.call)
    return saved, schema.last_seq(connection), running
