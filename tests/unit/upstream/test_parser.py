"""The sans-IO parser of replies: what each one is, however its bytes are split."""

import gzip

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
