"""Metrics say of limits what became of each call, each amount once."""

import msgspec
import pytest

from narrows.engine import metering
from narrows.model.call import Call
from narrows.model.limits import Unit
from narrows.model.record import Outcome
from narrows.model.refusal import Code
from narrows.model.reservation import Reservation, Reserved
from narrows.model.usage import Usage
from narrows.model.verdict import Deny, Note, Proceed, Verdict
from narrows.ports.http import UpstreamFailed
from unit.engine.reserving import Holding, Reserving
from unit.engine.world import Counting, World, chat, completion

NAMES = ("p|usd|day|UTC|user|corp:alice", "|usd|month|UTC|gateway|gateway", "p|calls|day|UTC|user|a|b")
SOFT = Note(Code.BUDGET_EXCEEDED, "p", "limits.budgets", "5 usd / day / user", flagged=True)
RECORD = Reserved(NAMES, (50, 50, 1))


def held(
    *settled: int, cost: int | None = None, record: Reserved | None = RECORD, counted: Usage | None = None
) -> Reservation:
    reservation = Reservation(record)
    reservation.settled, reservation.cost, reservation.counted = settled, cost, counted
    return reservation


@pytest.mark.parametrize(
    ("reservation", "usage", "told"),
    [
        (
            held(7, 7, 1, cost=7),
            Usage(1, 2),
            [
                ("settled", "local", 7, {Unit.USD: 50, Unit.CALLS: 1}, {Unit.USD: 7, Unit.CALLS: 1}),
            ],
        ),
        (held(), None, [("unknown", "local", {Unit.USD: 50, Unit.CALLS: 1})]),
        (held(record=None, cost=9), None, [("settled", "local", 9, {}, {})]),
        (held(record=None), Usage(1, 2), []),
        (held(record=None), None, []),
        (held(record=None), Usage(None, 5), [("implausible", "local")]),
        (held(record=None, counted=Usage(1, 9)), Usage(1, 2), [("implausible", "local")]),
        (held(record=None, counted=Usage(1, 9)), None, []),
    ],
)
def test_what_an_ended_call_came_to(
    reservation: Reservation, usage: Usage | None, told: list[tuple[object, ...]]
) -> None:
    telemetry = Counting()
    metering.ended(telemetry, "local", reservation, Outcome.DONE, usage)
    assert telemetry.limits == told


def test_the_report_of_a_cut_reply_is_not_nonsense() -> None:
    telemetry = Counting()
    metering.ended(telemetry, "local", held(record=None, counted=Usage(1, 9)), Outcome.CLIENT_GONE, Usage(1, 2))
    assert telemetry.limits == []


def test_soft_thresholds_are_no_refusals_and_no_flags() -> None:
    telemetry = Counting()
    flagged = Note(Code.PROMPT_DENIED, "p", "sql", "$.messages[0]", flagged=True)
    metering.noted(telemetry, (SOFT, flagged, Note(Code.BUDGET_EXCEEDED, "q", "limits.budgets", "1 call / day / user")))
    assert telemetry.limits == [("soft", "p", "5 usd / day / user")]
    assert telemetry.notes == [("p", "flagged"), ("q", "budget_exceeded")]


def test_refusals_of_limits_are_told_apart_from_others() -> None:
    telemetry = Counting()
    for deny in (
        Deny(Code.BUDGET_EXCEEDED, "no room", policy="p"),
        Deny(Code.RATE_LIMITED, "too fast"),
        Deny(Code.PROMPT_TOO_LONG, "too long", policy="p"),
    ):
        metering.refused(telemetry, deny)
    assert telemetry.limits == [("limited", "p", "budget_exceeded"), ("limited", "", "rate_limited")]


async def test_a_call_is_told_once_as_it_ends() -> None:
    world = World()
    control = Reserving().into(world)
    world.upstream.reply(completion())
    await world.call(chat())
    budget = {Unit.USD: 500}
    assert world.telemetry.limits == [("settled", "openai", 7, budget, {Unit.USD: 7})]
    world.telemetry.limits.clear()
    world.upstream.script.append(UpstreamFailed(Deny(Code.UPSTREAM_TIMEOUT, "late"), sent=True))
    await world.call(chat())
    assert world.telemetry.limits == [("unknown", "openai", budget)]
    world.telemetry.limits.clear()
    control.deny = Deny(Code.BUDGET_EXCEEDED, "no room", policy="p")
    await world.call(chat())
    assert world.telemetry.limits == [("limited", "p", "budget_exceeded")]


async def test_a_soft_threshold_is_told_and_the_call_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    Reserving().into(world)
    usual = Holding.on_request

    def noting(self: Holding, call: Call) -> Verdict:
        verdict = usual(self, call)
        assert isinstance(verdict, Proceed)
        return Proceed(msgspec.structs.replace(call, notes=(SOFT,)), reservation=verdict.reservation)

    monkeypatch.setattr(Holding, "on_request", noting)
    world.upstream.reply(completion())
    assert (await world.call(chat())).status == 200
    assert world.telemetry.limits[0] == ("soft", "p", "5 usd / day / user")
    assert world.journal.opened[0].notes == (SOFT,)
