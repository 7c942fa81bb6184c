"""Tickets in memory: found by what they are asked by, counted once, and gone when nothing of them is on its way."""

import asyncio
import logging

import pytest

from narrows.model.approval import Approvers, TicketState
from narrows.stores.sqlite.opentickets import NEVER, OpenTicket, OpenTickets
from unit.stores.sqlite.records import NOW
from unit.stores.sqlite.tickets import HOUR, requirement, said, ticket


def test_the_one_that_answers_is_approved_or_stands_or_is_the_latest() -> None:
    tickets = OpenTickets()
    first, second, third = (
        tickets.enter(OpenTicket(ticket(number, digest="d", at=NOW + number))) for number in (1, 2, 3)
    )
    assert tickets.answering("d", "corp:alice") is third
    tickets.become(first, TicketState.APPROVED)
    assert tickets.answering("d", "corp:alice") is first
    for each in (first, second, third):
        tickets.become(each, TicketState.CANCELLED)
    assert tickets.answering("d", "corp:alice") is third
    assert tickets.answering("d", "corp:bob") is None


def test_those_that_wait_are_counted_by_who_asks() -> None:
    tickets = OpenTickets()
    one = tickets.enter(OpenTicket(ticket(1)))
    tickets.enter(OpenTicket(ticket(2, requester="corp:bob")))
    assert (tickets.standing("corp:alice"), tickets.pending(), len(tickets)) == (1, 2, 2)
    tickets.become(one, TicketState.APPROVED)
    tickets.become(one, TicketState.APPROVED)
    assert (tickets.standing("corp:alice"), tickets.pending()) == (0, 1)
    tickets.become(one, TicketState.PENDING)
    assert tickets.standing("corp:alice") == 1


async def test_it_leaves_only_when_nothing_of_it_is_on_its_way() -> None:
    tickets = OpenTickets()
    one = tickets.enter(OpenTicket(ticket(1)))
    tickets.leave(one)
    assert ticket(1).id in tickets, "it stands"
    tickets.become(one, TicketState.CONSUMED)
    one.taking["call_1"] = asyncio.get_running_loop().create_future()
    tickets.leave(one)
    assert tickets.get(ticket(1).id) is one
    one.taking.clear()
    tickets.leave(one)
    tickets.leave(one)
    assert (tickets.all(), tickets.answering(one.ticket.digest, "corp:alice")) == ([], None)


def test_each_is_looked_at_again_when_it_is_due() -> None:
    tickets = OpenTickets()
    one, two = (tickets.enter(OpenTicket(ticket(number, expires=NOW + number * HOUR))) for number in (1, 2))
    assert tickets.soonest == NOW + HOUR
    assert tickets.due(NOW + HOUR - 1) == []
    assert tickets.due(NOW + HOUR) == [one]
    assert tickets.judge(one, NOW + HOUR)
    assert not tickets.judge(one, NOW + HOUR), "its end is told once"
    tickets.looked()
    assert (one.state, one.deadline, tickets.soonest) == (TicketState.EXPIRED, NEVER, two.deadline)


def test_a_call_that_is_released_alone_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    news: list[tuple[str, str]] = []
    tickets = OpenTickets(lambda one, outcome: news.append((one.ticket.id, outcome)))
    glass = requirement(needed=2, glass=Approvers(people=("corp:oncall",)))
    one = tickets.enter(OpenTicket(ticket(1, glass)))
    one.said[1] = said(1, "corp:oncall", break_glass=True, reason="outage", groups=())
    with caplog.at_level(logging.WARNING):
        assert not tickets.judge(one, NOW)
    assert "released alone" in caplog.text
    assert news == [(ticket(1).id, "released")]
    tickets.become(one, TicketState.CONSUMED)
    assert len(news) == 1, "it was decided once"
