"""Contents: stored once an owner, and nothing remembered that a rollback undid."""

from pathlib import Path

import pytest

from narrows.evidence.canonical import references
from narrows.evidence.commitments import commit
from narrows.evidence.sealing import NONCE_BYTES, Compressor
from narrows.model.record import Content
from narrows.stores.sqlite import contents as module
from narrows.stores.sqlite import packs, tags
from narrows.stores.sqlite.contents import Contents
from narrows.stores.sqlite.journalfile import JournalFile
from narrows.stores.sqlite.schema import unpack
from unit.stores.sqlite.records import NOW, OWNER, World

BOB = ("corp:bob", "openai")


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def file(world: World) -> JournalFile:
    return world.file()


def made(world: World, file: JournalFile) -> Contents:
    return Contents(file.connection, world.master, Compressor())


def parts(*data: bytes) -> tuple[Content, ...]:
    return tuple(Content(f"$.messages[{index}]", item) for index, item in enumerate(data))


def count(file: JournalFile) -> int:
    return len(list(packs.items(file.connection, 0)))


def test_equal_contents_are_one_row_an_owner(world: World, file: JournalFile) -> None:
    contents = made(world, file)
    both = contents.keep([(OWNER, parts(b"a", b"b", b"a")), (OWNER, parts(b"b")), (BOB, parts(b"a"))])
    (ids, _), (more, _), (theirs, _) = both
    ((other, _),) = contents.keep([(("corp:alice", "anthropic"), parts(b"a"))])
    contents.flush()
    assert (unpack(ids), unpack(more), unpack(theirs), unpack(other)) == ([1, 2, 1], [2], [3], [4])
    assert count(file) == 4
    assert file.connection.execute("SELECT count(*) FROM keys").fetchone() == (3,)


def test_a_later_start_finds_them_again(world: World, file: JournalFile) -> None:
    contents = made(world, file)
    first = contents.keep([(OWNER, parts(b"a", b"b" * 5_000))])
    contents.flush()
    contents = made(world, file)
    assert contents.keep([(OWNER, parts(b"a", b"b" * 5_000))]) == first
    contents.flush()
    assert count(file) == 2


def test_what_is_stored_is_sealed_and_salted(world: World, file: JournalFile) -> None:
    contents = made(world, file)
    contents.keep([(OWNER, parts(b"confidential", b"other"))])
    contents.flush()
    ((items, sealed),) = file.connection.execute("SELECT items, sealed FROM content").fetchall()
    (_, salt, commitment, size), (_, other_salt, _, _) = packs.ITEM.iter_unpack(items)
    assert size == 12
    assert len(salt) >= 16
    assert salt != other_salt
    assert commitment == commit(salt, b"confidential")
    assert b"confidential" not in sealed


def test_after_a_rollback_they_are_stored_again(world: World, file: JournalFile) -> None:
    contents = made(world, file)
    file.connection.execute("BEGIN")
    contents.keep([(OWNER, parts(b"a"))])
    contents.flush()
    file.connection.execute("ROLLBACK")
    contents.forget()
    ((ids, _),) = contents.keep([(OWNER, parts(b"a"))])
    contents.flush()
    assert unpack(ids) == [1]
    assert count(file) == 1
    assert file.connection.execute("SELECT count(*) FROM keys").fetchone() == (1,)


def test_a_conversation_of_n_turns_costs_n(world: World, file: JournalFile) -> None:
    contents = made(world, file)
    history: list[bytes] = []
    for turn in range(50):
        history.append(b"turn %d " % turn * 50)
        contents.keep([(OWNER, parts(*history))])
        contents.flush()
    assert count(file) == 50


def test_more_contents_than_are_remembered_are_still_one_row_each(
    world: World, file: JournalFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_CONTENTS", 4)
    contents = made(world, file)
    many = parts(*(b"%d" % (number % 50) for number in range(200)))
    ((first, _), (second, _)) = contents.keep([(OWNER, many), (OWNER, many)])
    contents.flush()
    ((third, _),) = contents.keep([(OWNER, many)])
    contents.flush()
    assert first == second == third
    assert count(file) == 50


def test_a_long_conversation_is_stored_once_over_runs_starts_and_rollbacks(
    world: World, file: JournalFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_CONTENTS", 4)
    monkeypatch.setattr(tags, "RUN", 16)
    monkeypatch.setattr(tags, "GROUP", 2)
    contents = made(world, file)
    history: list[bytes] = []
    for turn in range(120):
        history.append(b"turn %d" % turn)
        file.connection.execute("BEGIN")
        contents.keep([(OWNER, parts(*history, b"lost %d" % turn))])
        contents.flush()
        file.connection.execute("ROLLBACK")
        contents.forget()
        file.connection.execute("BEGIN")
        ((ids, _),) = contents.keep([(OWNER, parts(*history))])
        contents.flush()
        file.connection.execute("COMMIT")
        assert unpack(ids) == list(range(1, turn + 2))
        if turn % 10 == 0:
            contents = made(world, file)
    assert count(file) == 120


def test_a_new_file_holds_all_that_its_log_refers_to(world: World, file: JournalFile) -> None:
    made(world, file).keep([(OWNER, parts(b"a"))])
    following = world.files.following(file, NOW)
    contents = made(world, following)
    contents.keep([(OWNER, parts(b"a", b"b"))])
    contents.flush()
    assert count(following) == 2


def test_entries_that_look_alike_refer_to_their_own(world: World, file: JournalFile) -> None:
    """What is remembered of labels and of whole requests never mixes up contents, labels or owners."""
    contents = made(world, file)
    batch: list[tuple[tuple[str, str], tuple[Content, ...]]] = []
    for data in ((b"a", b"b"), (b"b", b"a"), (b"a",), (b"a",) * 100, (b"a", b"x" * 9_000)):
        for owner in (OWNER, BOB):
            batch += [(owner, parts(*data)), (owner, tuple(Content("reply", item) for item in data))]
    first = contents.keep(batch)
    contents.flush()
    for again in (contents, made(world, file)):
        assert again.keep(batch) == first
    rows = {item.id: item.commitment for item in packs.items(file.connection, 0)}
    for (_, given), (ids, reference) in zip(batch, first, strict=True):
        assert bytes(reference) == bytes(
            references([(content.label, rows[number]) for content, number in zip(given, unpack(ids), strict=True)])
        )
    assert count(file) == 2 * 3


def test_no_salt_and_no_nonce_is_used_twice(world: World, file: JournalFile) -> None:
    contents = made(world, file)
    for number in range(600):
        contents.keep([(OWNER, (Content("$", b"one %d" % number), Content("$", b"two %d" % number)))])
    contents.flush()
    rows = file.connection.execute("SELECT items, sealed FROM content").fetchall()
    used = [salt for items, _ in rows for _, salt, _, _ in packs.ITEM.iter_unpack(items)]
    used += [sealed[:NONCE_BYTES] for _, sealed in rows]
    assert len(used) == len(set(used)) == 3 * 600
    assert len({part[start : start + 8] for part in used for start in range(len(part) - 7)}) == 600 * (9 + 9 + 5)
