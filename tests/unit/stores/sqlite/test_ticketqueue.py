"""Changes become durable in order; what can't be written is said, or tried again."""

import asyncio
import sqlite3
from collections.abc import Iterable
from pathlib import Path

import pytest

from narrows.evidence.sealing import MasterKey
from narrows.ports.approvals import ApprovalsUnavailable
from narrows.stores.sqlite.directory import DataDirectoryError
from narrows.stores.sqlite.ticketfile import Add, Change, GiveBack, TicketFile, Tickets, Use
from narrows.stores.sqlite.ticketqueue import TicketQueue, durable
from unit.stores.sqlite.tickets import BODY, ticket

ONE = ticket(1).id


async def opened(directory: Path) -> TicketQueue:
    queue = TicketQueue()
    await queue.open(directory, MasterKey(bytes(32)))
    return queue


async def test_what_came_is_durable_in_its_order(tmp_path: Path) -> None:
    queue = await opened(tmp_path)
    queue.put(Add(ticket(1), BODY))
    for _ in range(10):
        queue.put(Use(ONE, "call_1"))
        queue.put(GiveBack(ONE, "call_1"))
    await durable(queue.put(Use(ONE, "call_1"), Add(ticket(2), BODY)))
    tickets = Tickets(tmp_path)
    assert tickets.ids() == [ONE, ticket(2).id]
    assert tickets.took(ONE, "call_1")
    tickets.close()
    queue.put(GiveBack(ONE, "call_1"))
    await queue.close()
    tickets = Tickets(tmp_path)
    assert not tickets.took(ONE, "call_1")
    tickets.close()


async def test_one_that_cannot_be_written_takes_no_other_with_it(tmp_path: Path) -> None:
    queue = await opened(tmp_path)
    first = queue.put(Add(ticket(1), BODY))
    again = queue.put(Add(ticket(1), BODY))
    other = queue.put(Add(ticket(2), BODY))
    await durable(first)
    await durable(other)
    with pytest.raises(ApprovalsUnavailable, match="UNIQUE"):
        await durable(again)
    await queue.close()


async def test_what_must_be_written_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    queue = await opened(tmp_path)
    await durable(queue.put(Add(ticket(1), BODY), Use(ONE, "call_1")))

    def full(self: TicketFile, changes: Iterable[Change]) -> None:
        raise sqlite3.OperationalError("disk full")

    with monkeypatch.context() as broken:
        broken.setattr(TicketFile, "write", full)
        kept, told = queue.put(GiveBack(ONE, "call_1"), again=True), queue.put(Use(ONE, "call_2"))
        with pytest.raises(ApprovalsUnavailable, match="disk full"):
            await durable(told)
        queue.retry()
        await queue.drain()
        assert not kept.done()
    queue.retry()
    await durable(kept)
    tickets = Tickets(tmp_path)
    assert not tickets.took(ONE, "call_1")
    assert not tickets.took(ONE, "call_2")
    tickets.close()
    await queue.close()


async def test_who_waits_may_leave(tmp_path: Path) -> None:
    queue = await opened(tmp_path)
    waiting = asyncio.ensure_future(durable(queue.put(Add(ticket(1), BODY))))
    await asyncio.sleep(0)
    waiting.cancel()
    await queue.drain()
    tickets = Tickets(tmp_path)
    assert tickets.ids() == [ONE]
    tickets.close()
    await queue.close()


async def test_a_file_that_cannot_be_opened_leaves_no_thread(tmp_path: Path) -> None:
    with pytest.raises(DataDirectoryError):
        await opened(tmp_path / "missing")
