"""The journal's tables: append-only, whole or not at all, and ids that pack tightly."""

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrows.stores.sqlite import schema
from unit.stores.sqlite.records import NOW


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "journal-001.db"
    path.touch(mode=0o600)
    return path


def test_a_new_file_knows_where_it_begins(path: Path) -> None:
    connection = schema.connect(path)
    schema.create(connection, 42, ["call_1", "call_2"], at=NOW)
    assert (schema.first_seq(connection), schema.last_seq(connection)) == (42, 41)
    assert schema.saved_running(connection) == (41, {"call_1", "call_2"})
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA wal_autocheckpoint").fetchone() == (0,)
    connection.close()


def test_the_log_only_grows(path: Path) -> None:
    connection = schema.connect(path)
    schema.create(connection, 1, [], at=NOW)
    connection.execute("INSERT INTO log VALUES (1, x'', x'', x'', x'')")
    for statement in ("UPDATE log SET seq = 2", "DELETE FROM log"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            connection.execute(statement)
    connection.close()


def test_a_creation_that_fails_leaves_nothing(path: Path) -> None:
    connection = schema.connect(path)
    with pytest.raises(sqlite3.IntegrityError):
        schema.create(connection, 1, [], at=None)  # type: ignore[arg-type]
    assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    with pytest.raises(schema.SchemaUnknown, match="not a complete journal"):
        schema.first_seq(connection)
    connection.close()


def test_another_version_is_refused(path: Path) -> None:
    connection = schema.connect(path)
    schema.create(connection, 1, [], at=NOW)
    connection.execute("UPDATE meta SET value = 99 WHERE name = 'version'")
    with pytest.raises(schema.SchemaUnknown, match="format 99"):
        schema.first_seq(connection)
    connection.close()


@pytest.mark.parametrize("value", [None, b"", b"\xc1", b"\x90"])
def test_a_list_of_running_calls_that_is_damaged_is_refused(path: Path, value: bytes | None) -> None:
    connection = schema.connect(path)
    schema.create(connection, 1, [], at=NOW)
    connection.execute("DELETE FROM meta WHERE name = 'running'")
    if value is not None:
        connection.execute("INSERT INTO meta VALUES ('running', ?)", (value,))
    with pytest.raises(schema.SchemaUnknown, match="running calls"):
        schema.saved_running(connection)
    connection.close()


def test_a_reader_cannot_write_nor_make_a_file(path: Path, tmp_path: Path) -> None:
    connection = schema.connect(path)
    schema.create(connection, 1, [], at=NOW)
    reader = schema.connect(path, readonly=True)
    with pytest.raises(sqlite3.OperationalError):
        reader.execute("INSERT INTO meta VALUES ('x', 1)")
    reader.close()
    connection.close()
    with pytest.raises(sqlite3.OperationalError):
        schema.connect(tmp_path / "journal-009.db", readonly=True)
    with pytest.raises(sqlite3.OperationalError):
        schema.connect(tmp_path / "journal-009.db")


def test_a_reader_leaves_nothing_beside_a_file_that_is_done(path: Path, tmp_path: Path) -> None:
    connection = schema.connect(path)
    schema.create(connection, 1, [], at=NOW)
    connection.close()
    (tmp_path / "journal-002.db").touch()
    reader = schema.connect(path, readonly=True)
    assert schema.first_seq(reader) == 1
    reader.close()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["journal-001.db", "journal-002.db"]


@given(st.lists(st.integers(1, 2**40)))
def test_ids_come_back(ids: list[int]) -> None:
    assert schema.unpack(schema.pack(ids)) == ids


def test_a_repeated_conversation_costs_a_byte_or_two_a_message() -> None:
    packed = schema.pack(list(range(1_000_000, 1_000_400, 4)))
    assert len(packed) <= 100 + 10
