"""What is held back leaves at the end of the turn, in its order, whatever one of it does. Until it has left, a request
to a model server was not sent."""

import asyncio
import logging

import pytest

from narrows.engine.bursts import MOST, Bursts
from narrows.model.refusal import Code
from narrows.ports.http import UpstreamFailed
from unit.upstream.remembering import connected


class Sender:
    def __init__(self, sent: list[str], name: str) -> None:
        self.sent = sent
        self.name = name

    def release(self) -> None:
        self.sent.append(self.name)


class Broken(Sender):
    def release(self) -> None:
        raise RuntimeError("what was to be sent")


async def test_what_comes_in_one_turn_leaves_at_its_end_in_its_order() -> None:
    loop, sent, bursts = asyncio.get_running_loop(), list[str](), Bursts()
    for name in "abc":
        bursts.join(Sender(sent, name), loop)
        assert sent == []
    await asyncio.sleep(0)
    assert sent == ["a", "b", "c"]
    bursts.join(Sender(sent, "d"), loop)
    await asyncio.sleep(0)
    assert sent == ["a", "b", "c", "d"]
    await asyncio.sleep(0)
    assert sent == ["a", "b", "c", "d"]


async def test_the_first_waits_for_no_more_than_so_many() -> None:
    loop, sent, bursts = asyncio.get_running_loop(), list[str](), Bursts()
    for number in range(MOST + 1):
        bursts.join(Sender(sent, str(number)), loop)
    assert sent == [str(number) for number in range(MOST)]
    await asyncio.sleep(0)
    assert sent == [str(number) for number in range(MOST + 1)]


async def test_one_that_fails_keeps_back_no_other(caplog: pytest.LogCaptureFixture) -> None:
    loop, sent, bursts = asyncio.get_running_loop(), list[str](), Bursts()
    with caplog.at_level(logging.ERROR):
        for sender in (Sender(sent, "a"), Broken(sent, "b"), Sender(sent, "c")):
            bursts.join(sender, loop)
        await asyncio.sleep(0)
    assert sent == ["a", "c"]
    assert "RuntimeError" in caplog.text
    assert "what was to be sent" not in caplog.text


async def test_what_joins_while_others_are_released_leaves_in_the_next_turn() -> None:
    loop, sent, bursts = asyncio.get_running_loop(), list[str](), Bursts()

    class Again(Sender):
        def release(self) -> None:
            super().release()
            bursts.join(Sender(sent, "later"), loop)

    bursts.join(Again(sent, "now"), loop)
    await asyncio.sleep(0)
    assert sent == ["now"]
    await asyncio.sleep(0)
    assert sent == ["now", "later"]


async def test_a_request_that_is_held_leaves_at_the_end_of_the_turn() -> None:
    connection, transport, owner = connected()
    begun = connection.begin(b"request", bursts=Bursts())
    assert transport.writes == []
    await asyncio.sleep(0)
    assert transport.writes == [7]
    connection.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
    assert await (await begun).read_all(2) == b"hi"
    assert owner.free == 1


async def test_a_call_that_is_cancelled_before_its_request_has_left_sends_nothing() -> None:
    connection, transport, _ = connected()
    begun = connection.begin(b"request", bursts=Bursts())
    connection.forsake(begun)
    await asyncio.sleep(0)
    assert transport.aborted
    assert transport.writes == []


@pytest.mark.parametrize(("status", "sent"), [(b"200 OK", True), (b"408 Request Timeout", None)])
async def test_what_comes_before_the_request_has_left_is_no_reply_to_it(status: bytes, sent: bool | None) -> None:
    """A refusal is one, as it is where a body is still on its way; either way nothing is sent any more."""
    connection, transport, owner = connected()
    begun = connection.begin(b"request", bursts=Bursts())
    connection.data_received(b"HTTP/1.1 " + status + b"\r\nContent-Length: 2\r\n\r\nhi")
    if sent is None:
        assert (await begun).status == 408
    else:
        with pytest.raises(UpstreamFailed, match="before the request was sent"):
            await begun
    await asyncio.sleep(0)
    assert transport.aborted
    assert transport.writes == []
    assert owner.free == 0


async def test_a_server_that_leaves_before_the_request_has_left_was_sent_nothing() -> None:
    connection, transport, _ = connected()
    begun = connection.begin(b"request", bursts=Bursts())
    connection.eof_received()
    with pytest.raises(UpstreamFailed) as caught:
        await begun
    assert (caught.value.deny.code, caught.value.sent) == (Code.UPSTREAM_UNREACHABLE, False)
    await asyncio.sleep(0)
    assert transport.writes == []
