"""Tags: whatever run a content is in, it is found again; after a start, a rollback, and false hits of the filter."""

import hashlib
import sqlite3
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from narrows.stores.sqlite import packs, schema
from narrows.stores.sqlite import tags as module
from narrows.stores.sqlite.tags import Tags
from unit.stores.sqlite.records import NOW


@pytest.fixture
def connection(tmp_path: Path) -> sqlite3.Connection:
    path = tmp_path / "journal-001.db"
    path.touch(mode=0o600)
    connection = schema.connect(path)
    schema.create(connection, 1, [], at=NOW)
    return connection


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs of eight contents, four to a group."""
    monkeypatch.setattr(module, "RUN", 8)
    monkeypatch.setattr(module, "GROUP", 4)


def tag(number: int) -> bytes:
    return hashlib.blake2b(b"%d" % number, digest_size=16).digest()


def commitment(number: int) -> bytes:
    return b"%032d" % number


def insert(connection: sqlite3.Connection, number: int, tag: bytes, commitment: bytes) -> None:
    """A pack of one content."""
    item = packs.ITEM.pack(tag, b"s" * 16, commitment, 0)
    connection.execute("INSERT INTO content VALUES (?, 1, ?, x'')", (number, item))


def add(tags: Tags, connection: sqlite3.Connection, *numbers: int) -> list[int]:
    """Adds contents as the writer does."""
    ids = []
    for number in numbers:
        kept = tags.add(tag(number), commitment(number))
        insert(connection, kept[0], tag(number), kept[1])
        ids.append(kept[0])
    tags.flush()
    return ids


def found(tags: Tags, *numbers: int) -> list[int | None]:
    """The ids under which these are known, after asserting that the commitment is theirs."""
    out: list[int | None] = []
    for number in numbers:
        kept = tags.find(tag(number))
        assert kept is None or kept[1] == commitment(number)
        out.append(kept[0] if kept else None)
    return out


@pytest.mark.usefixtures("small")
def test_contents_of_every_run_are_found(connection: sqlite3.Connection) -> None:
    tags = Tags(connection)
    assert [add(tags, connection, number) for number in range(100)] == [[number + 1] for number in range(100)]
    assert connection.execute("SELECT count(*) FROM tags").fetchone() == (100 // 8,)
    assert connection.execute("SELECT count(*) FROM filter").fetchone() == (100 // 8 // 4,)
    assert found(tags, *range(102)) == [*range(1, 101), None, None]
    assert found(Tags(connection), *range(102)) == [*range(1, 101), None, None]


@pytest.mark.usefixtures("small")
def test_one_batch_may_fill_several_runs(connection: sqlite3.Connection) -> None:
    tags = Tags(connection)
    add(tags, connection, *range(5))
    add(tags, connection, *range(5, 77))
    assert found(tags, *range(78)) == [*range(1, 78), None]
    assert found(Tags(connection), *range(78)) == [*range(1, 78), None]


def test_runs_of_the_real_size_are_found_again(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN")
    tags = Tags(connection)
    count = 2 * module.RUN + 100
    add(tags, connection, *range(count))
    connection.execute("COMMIT")
    again = Tags(connection)
    some = [0, module.RUN - 2, module.RUN - 1, module.RUN, 2 * module.RUN - 1, count - 1, count]
    assert found(again, *some) == found(tags, *some) == [*(number + 1 for number in some[:-1]), None]


@pytest.mark.usefixtures("small")
def test_a_full_run_no_longer_takes_memory(connection: sqlite3.Connection) -> None:
    tags = Tags(connection)
    add(tags, connection, *range(1000))
    assert len(tags._recent) < 8
    assert len(tags._filters) <= module._GROUPS


@pytest.mark.usefixtures("small")
def test_false_hits_of_the_filter_only_cost_a_look(connection: sqlite3.Connection) -> None:
    tags = Tags(connection)
    add(tags, connection, *range(50))
    for bits in tags._filters.values():
        for position in range(len(bits)):
            bits[position] = 15
    assert found(tags, *range(52)) == [*range(1, 51), None, None]


@pytest.mark.usefixtures("small")
def test_tags_that_begin_alike_are_told_apart(connection: sqlite3.Connection) -> None:
    tags = Tags(connection)
    alike = [b"\xa5" * 8 + tag(number)[:8] for number in range(30)]
    for one in alike:
        number, _ = tags.add(one, one + one)
        insert(connection, number, one, one + one)
        tags.flush()
    assert [tags.find(one) for one in alike] == [(number + 1, one + one) for number, one in enumerate(alike)]
    assert tags.find(b"\xa5" * 16) is None


@pytest.mark.usefixtures("small")
def test_erased_rows_are_not_found_and_no_id_is_used_again(connection: sqlite3.Connection) -> None:
    tags = Tags(connection)
    add(tags, connection, *range(20))
    connection.execute("DELETE FROM content WHERE id IN (3, 14, 15, 18)")
    tags = Tags(connection)
    assert found(tags, *range(20)) == [n + 1 if n + 1 not in {3, 14, 15, 18} else None for n in range(20)]
    assert add(tags, connection, 2, 100) == [21, 22]
    connection.execute("DELETE FROM content")
    assert add(Tags(connection), connection, 3) == [16]
    assert found(Tags(connection), 0, 3) == [None, 16]


@pytest.mark.usefixtures("small")
def test_beyond_the_newest_groups_nothing_is_remembered(
    connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_GROUPS", 2)
    tags = Tags(connection)
    add(tags, connection, *range(8 * 4 * 5))
    for one in (tags, Tags(connection)):
        assert len(one._filters) == 2
        assert found(one, 0, 8 * 4 * 5 - 1, 8 * 4 * 4) == [None, 8 * 4 * 5, 8 * 4 * 4 + 1]


@pytest.mark.usefixtures("small")
def test_a_damaged_filter_is_refused(connection: sqlite3.Connection) -> None:
    add(Tags(connection), connection, *range(40))
    connection.execute("UPDATE filter SET bits = x'00'")
    with pytest.raises(schema.SchemaUnknown, match="filter"):
        Tags(connection)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["keep", "undo", "start"]), st.lists(st.integers(0, 60), max_size=25)), max_size=25
    )
)
@pytest.mark.usefixtures("small")
def test_each_is_stored_once_whatever_happens(
    connection: sqlite3.Connection, steps: list[tuple[str, list[int]]]
) -> None:
    """Batches that are kept, batches that are rolled back, and starts, against a set of what was kept."""
    for table in ("content", "tags", "filter"):
        connection.execute(f"DELETE FROM {table}")
    tags, stored = Tags(connection), set[int]()
    for step, numbers in steps:
        connection.execute("BEGIN")
        for number in numbers:
            if tags.find(tag(number)) is None:
                add(tags, connection, number)
        if step == "undo":
            connection.execute("ROLLBACK")
            tags.forget()
            continue
        connection.execute("COMMIT")
        stored |= set(numbers)
        if step == "start":
            tags = Tags(connection)
    rows = [item.tag for item in packs.items(connection, 0)]
    assert sorted(rows) == sorted(tag(number) for number in stored)
    assert {number for number in range(61) if tags.find(tag(number))} == stored
