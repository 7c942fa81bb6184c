"""The buffer between a connection and a call, without a network."""

import asyncio
import gzip

import pytest

from narrows.model.refusal import Code
from narrows.ports.http import UpstreamFailed
from narrows.upstream.failure import invalid
from narrows.upstream.reply import HIGH_WATER, PIECE, Reply, Whole


class Source:
    def __init__(self) -> None:
        self.resumed = 0
        self.abandoned = 0

    def resume(self) -> None:
        self.resumed += 1

    def abandon(self) -> None:
        self.abandoned += 1


def begun(headers: dict[bytes, bytes] | None = None, length: int | None = None) -> tuple[Reply, Source]:
    source = Source()
    return Reply(source, 200, headers or {}, length), source


async def test_a_buffered_reply_is_read_without_waiting() -> None:
    reply, _ = begun(length=5)
    reply.add(b"hello")
    reply.end()
    reading = reply.read_all(5)
    with pytest.raises(StopIteration) as stopped:
        reading.send(None)
    assert stopped.value.value == b"hello"
    assert await reply.read_all(5) == b""
    assert await reply.read() == b""


async def test_a_reply_that_arrives_at_once() -> None:
    for body in (b"hello", b""):
        reply = Whole(201, {b"a": b"b"}, body)
        assert (reply.status, reply.headers) == (201, {b"a": b"b"})
        assert await reply.read_all(5) == body
        assert await reply.read_all(5) == b""
        assert await reply.read() == b""
        reply.close()
        reply.close()
    with pytest.raises(UpstreamFailed, match="larger than 4 bytes"):
        await Whole(200, {}, b"hello").read_all(4)


async def test_a_reply_that_arrives_at_once_is_read_in_pieces() -> None:
    data = bytes(range(256)) * 768
    reply = Whole(200, {}, data)
    pieces = []
    while piece := await reply.read():
        pieces.append(piece)
    assert [len(piece) for piece in pieces] == [PIECE] * 3
    assert b"".join(pieces) == data


async def test_a_reply_that_was_given_up_is_not_read_as_an_empty_one() -> None:
    reply = Whole(200, {}, b"hello")
    reply.close()
    with pytest.raises(UpstreamFailed, match="given up"):
        await reply.read()
    with pytest.raises(UpstreamFailed, match="given up"):
        await reply.read_all(5)


async def test_pieces_are_at_most_64_kib() -> None:
    reply, _ = begun()
    data = bytes(range(256)) * 1024
    reply.add(data)
    reply.end()
    pieces = []
    while piece := await reply.read():
        pieces.append(piece)
    assert [len(piece) for piece in pieces] == [PIECE] * 4
    assert b"".join(pieces) == data


async def test_the_marks_stop_and_start_the_source() -> None:
    reply, source = begun()
    assert reply.add(b"x" * (HIGH_WATER // 2))
    assert not reply.add(b"x" * (HIGH_WATER // 2))
    await reply.read()
    assert source.resumed == 0
    await reply.read()
    assert source.resumed == 1


async def test_many_tiny_pieces_count_for_what_they_cost() -> None:
    reply, _ = begun()
    count = 0
    while reply.add(b"x"):
        count += 1
    assert count < HIGH_WATER // 64


@pytest.mark.parametrize("length", [None, 6])
async def test_a_reply_over_the_limit_is_refused_and_given_up(length: int | None) -> None:
    reply, source = begun(length=length)
    reply.add(b"abcdef")
    with pytest.raises(UpstreamFailed, match="larger than 5 bytes") as caught:
        await reply.read_all(5)
    assert caught.value.deny.code == Code.UPSTREAM_INVALID
    assert source.abandoned == 1


async def test_a_complete_reply_over_the_limit_is_refused() -> None:
    reply, _ = begun()
    reply.add(b"abcdef")
    reply.end()
    with pytest.raises(UpstreamFailed, match="larger than 5 bytes"):
        await reply.read_all(5)


async def test_the_rest_of_a_reply_that_was_read_in_part() -> None:
    reply, _ = begun()
    reply.add(b"one ")
    assert await reply.read() == b"one "
    rest = asyncio.create_task(reply.read_all(100))
    for word in (b"two ", b"three"):
        await asyncio.sleep(0)
        reply.add(word)
    reply.end()
    assert await rest == b"two three"


async def test_a_reader_that_waits_is_woken_by_a_failure() -> None:
    reply, _ = begun()
    reading = asyncio.create_task(reply.read())
    await asyncio.sleep(0)
    reply.fail(invalid("it is cut off"))
    with pytest.raises(UpstreamFailed, match="cut off"):
        await reading
    with pytest.raises(UpstreamFailed, match="cut off"):
        await reply.read()


async def test_cancelling_a_reader_gives_the_reply_up() -> None:
    reply, source = begun()
    reading = asyncio.create_task(reply.read_all(100))
    await asyncio.sleep(0)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    reply.close()
    assert source.abandoned == 1


async def test_closing_wakes_a_reader() -> None:
    reply, _ = begun()
    reading = asyncio.create_task(reply.read())
    await asyncio.sleep(0)
    reply.close()
    with pytest.raises(UpstreamFailed, match="given up"):
        await reading


async def test_gzip_is_decoded_in_pieces() -> None:
    data = bytes(range(256)) * 1000
    packed = gzip.compress(data)
    reply, _ = begun({b"content-encoding": b"gzip", b"content-length": b"1"}, length=len(packed))
    assert reply.headers == {}
    for at in range(0, len(packed), 1000):
        reply.add(packed[at : at + 1000])
    reply.end()
    pieces = []
    while piece := await reply.read():
        pieces.append(piece)
    assert max(len(piece) for piece in pieces) <= PIECE
    assert b"".join(pieces) == data


async def test_the_limit_counts_decoded_bytes() -> None:
    packed = gzip.compress(b"x" * 1000)
    reply, _ = begun({b"content-encoding": b"gzip"}, length=len(packed))
    reply.add(packed)
    reply.end()
    with pytest.raises(UpstreamFailed, match="larger than 999 bytes"):
        await reply.read_all(999)


@pytest.mark.parametrize("body", [b"no gzip", gzip.compress(b"hello", mtime=0)[:-4], b""])
async def test_a_gzip_body_that_is_none_is_refused(body: bytes) -> None:
    reply, _ = begun({b"content-encoding": b"gzip"}, length=len(body))
    if body:
        reply.add(body)
    reply.end()
    with pytest.raises(UpstreamFailed, match="gzip") as caught:
        await reply.read_all(100)
    assert caught.value.deny.code == Code.UPSTREAM_INVALID


async def test_pieces_flow_as_they_arrive_until_no_more_is_wanted() -> None:
    reply, _ = begun()
    reply.add(b"before ")
    taken: list[bytes] = []

    def take(piece: bytes) -> bool:
        taken.append(piece)
        return piece != b"stop "

    flowing = asyncio.create_task(reply.flow(take))
    await asyncio.sleep(0)
    assert taken == [b"before "]
    assert reply.add(b"at once ")
    assert taken[-1] == b"at once "
    reply.add(b"stop ")
    reply.add(b"later ")
    assert taken[-1] == b"stop "
    assert await flowing is True
    flowing = asyncio.create_task(reply.flow(take))
    await asyncio.sleep(0)
    reply.end()
    assert await flowing is False
    assert taken == [b"before ", b"at once ", b"stop ", b"later "]


async def test_what_a_taker_raises_comes_out_where_its_owner_waits() -> None:
    reply, source = begun()

    def take(piece: bytes) -> bool:
        raise ValueError(piece)

    flowing = asyncio.create_task(reply.flow(take))
    await asyncio.sleep(0)
    assert reply.add(b"one")
    assert reply.add(b"two")
    with pytest.raises(ValueError, match="one"):
        await flowing
    assert await reply.read() == b"two"
    reply.close()
    assert source.abandoned == 1


async def test_a_flow_that_fails_or_is_cancelled_takes_no_more() -> None:
    taken: list[bytes] = []

    def take(piece: bytes) -> bool:
        taken.append(piece)
        return True

    reply, source = begun()
    flowing = asyncio.create_task(reply.flow(take))
    await asyncio.sleep(0)
    flowing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await flowing
    assert source.abandoned == 1
    reply.add(b"late")
    assert taken == []
    reply, _ = begun()
    flowing = asyncio.create_task(reply.flow(take))
    await asyncio.sleep(0)
    reply.add(b"part")
    reply.fail(invalid("it is cut off"))
    with pytest.raises(UpstreamFailed, match="cut off"):
        await flowing
    assert taken == [b"part"]


async def test_a_packed_reply_flows_decoded() -> None:
    data = bytes(range(256)) * 1000
    packed = gzip.compress(data)
    reply, _ = begun({b"content-encoding": b"gzip"}, length=len(packed))
    taken: list[bytes] = []

    def take(piece: bytes) -> bool:
        taken.append(piece)
        return len(taken) != 2

    reply.add(packed)
    reply.end()
    assert await reply.flow(take) is True
    assert len(taken) == 2
    assert await reply.flow(take) is False
    assert b"".join(taken) == data


async def test_a_reply_that_is_there_at_once_flows_in_pieces_too() -> None:
    data = bytes(range(256)) * 600
    reply = Whole(200, {}, data)
    taken: list[bytes] = []

    def take(piece: bytes) -> bool:
        taken.append(piece)
        return len(taken) != 1

    assert await reply.flow(take) is True
    assert taken == [data[:PIECE]]
    assert await reply.flow(take) is False
    assert b"".join(taken) == data
    reply.close()
    with pytest.raises(UpstreamFailed, match="given up"):
        await reply.flow(take)
