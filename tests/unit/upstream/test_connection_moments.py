"""One connection against a transport that only remembers: long bodies, and moments that no server can bring about."""

import asyncio
import gc
from typing import cast

import pytest

from narrows.ports.http import UpstreamFailed
from narrows.upstream.connection import SLICE, Connection
from unit.upstream.scripted import CHUNKED, HELLO, QUICK


class Silent:
    """A transport that takes what it is given."""

    def __init__(self) -> None:
        self.writes: list[int] = []
        self.aborted = False

    def write(self, data: bytes) -> None:
        self.writes.append(len(data))

    def get_write_buffer_size(self) -> int:
        return 0

    def abort(self) -> None:
        self.aborted = True


class Nobody:
    """An owner that only counts."""

    def __init__(self) -> None:
        self.free = 0

    def released(self, connection: Connection) -> None:
        self.free += 1

    def lost(self, connection: Connection) -> None:
        pass


def connected() -> tuple[Connection, Silent, Nobody]:
    owner, transport = Nobody(), Silent()
    connection = Connection(asyncio.get_running_loop(), owner, QUICK)
    connection.connection_made(cast("asyncio.Transport", transport))
    return connection, transport, owner


async def test_a_long_body_leaves_in_slices_with_turns_for_others_between() -> None:
    connection, transport, owner = connected()
    begun = connection.begin(b"head", b"x" * (2 * SLICE + 1))
    assert transport.writes == [4, SLICE]
    await asyncio.sleep(0)
    assert transport.writes == [4, SLICE, SLICE]
    connection.pause_writing()
    for _ in range(3):
        await asyncio.sleep(0)
    assert transport.writes == [4, SLICE, SLICE]
    connection.resume_writing()
    for _ in range(3):
        await asyncio.sleep(0)
    assert transport.writes == [4, SLICE, SLICE, 1]
    connection.data_received(HELLO)
    assert await (await begun).read_all(5) == b"hello"
    assert (owner.free, transport.aborted) == (1, False)
    connection.connection_lost(None)


@pytest.mark.parametrize(("status", "told"), [(b"200 OK", False), (b"413 No", True)])
async def test_what_has_not_been_handed_to_the_transport_is_not_sent(status: bytes, told: bool) -> None:
    connection, transport, owner = connected()
    begun = connection.begin(b"head", b"x" * (3 * SLICE))
    connection.data_received(b"HTTP/1.1 " + status + b"\r\nContent-Length: 2\r\n\r\nno")
    if told:
        assert await (await begun).read_all(2) == b"no"
    else:
        with pytest.raises(UpstreamFailed, match="before the request was sent"):
            await begun
    assert (owner.free, transport.aborted) == (0, True)
    for _ in range(5):
        await asyncio.sleep(0)
    assert transport.writes == [4, SLICE]
    connection.connection_lost(None)


async def test_a_stream_that_begins_as_its_call_is_cancelled_is_not_kept() -> None:
    connection, transport, owner = connected()
    begun = connection.begin(b"head")
    begun.cancel()
    connection.data_received(CHUNKED + b"1\r\nx\r\n")
    connection.forsake(begun)
    assert (owner.free, transport.aborted) == (0, True)
    connection.connection_lost(None)


async def test_a_call_cancelled_with_its_reply_leaves_the_next_call_of_the_connection_alone() -> None:
    connection, transport, owner = connected()
    first = connection.begin(b"head")
    connection.data_received(HELLO)
    second = connection.begin(b"head")
    connection.forsake(first)
    assert (owner.free, transport.aborted) == (1, False)
    connection.data_received(HELLO)
    assert await (await second).read_all(5) == b"hello"
    connection.connection_lost(None)


async def test_a_failure_that_nobody_waits_for_is_no_noise(caplog: pytest.LogCaptureFixture) -> None:
    connection, _, _ = connected()
    begun = connection.begin(b"head")
    connection.connection_lost(None)
    connection.forsake(begun)
    del begun
    gc.collect()
    assert caplog.records == []
