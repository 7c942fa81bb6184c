"""The usual head read without the parser: what it takes it reads as the parser would; the rest it leaves alone."""

import pytest

from narrows.upstream.parser import ReplyMalformed, ReplyParser
from narrows.upstream.plain import KNOWN_LINES, MAX_HEAD, PlainHeads

START = b"HTTP/1.1 200 OK\r\n"
LENGTH = b"Content-Length: 2\r\n"


@pytest.mark.parametrize(
    "fields",
    [
        LENGTH,
        b"content-length:2\r\nX-A: 1 \t\r\nB:\r\n",
        LENGTH + b"Connection: keep-alive\r\nServer: s/1 (x) \xff\tz\r\n",
        LENGTH + b"Connection: Keep-Alive\r\n",
        b"Content-Length:  02 \r\n",
    ],
)
def test_what_is_usual_is_read_as_the_parser_reads_it(fields: bytes) -> None:
    data = START + fields + b"\r\nok"
    heads = PlainHeads()
    parser = ReplyParser()
    for at in range(len(data)):
        parser.feed(data[at : at + 1])
    for _ in range(2):  # the second time from memory
        read = heads.read(data)
        assert read == (parser.headers, 2, len(data) - 2)
    assert parser.complete


@pytest.mark.parametrize(
    "head",
    [
        b"",
        START,
        START + b"\r\n",
        START + LENGTH,
        START + LENGTH + b"\r",
        START.replace(b"200 OK", b"201 Created") + LENGTH + b"\r\n",
        START.replace(b"1.1", b"1.0") + LENGTH + b"\r\n",
        START + b"X: 1\r\n\r\n",
        START + LENGTH + LENGTH + b"\r\n",
        START + LENGTH + b"X: 1\r\nx: 2\r\n\r\n",
        START + b"Content-Length: 2, 2\r\n\r\n",
        START + b"Content-Length: -2\r\n\r\n",
        START + b"Content-Length: +2\r\n\r\n",
        START + b"Content-Length: 2_0\r\n\r\n",
        START + b"Content-Length: \r\n\r\n",
        START + b"Content-Length: " + b"1" * 16 + b"\r\n\r\n",
        START + LENGTH + b"Connection: close\r\n\r\n",
        START + LENGTH + b"Connection: x-a\r\nX-A: 1\r\n\r\n",
        START + LENGTH + b"Transfer-Encoding: chunked\r\n\r\n",
        START + LENGTH + b"Content-Encoding: gzip\r\n\r\n",
        START + LENGTH + b"Keep-Alive: timeout=5\r\n\r\n",
        START + LENGTH + b"Upgrade: h2c\r\n\r\n",
        START + LENGTH + b"Trailer: x\r\n\r\n",
        START + LENGTH + b"X : 1\r\n\r\n",
        START + LENGTH + b" folded\r\n\r\n",
        START + LENGTH + b": 1\r\n\r\n",
        START + LENGTH + b"X\r\n\r\n",
        START + LENGTH + b"X: a\nb\r\n\r\n",
        START + LENGTH + b"X: a\rb\r\n\r\n",
        START + LENGTH + b"X: a\0\r\n\r\n",
        START + LENGTH + b"X: \x7f\r\n\r\n",
        START + LENGTH + b"X: " + b"x" * MAX_HEAD + b"\r\n\r\n",
    ],
)
def test_what_is_not_is_left_to_the_parser(head: bytes) -> None:
    heads = PlainHeads()
    assert heads.read(head) is None
    assert heads.read(head) is None


def test_lines_are_remembered_only_so_far_and_cookies_never() -> None:
    heads = PlainHeads()
    for number in range(3 * KNOWN_LINES):
        line = b"X-%d: 1\r\nSet-Cookie: %d\r\nX-Long-%d: %b\r\n" % (number, number, number, b"x" * 200)
        read = heads.read(START + LENGTH + line + b"\r\n")
        assert read is not None
        assert read[0][b"x-%d" % number] == b"1"
        assert len(heads._known) <= KNOWN_LINES
        assert not any(name == b"set-cookie" or len(value) > 100 for name, value in heads._known.values())


def test_the_fields_of_one_reply_are_its_own() -> None:
    heads = PlainHeads()
    first, second = heads.read(START + LENGTH + b"\r\n"), heads.read(START + LENGTH + b"\r\n")
    assert first is not None
    assert second is not None
    first[0].clear()
    assert second[0] == {b"content-length": b"2"}


def test_a_body_in_pieces_is_counted_to_its_end() -> None:
    parser = ReplyParser()
    parser.feed(START + LENGTH + b"\r\n")
    assert (parser.head_done, parser.complete, parser.take(), parser.eof()) == (True, False, b"", False)
    parser.feed(b"o")
    assert (parser.complete, parser.take()) == (False, b"o")
    parser.feed(b"k")
    assert (parser.complete, parser.take(), parser.keep_alive) == (True, b"k", True)


@pytest.mark.parametrize("pieces", [[b"okx"], [b"", b"okx"], [b"o", b"kx"], [b"ok", b"x"]])
def test_more_than_its_length_is_refused(pieces: list[bytes]) -> None:
    parser = ReplyParser()

    def feed() -> None:
        parser.feed(START + LENGTH + b"\r\n" + pieces[0])
        for piece in pieces[1:]:
            parser.feed(piece)

    with pytest.raises(ReplyMalformed, match="longer than it said"):
        feed()


def test_after_it_the_parser_reads_the_next_reply() -> None:
    parser = ReplyParser()
    for _ in range(2):
        parser.feed(START + LENGTH + b"\r\nok")
        assert parser.take() == b"ok"
        parser.expect()
        parser.feed(b"HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n!\r\n0\r\n\r\n")
        assert (parser.status, parser.take(), parser.complete) == (500, b"!", True)
        parser.expect()
