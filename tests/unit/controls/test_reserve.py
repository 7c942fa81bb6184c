"""What a call may come to at worst is reserved in one step, and settled at what it came to, however it ends."""

import asyncio

import msgspec
import pytest

from narrows.accounting.amounts import Terms
from narrows.config.limits import ComputeWeight
from narrows.controls.reserve import Reserve
from narrows.model.call import Call, Source
from narrows.model.limits import AgentCap, Budget, Concurrency, CostCap, Scope, Unit
from narrows.model.plan import Plan
from narrows.model.principal import Credential, Principal
from narrows.model.record import Outcome
from narrows.model.refusal import Code
from narrows.model.reply import Event
from narrows.model.reservation import Stage
from narrows.model.usage import Usage
from narrows.model.verdict import Deny, Proceed
from narrows.ports.control import Wait
from unit.controls.calls import call, event
from unit.controls.limited import SECOND, Shelf, Stopwatch, accounts, budget, limited, rate
from unit.controls.reserving import about, asked, held, refused

USD = budget(Unit.USD, 10_000)
TOKENS = budget(Unit.TOKENS, 1_000)
CALLS = budget(Unit.CALLS, 2)


def test_nothing_to_do_where_nothing_is_limited() -> None:
    control = Reserve(accounts(Shelf()))
    assert control.under(Plan("r")) is None
    assert control.begin(call()) is None


def test_nothing_to_do_where_the_call_is_refused_anyway() -> None:
    plan = msgspec.structs.replace(limited(CALLS), refusal=Deny(Code.NOT_PERMITTED, "no"))
    assert Reserve(accounts(Shelf())).under(plan) is None


def test_the_worst_case_is_held_of_every_limit_at_once() -> None:
    ledger = Shelf()
    _, reservation = held(ledger, about(limited(USD, TOKENS, CALLS, rate(Unit.TOKENS, 500), Concurrency("p", 3))))
    (wanted,) = ledger.asked
    assert wanted.id == "call_1"
    assert wanted.amounts == (100 + 2 * 50, 150, 1, 150, 1)
    assert reservation.record is not None
    assert reservation.record.counters == tuple(one.name for one in wanted.counters[:3])
    assert reservation.record.amounts == (200, 150, 1)
    assert reservation.record.prices == "v1"


def test_of_rates_and_what_runs_at_once_nothing_is_recorded() -> None:
    _, reservation = held(Shelf(), about(limited(rate(Unit.TOKENS, 500), Concurrency("p", 3))))
    assert reservation.record is None


def test_the_output_counts_for_each_choice() -> None:
    ledger = Shelf()
    held(ledger, about(limited(budget(Unit.OUTPUT_TOKENS, 1_000)), asked={"choices": 3}))
    assert ledger.asked[0].amounts == (150,)


def test_a_budget_without_room_refuses_and_says_what_is_used_held_and_left() -> None:
    ledger = Shelf()
    _, first = held(ledger, about(limited(budget(Unit.USD, 350))))
    assert first.record is not None
    deny = refused_beside(ledger, about(limited(budget(Unit.USD, 350))))
    assert deny.code is Code.BUDGET_EXCEEDED
    assert (deny.policy, deny.rule, deny.retry_after) == ("research", "limits.budgets", 3)
    assert "`0.00035 usd / day / user` of policy research" in deny.message
    assert "0 usd used and 0.0002 usd held" in deny.message
    assert "0.00015 usd left" in deny.message


def refused_beside(ledger: Shelf, this: Call) -> Deny:
    """The refusal of one more call."""
    guard, verdict = asked(ledger, msgspec.structs.replace(this, id="call_2"))
    assert isinstance(verdict, Deny)
    guard.on_end(Outcome.REFUSED, None)
    assert list(ledger.held) == ["call_1"]
    return verdict


def test_a_call_that_never_fits_is_told_so() -> None:
    deny = refused(Shelf(), about(limited(budget(Unit.TOKENS, 149))))
    assert "more than the whole budget" in deny.message


@pytest.mark.parametrize(
    ("stage", "usage", "settled", "cost"),
    [
        (Stage.HELD, None, (0, 0, 0), 0),
        (Stage.FAILED, None, (0, 0, 0), 0),
        (Stage.FAILED, Usage(9, 9), (0, 0, 0), 0),
        (Stage.ANSWERED, Usage(30, 10), (50, 40, 1), 50),
        (Stage.ANSWERED, Usage(3_000, 1_000), (200, 150, 1), 200),
        (Stage.ANSWERED, Usage(-3, -1), (24, 22, 1), 24),
        (Stage.ANSWERED, Usage(1 << 60, 1 << 60), (24, 22, 1), 24),
        (Stage.ANSWERED, None, (24, 22, 1), 24),
    ],
)
def test_a_call_settles_at_what_it_came_to(
    stage: Stage, usage: Usage | None, settled: tuple[int, ...], cost: int
) -> None:
    ledger = Shelf()
    guard, reservation = held(ledger, about(limited(USD, TOKENS, CALLS)))
    guard.on_event(event("five", "four"))
    reservation.stage = stage
    guard.on_end(Outcome.DONE, usage)
    assert reservation.settled == settled
    assert reservation.cost == cost
    assert tuple(ledger.used.values()) == (settled if stage is Stage.ANSWERED else (0, 0, 0))
    assert not ledger.held


def test_what_nobody_knows_stays_held_and_is_told_as_unknown() -> None:
    ledger = Shelf()
    guard, reservation = held(ledger, about(limited(USD)))
    reservation.stage = Stage.SENT
    guard.on_end(Outcome.CLIENT_GONE, None)
    assert (reservation.settled, reservation.cost) == ((), None)
    assert [(one.id, one.unknown) for one in ledger.settled] == [("call_1", True)]


def test_a_client_that_goes_away_pays_what_was_counted_if_less_was_reported() -> None:
    ledger = Shelf()
    guard, reservation = held(ledger, about(limited(TOKENS), asked={"stream": True}))
    for _ in range(30):
        guard.on_event(event("word"))
    reservation.stage, reservation.streamed = Stage.ANSWERED, True
    guard.on_end(Outcome.CLIENT_GONE, Usage(prompt=25, completion=1))
    assert reservation.settled == (55,)


@pytest.mark.parametrize(("streamed", "settled"), [(True, 20), (False, 20 + 50)])
def test_a_stream_that_ends_before_its_first_event_generated_nothing_and_a_whole_reply_anything(
    streamed: bool, settled: int
) -> None:
    # A model server may send a whole reply, however the call asks for a stream.
    guard, reservation = held(Shelf(), about(limited(TOKENS), asked={"stream": True}))
    reservation.stage, reservation.streamed = Stage.ANSWERED, streamed
    guard.on_end(Outcome.UPSTREAM_ERROR, None)
    assert reservation.settled == (settled,)


def test_a_buffered_reply_that_was_not_read_settles_at_the_bound() -> None:
    guard, reservation = held(Shelf(), about(limited(TOKENS)))
    reservation.stage = Stage.ANSWERED
    guard.on_end(Outcome.CLIENT_GONE, None)
    assert reservation.settled == (20 + 50,)


def test_a_reply_judged_apart_without_usage_settles_at_the_bound() -> None:
    guard, reservation = held(Shelf(), about(limited(TOKENS)))
    guard.on_event(Event(None))
    reservation.stage = Stage.ANSWERED
    guard.on_end(Outcome.DONE, None)
    assert reservation.settled == (20 + 50,)


def test_less_than_was_certainly_generated_is_not_believed() -> None:
    guard, reservation = held(Shelf(), about(limited(TOKENS)))
    guard.on_event(event("x" * 320))
    reservation.stage = Stage.ANSWERED
    guard.on_end(Outcome.DONE, Usage(prompt=20, completion=1))
    assert reservation.settled == (30,)


def test_a_reply_past_what_was_reserved_is_stopped() -> None:
    guard, _ = held(Shelf(), about(limited(TOKENS), cap=2))
    assert guard.on_event(event("one", "two")) is None
    deny = guard.on_event(event("three"))
    assert isinstance(deny, Deny)
    assert (deny.code, deny.policy) == (Code.BUDGET_EXCEEDED, "research")


def test_a_reply_that_says_so_itself_is_stopped() -> None:
    guard, _ = held(Shelf(), about(limited(USD), cap=2))
    assert isinstance(guard.on_event(event("one", completion=3)), Deny)


def test_long_texts_are_counted_by_their_bytes() -> None:
    guard, _ = held(Shelf(), about(limited(USD), cap=2))
    assert guard.on_event(event("ä" * 32)) is None
    assert isinstance(guard.on_event(event("x")), Deny)


@pytest.mark.parametrize("limit", [CALLS, budget(Unit.PROMPT_TOKENS, 1_000), Concurrency("p", 2)])
def test_what_counts_no_output_stops_no_reply(limit: Budget | Concurrency) -> None:
    guard, _ = held(Shelf(), about(limited(limit), cap=2))
    assert guard.on_event(event("one", "two", "three")) is None
    assert guard.on_finish() is None
    for operation in ("embeddings", "moderations", "models", "count_tokens"):
        guard, _ = held(Shelf(), about(limited(TOKENS, CALLS), cap=None, asked={"operation": operation}))
        assert guard.on_event(event("not written by a model")) is None


def test_an_observing_budget_without_room_is_noted() -> None:
    _, verdict = asked(Shelf(), about(limited(budget(Unit.TOKENS, 5, observe=True))))
    assert isinstance(verdict, Proceed)
    assert verdict.call is not None
    assert [note.code for note in verdict.call.notes] == [Code.BUDGET_EXCEEDED]


def test_passing_a_soft_threshold_is_an_event_and_a_flag() -> None:
    events: list[str] = []
    this = about(limited(budget(Unit.TOKENS, 1_000, soft=120)))
    guard = Reserve(accounts(Shelf(), events=events)).begin(this)
    assert guard is not None
    verdict = guard.on_request(this)
    assert isinstance(verdict, Proceed)
    assert verdict.call is not None
    (note,) = verdict.call.notes
    assert note.flagged
    assert (note.rule, note.param) == ("limits.budgets", "1000 tokens / day / user")
    assert len(events) == 1
    assert "120 tokens" in events[0]


def test_a_call_over_the_threshold_for_one_call_is_refused() -> None:
    deny = refused(Shelf(), about(limited(CostCap("research", 199))))
    assert (deny.code, deny.rule) == (Code.COST_EXCEEDED, "limits.max_cost")
    assert "0.0002 usd" in deny.message
    held(Shelf(), about(limited(CostCap("research", 200))))


def test_a_threshold_for_one_call_needs_a_price() -> None:
    assert refused(Shelf(), about(limited(CostCap("research", 199))), Terms()).code is Code.PRICE_UNKNOWN
    held(Shelf(), about(limited(CostCap("research", 199, unpriced=True))), Terms())


def test_agents_must_declare_themselves_where_a_policy_wants_that() -> None:
    plan = limited(AgentCap("research", None, 300 * SECOND, declared=True))
    deny = refused(Shelf(), about(plan))
    assert deny.code is Code.AGENT_UNDECLARED
    named = msgspec.structs.replace(about(plan), source=Source("127.0.0.1", declared_agent="planner"))
    ledger = Shelf()
    held(ledger, named)
    assert not ledger.asked


def test_one_agent_too_many_is_told_of_the_others() -> None:
    ledger = Shelf()
    ledger.used["x"] = 1
    plan = limited(AgentCap("research", 1, 300 * SECOND))
    _, _ = held(ledger, about(plan))
    ledger.others = ("d\x1fkey\x1fplanner", "s\x1f\x1f10.0.0.7\x1fcurl/8.0")
    deny = refused_beside(ledger, about(plan))
    assert deny.code is Code.AGENTS_EXCEEDED
    assert "planner, curl/8.0 from 10.0.0.7" in deny.message


def test_calls_at_once_are_refused_with_a_time_to_come_back() -> None:
    ledger = Shelf()
    plan = limited(Concurrency("research", 1))
    held(ledger, about(plan))
    deny = refused_beside(ledger, about(plan))
    assert deny.code is Code.CONCURRENCY_EXCEEDED
    assert deny.retry_after is not None


def test_compute_units_count_tokens_and_seconds() -> None:
    ledger, clock = Shelf(), Stopwatch()
    weights = ComputeWeight(models=("*",), prompt_token=1, output_token=3, second=1_000_000)
    this = about(limited(budget(Unit.COMPUTE, 20 * SECOND)))
    guard = Reserve(accounts(ledger, Terms(compute=weights, longest=10 * SECOND), clock=clock)).begin(this)
    assert guard is not None
    verdict = guard.on_request(this)
    assert isinstance(verdict, Proceed)
    assert verdict.reservation is not None
    assert ledger.asked[0].amounts == (100 + 150 + 10 * SECOND,)
    clock.time += 2 * SECOND
    verdict.reservation.stage = Stage.ANSWERED
    guard.on_end(Outcome.DONE, Usage(10, 20))
    assert verdict.reservation.settled == (10 + 60 + 2 * SECOND,)


def test_without_weights_compute_units_have_no_bound() -> None:
    deny = refused(Shelf(), about(limited(budget(Unit.COMPUTE, 5))))
    assert deny.code is Code.COST_UNBOUNDED
    assert "compute units" in deny.message


def test_headers_tell_of_what_is_left_after_this_call() -> None:
    _, reservation = held(Shelf(), about(limited(TOKENS, CALLS)))
    assert dict(reservation.headers) == {
        b"x-ratelimit-limit-requests": b"2",
        b"x-ratelimit-remaining-requests": b"1",
        b"x-ratelimit-reset-requests": b"1m30s",
        b"x-ratelimit-limit-tokens": b"1000",
        b"x-ratelimit-remaining-tokens": b"850",
        b"x-ratelimit-reset-tokens": b"1m30s",
    }


def test_a_ledger_that_is_away_refuses() -> None:
    ledger = Shelf()
    ledger.failing = True
    guard, verdict = asked(ledger, about(limited(CALLS)))
    assert isinstance(verdict, Deny)
    assert verdict.code is Code.LEDGER_UNAVAILABLE
    guard.on_end(Outcome.REFUSED, None)


def test_a_ledger_elsewhere_is_waited_for() -> None:
    ledger = Shelf()
    ledger.late = True
    this = about(limited(CALLS))
    guard = Reserve(accounts(ledger)).begin(this)
    assert guard is not None
    wait = guard.on_request(this)
    assert isinstance(wait, Wait)

    async def waited() -> object:
        return await wait.until()

    verdict = asyncio.run(waited())
    assert isinstance(verdict, Proceed)
    assert verdict.reservation is not None
    guard.on_end(Outcome.REFUSED, None)
    assert not ledger.held


def test_an_answer_that_nobody_waited_for_is_let_go() -> None:
    ledger = Shelf()
    ledger.late = True
    this = about(limited(CALLS))
    guard = Reserve(accounts(ledger)).begin(this)
    assert guard is not None
    wait = guard.on_request(this)
    assert isinstance(wait, Wait)
    guard.on_end(Outcome.CLIENT_GONE, None)
    assert [one.id for one in ledger.settled] == ["call_1"]
    assert not ledger.held


def test_in_a_thread_the_ledger_is_asked_later() -> None:
    ledger = Shelf()
    this = about(limited(CALLS))
    guard = Reserve(accounts(ledger)).begin(this)
    assert guard is not None

    async def waited() -> object:
        wait = await asyncio.to_thread(guard.on_request, this)
        assert isinstance(wait, Wait)
        assert not ledger.asked
        return await wait.until()

    assert isinstance(asyncio.run(waited()), Proceed)
    assert len(ledger.asked) == 1


def test_another_principal_model_or_end_user_has_counters_of_its_own() -> None:
    ledger = Shelf()
    control = Reserve(accounts(ledger)).under(limited(budget(Unit.CALLS, 9), budget(Unit.CALLS, 8, Scope.MODEL)))
    assert control is not None
    first = about(limited())
    others = [
        msgspec.structs.replace(first, principal=Principal("corp", "bob"), credential=Credential("oidc", "x", 1.0)),
        msgspec.structs.replace(first, model="gpt-2"),
    ]
    for this in (first, *others, first):
        guard = control.begin(this)
        assert guard is not None
        guard.on_request(this)
    names = [tuple(one.name.rpartition("|")[2] for one in wanted.counters) for wanted in ledger.asked]
    assert names == [
        ("corp:alice", "openai/gpt"),
        ("corp:bob", "openai/gpt"),
        ("corp:alice", "openai/gpt-2"),
        ("corp:alice", "openai/gpt"),
    ]


def test_a_threshold_is_noted_and_logged_once_in_a_window() -> None:
    ledger, clock, events = Shelf(), Stopwatch(), list[str]()
    control = Reserve(accounts(ledger, clock=clock, events=events))
    plan = limited(budget(Unit.TOKENS, 10_000, soft=200))

    def noted(number: int) -> int:
        this = msgspec.structs.replace(about(plan), id=f"call_{number}", at=clock.time)
        guard = control.begin(this)
        assert guard is not None
        verdict = guard.on_request(this)
        assert isinstance(verdict, Proceed)
        assert verdict.reservation is not None
        verdict.reservation.stage = Stage.ANSWERED
        guard.on_end(Outcome.DONE, Usage(30, 10))
        return 0 if verdict.call is None else len(verdict.call.notes)

    assert [noted(number) for number in range(5)] == [0, 0, 1, 0, 0], "each of the last three went past it and back"
    assert len(events) == 1
    clock.time += 91 * SECOND
    ledger.used.clear()
    assert [noted(number) for number in range(5, 8)] == [0, 0, 1]
