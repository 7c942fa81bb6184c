"""Many rows in few statements: every count arrives whole and in order."""

import sqlite3

import pytest

from narrows.stores.sqlite.rows import RowStatement


@pytest.fixture
def database() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("CREATE TABLE t (a INTEGER PRIMARY KEY, b BLOB)")
    return connection


@pytest.mark.parametrize("count", [0, 1, 2, 3, 15, 16, 17, 31, 63, 64, 65, 127, 128, 200, 1000])
def test_every_row_is_inserted_once(database: sqlite3.Connection, count: int) -> None:
    rows = [(number, b"%d" % number) for number in range(count)]
    RowStatement("INSERT INTO t VALUES", "(?, ?)").run(database, rows)
    assert database.execute("SELECT a, b FROM t ORDER BY a").fetchall() == rows


def test_a_tail_closes_the_list(database: sqlite3.Connection) -> None:
    RowStatement("INSERT INTO t VALUES", "(?, ?)").run(database, [(number, b"") for number in range(100)])
    RowStatement("DELETE FROM t WHERE a IN (", "?", ")").run(database, [(number,) for number in range(99)])
    assert database.execute("SELECT a FROM t").fetchall() == [(99,)]


def test_few_statements_are_enough(database: sqlite3.Connection) -> None:
    steps: list[str] = []
    database.set_trace_callback(steps.append)
    RowStatement("INSERT INTO t VALUES", "(?, ?)").run(database, [(number, b"") for number in range(64)])
    database.set_trace_callback(None)
    assert len(steps) <= 3
