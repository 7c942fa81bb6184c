"""Calls are counted before anything costs, and refused before their bodies are read where no policy could take them."""

import asyncio

import msgspec
import pytest

from narrows.controls.throttle import Peek, Throttle
from narrows.model.call import Call, Source
from narrows.model.limits import Unit
from narrows.model.plan import Plan
from narrows.model.principal import Credential, Identity, Principal
from narrows.model.record import Outcome
from narrows.model.refusal import Code
from narrows.model.verdict import Deny, Proceed
from narrows.policy.limits import CallRates
from narrows.ports.control import Wait
from unit.controls.calls import begun, call, event, judged
from unit.controls.limited import Shelf, accounts, limited, rate

TWICE = rate(Unit.CALLS, 2)
ALICE = Principal("corp", "alice")


def numbered(number: int, plan: Plan) -> Call:
    return msgspec.structs.replace(call(plan), id=f"call_{number}")


def test_nothing_to_do_where_no_rate_counts_calls() -> None:
    control = Throttle(accounts(Shelf()))
    assert control.under(Plan("r")) is None
    assert control.begin(call(limited(rate(Unit.TOKENS, 5)))) is None


def test_calls_are_counted_and_refused_beyond_their_rate() -> None:
    ledger = Shelf()
    control = Throttle(accounts(ledger))
    plan = limited(TWICE)
    for number in range(2):
        assert not isinstance(judged(control, numbered(number, plan)), Deny)
    deny = judged(control, numbered(2, plan))
    assert isinstance(deny, Deny)
    assert (deny.code, deny.policy, deny.rule, deny.retry_after) == (Code.RATE_LIMITED, "research", "limits.calls", 3)
    assert dict(deny.headers)[b"x-ratelimit-remaining-requests"] == b"0"
    assert sum(ledger.used.values()) == 2
    assert not ledger.held


def test_a_call_that_is_refused_later_has_called() -> None:
    ledger = Shelf()
    this = call(limited(TWICE))
    guard = begun(Throttle(accounts(ledger)), this)
    guard.on_request(this)
    assert guard.on_event(event("x")) is None
    assert guard.on_finish() is None
    guard.on_end(Outcome.REFUSED, None)
    assert sum(ledger.used.values()) == 1


def test_it_takes_nothing_of_what_the_call_reserves() -> None:
    ledger = Shelf()
    judged(Throttle(accounts(ledger)), call(limited(TWICE)))
    assert ledger.asked[0].id != "call_1"


def test_a_rate_that_observes_is_noted() -> None:
    ledger = Shelf()
    control, plan = Throttle(accounts(ledger)), limited(rate(Unit.CALLS, 1, observe=True))
    judged(control, numbered(0, plan))
    after = judged(control, numbered(1, plan))
    assert isinstance(after, Call)
    assert [note.code for note in after.notes] == [Code.RATE_LIMITED]


def test_a_ledger_that_is_away_refuses() -> None:
    ledger = Shelf()
    ledger.failing = True
    deny = judged(Throttle(accounts(ledger)), call(limited(TWICE)))
    assert isinstance(deny, Deny)
    assert deny.code is Code.LEDGER_UNAVAILABLE


@pytest.mark.parametrize("late", [False, True])
def test_elsewhere_and_in_a_thread_it_waits(*, late: bool) -> None:
    ledger = Shelf()
    ledger.late = late
    this = call(limited(TWICE))
    guard = begun(Throttle(accounts(ledger)), this)

    async def waited() -> object:
        wait = guard.on_request(this) if late else await asyncio.to_thread(guard.on_request, this)
        assert isinstance(wait, Wait)
        return await wait.until()

    assert isinstance(asyncio.run(waited()), Proceed)
    assert sum(ledger.used.values()) == 1


def identity(principal: Principal) -> Identity:
    return Identity(principal, Credential("oidc", "c", 0.0))


def peek(ledger: Shelf, rates: CallRates, used: dict[str, int]) -> Deny | None:
    for policy, amount in used.items():
        ledger.used[f"{policy}|calls|rate 60000000|user|corp:alice"] = amount
    return Peek(accounts(ledger), lambda *_: rates)(identity(ALICE), Source("h"), "c", "chat", 0)


FIRST, SECOND_ = (rate(Unit.CALLS, 2, policy=name) for name in ("a", "b"))


@pytest.mark.parametrize(
    ("rates", "used", "policy"),
    [
        (CallRates(), {"a": 2}, None),
        (CallRates((FIRST,)), {"a": 1}, None),
        (CallRates((FIRST,)), {"a": 2}, "a"),
        (CallRates((), ((FIRST,), (SECOND_,))), {"a": 2}, None),
        (CallRates((), ((FIRST,), (SECOND_,))), {"a": 2, "b": 2}, "b"),
    ],
)
def test_it_peeks(rates: CallRates, used: dict[str, int], policy: str | None) -> None:
    ledger = Shelf()
    deny = peek(ledger, rates, used)
    if policy is None:
        assert deny is None
    else:
        assert deny is not None
        assert (deny.code, deny.policy, deny.retry_after) == (Code.RATE_LIMITED, policy, 3)
    assert not ledger.held
    assert sum(ledger.used.values()) == sum(used.values())


def test_peeking_asks_a_ledger_elsewhere_for_nothing() -> None:
    ledger = Shelf()
    ledger.late = True
    deny = peek(ledger, CallRates((FIRST,)), {"a": 2})
    assert deny is not None
    assert deny.retry_after == 3
    assert not ledger.asked


def test_others_are_not_throttled() -> None:
    ledger = Shelf()
    look = Peek(accounts(ledger), lambda *_: CallRates((FIRST,)))
    ledger.used["a|calls|rate 60000000|user|corp:alice"] = 2
    assert look(identity(ALICE), Source("h"), "c", "chat", 0) is not None
    assert look(identity(Principal("corp", "bob")), Source("h"), "c", "chat", 0) is None
