"""The gate's side where files fail: nothing is promised that is not durable, and what was taken is not lost."""

import asyncio
import logging
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from narrows.model.approval import Answered, Approvers, TicketState
from narrows.ports.approvals import ApprovalsUnavailable
from narrows.stores.sqlite import approvals
from narrows.stores.sqlite.approvals import SqliteApprovals
from narrows.stores.sqlite.controlfile import ControlFile
from narrows.stores.sqlite.decisions import SqliteDecisions
from narrows.stores.sqlite.directory import DataDirectoryError
from narrows.stores.sqlite.ticketfile import Change, TicketFile, Tickets
from unit.stores.sqlite.records import NOW, StillClock
from unit.stores.sqlite.tickets import BODY, HOUR, prepared, requirement, said, standing, ticket

ONE = ticket(1).id


@contextmanager
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    def full(self: TicketFile, changes: Iterable[Change]) -> None:
        raise sqlite3.OperationalError("disk full")

    with monkeypatch.context() as broken:
        broken.setattr(TicketFile, "write", full)
        yield


def state(gate: SqliteApprovals, number: int = 1) -> TicketState | None:
    found = gate.find(ticket(number).digest, "corp:alice")
    return None if found is None else found.state


async def test_a_question_that_cannot_be_written_was_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with standing(tmp_path / "data", StillClock()) as gate:
        with full_disk(monkeypatch):
            asked = asyncio.ensure_future(gate.ask(ticket(1), BODY))
            joined = asyncio.ensure_future(gate.ask(ticket(2, digest=ticket(1).digest), BODY))
            await asyncio.sleep(0)
            waiting = asyncio.ensure_future(gate.wait(ONE))
            for each in (asked, joined, waiting):
                with pytest.raises(ApprovalsUnavailable, match="disk full"):
                    await each
        assert state(gate) is None
        assert gate.standing("corp:alice") == 0
        assert (await gate.ask(ticket(1), BODY)).state is TicketState.PENDING


async def test_what_could_not_be_taken_can_be_taken_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    people = SqliteDecisions(tmp_path / "data", StillClock())
    async with standing(tmp_path / "data", StillClock()) as gate:
        await gate.ask(ticket(1), BODY)
        people.decide(said(1))
        with full_disk(monkeypatch):
            with pytest.raises(ApprovalsUnavailable, match="disk full"):
                await gate.consume(ONE, "call_1")
            assert state(gate) is TicketState.APPROVED
        assert await gate.consume(ONE, "call_2")
        assert not await gate.consume(ONE, "call_1")
    people.close()


async def test_what_is_given_back_is_so_at_once_and_later_durable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = SqliteDecisions(tmp_path / "data", StillClock())
    async with standing(tmp_path / "data", StillClock()) as gate:
        await gate.ask(ticket(1), BODY)
        people.decide(said(1))
        assert await gate.consume(ONE, "call_1")
        with full_disk(monkeypatch):
            gate.restore(ONE, "call_1")
            assert state(gate) is TicketState.APPROVED
            await asyncio.sleep(0.05)
        assert await gate.consume(ONE, "call_2")
    kept = Tickets(tmp_path / "data")
    assert (kept.took(ONE, "call_1"), kept.took(ONE, "call_2")) == (False, True)
    kept.close()
    people.close()


async def test_a_use_that_is_given_back_while_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    people = SqliteDecisions(tmp_path / "data", StillClock())
    async with standing(tmp_path / "data", StillClock()) as gate:
        await gate.ask(ticket(1), BODY)
        people.decide(said(1))
        for broken in (False, True):
            taking = asyncio.ensure_future(gate.consume(ONE, "call_1"))
            await asyncio.sleep(0)
            gate.restore(ONE, "call_1")
            if broken:
                with full_disk(monkeypatch), pytest.raises(ApprovalsUnavailable):
                    await taking
            else:
                await taking
            found = gate.find(ticket(1).digest, "corp:alice")
            assert found is not None
            assert (found.state, found.used) == (TicketState.APPROVED, 0)
        assert await gate.consume(ONE, "call_1")
        assert not await gate.consume(ONE, "call_2")
    people.close()


async def test_an_approval_given_back_too_late_has_expired(tmp_path: Path) -> None:
    clock = StillClock()
    people = SqliteDecisions(tmp_path / "data", clock)
    async with standing(tmp_path / "data", clock) as gate:
        await gate.ask(ticket(1), BODY)
        people.decide(said(1))
        assert await gate.consume(ONE, "call_1")
        clock.time = NOW + HOUR
        gate.restore(ONE, "call_1")
        assert state(gate) is TicketState.EXPIRED
    shown = people.show(ONE)
    assert shown is not None
    assert (shown.state, shown.used) == (TicketState.EXPIRED, 0)
    people.close()


async def test_memory_holds_only_what_stands(tmp_path: Path) -> None:
    people = SqliteDecisions(tmp_path / "data", StillClock())
    async with standing(tmp_path / "data", StillClock()) as gate:
        for number in range(1, 6):
            await gate.ask(ticket(number), BODY)
        people.decide(said(1))
        people.decide(said(2, answer=Answered.REJECT))
        people.decide(said(3))
        gate.cancel(ticket(4).id, "void")
        assert await gate.consume(ticket(1).id, "call_1")
        await asyncio.sleep(0.1)
        assert sorted(each.ticket.id for each in gate._open.all()) == [ticket(3).id, ticket(5).id]
        assert len(gate._open) == 2
        assert gate.standing("corp:alice") == 1
        gate.restore(ticket(1).id, "another")
        assert len(gate._open) == 2
        assert [state(gate, number) for number in (1, 2, 4)] == [
            TicketState.CONSUMED, TicketState.REJECTED, TicketState.CANCELLED,
        ]  # fmt: skip
    people.close()


async def test_an_answer_that_is_not_entitled_changes_nothing(tmp_path: Path) -> None:
    async with standing(tmp_path / "data", StillClock()) as gate:
        await gate.ask(ticket(1), BODY)
        file = ControlFile(tmp_path / "data", StillClock(), ApprovalsUnavailable)
        for who in ("corp:alice", "corp:eve", "lab:sam", "narrows:ci"):
            text = f'{{"ticket":"{ONE}","who":"{who}","answer":"approve","at":{NOW},"groups":["corp:research"]}}'
            with file.transaction() as run:
                run.execute("INSERT INTO decision (ticket, said) VALUES (?, ?)", (ONE, text))
        file.close()
        found = gate.find(ticket(1).digest, "corp:alice")
        assert found is not None
        assert (found.state, len(found.decisions)) == (TicketState.PENDING, 4)
        assert not await gate.consume(ONE, "call_1")


async def test_while_answers_cannot_be_read_nothing_goes_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    people = SqliteDecisions(tmp_path / "data", StillClock())
    async with standing(tmp_path / "data", StillClock()) as gate:
        await gate.ask(ticket(1), BODY)
        people.decide(said(1))
        people.close()
        good, bad = tmp_path / "good", tmp_path / "data" / "control.db"
        good.mkdir()
        for path in bad.parent.glob("control.db*"):
            path.rename(good / path.name)
        bad.write_bytes(b"not a database " * 100)
        with pytest.raises(ApprovalsUnavailable, match="not a database"):
            await gate.consume(ONE, "call_1")
        with pytest.raises(ApprovalsUnavailable, match="not a database"):
            gate.find("d", "corp:alice")
        with caplog.at_level(logging.INFO):
            gate.tick()
            gate.tick()
        assert caplog.text.count("can't be read") == 1
        for path in good.iterdir():
            path.replace(bad.parent / path.name)
        with caplog.at_level(logging.INFO):
            gate.tick()
        assert caplog.text.count("can be read again") == 1
        assert await gate.consume(ONE, "call_1")
    people.close()


async def test_answers_that_are_gone_do_not_count(tmp_path: Path) -> None:
    """A control.db that was put back from before the answer."""
    people = SqliteDecisions(tmp_path / "data", StillClock())
    async with standing(tmp_path / "data", StillClock()) as gate:
        await gate.ask(ticket(1, requirement(needed=2)), BODY)
        people.decide(said(1, "corp:sam"))
        people.decide(said(1, "corp:eva"))
        assert state(gate) is TicketState.APPROVED
        for path in (tmp_path / "data").glob("control.db*"):
            path.unlink()
        assert state(gate) is TicketState.PENDING
        assert gate.standing("corp:alice") == 1
    people.close()


async def test_an_id_is_good_for_one_question(tmp_path: Path) -> None:
    async with standing(tmp_path / "data", StillClock()) as gate:
        await gate.ask(ticket(1), BODY)
        with pytest.raises(ApprovalsUnavailable, match="a ticket apr_000000000001 already"):
            await gate.ask(ticket(1, digest="other"), BODY)
        gate.cancel(ONE, "void")
        await asyncio.sleep(0.05)
        with pytest.raises(ApprovalsUnavailable, match="already"):
            await gate.ask(ticket(1), BODY)


async def test_a_file_that_cannot_be_read_keeps_the_gate_from_starting(tmp_path: Path) -> None:
    directory = prepared(tmp_path / "data")
    async with standing(directory, StillClock()) as gate:
        await gate.ask(ticket(1), BODY)
    with sqlite3.connect(directory / "approvals.db") as raw:
        raw.execute("UPDATE ticket SET asked = '{}'")
    raw.close()
    with pytest.raises(DataDirectoryError, match="tickets can't be read"):
        await SqliteApprovals(directory, StillClock()).start()
    (directory / "master.key").unlink()
    with pytest.raises(DataDirectoryError, match="master key"):
        await SqliteApprovals(directory, StillClock()).start()


async def test_what_stands_and_what_was_used_can_be_listed(tmp_path: Path) -> None:
    people = SqliteDecisions(tmp_path / "data", StillClock())
    async with standing(tmp_path / "data", StillClock()) as gate:
        for number in (1, 2, 3):
            await gate.ask(ticket(number), BODY)
        people.decide(said(1))
        people.decide(said(2))
        assert await gate.consume(ONE, "call_1")
        assert [each.id for each in gate.open()] == [ticket(2).id, ticket(3).id]
        assert list(gate.uses(0)) == [(ONE, "call_1")]
        assert list(gate.uses(ticket(1).at + 1)) == []
    with pytest.raises(ApprovalsUnavailable):
        gate.uses(0)
    people.close()


async def test_what_ended_long_ago_is_dropped_and_what_is_to_be_reviewed_is_kept(tmp_path: Path) -> None:
    clock = StillClock()
    people = SqliteDecisions(tmp_path / "data", clock)
    glass = requirement(glass=Approvers(people=("corp:oncall",)), needed=2)
    async with standing(tmp_path / "data", clock) as gate:
        await gate.ask(ticket(1), BODY)
        await gate.ask(ticket(2, glass), BODY)
        await gate.ask(ticket(3, expires=NOW + 99 * HOUR), BODY)
        people.decide(said(1, answer=Answered.REJECT))
        people.decide(said(2, "corp:oncall", break_glass=True, reason="outage", groups=()))
        assert await gate.consume(ticket(2).id, "call_1")
        gate.tick()
        await gate._queue.drain()
        assert gate.prune(NOW) == 0
        clock.time = NOW + 50 * HOUR
        assert gate.prune(clock.time - HOUR) == 1
        await gate._queue.drain()
        assert [each.ticket.id for each in people.list()] == [ticket(2).id, ticket(3).id]
        people.decide(said(2, answer=Answered.REVIEW, reason="fine"))
        assert gate.prune(clock.time - HOUR) == 1
        await gate._queue.drain()
        assert [each.ticket.id for each in people.list()] == [ticket(3).id], "what stands is never dropped"
        assert gate.uses(0) == []
    people.close()


async def test_a_rejection_is_kept_for_as_long_as_it_stands(tmp_path: Path) -> None:
    people, clock = SqliteDecisions(tmp_path / "data", StillClock()), StillClock()
    async with standing(tmp_path / "data", clock) as gate:
        await gate.ask(ticket(1, expires=NOW + 99 * HOUR), BODY)
        people.decide(said(1, answer=Answered.REJECT))
        gate.tick()
        await gate._queue.drain()
        for hours, expected in ((50, 0), (99, 1)):
            clock.time = NOW + hours * HOUR
            assert gate.prune(clock.time - HOUR) == expected
            await gate._queue.drain()
    people.close()


async def test_they_are_dropped_a_few_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(approvals, "PRUNED", 2)
    clock = StillClock()
    async with standing(tmp_path / "data", clock) as gate:
        for number in range(1, 6):
            await gate.ask(ticket(number), BODY)
            gate.cancel(ticket(number).id, "void")
        await gate._queue.drain()
        clock.time += HOUR
        for expected in (2, 2, 1, 0):
            assert gate.prune(NOW + 1) == expected
            await gate._queue.drain()


async def test_what_calls_have_sent_is_known_from_the_file(tmp_path: Path) -> None:
    people = SqliteDecisions(tmp_path / "data", StillClock())
    async with standing(tmp_path / "data", StillClock()) as gate:
        for number in (1, 2, 3):
            await gate.ask(ticket(number, at=NOW + number, sent=(b"%d" % number * 17,), scope=("research",)), BODY)
            people.decide(said(number))
        for number in (1, 3):
            assert await gate.consume(ticket(number).id, f"call_{number}")
        found = gate.sent(0, 9)
        assert [(each.id, each.sent, each.scope) for each in found] == [
            (ticket(number).id, (b"%d" % number * 17,), ("research",)) for number in (1, 3)
        ]
        assert [each.id for each in gate.sent(0, 1)] == [ticket(3).id]
        assert gate.sent(NOW + 4, 9) == []
        assert gate.counts() == (0, 1)
        gate.restore(ticket(3).id, "call_3")
        await gate._queue.drain()
        assert [each.id for each in gate.sent(0, 9)] == [ticket(1).id], "what was not sent is not known"
    people.close()


async def test_why_a_question_is_void_is_known_at_once_and_afterwards(tmp_path: Path) -> None:
    async with standing(tmp_path / "data", StillClock()) as gate:
        await gate.ask(ticket(1), BODY)
        wait = asyncio.create_task(gate.wait(ticket(1).id))
        await asyncio.sleep(0)
        gate.cancel(ticket(1).id, "rule exports was changed")
        assert (await wait).reason == "rule exports was changed"
        await gate._queue.drain()
        found = gate.find(ticket(1).digest, "corp:alice")
        assert found is not None
        assert found.reason == "rule exports was changed"


async def test_each_question_is_told_of_once_when_it_is_decided(tmp_path: Path) -> None:
    news: list[tuple[str, int]] = []
    clock, folder = StillClock(), prepared(tmp_path / "data")
    people = SqliteDecisions(folder, clock)
    for again in (False, True):
        gate = SqliteApprovals(folder, clock, every=3600, told=lambda outcome, spent: news.append((outcome, spent)))
        await gate.start()
        if not again:
            for number in (1, 2, 3):
                await gate.ask(ticket(number), BODY)
            clock.time += HOUR // 4
            people.decide(said(1))
            people.decide(said(2, answer=Answered.REJECT))
            gate.tick()
        await gate.stop()
    assert sorted(news) == [("approved", HOUR // 4), ("rejected", HOUR // 4)]
    people.close()
