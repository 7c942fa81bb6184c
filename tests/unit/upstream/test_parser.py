"""The sans-IO parser of replies: what each one is, however its bytes are split."""

import gzip
import random
from itertools import accumulate

import pytest

from narrows.upstream.parser import HEAD_LIMIT, ReplyMalformed, ReplyParser


def parsed(*pieces: bytes) -> ReplyParser:
    parser = ReplyParser()
    for piece in pieces:
        parser.feed(piece)
    return parser


def test_a_whole_reply_in_one_piece() -> None:
    parser = parsed(b"HTTP/1.1 201 Created\r\nX-Id:  7 \r\nContent-Length: 2\r\n\r\nok")
    assert (parser.status, parser.length, parser.complete, parser.keep_alive) == (201, 2, True, True)
    assert parser.headers == {b"x-id": b"7", b"content-length": b"2"}
    assert (parser.take(), parser.take()) == (b"ok", b"")


def test_two_replies_one_after_the_other() -> None:
    parser = parsed(b"HTTP/1.1 200 OK\r\nA: 1\r\nContent-Length: 2\r\n\r\nok")
    parser.expect()
    assert (parser.started, parser.head_done, parser.complete) == (False, False, False)
    parser.feed(b"HTTP/1.1 500 No\r\nB: 2\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n!\r\n0\r\n\r\n")
    assert (parser.status, parser.headers, parser.take(), parser.length) == (500, {b"b": b"2"}, b"!", None)


def test_a_reply_without_a_body() -> None:
    assert parsed(b"HTTP/1.1 204 No Content\r\n\r\n").complete


def test_the_pieces_of_one_segment_are_taken_as_one() -> None:
    parser = parsed(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n")
    assert parser.take() == b"ab"
    assert not parser.complete


@pytest.mark.parametrize(
    ("reply", "keep"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", False),
        (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n", True),
        (b"HTTP/1.1 200 OK\r\n\r\n", False),
    ],
)
def test_whether_the_connection_can_be_kept(reply: bytes, keep: bool) -> None:
    assert parsed(reply).keep_alive is keep


@pytest.mark.parametrize(
    ("hint", "seconds"),
    [
        (b"timeout=5", 5),
        (b"max=100, Timeout=30", 30),
        (b"timeout=", None),
        (b"timeout=x", None),
        (b"timeout=99999999", None),
        (b"max=3", None),
    ],
)
def test_how_long_the_server_keeps_it(hint: bytes, seconds: int | None) -> None:
    parser = parsed(b"HTTP/1.1 200 OK\r\nKeep-Alive: " + hint + b"\r\nContent-Length: 0\r\n\r\n")
    assert parser.idle_hint == seconds
    assert b"keep-alive" not in parser.headers


def test_eof_ends_only_a_body_that_has_no_other_end() -> None:
    assert parsed(b"HTTP/1.1 200 OK\r\n\r\nsome").eof()
    assert not parsed(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nsome").eof()
    assert not parsed(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nsome\r\n").eof()
    assert not parsed(b"HTTP/1.1 200 OK\r\n").eof()


def test_a_head_at_the_limit_is_accepted_with_its_body_in_the_same_segment() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\nA: "
    parser = parsed(head + b"x" * (HEAD_LIMIT - 200) + b"\r\n\r\n" + b"y" * 100_000)
    assert parser.complete


def test_a_head_over_the_limit_is_refused_in_one_segment_and_in_many() -> None:
    reply = b"HTTP/1.1 200 OK\r\nA: " + b"x" * HEAD_LIMIT + b"\r\nContent-Length: 0\r\n\r\n"
    with pytest.raises(ReplyMalformed, match="too large"):
        parsed(reply)
    with pytest.raises(ReplyMalformed, match="too large"):
        parsed(*(reply[at : at + 1000] for at in range(0, len(reply), 1000)))


def test_a_long_chunked_body_is_no_overhead() -> None:
    chunk = b"1\r\nx\r\n" * 1000
    parser = parsed(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", *([chunk] * 50))
    assert len(parser.take()) == 50_000


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize("seed", range(20))
def test_chunks_are_the_same_body_wherever_they_are_split(seed: int) -> None:
    drawn = random.Random(seed)
    chunks = [drawn.randbytes(drawn.choice((1, 2, 170, 171, 4095, 4096, 5000))) for _ in range(40)]
    chunks += [b"\r\n", b"5\r\nhello\r\n", b"0\r\n\r\n"]
    drawn.shuffle(chunks)
    spelled = [
        drawn.choice((b"%x\r\n%b\r\n", b"%X\r\n%b\r\n", b"0%x\r\n%b\r\n", b"%x;a=b\r\n%b\r\n")) % (len(c), c)
        for c in chunks
    ]
    wire = b"".join(spelled)
    at = {drawn.randrange(len(wire)) for _ in range(20)}
    ends = list(accumulate(map(len, spelled)))
    at |= {end + drawn.choice((0, 0, 0, 0, -1, -2, 1, 2, 3)) for end in ends[:-1]}
    parser = parsed(CHUNKED)
    body, begin = b"", 0
    for stop in [*sorted(at), len(wire)]:
        if stop > begin:
            parser.feed(wire[begin:stop])
            body += parser.take()
            begin = stop
    assert body == b"".join(chunks)
    assert not parser.complete
    parser.feed(b"0\r\n\r\n")
    assert (parser.complete, parser.take()) == (True, b"")


@pytest.mark.parametrize("size", [b"0x5", b"+5", b"-5", b"5_0", b" 5", b"", b"g", b"5\n"])
@pytest.mark.parametrize("alone", [True, False])
def test_what_is_no_size_of_a_chunk_is_none_behind_others_either(size: bytes, alone: bool) -> None:
    whole = b"5\r\nhello\r\n"
    parser = parsed(CHUNKED, whole, whole)
    odd = size + b"\r\nhello\r\n"
    with pytest.raises(ReplyMalformed):
        parser.feed(odd if alone else whole + odd)


@pytest.mark.parametrize("chunk", [b"5\r\nhello!\r\n", b"6\r\nhello\r\n5\r\n"])
def test_a_chunk_that_is_longer_or_shorter_than_it_says_is_malformed(chunk: bytes) -> None:
    parser = parsed(CHUNKED, b"1\r\n.\r\n")
    with pytest.raises(ReplyMalformed):
        parser.feed(chunk)


def test_the_next_reply_is_not_read_as_chunks_of_the_one_before() -> None:
    parser = parsed(CHUNKED, b"1\r\n.\r\n", b"1\r\n.\r\n", b"0\r\n\r\n")
    parser.expect()
    with pytest.raises(ReplyMalformed):
        parser.feed(b"1\r\n.\r\n")


def test_the_reason_quotes_nothing_of_the_reply() -> None:
    with pytest.raises(ReplyMalformed) as caught:
        parsed(b"HTTP/1.1 200 OK\r\nsk-secret : sk-secret\r\n\r\n")
    assert "sk-secret" not in str(caught.value)


@pytest.mark.parametrize("coding", [b"gzip", b"x-gzip", b"GZIP", b"identity"])
def test_codings_that_can_be_read(coding: bytes) -> None:
    body = gzip.compress(b"x")
    reply = b"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n" % (coding, len(body))
    assert parsed(reply + body).complete


@pytest.mark.parametrize("coding", [b"br", b"deflate", b"zstd", b"gzip, gzip", b""])
def test_codings_that_can_not(coding: bytes) -> None:
    with pytest.raises(ReplyMalformed, match="content encoding"):
        parsed(b"HTTP/1.1 200 OK\r\nContent-Encoding: " + coding + b"\r\nContent-Length: 0\r\n\r\n")
