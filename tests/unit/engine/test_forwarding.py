"""The second half of a call: one ending each, whatever the upstream, the client or the gate does."""

import asyncio
import json
from typing import Any

import msgspec
import pytest

from narrows.model.record import Closed, Outcome, Segment
from narrows.model.refusal import Code
from narrows.model.reply import Event
from narrows.model.text import Masked
from narrows.model.verdict import PROCEED, Deny
from narrows.ports.http import UpstreamFailed
from unit.engine.world import DONE, POLICY, MemoryExchange, World, chat, chunk, completion

STREAM: dict[str, Any] = {"stream": True}


def ending(world: World) -> Closed:
    (closed,) = world.journal.closed
    return closed


async def started(world: World, exchange: MemoryExchange) -> "asyncio.Task[None]":
    """A call in flight, waiting for its upstream."""
    task = asyncio.create_task(world.gateway(exchange))
    for _ in range(20):
        await asyncio.sleep(0)
    return task


async def test_a_stream_passes_event_by_event_and_is_on_record_with_its_timing() -> None:
    world = World()
    reply = world.upstream.pieces([chunk("Hel"), chunk("lo"), chunk(None, "stop"), DONE])
    exchange = await world.call(chat(**STREAM))
    assert exchange.status == 200
    assert exchange.headers[b"content-type"].startswith(b"text/event-stream")
    assert exchange.data.endswith(DONE)
    assert exchange.finished
    assert reply.closed
    closed = ending(world)
    assert (closed.outcome, closed.finish) == (Outcome.DONE, "stop")
    (content,) = closed.contents
    transcript = json.loads(content.data)
    assert transcript["streams"][0]["text"] == "Hello"
    assert [row[2] for row in transcript["timing"]] == [3, 2]
    assert transcript["timing"][0][0] < transcript["timing"][1][0]
    assert world.telemetry.open_streams == 0


async def test_usage_is_asked_for_and_its_event_hidden_from_one_who_did_not_ask() -> None:
    world = World()
    usage = {"choices": [], "usage": {"prompt_tokens": 4, "completion_tokens": 1, "total_tokens": 5}}
    for _ in range(2):
        world.upstream.pieces([chunk("Hi"), chunk(None, "stop"), chunk(**usage), DONE])
    hidden = await world.call(chat(**STREAM))
    shown = await world.call(chat(**STREAM, stream_options={"include_usage": True}))
    assert json.loads(world.upstream.sent[0][3])["stream_options"] == {"include_usage": True}
    assert b"prompt_tokens" not in hidden.data
    assert b"prompt_tokens" in shown.data
    assert [closed.usage and closed.usage.prompt for closed in world.journal.closed] == [4, 4]


async def test_a_stream_that_passes_its_cap_is_stopped_with_a_clear_error() -> None:
    world = World([POLICY | {"limits": {"output_tokens": 3}}])
    reply = world.upstream.pieces([chunk(f"w{n} ") for n in range(10)] + [DONE])
    exchange = await world.call(chat(**STREAM))
    assert exchange.data.count(b'"delta"') == 3
    assert b"output_limit" in exchange.data
    assert b"[DONE]" not in exchange.data
    assert reply.closed
    closed = ending(world)
    assert (closed.outcome, closed.refusal, closed.status) == (Outcome.STOPPED, "output_limit", 200)


async def test_a_buffered_reply_past_its_cap_is_withheld() -> None:
    world = World([POLICY | {"limits": {"output_tokens": 3}}])
    world.upstream.reply(completion("far too long", tokens=400))
    exchange = await world.call(chat())
    assert exchange.status == 400
    assert b"far too long" not in exchange.data
    assert ending(world).outcome is Outcome.STOPPED


@pytest.mark.parametrize(
    ("failure", "status"),
    [(Code.UPSTREAM_UNREACHABLE, 502), (Code.UPSTREAM_TIMEOUT, 504), (Code.UPSTREAM_INVALID, 502)],
)
async def test_an_upstream_that_fails_gives_its_error_and_an_ending(failure: Code, status: int) -> None:
    world = World()
    world.upstream.script.append(UpstreamFailed(Deny(failure, "it failed"), sent=False))
    exchange = await world.call(chat())
    assert (exchange.status, exchange.json["error"]["code"]) == (status, failure.value)
    closed = ending(world)
    assert (closed.outcome, closed.refusal) == (Outcome.UPSTREAM_ERROR, failure.value)


async def test_an_upstreams_refusal_is_rendered_anew_and_keeps_its_status() -> None:
    world = World()
    world.upstream.reply({"error": {"message": "Rate limited", "type": "requests"}}, status=429)
    exchange = await world.call(chat())
    assert exchange.status == 429
    assert exchange.json["error"]["message"] == "Rate limited"
    closed = ending(world)
    assert (closed.outcome, closed.status, closed.upstream_status) == (Outcome.UPSTREAM_ERROR, 429, 429)


async def test_the_gates_own_credential_is_never_shown_and_its_refusal_is_the_operators_business() -> None:
    world = World()
    world.upstream.reply({"error": {"message": "bad key upstream-secret"}}, status=400)
    world.upstream.reply({"error": {"message": "Incorrect API key upstream-secret"}}, status=401)
    echoed = await world.call(chat())
    refused = await world.call(chat())
    assert echoed.status == 400
    assert (refused.status, refused.json["error"]["code"]) == (502, "upstream_credential")
    assert refused.headers[b"x-should-retry"] == b"false"
    assert b"upstream-secret" not in echoed.data + refused.data
    assert all(b"upstream-secret" not in c.data for closed in world.journal.closed for c in closed.contents)


@pytest.mark.parametrize("padding", [0, 300_000])
async def test_an_error_that_says_200_is_not_shown_with_the_credential_in_it(padding: int) -> None:
    world = World()
    error = {"message": "bad key upstream-secret" + " " * padding}
    world.upstream.reply(completion("Hello") | {"error": error})
    world.upstream.reply(completion("Hello") | {"error": {"message": "harmless"}})
    echoed, harmless = await world.call(chat()), await world.call(chat())
    assert (echoed.status, echoed.json["error"]["code"]) == (502, "upstream_invalid")
    assert b"upstream-secret" not in echoed.data
    assert all(b"upstream-secret" not in c.data for closed in world.journal.closed for c in closed.contents)
    assert harmless.status == 200


@pytest.mark.parametrize("body", [b"<html>", b"", b"[1]", b'{"choices": "none"', b"\xff\xfe"])
async def test_garbage_from_an_upstream_is_a_bad_gateway(body: bytes) -> None:
    world = World()
    world.upstream.reply(body)
    exchange = await world.call(chat())
    assert (exchange.status, exchange.json["error"]["code"]) == (502, "upstream_invalid")
    assert ending(world).outcome is Outcome.UPSTREAM_ERROR


async def test_a_stream_cut_short_ends_in_an_error_event_never_as_complete() -> None:
    world = World()
    world.upstream.pieces([chunk("Hel")])
    world.upstream.pieces([chunk("Hel"), UpstreamFailed(Deny(Code.UPSTREAM_TIMEOUT, "idle"), sent=True)])
    for code in ("upstream_invalid", "upstream_timeout"):
        exchange = await world.call(chat(**STREAM))
        assert exchange.status == 200
        assert code.encode() in exchange.data
        assert b"[DONE]" not in exchange.data
        closed = world.journal.closed[-1]
        assert (closed.outcome, closed.refusal) == (Outcome.UPSTREAM_ERROR, code)


@pytest.mark.parametrize(("word", "outcome"), [("client gone", Outcome.CLIENT_GONE), ("drain", Outcome.CUT)])
async def test_a_cancelled_call_lets_the_upstream_go_and_says_why(word: str, outcome: Outcome) -> None:
    world = World()
    reply = world.upstream.pieces([chunk("Hel"), asyncio.Event()])
    exchange = world.exchange(chat(**STREAM))
    task = await started(world, exchange)
    task.cancel(word)
    with pytest.raises(asyncio.CancelledError):
        await task
    assert reply.closed
    closed = ending(world)
    assert closed.outcome is outcome
    assert b"Hel" in closed.contents[0].data
    assert (b"draining" in exchange.data) == (word == "drain")


async def test_a_client_gone_while_the_intent_is_written_still_gets_an_ending_and_nothing_is_sent() -> None:
    world = World()
    world.journal.gate = asyncio.Event()
    task = await started(world, world.exchange(chat()))
    task.cancel("client gone")
    with pytest.raises(asyncio.CancelledError):
        await task
    assert world.upstream.sent == []
    assert ending(world).outcome is Outcome.CLIENT_GONE


async def test_a_slow_reader_pauses_the_upstream() -> None:
    world = World()
    pieces: list[Any] = [chunk("a"), chunk("b"), chunk(None, "stop"), DONE]
    world.upstream.pieces(pieces)
    exchange = world.exchange(chat(**STREAM))
    exchange.slow = asyncio.Event()
    task = await started(world, exchange)
    assert len(pieces) == 3, "the upstream was read although nobody took what came before"
    exchange.slow.set()
    await task
    assert exchange.data.endswith(DONE)


async def test_a_long_stream_is_recorded_in_segments() -> None:
    world = World()
    world.upstream.pieces([chunk("x" * 20_000) for _ in range(4)] + [chunk(None, "stop"), DONE])
    await world.call(chat(**STREAM))
    segments = [entry for entry in world.journal.entries if isinstance(entry, Segment)]
    assert [segment.index for segment in segments] == [0, 1]
    texts = [json.loads(c.data)["streams"][0]["text"] for s in segments for c in s.contents]
    assert sum(map(len, texts)) == 80_000


async def test_a_bug_in_a_guard_stops_the_reply_and_every_guard_is_released_once() -> None:
    endings: list[Outcome] = []

    class Faulty:
        name = "faulty"

        def begin(self, call: object) -> "Faulty":
            return self

        def on_request(self, call: object) -> object:
            return PROCEED

        def on_event(self, event: object) -> None:
            raise KeyError("inner")

        def on_finish(self) -> None:
            """Nothing."""

        def on_end(self, outcome: Outcome, usage: object) -> None:
            endings.append(outcome)

    world = World()
    faulty: Any = Faulty()
    current = world.snapshots.current
    world.snapshots.current = msgspec.structs.replace(
        current, controls=(*current.controls, faulty), reply_controls=(*current.reply_controls, faulty)
    )
    world.upstream.reply(completion("Hello"))
    exchange = await world.call(chat())
    assert exchange.status == 503
    assert b"Hello" not in exchange.data
    assert endings == [Outcome.STOPPED]
    assert ending(world).refusal == "control_failed"


async def test_lines_of_json_are_a_stream_too() -> None:
    may = POLICY["may"] | {"operations": ["json"]}
    world = World([POLICY | {"may": may}], tgi={"dialect": "json", "json": {"reply_texts": ["$.token"]}})
    world.upstream.pieces([b'{"token": "a"}\n{"tok', b'en": "b"}\n'], content_type="application/x-ndjson")
    exchange = await world.call({"inputs": "Hi"}, path="/tgi/generate")
    assert [json.loads(line)["token"] for line in exchange.data.splitlines()] == ["a", "b"]
    assert ending(world).outcome is Outcome.DONE


async def test_a_large_reply_is_read_elsewhere_and_arrives_whole() -> None:
    world = World()
    text = "many words " * 40_000
    world.upstream.reply(completion(text))
    exchange = await world.call(chat())
    assert exchange.json["choices"][0]["message"]["content"] == text
    assert world.apart.runs == 1
    assert ending(world).finish == "stop"


async def test_a_segment_of_many_events_leaves_other_calls_their_turn() -> None:
    world = World()
    world.upstream.pieces([chunk("a") * 300 + chunk(None, "stop") + DONE])
    task, turns = asyncio.create_task(world.gateway(world.exchange(chat(**STREAM)))), 0
    while not task.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns > 5
    (content,) = ending(world).contents
    assert json.loads(content.data)["streams"][0]["text"] == "a" * 300


async def test_an_idempotency_key_is_each_callers_own() -> None:
    world = World([POLICY | {"who": {"groups": ["*"]}}])
    keys = []
    for token, key in (("alice", "k"), ("alice", "k"), ("bob", "k"), ("alice", "l")):
        world.upstream.reply(completion())
        await world.call(chat(), token=token, idempotency_key=key)
        keys.append(world.upstream.sent[-1][2][b"idempotency-key"])
    assert keys[0] == keys[1]
    assert len(set(keys)) == 3


@pytest.mark.parametrize(("message", "told"), [("out of memory", True), ("bad key upstream-secret", False)])
async def test_an_error_in_mid_stream_is_told_unless_it_quotes_the_credential(message: str, told: bool) -> None:
    world = World()
    error = b"data: " + json.dumps({"error": {"message": message}}).encode() + b"\n\n"
    world.upstream.pieces([chunk("Hel"), error])
    exchange = await world.call(chat(**STREAM))
    assert (message.encode() in exchange.data) == told
    assert world.upstream.credential not in exchange.data
    assert b"upstream_invalid" in exchange.data
    closed = ending(world)
    assert closed.outcome is Outcome.UPSTREAM_ERROR
    assert all(world.upstream.credential not in content.data for content in closed.contents)


class Holding:
    """A guard that says what it masked, and holds the word `held` back until its field ends."""

    name = "holding"

    def begin(self, call: object) -> "Holding":
        return self

    def on_request(self, call: object) -> object:
        return PROCEED

    def on_event(self, event: Event) -> None:
        for delta in event.deltas:
            if "held" in delta.text:
                delta.text = delta.text.replace("held", "[X]")
                event.masked.append(Masked(delta.field, "X", "x", 1))

    def on_finish(self) -> None:
        """Nothing."""

    def on_end(self, outcome: Outcome, usage: object) -> None:
        """Nothing."""


def with_guard(world: World, guard: Any) -> None:
    current = world.snapshots.current
    world.snapshots.current = msgspec.structs.replace(
        current, controls=(*current.controls, guard), reply_controls=(*current.reply_controls, guard)
    )


async def test_what_guards_masked_is_counted_on_record() -> None:
    world = World()
    with_guard(world, Holding())
    world.upstream.pieces([chunk("held"), chunk("and held"), chunk(None, "stop"), DONE])
    await world.call(chat(**STREAM))
    assert ending(world).masked == (Masked("content", "X", "x", 2),)


async def test_an_upstreams_error_goes_past_the_guards_of_the_reply() -> None:
    world = World()
    with_guard(world, Holding())
    world.upstream.reply({"error": {"message": "it was held"}}, status=400)
    exchange = await world.call(chat())
    assert exchange.status == 400
    assert b"[X]" in exchange.data
    assert b"held" not in exchange.data
    assert all(b"held" not in content.data for content in ending(world).contents)
    assert ending(world).masked == (Masked("error", "X", "x", 1),)


@pytest.mark.parametrize("stream", [False, True])
async def test_a_reply_with_the_credential_in_it_is_stopped_and_not_on_record(stream: bool) -> None:
    world = World()
    secret = world.upstream.credential.decode()
    if stream:
        data = chunk(f"the key is {secret}!")
        world.upstream.pieces([chunk("Well, "), data[:60], data[60:], chunk(None, "stop"), DONE])
    else:
        world.upstream.reply(completion(f"the key is {secret}!"))
    exchange = await world.call(chat(stream=stream))
    assert secret.encode() not in exchange.data
    assert b"can't be shown" in exchange.data
    closed = ending(world)
    assert (closed.outcome, closed.refusal) == (Outcome.UPSTREAM_ERROR, "upstream_invalid")
    assert all(secret.encode() not in content.data for content in closed.contents)


async def test_a_heavy_event_of_a_stream_is_judged_elsewhere_and_arrives_whole() -> None:
    world = World([POLICY | {"limits": {"output_tokens": 90_000}}])
    text = "many words " * 40_000
    body = chunk(text)
    pieces = [body[at : at + 50_000] for at in range(0, len(body), 50_000)]
    world.upstream.pieces([chunk("a"), *pieces, chunk("b") + chunk(None, "stop") + DONE])
    exchange = await world.call(chat(**STREAM))
    assert exchange.data.endswith(DONE)
    said = "".join(json.loads(content.data)["streams"][0]["text"] for content in recorded(world))
    assert said == "a" + text + "b"
    assert ending(world).sent_bytes == len(exchange.data)


async def test_a_heavy_event_past_the_cap_is_stopped() -> None:
    world = World([POLICY | {"limits": {"output_tokens": 5}}])
    world.upstream.pieces([chunk("many words " * 40_000), DONE])
    exchange = await world.call(chat(**STREAM))
    assert b"many words" not in exchange.data
    assert ending(world).refusal == "output_limit"


def recorded(world: World) -> list[Any]:
    """Every content of a stream, in order."""
    return [content for entry in world.journal.entries for content in entry.contents if content.label == "stream"]
