"""Idempotency keys of several callers are in test_forwarding."""

import json

import msgspec

from narrows.engine.onward import onward_headers, restorer, rewritten
from narrows.model.originals import Originals
from narrows.model.verdict import Proceed
from unit.dialects.payloads import reader, replay
from unit.engine.test_chain import CALL
from unit.engine.test_forwarding import Holding, with_guard
from unit.engine.world import DONE, World, chat, chunk, completion

PASSED = frozenset({b"openai-beta", b"idempotency-key"})


def test_only_declared_headers_are_passed_on() -> None:
    call = msgspec.structs.replace(CALL, method="POST")
    given = {b"openai-beta": b"v2", b"authorization": b"Bearer mine", b"cookie": b"c", b"accept": b"*/*"}
    headers = dict(onward_headers(call, given, PASSED))
    assert headers == {
        b"accept": b"application/json",
        b"content-type": b"application/json",
        b"openai-beta": b"v2",
        b"x-request-id": call.request_id.encode(),
    }


def test_what_is_accepted_is_what_was_asked_for() -> None:
    asked = msgspec.structs.replace(CALL.asked, stream=True)
    headers = dict(onward_headers(msgspec.structs.replace(CALL, method="GET", asked=asked), {}, PASSED))
    assert headers[b"accept"] == b"text/event-stream"
    assert b"content-type" not in headers


def test_an_idempotency_key_is_hashed_with_the_caller() -> None:
    key = dict(onward_headers(CALL, {b"idempotency-key": b"k"}, PASSED))[b"idempotency-key"]
    assert len(key) == 40
    assert key == dict(onward_headers(CALL, {b"idempotency-key": b"k"}, PASSED))[b"idempotency-key"]


TOKEN = "[NOTE:bcdfghjkmnpq]"
KNOWN = Originals([(TOKEN, 'a "b"')])


def test_a_reply_that_was_written_for_the_record_is_written_again_with_the_caller_s_words() -> None:
    reads = reader("chat", stream=False)
    events = replay(reads, json.dumps(completion(f"say {TOKEN}")).encode())
    recorded = b"".join(map(reads.write, events))
    shown = rewritten(reads, events, KNOWN)
    assert json.loads(recorded)["choices"][0]["message"]["content"] == f"say {TOKEN}"
    assert shown is not None
    assert json.loads(shown) == json.loads(recorded.replace(TOKEN.encode(), b'a \\"b\\"'))


def test_where_nothing_stands_again_nothing_is_written_again() -> None:
    reads = reader("chat", stream=False)
    assert rewritten(reads, replay(reads, json.dumps(completion("[NOTE:bbbbbbbbbbbb]")).encode()), KNOWN) is None
    assert restorer(None) is None
    assert restorer(Originals()) is None
    assert restorer(KNOWN) is not None


class Tokenizing(Holding):
    """Says what a stand-in stands for."""

    def on_request(self, call: object) -> object:
        return Proceed(None, Originals([(TOKEN, "MINE")]))


async def test_the_caller_s_words_stand_again_in_what_it_gets_and_not_in_the_record() -> None:
    world = World()
    with_guard(world, Tokenizing())
    world.upstream.pieces([chunk(f"a {TOKEN[:7]}"), chunk(f"{TOKEN[7:]} b"), chunk("["), chunk(None, "stop"), DONE])
    world.upstream.reply(completion(f"a {TOKEN}"))
    world.upstream.reply({"error": {"message": TOKEN}}, status=400)
    streamed = await world.call(chat(stream=True))
    said = [json.loads(line[6:]) for line in streamed.data.decode().split("\n\n") if line.startswith("data: {")]
    assert "".join(one["choices"][0]["delta"].get("content", "") for one in said) == "a MINE b["
    assert said[-1]["choices"][0]["finish_reason"] == "stop"
    whole, error = await world.call(chat()), await world.call(chat())
    assert json.loads(whole.data)["choices"][0]["message"]["content"] == "a MINE"
    assert TOKEN.encode() in error.data
    assert b"MINE" not in error.data
    assert world.journal.closed[1].sent_bytes == len(whole.data)
    kept = [content.data for entry in world.journal.entries for content in entry.contents]
    assert sum(data.count(TOKEN.encode()) for data in kept) == 3
    assert not any(b"MINE" in data for data in kept)
