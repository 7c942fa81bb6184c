"""What asks people is built where a policy asks, and calls are held by the gate, not by a snapshot."""

import asyncio
import threading
from collections.abc import Awaitable
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from narrows.config.schema import Config
from narrows.dialects.registry import build_dialect
from narrows.engine.bodies import LARGE, Prepared
from narrows.inspection.novelty import Sessions, scoped
from narrows.model.approval import Review, TicketState
from narrows.model.call import Call
from narrows.model.price import Price, Rates
from narrows.model.principal import Principal
from narrows.model.refusal import Code
from narrows.model.verdict import Deny
from narrows.policy.compile import compile_policies
from narrows.policy.questions import digest, question
from narrows.ports.approvals import Approvals
from narrows.wiring import approvals
from narrows.wiring.approvals import NO_APPROVALS, Approving, Waiting, asking, judged_by, seals
from unit.controls.asking import Board, requirement, risky
from unit.controls.calls import call
from unit.controls.limited import SECOND, Stopwatch
from unit.engine.world import MemoryJournal
from unit.policy.world import policy, settings

ASKS: dict[str, Any] = {"approve": {"words": ["delete"], "by": ["security"]}}
DEAR = {"cost": 2, "by": ["security"]}
RATES = Rates(1_000_000, 2_000_000, 500_000, 1_000_000, 1_000_000, 2_000_000)


class OnePrice:
    """Everything costs the same."""

    version = "v1"

    def of(self, connection: str, model: str | None, tier: str | None = None) -> Price | None:
        return Price(((0, RATES),))


def world(**more: Any) -> Config:
    return settings(policy("research", **more))


class Sent:
    """A record in which these calls stand, and whether they were forwarded."""

    def __init__(self, **calls: bool) -> None:
        self._calls = calls

    def call(self, call: str) -> Any:
        known = self._calls.get(call)
        return None if known is None else SimpleNamespace(call=SimpleNamespace(forwarded=known))


def approving(
    journal: MemoryJournal | None = None, board: Approvals | None = None, record: Sent | None = None
) -> Approving:
    clock = Stopwatch()

    async def used(about: Call) -> bool | None:
        return None

    return Approving(
        board or Board(clock), clock, journal or MemoryJournal(), lambda: b"k" * 32, used, lambda: record or Sent()
    )


def desk(made: Approving, config: Config) -> Any:
    dialects = {name: build_dialect(connection) for name, connection in config.connections.items()}
    (control,) = made.controls(config, compile_policies(config), dialects, OnePrice()).approve
    return control._desk


def review() -> Review:
    return Review(question(risky(), (requirement(),), "d", 0, "apr_1", None), TicketState.REJECTED)


def test_controls_are_made_where_a_policy_asks() -> None:
    for config, wanted in (
        (world(), False),
        (world(prompts=[ASKS]), True),
        (world(approvals=[DEAR]), True),
    ):
        policies = compile_policies(config)
        assert asking(policies) is wanted
        assert bool(approving().controls(config, policies, {}, None).approve) is wanted
        assert (seals(policies, b"k" * 32) == NO_APPROVALS) is not wanted
        assert seals(policies, b"k" * 32).approve == (), "nobody is asked from the process that judges large calls"


def test_what_is_sealed_here_is_sealed_alike_apart() -> None:
    config = world(prompts=[ASKS])
    policies = compile_policies(config)
    (here,) = approving().controls(config, policies, {}, None).seal
    (apart,) = seals(policies, b"k" * 32).seal
    assert here._sealing._key == apart._sealing._key
    assert here._sealing._key != b"k" * 32, "the key of sessions is for sessions"


def test_what_a_call_may_cost_is_reckoned_by_its_price() -> None:
    config = world(approvals=[DEAR])
    about = call(prompt_bound=100, output_cap=50)
    about = msgspec.structs.replace(about, connection=next(iter(config.connections)))
    assert desk(approving(), config).cost(about) == 100 + 2 * 50
    assert desk(approving(), config).cost(msgspec.structs.replace(about, prompt_bound=None)) is None


async def test_what_people_are_shown_is_on_record_under_the_ticket_s_id() -> None:
    journal, config = MemoryJournal(), world(prompts=[ASKS])
    made = desk(approving(journal), config)
    about = msgspec.structs.replace(risky(), connection=next(iter(config.connections)))
    forward = await made.forward(about)
    await made.record(about, forward, question(about, (requirement(),), "d", 77, "apr_1", None))
    (entry,) = journal.opened
    assert (entry.call, entry.at, entry.forwarded, entry.status) == ("apr_1", 77, False, None)
    assert (entry.refusal, entry.rule) == ("approval_pending", "risky")
    assert entry.contents == forward.contents


@pytest.mark.parametrize("apart", [False, True])
async def test_a_lower_cap_is_in_what_is_sent(apart: bool) -> None:
    config = world(prompts=[ASKS])
    made = desk(approving(), config)
    body: Any = {"model": "gpt", "messages": [{"role": "user", "content": "delete it"}]}
    about = call(asked={"body": body}, output_cap=100)
    about = msgspec.structs.replace(about, connection=next(iter(config.connections)))
    if apart:
        forward = await made.forward(about)
        prepared = Prepared(forward, "gpt", 100)
        about = msgspec.structs.replace(about, asked=msgspec.structs.replace(about.asked, body=prepared))
    lower = await made.capped(about, 10)
    assert lower.output_cap == 10
    sent = msgspec.json.decode((await made.forward(lower)).body)
    assert 10 in sent.values()
    assert sent["messages"] == body["messages"]


def test_a_call_is_judged_by_what_applies_to_its_identity() -> None:
    mine, theirs = policy("research"), policy("other", who={"groups": ["others"]})
    who = Principal("corp", "alice", groups=frozenset({"research"}))
    about = msgspec.structs.replace(call(), principal=who, connection=next(iter(settings(mine).connections)))

    def by(*policies: Any, **files: object) -> object:
        config = settings(*policies)
        return judged_by(config, compile_policies(config), files)(about)

    same = by(mine, theirs)
    assert by(mine, theirs) == same
    assert by(mine) == same, "what is about others is another matter"
    assert by(mine, policy("other", who={"groups": ["others"]}, prompts=[ASKS])) == same
    assert by(policy("research", prompts=[ASKS]), theirs) != same
    assert by(mine, theirs, words=1) != same


async def test_questions_are_void_that_nobody_asks_any_more() -> None:
    board = Board(Stopwatch())
    made = approving(board=board)
    config = world(prompts=[ASKS], approvals=[DEAR])
    policies = compile_policies(config)
    (rule,) = policies.rules
    (dear,) = policies.policies[0].approvals
    assert rule.requirement is not None
    for number, asks in enumerate(((rule.requirement,), (dear.requirement,), (rule.requirement, dear.requirement))):
        await board.ask(question(risky(), asks, f"d{number}", board.clock.now(), f"apr_{number}", None), b"")
    made.settle(policies)
    assert len(board.open()) == 3
    made.settle(compile_policies(world(prompts=[ASKS])))
    assert [ticket.id for ticket in board.open()] == ["apr_0"]
    watched = {"approve": {**ASKS["approve"], "mode": "observe"}}
    made.settle(compile_policies(world(prompts=[watched])))
    assert board.open() == []


async def test_what_a_call_took_that_was_never_sent_is_given_back_at_the_next_start() -> None:
    board = Board(Stopwatch())
    await approving(board=board).start()
    board.uses_of["apr_1"] = {"call_1", "call_2", "call_3"}
    await approving(board=board, record=Sent(call_1=True, call_2=False)).start()
    assert sorted(board.restored) == [("apr_1", "call_2"), ("apr_1", "call_3")]


async def test_nobody_waits_for_longer_than_told() -> None:
    waiting = Waiting()
    never: asyncio.Future[Review] = asyncio.get_running_loop().create_future()
    assert await waiting.until(never, 1_000) is None
    assert never.cancelled()
    assert await waiting.until(_now(), 10 * SECOND) == review()


async def _now() -> Review:
    return review()


async def test_what_goes_wrong_with_a_wait_comes_out() -> None:
    async def wrong() -> Review:
        raise OSError("away")

    with pytest.raises(OSError, match="away"):
        await Waiting().until(wrong(), 10 * SECOND)
    with pytest.raises(OSError, match="away"):
        await Waiting().once("a", wrong)


async def test_of_several_that_ask_the_same_one_does() -> None:
    waiting, asked = Waiting(), 0

    async def ask() -> Review:
        nonlocal asked
        asked += 1
        await asyncio.sleep(0)
        return review()

    def asks(name: str) -> Awaitable[Review]:
        return waiting.once(name, ask)

    assert await asyncio.gather(asks("a"), asks("a"), asks("b")) == [review()] * 3
    assert asked == 2
    await asks("a")
    assert asked == 3


async def test_a_drain_ends_every_wait() -> None:
    waiting = Waiting()
    never: asyncio.Future[Review] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(waiting.until(never, 3_600 * SECOND))
    await asyncio.sleep(0)
    waiting.drain()
    assert await task is None
    assert await waiting.until(_now(), 3_600 * SECOND) is None


def test_calls_are_counted_while_they_are_held() -> None:
    waiting = Waiting(most=2, each=1)
    assert waiting.enter("a") is None
    deny = waiting.enter("a")
    assert isinstance(deny, Deny)
    assert deny.code is Code.APPROVALS_EXCEEDED
    assert waiting.enter("b") is None
    full = waiting.enter("c")
    assert isinstance(full, Deny)
    assert full.code is Code.OVERLOADED
    waiting.leave("a")
    assert len(waiting) == 1
    assert waiting.enter("c") is None


async def test_what_was_approved_and_sent_is_known_of_its_session_after_a_start() -> None:
    board = Board(Stopwatch())
    made = approving(board=board)
    for number, tag in ((1, b"a" * 17), (2, b"b" * 17)):
        about = msgspec.structs.replace(risky(number=number), tags=(b"old" * 5 + b"xx", tag), known=frozenset({0}))
        await board.ask(question(about, (requirement(),), f"d{number}", 0, f"apr_{number}", None), b"")
    board.uses_of["apr_1"] = {"call_1"}
    sent = Sessions(b"s" * 32)
    made.remember(sent)
    about = risky()
    session = (about.principal.key, about.session + scoped(["research"]))
    assert sent.known(session, [b"a" * 17, b"b" * 17, b"old" * 5 + b"xx"]) == {0}
    assert sent.known((about.principal.key, about.session + scoped(["other"])), [b"a" * 17]) == frozenset()


@pytest.mark.parametrize(("size", "here"), [(100, True), (LARGE + 1, False)])
async def test_what_would_take_long_to_hash_is_hashed_in_a_thread(
    monkeypatch: pytest.MonkeyPatch, size: int, here: bool
) -> None:
    threads: list[int] = []

    def noted(*about: Any) -> str:
        threads.append(threading.get_ident())
        return digest(*about)

    monkeypatch.setattr(approvals, "digest", noted)
    config = world(prompts=[ASKS])
    asked = (risky(), b"x" * size, (requirement(),))
    assert await desk(approving(), config).digest(*asked) == digest(*asked)
    assert (threads == [threading.get_ident()]) is here
