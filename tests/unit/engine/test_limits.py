"""What a call holds of its limits, from the control that reserves to the record; and what is refused before a body is
read."""

import asyncio
import json
from typing import Any

import msgspec
import pytest

from narrows.engine.judging import Caller
from narrows.engine.limits import reach, throttled, with_what_is_left
from narrows.model.call import Source
from narrows.model.principal import Credential, Identity, Principal
from narrows.model.record import Closed, Outcome
from narrows.model.refusal import Code
from narrows.model.reservation import Reservation, Reserved, Stage
from narrows.model.verdict import Deny
from narrows.policy.tokens import CALL
from narrows.ports.http import Headers, UpstreamFailed
from unit.engine.reserving import HEADERS, RECORD, Reserving
from unit.engine.world import DONE, POLICY, MemoryExchange, World, chat, chunk, completion
from unit.policy.world import limiting


def ending(world: World) -> Closed:
    (closed,) = world.journal.closed
    return closed


async def started(world: World, exchange: MemoryExchange) -> "asyncio.Task[None]":
    """A call in flight, waiting for its upstream."""
    task = asyncio.create_task(world.gateway(exchange))
    for _ in range(20):
        await asyncio.sleep(0)
    return task


# What a call holds of its limits.


@pytest.mark.parametrize("stream", [False, True])
async def test_what_a_call_holds_is_in_its_intent_and_what_it_came_to_in_its_ending(stream: bool) -> None:
    world = World()
    control = Reserving().into(world)
    if stream:
        world.upstream.pieces([chunk("Hi"), chunk(None, "stop"), DONE])
    else:
        world.upstream.reply(completion())
    seen: list[Stage] = []
    world.upstream.on_send = lambda: seen.append(control.reservations[0].stage)
    exchange = await world.call(chat(stream=stream))
    assert exchange.status == 200
    assert exchange.headers[HEADERS[0][0]] == HEADERS[0][1]
    (opened,) = world.journal.opened
    assert opened.reserved == RECORD
    assert (ending(world).settled, ending(world).cost) == ((7,), 7)
    assert seen == [Stage.SENT]
    ((stage, outcome, usage),) = control.ends
    assert (stage, outcome) == (Stage.ANSWERED, Outcome.DONE)
    assert stream or (usage is not None and usage.completion == 1)


async def test_a_large_reply_settles_before_its_record_closes() -> None:
    world = World()
    control = Reserving().into(world)
    world.upstream.reply(completion("word " * 60_000, tokens=60_000))
    exchange = await world.call(chat())
    assert exchange.status == 200
    assert world.apart.runs == 1
    assert exchange.headers[HEADERS[0][0]] == HEADERS[0][1]
    assert ending(world).settled == (7,)
    # The control that was asked apart has released its guard, too; the gate's own is the one whose call ended.
    assert (Stage.ANSWERED, Outcome.DONE) in [end[:2] for end in control.ends]


@pytest.mark.parametrize(
    ("failure", "stage", "settled"),
    [
        (UpstreamFailed(Deny(Code.UPSTREAM_UNREACHABLE, "no"), sent=False), Stage.FAILED, (0,)),
        (UpstreamFailed(Deny(Code.UPSTREAM_TIMEOUT, "late"), sent=True), Stage.SENT, ()),
        (UpstreamFailed(Deny(Code.UPSTREAM_INVALID, "elsewhere"), sent=True, refused=True), Stage.FAILED, (0,)),
    ],
)
async def test_what_was_not_sent_is_free_and_of_what_was_nobody_knows(
    failure: UpstreamFailed, stage: Stage, settled: tuple[int, ...]
) -> None:
    world = World()
    control = Reserving().into(world)
    world.upstream.script.append(failure)
    exchange = await world.call(chat())
    assert exchange.headers[HEADERS[0][0]] == HEADERS[0][1]
    assert [end[0] for end in control.ends] == [stage]
    assert ending(world).settled == settled


@pytest.mark.parametrize("status", [302, 400, 401, 429, 500])
async def test_a_call_that_the_upstream_refuses_has_generated_nothing(status: int) -> None:
    world = World()
    control = Reserving().into(world)
    world.upstream.reply({"error": {"message": "no"}}, status=status)
    exchange = await world.call(chat())
    assert exchange.headers[HEADERS[0][0]] == HEADERS[0][1]
    assert [end[:2] for end in control.ends] == [(Stage.FAILED, Outcome.UPSTREAM_ERROR)]
    assert ending(world).settled == (0,)


async def test_a_reply_that_is_cut_off_was_begun() -> None:
    world = World()
    control = Reserving().into(world)
    world.upstream.pieces([chunk("Hel"), UpstreamFailed(Deny(Code.UPSTREAM_TIMEOUT, "idle"), sent=True)])
    await world.call(chat(stream=True))
    assert [end[:2] for end in control.ends] == [(Stage.ANSWERED, Outcome.UPSTREAM_ERROR)]


async def test_where_the_intent_cant_be_written_nothing_was_sent() -> None:
    world = World()
    control = Reserving().into(world)
    world.journal.failing = True
    exchange = await world.call(chat())
    assert exchange.status == 503
    assert [end[:2] for end in control.ends] == [(Stage.HELD, Outcome.REFUSED)]
    assert world.upstream.sent == []


async def test_a_client_that_goes_before_the_intent_is_durable_has_sent_nothing() -> None:
    world = World()
    control = Reserving().into(world)
    world.journal.gate = asyncio.Event()
    task = await started(world, world.exchange(chat()))
    task.cancel("client gone")
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [end[:2] for end in control.ends] == [(Stage.HELD, Outcome.CLIENT_GONE)]
    assert ending(world).settled == (0,)


async def test_a_client_that_goes_in_mid_stream_settles_once() -> None:
    world = World()
    control = Reserving().into(world)
    reply = world.upstream.pieces([chunk("Hel"), asyncio.Event()])
    task = await started(world, world.exchange(chat(stream=True)))
    task.cancel("client gone")
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [end[:2] for end in control.ends] == [(Stage.ANSWERED, Outcome.CLIENT_GONE)]
    assert (ending(world).settled, ending(world).outcome) == ((7,), Outcome.CLIENT_GONE)
    assert reply.closed


@pytest.mark.parametrize("stream", [False, True])
async def test_a_reply_that_uses_up_what_was_reserved_is_stopped(stream: bool) -> None:
    world = World()
    control = Reserving(stops_at=3 if stream else 1).into(world)
    if stream:
        reply = world.upstream.pieces([chunk(f"w{n} ") for n in range(10)] + [DONE])
    else:
        reply = world.upstream.reply(completion("far too long"))
    exchange = await world.call(chat(stream=stream))
    assert b"budget_exceeded" in exchange.data
    assert b"[DONE]" not in exchange.data
    assert reply.closed
    assert ending(world).refusal == "budget_exceeded"
    assert [end[:2] for end in control.ends] == [(Stage.ANSWERED, Outcome.STOPPED)]
    if stream:
        assert exchange.data.count(b'"delta"') == 2
    else:
        assert (exchange.status, exchange.headers[b"x-should-retry"]) == (429, b"false")
        assert exchange.headers[HEADERS[0][0]] == HEADERS[0][1]


async def test_a_guard_that_fails_to_settle_leaves_open_what_the_call_came_to(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    control = Reserving().into(world)
    control.ends = None  # type: ignore[assignment]  # so that it raises
    world.upstream.reply(completion())
    assert (await world.call(chat())).status == 200
    assert (ending(world).settled, ending(world).cost) == ((), None)
    assert "control reserve failed: AttributeError" in caplog.text


# What is limited before a body is read.


class Throttle:
    """Refuses the connections it is told to; keeps what it was asked."""

    def __init__(self, **denied: Deny) -> None:
        self.denied = denied
        self.asked: list[tuple[str, str, str, int]] = []

    def __call__(self, identity: Identity, source: Source, connection: str, operation: str, at: int) -> Deny | None:
        self.asked.append((identity.principal.key, connection, operation, at))
        assert source.address == "192.0.2.7"
        return self.denied.get(connection)

    def into(self, world: World) -> "Throttle":
        world.snapshots.current = msgspec.structs.replace(world.snapshots.current, throttle=self)
        return self


def slow(seconds: int) -> Deny:
    return Deny(Code.RATE_LIMITED, f"wait {seconds} s", policy="research", retry_after=seconds)


async def test_a_call_that_is_throttled_is_refused_before_its_body_is_read_and_recorded() -> None:
    world = World()
    throttle = Throttle(openai=slow(7)).into(world)
    exchange = world.exchange(chat())
    exchange.here = False
    await world.gateway(exchange)
    assert (exchange.status, exchange.headers[b"retry-after"]) == (429, b"7")
    assert b"x-should-retry" not in exchange.headers
    assert not exchange.body_read
    (opened,) = world.journal.opened
    assert (opened.refusal, opened.operation, opened.connection) == ("rate_limited", "chat", "openai")
    assert [asked[:3] for asked in throttle.asked] == [("corp:alice", "openai", "chat")]
    assert throttle.asked[0][3] == opened.at


async def test_a_wait_that_is_too_long_for_a_client_is_not_worth_a_retry() -> None:
    world = World()
    Throttle(openai=slow(61)).into(world)
    exchange = await world.call(chat())
    assert (exchange.headers[b"retry-after"], exchange.headers[b"x-should-retry"]) == (b"61", b"false")


async def test_strangers_never_reach_the_throttle_and_who_may_pass_does() -> None:
    world = World()
    throttle = Throttle(anthropic=slow(1)).into(world)
    assert (await world.call(chat(), token="mallory")).status == 401
    assert throttle.asked == []
    world.upstream.reply(completion())
    assert (await world.call(chat())).status == 200


async def test_at_the_root_a_call_is_throttled_only_where_every_candidate_would_refuse() -> None:
    world = World(other={"dialect": "openai"})
    Throttle(openai=slow(30)).into(world)
    world.upstream.reply(completion())
    assert (await world.call(chat(), path="/v1/chat/completions")).status == 200
    throttle = Throttle(openai=slow(30), other=slow(4)).into(world)
    exchange = await world.call(chat(), path="/v1/chat/completions")
    assert (exchange.status, exchange.headers[b"retry-after"]) == (429, b"4")
    assert [asked[1] for asked in throttle.asked] == ["openai", "other"]


async def test_a_throttle_that_fails_refuses(caplog: pytest.LogCaptureFixture) -> None:
    world = World()

    def broken(*_: object) -> Deny | None:
        raise ValueError("who knows")

    world.snapshots.current = msgspec.structs.replace(world.snapshots.current, throttle=broken)
    exchange = await world.call(chat())
    assert (exchange.status, exchange.json["error"]["code"]) == (503, "control_failed")
    assert "ValueError" in caplog.text
    assert "who knows" not in caplog.text


async def test_a_refusal_by_a_limit_says_what_is_left() -> None:
    world = World()
    left = ((b"x-ratelimit-reset-requests", b"12s"),)
    Reserving(deny=Deny(Code.BUDGET_EXCEEDED, "no room", policy="p", retry_after=12, headers=left)).into(world)
    exchange = await world.call(chat())
    assert (exchange.status, exchange.headers[b"x-should-retry"]) == (429, b"false")
    assert exchange.headers[left[0][0]] == left[0][1]
    (opened,) = world.journal.opened
    assert (opened.forwarded, opened.reserved) == (False, None)


async def test_the_record_of_a_refusal_says_for_whom_was_asked() -> None:
    world = World()
    Reserving(deny=Deny(Code.BUDGET_EXCEEDED, "no room")).into(world)
    snapshot = world.snapshots.current
    ann = Reserved(("p|usd|day|UTC|end user|corp:portal/ann",), (0,))
    world.snapshots.current = msgspec.structs.replace(
        snapshot, whose=lambda call: ann if call.end_user == "ann" else None
    )
    await world.call({**chat(), "user": "ann"})
    await world.call(chat())
    assert [(one.forwarded, one.reserved) for one in world.journal.opened] == [(False, ann), (False, None)]


async def test_a_call_that_is_refused_after_it_was_reserved_frees_what_it_held() -> None:
    world = World()
    control = Reserving().into(world)
    body = {"model": "small-1", "input": "Hi", "previous_response_id": "resp_of_another"}
    assert (await world.call(body, path="/openai/v1/responses")).status == 403
    assert [end[:2] for end in control.ends] == [(Stage.HELD, Outcome.REFUSED)]


def test_of_several_refusals_before_a_body_is_read_the_one_that_ends_first_is_told() -> None:
    caller = Caller(
        Identity(Principal("corp", "alice"), Credential("oidc", "c", 2e9)), Source("::1"), "req_7", 12, "POST"
    )
    snapshot = World(second={"dialect": "openai"}).snapshots.current
    candidates = [snapshot.connections["openai"], snapshot.connections["second"]]
    denies = {"openai": Deny(Code.RATE_LIMITED, "later", retry_after=9), "second": Deny(Code.RATE_LIMITED, "soon")}
    assert throttled(lambda *asked: denies[asked[2]], caller, candidates, "chat") == denies["second"]
    assert throttled(lambda *asked: denies[asked[2]], caller, candidates[::-1], "chat") == denies["second"]
    assert (
        throttled(lambda *asked: denies["openai"] if asked[2] == "openai" else None, caller, candidates, "chat") is None
    )


# For whom a caller asks.


def by_header(identity: Identity, headers: Headers) -> str | None:
    named = headers.get(b"x-end-user")
    return None if named is None or identity.principal.subject != "alice" else named.decode()


@pytest.mark.parametrize("padding", [0, 300_000])
async def test_a_person_whom_a_trusted_callers_headers_name_is_known_to_the_controls(padding: int) -> None:
    world = World()
    control = Reserving().into(world)
    world.snapshots.current = msgspec.structs.replace(world.snapshots.current, end_user=by_header)
    world.upstream.reply(completion())
    await world.call(chat("Hi" + " " * padding), x_end_user="carol")
    # Where a call is judged apart, the control there is asked as well.
    assert [call.end_user for call in control.calls] == ["carol"] * (2 if padding else 1)
    assert all(b"x-end-user" not in sent[2] for sent in world.upstream.sent)


def test_where_nothing_is_held_nothing_is_said() -> None:
    deny, held = Deny(Code.UPSTREAM_TIMEOUT, "late"), Reservation(None, HEADERS)
    reach(None, Stage.SENT)
    reach(held, Stage.SENT)
    assert held.stage is Stage.SENT
    assert with_what_is_left(deny, None) is deny
    assert with_what_is_left(deny, held).headers == HEADERS
    said = msgspec.structs.replace(deny, headers=((b"a", b"b"),))
    assert with_what_is_left(said, held) is said


# What a call comes to at most, wherever it is judged.


@pytest.mark.parametrize("ready", [True, False])
@pytest.mark.parametrize("padding", [0, 300_000])
@pytest.mark.parametrize(
    ("limits", "asked", "cap"),
    [
        ({"budgets": ["5 usd / day / user"]}, {}, 64),
        ({"budgets": ["5 usd / day / user"], "output_tokens": 7}, {}, 7),
        ({"budgets": ["5 usd / day / user"], "output_tokens": 7}, {"max_tokens": 5}, 5),
        ({"budgets": ["5 calls / day / user"]}, {}, None),
        ({}, {}, None),
    ],
)
async def test_what_is_reserved_for_is_what_is_sent(
    limits: dict[str, Any], asked: dict[str, Any], cap: int | None, padding: int, ready: bool
) -> None:
    world = World([POLICY | {"limits": limiting(**limits)}], openai={"output_default": 64})
    world.apart.ready = ready
    control = Reserving().into(world)
    world.upstream.reply(completion())
    body = chat("Hi" + " " * padding, **asked)
    exchange = await world.call(body)
    assert exchange.status == 200, exchange.data
    assert world.apart.runs == (1 if padding and ready else 0)
    sent = json.loads(world.upstream.sent[0][3])
    assert sent.get("max_tokens", sent.get("max_completion_tokens")) == cap
    bounds = {(call.output_cap, call.prompt_bound) for call in control.calls}
    assert bounds == {(cap, len(json.dumps(body)) + CALL if "budgets" in limits else None)}


@pytest.mark.parametrize("ready", [True, False])
async def test_a_control_that_denies_in_the_gate_refuses_what_was_judged_apart(ready: bool) -> None:
    world = World([POLICY | {"limits": limiting(budgets=["5 usd / day / user"])}])
    world.apart.ready = ready
    control = Reserving().into(world)
    there = msgspec.structs.replace(world.snapshots.current, controls=world.snapshots.current.controls[:-1])
    there = msgspec.structs.replace(there, reply_controls=there.reply_controls[1:])
    world.apart.snapshot = there
    control.deny = Deny(Code.BUDGET_EXCEEDED, "no room", policy="p", rule="5 usd / day / user")
    exchange = await world.call(chat("Hi" + " " * 300_000))
    assert (exchange.status, exchange.json["error"]["code"]) == (429, "budget_exceeded")
    assert len(control.calls) == 1
    (opened,) = world.journal.opened
    assert (opened.refusal, opened.policy) == ("budget_exceeded", "p")
