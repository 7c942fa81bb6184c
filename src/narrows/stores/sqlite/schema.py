"""What is in a journal file, and how one is opened. Knows SQLite; what rows mean is the writer's and the archive's.

log      append-only, the entries of a commit in one row, or few (see logtable.py); a place for each entry, without
         gaps from 1 over all files, `seq` is that of the row's first. `entries` is canonical bytes, a line each,
         compressed; `leaves` their hashes, 32 bytes each; `refs` the ids of the contents that each refers to (see
         `pack`), in the order of their labels, `names` the keyed names of the response ids that each tells of: both a
         MessagePack array with a member for each entry.
run      what entries of the log are found by, for each run of them that is full (see runs.py).
reference  the beginnings of the names in a full run, in the order of its entries.
meta     `running`: the calls that were open at a place in the log (see `save_running`). It is written anew every so
         many entries, which costs far less than a row for each call; the log since then gives the rest. What a
         crash leaves running is closed as unknown at the next start.
context  what intents have in common, by the commitment through which they name it.
content  stored once a (principal, connection): those of one owner that came together are sealed as one, in one row
         (see packs.py); an id for each content, `id` is that of the row's first. `items` has 68 bytes for each: the
         tag, which names equal contents; salt and commitment, which bind the entry; the size (little-endian). The
         sealed texts, one after the other, open only together with their items.
tags     what the tags of a run of contents begin with, in the order of their ids, written when the run is full; the
         newest contents are in none yet.
filter   which of 64 runs may hold a tag, written when the last of them is full (see tags.py).
keys     wrapped data keys, so that each file can be read, kept, rewritten or dropped by itself.

The formats before are read as they are and never written again: the gate goes on in a new file. `SINGLE` had a row for
each entry, with columns for its place, time, call and kind, and a row for each content, with a column for each part of
an item; until `NAMED` the table reference had a row for each name.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final
from urllib.parse import quote

import msgspec

VERSION: Final = 4
NAMED: Final = 3
SINGLE: Final = 2
"""The formats before: they can be read."""

_TABLES: Final = """
CREATE TABLE log (seq INTEGER PRIMARY KEY, entries BLOB NOT NULL, refs BLOB NOT NULL, names BLOB NOT NULL,
                  leaves BLOB NOT NULL);
CREATE TRIGGER log_keeps BEFORE UPDATE ON log BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TRIGGER log_stays BEFORE DELETE ON log BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TABLE keys (id INTEGER PRIMARY KEY, name BLOB NOT NULL, principal TEXT NOT NULL, connection TEXT NOT NULL,
                   wrapped BLOB NOT NULL, UNIQUE (principal, connection));
CREATE TABLE content (id INTEGER PRIMARY KEY, key INTEGER NOT NULL, items BLOB NOT NULL, sealed BLOB NOT NULL);
CREATE TABLE tags (run INTEGER PRIMARY KEY, tags BLOB NOT NULL);
CREATE TABLE filter (number INTEGER PRIMARY KEY, bits BLOB NOT NULL);
CREATE TABLE context (commitment BLOB PRIMARY KEY, salt BLOB NOT NULL, entry BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE run (number INTEGER PRIMARY KEY, low INTEGER, high INTEGER, calls BLOB NOT NULL);
CREATE TABLE reference (run INTEGER PRIMARY KEY, names BLOB NOT NULL);
CREATE TABLE meta (name TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
"""


_pack: Final = msgspec.msgpack.Encoder().encode


class SchemaUnknown(Exception):
    """The file isn't a journal that this version can read."""


def connect(path: Path, *, readonly: bool = False, wait: float = 1.0) -> sqlite3.Connection:
    """A connection in autocommit mode that may change threads. `wait`: seconds for another's lock.

    A writing connection never checkpoints by itself: that is the checkpointer's.
    """
    uri = f"file:{quote(str(path.absolute()))}?mode={_reader(path) if readonly else 'rw'}"
    connection = sqlite3.connect(
        uri, uri=True, isolation_level=None, check_same_thread=False, timeout=wait, cached_statements=256
    )
    connection.execute("PRAGMA trusted_schema = OFF")
    if readonly:
        connection.execute("PRAGMA query_only = ON")
    else:
        connection.execute("PRAGMA wal_autocheckpoint = 0")
    return connection


def _reader(path: Path) -> str:
    """A file without a write-ahead log has no writer and will have none, unless it is the newest: it is read without
    locks, and nothing is left beside it."""
    wal = path.with_name(path.name + "-wal")
    following = path.with_name(f"journal-{int(path.stem.rpartition('-')[2]) + 1:03d}.db")
    return "ro&immutable=1" if following.exists() and not wal.exists() else "ro"


def create(connection: sqlite3.Connection, first: int, running: Iterable[str], *, at: int) -> None:
    """Makes the tables of a new file whose log begins at `first`, all or nothing."""
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("BEGIN IMMEDIATE")
    try:
        for statement in _statements():
            connection.execute(statement)
        connection.executemany("INSERT INTO meta VALUES (?, ?)", [("version", VERSION), ("first", first), ("at", at)])
        save_running(connection, first - 1, running)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def is_complete(path: Path) -> bool:
    """Whether the transaction that makes a file's tables has ended. Raises sqlite3.Error."""
    connection = connect(path, readonly=True)
    try:
        return connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone() is not None
    finally:
        connection.close()


def first_seq(connection: sqlite3.Connection) -> int:
    """The sequence number at which this file begins. Raises SchemaUnknown."""
    return int(_meta(connection)["first"])


def made(connection: sqlite3.Connection) -> int:
    """When this file was begun, in Unix microseconds: no entry of it was written before. Raises SchemaUnknown."""
    return int(_meta(connection).get("at", 0))


def version(connection: sqlite3.Connection) -> int:
    """The format of this file, one that can be read. Raises SchemaUnknown."""
    return int(_meta(connection)["version"])


def _meta(connection: sqlite3.Connection) -> dict[str, int]:
    row = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone()
    meta = (
        dict(connection.execute("SELECT name, value FROM meta WHERE name IN ('version', 'first', 'at')")) if row else {}
    )
    if "version" not in meta:
        raise SchemaUnknown("not a complete journal")
    if meta["version"] not in {SINGLE, NAMED, VERSION}:
        raise SchemaUnknown(f"written by another version of Narrows (format {meta['version']}, this is {VERSION})")
    return meta


def last_seq(connection: sqlite3.Connection) -> int:
    """The last sequence number used when this file's log ends, also when it is still empty."""
    leaves = "32" if version(connection) == SINGLE else "length(leaves)"
    row = connection.execute(
        f"SELECT seq + {leaves} / 32 - 1 FROM log ORDER BY seq DESC LIMIT 1"  # noqa: S608 - a word of the two above
    ).fetchone()
    return first_seq(connection) - 1 if row is None else int(row[0])


def save_running(connection: sqlite3.Connection, seq: int, running: Iterable[str]) -> None:
    """Keeps which calls run at this place in the log; part of the caller's transaction."""
    packed = msgspec.msgpack.encode((seq, sorted(running)))
    connection.execute("INSERT OR REPLACE INTO meta VALUES ('running', ?)", (packed,))


def saved_running(connection: sqlite3.Connection) -> tuple[int, set[str]]:
    """What `save_running` kept last. Raises SchemaUnknown."""
    row = connection.execute("SELECT value FROM meta WHERE name = 'running'").fetchone()
    try:
        return msgspec.msgpack.decode(row[0], type=tuple[int, set[str]])
    except (TypeError, msgspec.DecodeError):
        raise SchemaUnknown("the list of running calls can't be read") from None


def pack(ids: Sequence[int]) -> bytes:
    """Content ids as differences, in MessagePack: a turn that repeats a conversation costs a byte or two a message."""
    if not ids:
        return b""
    before = 0
    out: list[int] = []
    for number in ids:
        out.append(number - before)
        before = number
    return _pack(out)


def unpack(packed: bytes) -> list[int]:
    """The ids that `pack` was given."""
    total, out = 0, list[int]()
    for difference in msgspec.msgpack.decode(packed, type=list[int]) if packed else ():
        total += difference
        out.append(total)
    return out


def _statements() -> list[str]:
    out, statement = [], ""
    for line in _TABLES.strip().splitlines():
        statement += line + "\n"
        if sqlite3.complete_statement(statement):
            out.append(statement)
            statement = ""
    return out
