"""Framing: line ends, comments, fields, limits."""

import pytest

from narrows.dialects.sse import LineDecoder, SseDecoder, encode
from narrows.ports.dialect import ReplyInvalid


def frames(*pieces: bytes) -> list[tuple[str | None, bytes]]:
    decoder = SseDecoder()
    return [frame for piece in pieces for frame in decoder.feed(piece)] + decoder.close()


def test_one_event_of_one_line() -> None:
    assert frames(b"data: {}\n\n") == [(None, b"{}")]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_every_line_end(end: bytes) -> None:
    assert frames(end.join([b"event: a", b"data: 1", b"data: 2", b"", b"data: 3", b"", b""])) == [
        ("a", b"1\n2"),
        (None, b"3"),
    ]


def test_a_crlf_in_two_pieces() -> None:
    assert frames(b"data: 1\r", b"\n\r", b"\ndata: 2\r\n\r\n") == [(None, b"1"), (None, b"2")]


def test_comments_ids_and_empty_blocks_are_nothing() -> None:
    assert frames(b": keep-alive\n\n", b"id: 1\nretry: 5\n\n\n\n", b"event: x\n\n", b"data: 1\n\n") == [(None, b"1")]


def test_a_byte_order_mark_is_dropped_once() -> None:
    assert frames(b"\xef\xbb", b"\xbfdata: 1\n\n") == [(None, b"1")]
    assert frames(b"data: 1\n\n\xef\xbb\xbfdata: 2\n\n") == [(None, b"1")]
    assert frames(b"\n\n\xef\xbb\xbfdata: 1\n\n") == [], "only at the very beginning"


def test_a_last_event_that_nothing_ended_is_given_at_the_end() -> None:
    assert frames(b"data: 1\n\ndata: [DONE]") == [(None, b"1"), (None, b"[DONE]")]


def test_a_frame_without_end_is_cut_off() -> None:
    decoder = SseDecoder(limit=100)
    for _ in range(10):
        assert decoder.feed(b"data: xxx\n") == []
    with pytest.raises(ReplyInvalid, match="100 bytes"):
        decoder.feed(b"data: xxx\n")


def test_many_small_frames_pass_the_limit_of_one() -> None:
    decoder = SseDecoder(limit=100)
    assert sum(len(decoder.feed(b"data: 12345\n\ndata: 1")) + len(decoder.feed(b"2\n\n")) for _ in range(50)) == 100


def test_lines() -> None:
    decoder = LineDecoder()
    assert decoder.feed(b'{"a":1}\n\n  \n{"b"') == [(None, b'{"a":1}')]
    assert decoder.feed(b":2}") == []
    assert decoder.close() == [(None, b'{"b":2}')]


def test_a_line_without_end_is_cut_off() -> None:
    decoder = LineDecoder(limit=10)
    with pytest.raises(ReplyInvalid, match="10 bytes"):
        decoder.feed(b"x" * 11)


def test_a_name_cannot_break_out_of_its_line() -> None:
    assert encode("a\ndata: evil\r", b"{}") == b"event: a data: evil\ndata: {}\n\n"
