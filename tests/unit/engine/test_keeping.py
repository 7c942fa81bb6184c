"""Who asks for signs of life gets comments while people decide, then the stream or an error event, and the record says
so."""

import asyncio
import json
from typing import Any

import msgspec
import pytest

from narrows.engine import keeping
from narrows.engine.keeping import COMMENT, KeptOpen, keep_alive
from narrows.model.approval import Release
from narrows.model.call import Call
from narrows.model.record import Outcome
from narrows.model.refusal import Code
from narrows.model.reservation import Stage
from narrows.model.verdict import Deny, Proceed, Verdict
from narrows.ports.control import Wait
from unit.controls.calls import call
from unit.engine.reserving import Reserving
from unit.engine.world import DONE, MemoryExchange, World, chat, chunk, completion

REJECTED = Deny(Code.APPROVAL_REJECTED, "rejected: not on a Friday")


class Asking:
    """A control that waits until `decided`, and then says `verdict`."""

    name = "approve"

    def __init__(self, world: World, verdict: Verdict | None = None) -> None:
        self.verdict = verdict or Proceed(release=Release("apr_1"))
        self.decided = asyncio.Event()
        now = world.snapshots.current
        world.snapshots.current = msgspec.structs.replace(now, controls=(*now.controls, self), asks=True)

    def begin(self, call: Call) -> "Asking":
        return self

    def on_request(self, call: Call) -> Wait[Verdict]:
        return Wait(self._said, 10)

    async def _said(self) -> Verdict:
        await self.decided.wait()
        return self.verdict

    def on_event(self, event: Any) -> None: ...

    def on_finish(self) -> None: ...

    def on_end(self, outcome: Any, usage: Any) -> None: ...


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "LEAST", 0.001)


async def held(world: World, control: Asking, comments: int = 2, **options: Any) -> MemoryExchange:
    """A call that is decided once so many comments were sent."""
    exchange = world.exchange(chat(stream=True), narrows_keep_alive="0", **options)
    task = asyncio.create_task(world.gateway(exchange))
    while len(exchange.sent) < comments:
        await asyncio.sleep(0)
    control.decided.set()
    await task
    assert exchange.finished
    return exchange


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("15s", 15), ("15", 15), ("1m", 60), ("2m", 120), ("9999s", 120), ("0s", 1), ("yes", 15), ("-3", 15), ("", 15)],
)
def test_how_often_is_what_the_header_says_within_bounds(
    monkeypatch: pytest.MonkeyPatch, said: str, seconds: float
) -> None:
    monkeypatch.setattr(keeping, "LEAST", 1.0)
    streamed = call(asked={"stream": True})
    assert keep_alive({b"narrows-keep-alive": said.encode()}, streamed) == seconds


def test_only_streams_whose_form_is_known_are_kept_alive() -> None:
    given = {b"narrows-keep-alive": b"5s"}
    assert keep_alive({}, call(asked={"stream": True})) == 0
    assert keep_alive(given, call()) == 0
    assert keep_alive(given, msgspec.structs.replace(call(asked={"stream": True}), dialect="json")) == 0


async def test_an_approved_call_has_its_stream_behind_the_comments() -> None:
    world = World()
    world.upstream.pieces([chunk("Hello"), chunk(None, "stop"), DONE])
    exchange = await held(world, Asking(world))
    assert exchange.status == 200
    assert exchange.headers[b"content-type"] == b"text/event-stream; charset=utf-8"
    assert exchange.headers[b"narrows-call-id"] == world.journal.opened[0].call.encode()
    assert b"x-request-id" in exchange.headers
    comments, stream = exchange.data.rsplit(COMMENT, 1)
    assert set(comments.split(b"\n\n")) <= {COMMENT.strip(), b""}
    assert stream.startswith(b"data: ")
    assert stream.endswith(DONE)
    (closed,) = world.journal.closed
    assert (closed.outcome, closed.status) == (Outcome.DONE, 200)


@pytest.mark.parametrize("path", ["/openai/v1/chat/completions", "/openai/v1/responses", "/anthropic/v1/messages"])
async def test_a_rejection_after_that_is_an_error_event_and_on_record(path: str) -> None:
    world = World()
    control = Asking(world, REJECTED)
    body = {"model": "small-1", "stream": True, "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}
    if path.endswith("responses"):
        body = {"model": "small-1", "stream": True, "input": "Hi"}
    exchange = world.exchange(body, path=path, narrows_keep_alive="0")
    task = asyncio.create_task(world.gateway(exchange))
    while not exchange.sent:
        await asyncio.sleep(0)
    control.decided.set()
    await task
    last = exchange.data.rsplit(COMMENT, 1)[1]
    event = json.loads(last.split(b"data: ", 1)[1])
    assert "not on a Friday" in str(event)
    assert b"[DONE]" not in exchange.data
    (opened,) = world.journal.opened
    assert (opened.refusal, opened.status, opened.forwarded) == ("approval_rejected", 200, False)
    assert world.upstream.sent == []


async def test_a_decision_before_the_first_comment_is_answered_as_always() -> None:
    world = World()
    control = Asking(world, REJECTED)
    control.decided.set()
    exchange = await world.call(chat(stream=True), narrows_keep_alive="60s")
    assert exchange.status == 403
    (opened,) = world.journal.opened
    assert opened.status == 403


async def test_a_model_server_s_own_refusal_is_an_error_event() -> None:
    world = World()
    world.upstream.reply({"error": {"message": "slow down"}}, 429)
    exchange = await held(world, Asking(world))
    assert exchange.status == 200
    assert b"status 429: slow down" in exchange.data
    (closed,) = world.journal.closed
    assert (closed.outcome, closed.status, closed.upstream_status) == (Outcome.UPSTREAM_ERROR, 200, 429)
    assert "slow down" not in str(closed.reason)
    assert "slow down" in str(closed.contents)


@pytest.mark.parametrize("large", [False, True])
async def test_a_model_server_that_does_not_stream_is_an_error(large: bool) -> None:
    world = World()
    world.upstream.reply(completion("Hello" * (20_000 if large else 1)))
    exchange = await held(world, Asking(world))
    assert b"sent no stream" in exchange.data
    assert b"Hello" not in exchange.data
    (closed,) = world.journal.closed
    assert (closed.outcome, closed.refusal, closed.status) == (Outcome.UPSTREAM_ERROR, "upstream_invalid", 200)


@pytest.mark.parametrize("large", [False, True])
async def test_what_a_model_server_generated_that_does_not_stream_is_counted(large: bool) -> None:
    world = World()
    control = Reserving().into(world)
    world.upstream.reply(completion("Hello" * (20_000 if large else 1), tokens=9))
    await held(world, Asking(world))
    ((stage, outcome, usage),) = control.ends
    assert (stage, outcome) == (Stage.ANSWERED, Outcome.UPSTREAM_ERROR)
    # Without a report the reservation says that nobody saw what was generated.
    assert (None if usage is None else usage.completion) == (None if large else 9)
    assert not control.reservations[0].streamed


async def test_a_stream_says_that_it_is_one() -> None:
    world = World()
    control = Reserving().into(world)
    world.upstream.pieces([chunk("Hello"), chunk(None, "stop"), DONE])
    await held(world, Asking(world))
    assert control.reservations[0].streamed


async def test_a_stream_of_another_form_is_an_error() -> None:
    world = World()
    world.upstream.pieces([b"{}\n"], content_type="application/x-ndjson")
    exchange = await held(world, Asking(world))
    assert b"error" in exchange.data.rsplit(COMMENT, 1)[1]


async def test_a_journal_that_cannot_be_written_is_an_error_event() -> None:
    world = World()
    world.journal.failing = True
    exchange = await held(world, Asking(world))
    assert b"record" in exchange.data
    assert world.upstream.sent == []


async def test_who_does_not_read_is_sent_no_more_until_they_do() -> None:
    world = World()
    control = Asking(world, REJECTED)
    exchange = world.exchange(chat(stream=True), narrows_keep_alive="0")
    exchange.slow = slow = asyncio.Event()
    task = asyncio.create_task(world.gateway(exchange))
    while not exchange.sent:
        await asyncio.sleep(0)
    await asyncio.sleep(0.02)
    assert len(exchange.sent) == 1
    exchange.slow = None
    slow.set()
    while len(exchange.sent) < 3:
        await asyncio.sleep(0)
    control.decided.set()
    await task


async def test_who_goes_away_is_sent_nothing_more() -> None:
    world = World()
    Asking(world)
    exchange = world.exchange(chat(stream=True), narrows_keep_alive="0")
    task = asyncio.create_task(world.gateway(exchange))
    while not exchange.sent:
        await asyncio.sleep(0)
    task.cancel("client gone")
    with pytest.raises(asyncio.CancelledError):
        await task
    sent = len(exchange.sent)
    await asyncio.sleep(0.01)
    assert len(exchange.sent) == sent
    assert world.upstream.sent == []


async def test_nothing_whole_is_sent_into_a_reply_that_has_begun() -> None:
    world = World()
    exchange = world.exchange(chat(stream=True))
    kept = KeptOpen(
        exchange,
        world.snapshots.current.connections["openai"].dialect,
        msgspec.structs.replace(call(asked={"stream": True}), keep_alive=0.001),
    )
    await kept.during(asyncio.sleep(0.02))
    assert kept.begun
    assert kept.head is exchange.head
    assert kept.ready(9) == await kept.body(9)
    kept.respond(500, [], b"{}")
    assert exchange.aborted
