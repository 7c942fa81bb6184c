"""However the network cuts a reply into segments, it is the same reply."""

import gzip
import itertools
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrows.upstream.parser import ReplyMalformed, ReplyParser

Framing = Callable[[bytes, list[int]], bytes]


def sized(body: bytes, cuts: list[int]) -> bytes:
    return b"HTTP/1.1 200 OK\r\nX-A: 1\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def chunked(body: bytes, cuts: list[int]) -> bytes:
    parts = [part for part in split(body, cuts) if part]
    chunks = b"".join(b"%x;ext=1\r\n%s\r\n" % (len(part), part) for part in parts)
    return b"HTTP/1.1 200 OK\r\nX-A: 1\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\nT: x\r\n\r\n"


def to_the_end(body: bytes, cuts: list[int]) -> bytes:
    return b"HTTP/1.0 200 OK\r\nX-A: 1\r\n\r\n" + body


def after_interim(body: bytes, cuts: list[int]) -> bytes:
    return b"HTTP/1.1 100 Continue\r\n\r\n" + sized(body, cuts)


def packed(body: bytes, cuts: list[int]) -> bytes:
    data = gzip.compress(body)
    return b"HTTP/1.1 200 OK\r\nX-A: 1\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(data) + data


def split(data: bytes, cuts: list[int]) -> list[bytes]:
    marks = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(marks)]


def parse(segments: list[bytes]) -> tuple[ReplyParser, bytes]:
    parser = ReplyParser()
    body = b""
    for segment in segments:
        if segment:
            parser.feed(segment)
            body += parser.take()
    parser.eof()
    return parser, body


CUTS = st.lists(st.integers(min_value=0, max_value=10_000), max_size=30)


@pytest.mark.parametrize("framing", [sized, chunked, to_the_end, after_interim, packed])
@given(body=st.binary(max_size=500), chunks=CUTS, cuts=CUTS)
def test_any_split_gives_the_same_reply(framing: Framing, body: bytes, chunks: list[int], cuts: list[int]) -> None:
    data = framing(body, chunks)
    parser, read = parse(split(data, cuts))
    assert parser.complete
    assert (gzip.decompress(read) if framing is packed else read) == body
    assert (parser.status, parser.headers[b"x-a"]) == (200, b"1")


@pytest.mark.parametrize("framing", [sized, chunked, after_interim, packed])
@given(body=st.binary(max_size=100), chunks=CUTS, data=st.data())
def test_a_reply_cut_short_is_never_complete(
    framing: Framing, body: bytes, chunks: list[int], data: st.DataObject
) -> None:
    reply = framing(body, chunks)
    parser, _ = parse([reply[: data.draw(st.integers(min_value=0, max_value=len(reply) - 1))]])
    assert not parser.complete


@given(data=st.binary(max_size=300), cuts=CUTS)
def test_garbage_is_refused_or_never_complete(data: bytes, cuts: list[int]) -> None:
    try:
        parser, _ = parse(split(data, cuts))
    except ReplyMalformed:
        return
    assert not parser.complete


LINES = st.lists(
    st.sampled_from(
        b"Content-Length: 3|content-length:3|Content-Length: 4|Connection: keep-alive|Connection: close|X-A: 1|x-a:  2 "
        b"|Keep-Alive: timeout=9|Transfer-Encoding: chunked|Content-Encoding: gzip|X : 1| folded|X: a\nb|Y:"
        b"|Z: \xff".split(b"|")
    ),
    max_size=5,
)


@given(lines=LINES, body=st.sampled_from([b"", b"ab", b"abc", b"abcd", b"3\r\nabc\r\n0\r\n\r\n"]))
def test_read_without_the_parser_or_with_it_a_reply_is_the_same(lines: list[bytes], body: bytes) -> None:
    """A head that comes in two segments is always the parser's."""
    data = b"HTTP/1.1 200 OK\r\n" + b"".join(line + b"\r\n" for line in lines) + b"\r\n" + body

    def outcome(segments: list[bytes]) -> tuple[object, ...]:
        try:
            parser, read = parse(segments)
        except ReplyMalformed:
            return (None,)
        if not parser.head_done:
            return (False,)
        return parser.headers, parser.length, parser.complete, parser.keep_alive, parser.idle_hint, read

    assert outcome([data]) == outcome([data[:1], data[1:]])
