"""Calls of the gate itself: governed by the policies of the account in whose name they are made, and on record."""

import json
from typing import Any

import pytest

from narrows.engine.inner import GateCalls
from narrows.ports.plugin import PluginFailed
from unit.engine.world import World, chat, completion

GUARD: dict[str, Any] = {
    "name": "guards",
    "who": {"service_accounts": ["guard"]},
    "may": {"connections": ["openai"], "models": ["small*"], "operations": ["chat"]},
}


def bound(world: World) -> GateCalls:
    calls = GateCalls()
    calls.bind(world.gateway)
    return calls


async def test_a_call_is_made_in_the_name_of_the_account_and_recorded() -> None:
    world = World(policies=[GUARD])
    world.upstream.reply(completion("fine"))
    reply = await bound(world).post(
        "guard", "classifier.law", "/openai/v1/chat/completions", json.dumps(chat()).encode()
    )
    assert reply.status == 200
    assert json.loads(reply.body)["choices"][0]["message"]["content"] == "fine"
    (opened,) = world.journal.opened
    assert opened.call == reply.call
    assert opened.principal.key == "narrows:guard"
    assert (opened.credential, opened.agent) == ("classifier.law", "narrows classifier.law")
    assert len(world.journal.closed) == 1


async def test_what_no_policy_permits_is_refused_and_recorded() -> None:
    world = World()
    reply = await bound(world).post("guard", "x", "/openai/v1/chat/completions", json.dumps(chat()).encode())
    assert reply.status == 403
    assert world.upstream.sent == []
    assert len(world.journal.opened) == 1
    unknown = await bound(world).post("guard", "x", "/nowhere/v1/chat/completions", b"{}")
    assert unknown.status == 403


async def test_without_a_gate_no_call_is_made() -> None:
    with pytest.raises(PluginFailed, match="does not run here"):
        await GateCalls().post("guard", "x", "/openai/v1/chat/completions", b"{}")


async def test_a_reply_that_breaks_off_is_a_failure() -> None:
    class Broken:
        async def serve_own(self, exchange: Any, identity: Any) -> None:
            exchange.start(200, [(b"narrows-call-id", b"call_1")])
            assert exchange.send(b"half")
            await exchange.drained()
            assert await exchange.body(1) == b"{}"
            exchange.abort()

    calls = GateCalls()
    calls.bind(Broken())
    with pytest.raises(PluginFailed, match="broke off"):
        await calls.post("guard", "x", "/openai/v1/chat/completions", b"{}")
