"""Judging a call apart gives what judging it in the gate gives; here both ends are in one process."""

import json
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from narrows.engine.apart import BATCH, WHOLE, Digested, Errand, Settled, digest, judge, rejoined
from narrows.engine.bodies import Prepared
from narrows.engine.facts import begun
from narrows.engine.judging import Caller
from narrows.model.call import Source
from narrows.model.originals import Originals
from narrows.model.principal import Credential, Identity, Principal
from narrows.model.refusal import Code
from narrows.model.text import Masked
from narrows.model.verdict import Deny, Note, Proceed
from narrows.ports.dialect import ReplyInvalid, Route
from unit.engine.world import POLICY, World, chat, completion

ROUTE = Route("chat", "/v1/chat/completions")
ALICE = Identity(Principal("corp", "alice", groups=frozenset({"research"})), Credential("oidc", "c-alice", 2e9))
ERRAND = Errand(Caller(ALICE, Source("192.0.2.7"), "req_1", 5, "POST"), ROUTE, ("openai",), ("/v1/chat/completions",))
RULES: list[Any] = [
    {"deny": {"pattern": "drop table", "name": "sql"}},
    {"deny": {"pattern": "watched", "name": "seen", "mode": "observe"}},
]


async def judged(world: World, body: object) -> Settled | Deny:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await judge(world.apart, world.snapshots.current, ERRAND, data)


async def test_facts_and_bytes_come_back_and_no_text() -> None:
    world = World([POLICY | {"limits": {"output_tokens": 9}, "prompts": RULES}])
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}
    parts = [{"type": "text", "text": "watched " + "x" * WHOLE}]
    settled = await judged(world, chat("short") | {"messages": [{"role": "user", "content": parts}], "n": 1})
    assert isinstance(settled, Settled)
    call = settled.call
    assert settled.deny is None
    assert call.asked.texts == ()
    assert isinstance(call.asked.body, Prepared)
    sent = json.loads(call.asked.body.forward.body)
    assert sent["messages"][0]["content"] == parts
    assert sent["max_tokens"] == call.output_cap == 9
    assert [note.rule for note in call.notes] == ["seen"]
    assert [finding.rule for finding in call.findings] == ["seen"]
    assert call.prompt_tokens > WHOLE / 4
    assert call.plan is world.snapshots.current.policies.plan(ALICE.principal, "openai", "chat", "small-1")
    assert [one.label for one in settled.contents] == ["$", "$.messages[0]"]
    assert json.loads(settled.contents[1].data) == sent["messages"][0]
    pictured = await judged(World(), chat("x") | {"messages": [{"role": "user", "content": [image]}]})
    assert isinstance(pictured, Settled)
    assert [part.size for part in pictured.call.asked.opaque] == [2]


async def test_many_rows_and_contents_come_back_in_order() -> None:
    world = World([POLICY | {"prompts": RULES}])
    messages = [{"role": "user", "content": f"watched {number}"} for number in range(2 * BATCH + 1)]
    settled = await judged(world, {"model": "small-1", "messages": messages})
    assert isinstance(settled, Settled)
    assert [finding.path for finding in settled.call.findings] == [
        f"$.messages[{number}].content" for number in range(len(messages))
    ]
    assert [json.loads(one.data) for one in settled.contents[1:]] == messages


@pytest.mark.parametrize("body", [b"{", b'{"model":"small-1"}', b'{"model":"a","model":"b"}'])
async def test_what_can_t_be_read_is_refused(body: bytes) -> None:
    deny = await judged(World(), body)
    assert isinstance(deny, Deny)
    assert deny.meaning.status == 400


async def test_a_refusal_comes_with_what_may_be_recorded_of_it() -> None:
    world = World([POLICY | {"prompts": RULES}])

    def masked(call: Any, deny: Deny) -> Any:
        return msgspec.structs.replace(call, masked=(Masked("$", "X", "d", 1),)), msgspec.structs.replace(
            deny, message="[X]"
        )

    world.apart.snapshot = msgspec.structs.replace(world.snapshots.current, recordable=masked)
    settled = await judged(world, chat("please drop table users"))
    assert isinstance(settled, Settled)
    assert settled.deny is not None
    assert settled.recorded is not None
    assert (settled.deny.code, settled.deny.rule, settled.recorded.message) == (Code.PROMPT_DENIED, "sql", "[X]")
    assert settled.call.masked == (Masked("$", "X", "d", 1),)
    assert b"drop table" in settled.contents[1].data
    assert isinstance(settled.call.asked.body, Prepared)
    assert settled.call.asked.body.forward.body == b"", "what is refused has no body to send"


async def test_no_answer_is_a_refusal() -> None:
    world = World()
    world.apart.failing = "it died"
    deny = await judged(world, chat())
    assert isinstance(deny, Deny)
    assert (deny.code, deny.meaning.status) == (Code.CONTROL_FAILED, 503)


async def test_an_answer_under_other_policies_is_a_refusal() -> None:
    world = World()
    other = World([POLICY | {"may": POLICY["may"] | {"models": ["large*"]}}])
    world.apart.snapshot = other.snapshots.current
    deny = await judged(world, chat() | {"model": "large-1"})
    assert isinstance(deny, Deny)
    assert deny.code is Code.CONTROL_FAILED


async def test_a_control_that_waits_can_t_be_asked_apart() -> None:
    class Broken:
        name = "broken"

        def begin(self, call: object) -> Any:
            raise ValueError("quotes the prompt")

    world = World()
    world.apart.snapshot = msgspec.structs.replace(world.snapshots.current, controls=(Broken(),))
    settled = await judged(world, chat())
    assert isinstance(settled, Settled)
    assert settled.deny is not None
    assert settled.deny.code is Code.CONTROL_FAILED
    assert "quotes" not in settled.deny.message


async def call_of(world: World) -> Any:
    settled = await judged(world, chat())
    assert isinstance(settled, Settled)
    return settled.call


async def test_a_reply_comes_back_as_bytes_and_facts() -> None:
    world = World([POLICY | {"limits": {"output_tokens": 50}}])
    reply = await digest(world.apart, await call_of(world), json.dumps(completion("Hello")).encode())
    assert isinstance(reply, Digested)
    (event,) = reply.events
    assert (event.model, event.finish, event.deltas) == ("small-1-0613", "stop", [])
    assert event.usage is not None
    assert reply.deny is None
    assert json.loads(reply.body)["choices"][0]["message"]["content"] == "Hello"


async def test_a_reply_past_its_cap_is_stopped_and_none_of_it_comes_back() -> None:
    world = World([POLICY | {"limits": {"output_tokens": 2}}])
    reply = await digest(world.apart, await call_of(world), json.dumps(completion("Hello " * 100)).encode())
    assert isinstance(reply, Digested)
    assert reply.deny is not None
    assert (reply.deny.code, reply.body) == (Code.OUTPUT_LIMIT, b"")


async def test_a_reply_that_is_none_is_invalid() -> None:
    world = World()
    with pytest.raises(ReplyInvalid):
        await digest(world.apart, await call_of(world), b"<html>")


async def test_no_answer_about_a_reply_is_a_refusal() -> None:
    world = World()
    call = await call_of(world)
    world.apart.failing = "it hangs"
    deny = await digest(world.apart, call, b"{}")
    assert isinstance(deny, Deny)
    assert deny.code is Code.CONTROL_FAILED


async def test_the_gate_s_own_chain_adds_to_what_was_judged_apart() -> None:
    note = Note(Code.PROMPT_DENIED, "p", "a")
    call = msgspec.structs.replace(await call_of(World()), masked=(Masked("$", "X", "d", 1),), notes=(note,))
    first = begun(call)
    assert (first.notes, first.masked, first.output_cap) == ((), None, None)
    other = Note(Code.PROMPT_DENIED, "p", "b")
    joined = rejoined(msgspec.structs.replace(first, notes=(note, other)), call)
    assert (joined.notes, joined.masked) == ((note, other), call.masked)


async def test_an_answer_is_read_by_type() -> None:
    class Lying:
        def takes(self, size: int) -> bool:
            return True

        async def ask(self, question: bytes, data: bytes) -> Sequence[bytes]:
            return [msgspec.msgpack.encode({"call": {"id": 5}})]

    with pytest.raises(msgspec.ValidationError):
        await judge(Lying(), World().snapshots.current, ERRAND, b"{}")


class Tokenizing:
    """A control that says what a stand-in stands for."""

    name = "tokenizing"

    def begin(self, call: object) -> "Tokenizing":
        return self

    def on_request(self, call: object) -> Proceed:
        return Proceed(None, Originals([(f"[NOTE:{'b' * 11}{letter}]", letter) for letter in "cdf"]))

    def on_end(self, outcome: object, usage: object) -> None:
        """Nothing."""


async def test_what_stand_ins_stand_for_travels_back_and_forth_but_not_with_a_refusal() -> None:
    world = World([POLICY | {"prompts": RULES}])
    current = world.snapshots.current
    world.apart.snapshot = msgspec.structs.replace(current, controls=(Tokenizing(), *current.controls))
    settled = await judged(world, chat())
    assert isinstance(settled, Settled)
    assert settled.originals is not None
    assert len(settled.originals) == 3
    data = json.dumps(completion("see [NOTE:bbbbbbbbbbbd]")).encode()
    reply = await digest(world.apart, settled.call, data, settled.originals)
    assert isinstance(reply, Digested)
    assert json.loads(reply.body)["choices"][0]["message"]["content"] == "see [NOTE:bbbbbbbbbbbd]"
    assert json.loads(reply.shown)["choices"][0]["message"]["content"] == "see d"
    plain = await digest(world.apart, settled.call, data)
    assert isinstance(plain, Digested)
    assert plain.shown == plain.body == reply.body
    refused = await judged(world, chat("drop table"))
    assert isinstance(refused, Settled)
    assert refused.originals is None
