"""Reading the record back, over several files and beside a running gate."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from narrows.model.principal import Principal
from narrows.model.record import Outcome
from narrows.model.usage import Usage
from narrows.stores.sqlite import runs
from narrows.stores.sqlite.archive import Archive
from narrows.stores.sqlite.directory import DataDirectoryError
from narrows.stores.sqlite.selection import Filters
from narrows.stores.sqlite.views import CallRecord
from unit.stores.sqlite.records import NOW, OWNER, World, call_id, closed, opened, running, segment

BOB = Principal("corp", "bob")


async def fill(path: Path) -> None:
    """Six calls over several files: 1 to 3 alice's first session, 4 and 5 bob's, 6 still running."""
    async with running(path, rotate=1) as journal:
        for number in range(1, 7):
            text = b'{"content":"prompt %d"}' % number
            who = {"principal": BOB, "session": "sess_2"} if number in {4, 5} else {}
            await journal.open(opened(number, text, **who))
        for number in (1, 2, 4, 5):
            journal.close(closed(number, usage=Usage(10, number)))
            await asyncio.sleep(0)
        journal.segment(segment(3, 0, "split se"))
        journal.close(closed(3, outcome=Outcome.CUT, status=None, contents=segment(3, 1, "cret").contents))


@pytest.fixture
async def archive(tmp_path: Path) -> Archive:
    await fill(tmp_path / "data")
    assert len(list((tmp_path / "data").glob("journal-*.db"))) > 4
    return Archive(tmp_path / "data")


def numbers(archive: Archive, **filters: object) -> list[int]:
    return [int(call.id[5:]) for call in archive.calls(msgspec.convert(filters, Filters))]


async def test_calls_come_newest_first_or_oldest_first(archive: Archive) -> None:
    assert numbers(archive) == [6, 5, 4, 3, 2, 1]
    assert [call.id for call in archive.calls(newest_first=False, limit=2)] == [call_id(1), call_id(2)]


async def test_a_call_may_end_in_a_later_file(archive: Archive) -> None:
    assert [call.outcome for call in archive.calls(newest_first=False)] == ["done", "done", "cut", "done", "done", None]


async def test_filters_join(archive: Archive) -> None:
    assert numbers(archive, user="bob") == [5, 4]
    assert numbers(archive, since=NOW + 2, until=NOW + 5) == [4, 3, 2]
    assert numbers(archive, outcome="cut") == [3]
    assert numbers(archive, outcome="running") == [6]
    assert numbers(archive, user="alice", status=200) == [2, 1]


async def test_texts_are_searched_across_the_parts_of_a_stream(archive: Archive) -> None:
    assert numbers(archive, text="PROMPT 5") == [5]
    assert numbers(archive, text="split secret") == [3]
    assert numbers(archive, text="nowhere") == []


async def test_a_call_is_given_whole(archive: Archive) -> None:
    record = archive.call(call_id(3))
    assert record is not None
    assert record.intact
    assert record.request[1].text == '{"content":"prompt 3"}'
    assert record.transcript is not None
    assert record.transcript.streams[0].text == "split secret"
    assert msgspec.json.decode(msgspec.json.encode(record))["call"]["id"] == call_id(3)
    assert archive.call("call_none") is None


async def test_sessions_are_the_last_active_first(archive: Archive) -> None:
    first, second = archive.sessions()
    assert (first.id, first.user, first.calls, first.outcomes) == (
        "sess_1",
        "corp:alice",
        4,
        {"running": 1, "cut": 1, "done": 2},
    )
    assert (second.id, second.prompt_tokens, second.completion_tokens, second.statuses) == ("sess_2", 20, 9, {200: 2})
    assert [session.id for session in archive.sessions(Filters(user="bob"))] == ["sess_2"]
    assert len(archive.sessions(limit=1)) == 1


async def test_one_session_name_of_two_users_is_two_sessions(tmp_path: Path) -> None:
    async with running(tmp_path) as journal:
        await asyncio.gather(journal.open(opened(1)), journal.open(opened(2, principal=BOB)))
    assert [session.user for session in Archive(tmp_path).sessions()] == ["corp:bob", "corp:alice"]


async def test_the_tail_follows_beginnings_and_endings(tmp_path: Path) -> None:
    async with running(tmp_path, rotate=1) as journal:
        archive = Archive(tmp_path)
        assert (archive.position(), archive.tail(0)) == (0, ([], 0))
        await journal.open(opened(1))
        calls, position = archive.tail(0)
        assert [(call.id, call.outcome) for call in calls] == [(call_id(1), None)]
        journal.close(closed(1))
        await journal.open(opened(2))
        seen = []
        while (step := archive.tail(position))[1] != position:
            calls, position = step
            seen += [(call.id, call.outcome) for call in calls]
        assert seen == [(call_id(1), "done"), (call_id(2), None)]
        assert archive.position() == position == 3


async def test_reading_writes_nothing(archive: Archive, tmp_path: Path) -> None:
    def state() -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in (tmp_path / "data").glob("journal-*.db")}

    before = state()
    list(archive.calls(Filters(text="prompt")))
    archive.sessions()
    assert state() == before


def test_no_directory_and_no_key_are_clear_errors(tmp_path: Path) -> None:
    with pytest.raises(DataDirectoryError, match="no data directory"):
        Archive(tmp_path / "none")
    assert list(Archive(tmp_path).calls()) == []
    (tmp_path / "journal-001.db").touch()
    with pytest.raises(DataDirectoryError, match="master key can't be read"):
        list(Archive(tmp_path).calls())


def shown(record: CallRecord | None) -> tuple[object, ...] | None:
    if record is None:
        return None
    stream = record.transcript.streams[0].text if record.transcript else ""
    return (record.call.id, record.call.outcome, record.request[1].text, stream, record.intact)


def test_calls_that_span_runs_and_files_are_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixty calls that end long after they began, one with parts all the way, in runs of five rows and three files."""
    monkeypatch.setattr(runs, "RUN", 5)
    world = World(tmp_path)
    file = world.file()
    expected: dict[str, tuple[object, ...]] = {}
    for number in range(1, 61):
        text = b'{"content":"prompt %d."}' % number
        file.write([(opened(number, text), OWNER)], NOW)
        expected[call_id(number)] = (call_id(number), None, text.decode(), "", True)
        if number > 1:
            file.write([(segment(1, number, f"{number} "), OWNER)], NOW)
        if number > 30 and number % 2:
            ended = number - 29
            file.write([(closed(ended), OWNER)], NOW)
            expected[call_id(ended)] = (*(call_id(ended), "done"), *expected[call_id(ended)][2:])
        if number in {20, 40}:
            file = world.files.following(file, NOW)
    spoken = "".join(f"{number} " for number in range(2, 61))
    expected[call_id(1)] = (*expected[call_id(1)][:3], spoken, True)
    archive = Archive(tmp_path)
    calls = list(archive.calls(newest_first=False))
    assert {call.id: (call.id, call.outcome) for call in calls} == {call: of[:2] for call, of in expected.items()}
    assert {call: shown(archive.call(call)) for call in expected} == expected
    assert archive.call(call_id(99)) is None
    assert numbers(archive, text="prompt 7.") == [7]
    assert numbers(archive, text="59 60") == [1]
    seen: dict[str, str | None] = {}
    place, moved = -1, 0
    while moved != place:
        place = moved
        steps, moved = archive.tail(place)
        seen |= {call.id: call.outcome for call in steps}
    assert seen == {call: of[1] for call, of in expected.items()}
