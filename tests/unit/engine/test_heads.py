"""What a head alone says."""

import pytest

from narrows.engine.heads import known, source
from narrows.model.call import Source
from narrows.model.refusal import Code
from narrows.ports.http import RequestHead
from unit.engine.world import MemoryExchange, World, chat, completion


def head(**headers: str) -> RequestHead:
    named = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
    return RequestHead("POST", "/a", "", named, "192.0.2.7", "gate")


def test_where_a_request_comes_from_and_what_it_declares() -> None:
    assert source(head()) == Source("192.0.2.7")
    assert source(head(user_agent="a" * 600)) == Source("192.0.2.7", "a" * 512)
    declared = head(user_agent="sdk", narrows_agent="a", narrows_session="s" * 600, narrows_justification="")
    assert source(declared) == Source("192.0.2.7", "sdk", "a", "s" * 512, None)


@pytest.mark.parametrize(("kind", "read"), [("application/json", True), ("text/plain", False)])
def test_whether_a_body_can_be_read(kind: str, read: bool) -> None:
    found = known(head(content_type=kind), b"digest")
    assert found.digest == b"digest"
    assert (found.unsupported is None) is read
    assert read or (found.unsupported is not None and found.unsupported.code is Code.ENCODING_UNSUPPORTED)


async def test_a_body_that_comes_later_is_waited_for() -> None:
    world = World()
    world.upstream.reply(completion("Hello"))
    exchange = world.exchange(chat("Hi"))
    exchange.here = False
    await world.gateway(exchange)
    assert exchange.status == 200
    assert [entry.forwarded for entry in world.journal.opened] == [True]


async def test_a_credential_is_judged_anew_in_every_call_though_its_head_is_known() -> None:
    world = World()
    world.upstream.reply(completion("Hello"))
    first = world.exchange(chat("Hi"))
    await world.gateway(first)
    assert first.status == 200
    world.people.forget("alice")
    again = MemoryExchange(first.head, await first.body(1000))
    await world.gateway(again)
    assert again.status == 401
    assert len(world.journal.opened) == 1
    other = world.exchange(chat("Hi"), token="bob")
    await world.gateway(other)
    assert world.journal.opened[-1].principal.subject == "bob"
