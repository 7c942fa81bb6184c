"""Packs: each content is read back from among those it was sealed with, and only from there."""

import sqlite3
from pathlib import Path

import pytest

from narrows.evidence.sealing import Compressor
from narrows.model.record import Content
from narrows.stores.sqlite import packs, schema
from narrows.stores.sqlite.contents import Contents
from narrows.stores.sqlite.journalfile import JournalFile
from narrows.stores.sqlite.masterkey import load
from narrows.stores.sqlite.packs import Packs
from narrows.stores.sqlite.schema import unpack
from unit.stores.sqlite.records import OWNER, World
from unit.stores.sqlite.singles import singles

BOB = ("corp:bob", "openai")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def file(world: World) -> JournalFile:
    return world.file()


def keep(world: World, file: JournalFile, *batch: tuple[tuple[str, str], list[bytes]]) -> list[list[int]]:
    """Stores contents as the writer does; gives their ids."""
    contents = Contents(file.connection, world.master, Compressor())
    kept = contents.keep([(owner, tuple(Content("x", data) for data in texts)) for owner, texts in batch])
    contents.flush()
    return [unpack(refs) for refs, _ in kept]


def rows(file: JournalFile) -> list[tuple[int, int]]:
    """The first id of each pack and how many it has."""
    return file.connection.execute(f"SELECT id, length(items) / {packs.ITEM.size} FROM content ORDER BY id").fetchall()


def test_contents_of_one_owner_in_a_batch_are_one_pack(world: World, file: JournalFile) -> None:
    texts = [b"", b"a", b"b" * 5_000, bytes(range(256)) * 3]
    ids = keep(world, file, (OWNER, texts[:2]), (BOB, [b"a", b"other"]), (OWNER, texts[2:]))
    assert ids == [[1, 2], [5, 6], [3, 4]]
    assert rows(file) == [(1, 4), (5, 2)]
    found = Packs(file.connection, world.master).get([4, 2, 1, 3, 5, 6, 7, 0])
    assert {number: one.data for number, one in found.items()} == dict(enumerate([*texts, b"a", b"other"], 1))
    assert [one.size for _, one in sorted(found.items())] == [0, 1, 5_000, 768, 1, 5]


def test_packs_are_bounded(world: World, file: JournalFile) -> None:
    many = [b"%d" % number for number in range(2 * packs.MOST + 3)]
    keep(world, file, (OWNER, many))
    assert rows(file) == [(1, 64), (65, 64), (129, 3)]
    large = [b"x", b"l" * (packs.MOST_BYTES + 1), b"y", b"z" * packs.MOST_BYTES]
    (ids,) = keep(world, file, (OWNER, large))
    assert rows(file)[3:] == [(132, 1), (133, 1), (134, 1), (135, 1)]
    found = Packs(file.connection, world.master).get(ids)
    assert [found[number].data for number in ids] == large


@pytest.mark.parametrize("column", ["items", "sealed"])
def test_every_changed_byte_is_noticed(world: World, file: JournalFile, column: str) -> None:
    """Items bind the texts: a salt, commitment or size of another content opens nothing."""
    keep(world, file, (OWNER, [b"one", b"two"]))
    (value,) = file.connection.execute(f"SELECT {column} FROM content").fetchone()
    for index in range(len(value)):
        changed = value[:index] + bytes([value[index] ^ 1]) + value[index + 1 :]
        file.connection.execute(f"UPDATE content SET {column} = ?", (changed,))
        found = Packs(file.connection, world.master).get([1, 2])
        assert [found[1].data, found[2].data] == [None, None]


def test_a_pack_under_another_key_does_not_open(world: World, file: JournalFile) -> None:
    keep(world, file, (OWNER, [b"one"]), (BOB, [b"two"]))
    file.connection.execute("UPDATE content SET key = 3 - key")
    assert [one.data for one in Packs(file.connection, world.master).get([1, 2]).values()] == [None, None]


def test_what_is_not_there_is_left_out(world: World, file: JournalFile) -> None:
    assert Packs(file.connection, world.master).get([1, 2]) == {}
    keep(world, file, (OWNER, [b"one", b"two"]))
    keep(world, file, (OWNER, [b"three"]))
    file.connection.execute("DELETE FROM content WHERE id = 1")
    assert set(Packs(file.connection, world.master).get([1, 2, 3, 4])) == {3}
    assert [packs.item(file.connection, number) is None for number in (1, 2, 3, 4)] == [True, True, False, True]
    assert [item.id for item in packs.items(file.connection, 0)] == [3]


def test_items_are_read_from_within_a_pack_on(world: World, file: JournalFile) -> None:
    keep(world, file, (OWNER, [b"one", b"two"]))
    keep(world, file, (OWNER, [b"three", b"four"]))
    for first in range(6):
        assert [item.id for item in packs.items(file.connection, first)] == [*range(max(first, 1), 5)]
    tags = [item.tag for item in packs.items(file.connection, 1)]
    found = [packs.item(file.connection, number) for number in range(1, 5)]
    assert [one.tag for one in found if one is not None] == tags


def test_the_format_before_reads_the_same(tmp_path: Path) -> None:
    world = World(tmp_path)
    connection: sqlite3.Connection = schema.connect(singles(tmp_path))
    found = Packs(connection, load(world.directory)).get([1, 2, 3, 9])
    assert [one.data for one in found.values()] == [
        b'{"model":"m"}',
        b'{"role":"user","content":"What is the tide?"}',
        b'{"streams":[{"choice":0,"field":"content","text":"It "}],"timing":[[0,0,3]]}',
    ]
    assert found[1].size == 13
    connection.execute("UPDATE content SET commitment = zeroblob(32) WHERE id = 1")
    assert Packs(connection, load(world.directory)).get([1])[1].data is None
