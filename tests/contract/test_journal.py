"""What every implementation of the Journal port must do."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from narrows.config.schema import Recording
from narrows.model.record import Content, Outcome, Strangers
from narrows.ports.journal import Journal, JournalUnavailable
from narrows.stores.sqlite.archive import Archive
from narrows.stores.sqlite.journal import SqliteJournal
from unit.stores.sqlite.records import StillClock, call_id, closed, opened, segment

Start = Callable[[], AbstractAsyncContextManager[Journal]]


def sqlite(directory: Path, **recording: Any) -> Start:
    @asynccontextmanager
    async def start() -> AsyncIterator[Journal]:
        journal = SqliteJournal(directory, Recording(**recording), StillClock())
        await journal.start()
        yield journal
        await journal.stop()

    return start


IMPLEMENTATIONS = {
    "sqlite full": {"durability": "full"},
    "sqlite normal": {"durability": "normal"},
    "sqlite rotating": {"durability": "normal", "rotate": 1},
}


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture(params=list(IMPLEMENTATIONS))
def start(request: pytest.FixtureRequest, directory: Path) -> Start:
    return sqlite(directory, **IMPLEMENTATIONS[request.param])


async def test_an_opened_call_is_readable_when_its_awaitable_is_done(start: Start, directory: Path) -> None:
    async with start() as journal:
        await journal.open(opened(1, b'{"content":"hello"}'))
        record = Archive(directory).call(call_id(1))
    assert record is not None
    assert record.call.outcome is None
    assert [piece.text for piece in record.request] == ['{"model":"m"}', '{"content":"hello"}']
    assert record.intact


async def test_an_ending_is_kept_without_waiting(start: Start, directory: Path) -> None:
    async with start() as journal:
        await journal.open(opened(1))
        journal.close(closed(1))
    record = Archive(directory).call(call_id(1))
    assert record is not None
    assert (record.call.outcome, record.call.status) == ("done", 200)
    assert [piece.text for piece in record.reply] == ['{"ok":true}']


async def test_a_call_ends_once(start: Start, directory: Path) -> None:
    async with start() as journal:
        await journal.open(opened(1))
        journal.close(closed(1))
        journal.close(closed(1, outcome=Outcome.CUT))
    assert [call.outcome for call in Archive(directory).calls()] == ["done"]


async def test_what_is_not_open_cannot_end(start: Start, directory: Path) -> None:
    async with start() as journal:
        journal.close(closed(1))
        journal.segment(segment(1, 0, "lost"))
        await journal.open(opened(2, forwarded=False, refusal="prompt_denied", status=403))
        journal.close(closed(2))
    calls = list(Archive(directory).calls())
    assert [(call.id, call.outcome, call.status) for call in calls] == [(call_id(2), "refused", 403)]
    assert Archive(directory).position() == 1


async def test_parts_of_a_stream_come_between(start: Start, directory: Path) -> None:
    async with start() as journal:
        await journal.open(opened(1))
        for index, text in enumerate(("one ", "two ", "thr")):
            journal.segment(segment(1, index, text))
        journal.close(closed(1, contents=segment(1, 3, "ee").contents))
    record = Archive(directory).call(call_id(1))
    assert record is not None
    assert record.transcript is not None
    assert [stream.text for stream in record.transcript.streams] == ["one two three"]
    assert [part.index for part in record.segments] == [0, 1, 2]


async def test_calls_that_a_stop_left_open_are_unknown(start: Start, directory: Path) -> None:
    async with start() as journal:
        await asyncio.gather(*(journal.open(opened(number)) for number in range(5)))
        journal.close(closed(3))
    async with start():
        pass
    async with start():
        pass
    outcomes = {call.id: call.outcome for call in Archive(directory).calls()}
    assert outcomes == {call_id(number): "done" if number == 3 else "unknown" for number in range(5)}
    assert Archive(directory).position() == 10


async def test_entries_keep_their_order(start: Start, directory: Path) -> None:
    async with start() as journal:
        waiting = [journal.open(opened(number)) for number in range(200)]
        await asyncio.gather(*waiting)
    calls = list(Archive(directory).calls(newest_first=False))
    assert [(call.id, call.seq) for call in calls] == [(call_id(number), number + 1) for number in range(200)]


async def test_a_waiter_that_gave_up_hurts_nobody(start: Start, directory: Path) -> None:
    async with start() as journal:
        first, second = asyncio.ensure_future(journal.open(opened(1))), asyncio.ensure_future(journal.open(opened(2)))
        first.cancel()
        await second
        journal.close(closed(1, outcome=Outcome.CLIENT_GONE, status=None))
    assert {call.id: call.outcome for call in Archive(directory).calls()} == {
        call_id(1): "client_gone",
        call_id(2): None,
    }


async def test_responses_belong_to_who_received_them(start: Start) -> None:
    async with start() as journal:
        await journal.open(opened(1))
        assert not await journal.owns("corp:alice", "openai", "resp_1")
        journal.close(closed(1, response_ids=("resp_1", "conv_1")))
        assert await journal.owns("corp:alice", "openai", "resp_1")
    async with start() as journal:
        assert await journal.owns("corp:alice", "openai", "resp_1")
        assert await journal.owns("corp:alice", "openai", "conv_1")
        assert not await journal.owns("corp:bob", "openai", "resp_1")
        assert not await journal.owns("corp:alice", "other", "resp_1")
        assert not await journal.owns("corp:alice", "openai", "resp_2")
        assert not await journal.owns("corp:alice", "openai", "")


async def test_strangers_are_counted_in_the_log(start: Start, directory: Path) -> None:
    async with start() as journal:
        journal.strangers([Strangers(1, "10.0.0.1", "credential_missing", 3), Strangers(1, "10.0.0.2", "other", 1)])
    assert Archive(directory).position() == 2
    assert list(Archive(directory).calls()) == []


async def test_a_stopped_journal_takes_no_call(start: Start) -> None:
    async with start() as journal:
        assert journal.healthy
    assert not journal.healthy
    with pytest.raises(JournalUnavailable):
        await journal.open(opened(1))


async def test_text_that_no_encoding_carries_is_still_recorded(start: Start, directory: Path) -> None:
    async with start() as journal:
        await journal.open(opened(1, agent="\ud800", contents=(Content("$", b"\xff\x00 not JSON"),)))
        journal.close(closed(1, reason="\udfff"))
    record = Archive(directory).call(call_id(1))
    assert record is not None
    assert record.intact
    assert record.call.agent == "?"
