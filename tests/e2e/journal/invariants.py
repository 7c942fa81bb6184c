"""What must hold of the journals in a directory after any crash and the next start."""

import asyncio
import sqlite3
from base64 import b64decode
from pathlib import Path

import msgspec

from narrows.config.schema import Recording
from narrows.evidence.commitments import commit, leaf_hash
from narrows.stores.sqlite import packs, schema
from narrows.stores.sqlite.directory import DataDirectory
from narrows.stores.sqlite.journal import SqliteJournal
from narrows.stores.sqlite.logtable import Log
from unit.stores.sqlite.records import StillClock

OPENED, SEGMENT, CLOSED = 1, 2, 3


def restart(directory: Path) -> None:
    """Starts and stops a journal: recovery runs."""

    async def once() -> None:
        journal = SqliteJournal(directory, Recording(), StillClock())
        await journal.start()
        await journal.stop()

    asyncio.run(once())


def check(directory: Path) -> set[str]:
    """The calls on record, after asserting that the log is whole: no gap, true leaves, one ending each, every content
    and context there that an entry refers to."""
    seqs: list[int] = []
    kinds: dict[str, list[int]] = {}
    for _, path in DataDirectory(directory).journals():
        connection = sqlite3.connect(path)
        contexts = {
            commitment
            for commitment, salt, entry in connection.execute("SELECT commitment, salt, entry FROM context")
            if commit(salt, entry) == commitment
        }
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        stored = {item.id for item in packs.items(connection, 0)}
        for row in Log(connection).after(0):
            seqs.append(row.seq)
            entry = msgspec.json.decode(row.entry)
            assert row.leaf == leaf_hash(row.entry)
            assert entry["seq"] == row.seq
            assert bool(row.refs) == ("contents" in entry)
            assert stored.issuperset(schema.unpack(row.refs))
            assert row.kind != OPENED or b64decode(entry["context"]) in contexts
            kinds.setdefault(str(row.call), []).append(row.kind)
        connection.close()
    assert seqs == list(range(1, len(seqs) + 1))
    for call, found in kinds.items():
        assert (found[0], found[-1]) == (OPENED, CLOSED), call
        assert (found.count(OPENED), found.count(CLOSED)) == (1, 1), call
    return set(kinds)
