"""Raw checks: what passes, where a chunked body ends, and how much framing it may hold."""

import pytest

from narrows.edge.wire_guard import (
    MAX_FIELDS,
    MAX_HEAD,
    OVERHEAD_BASE,
    ChunkGuard,
    judge_partial,
    match_head,
)
from narrows.model.refusal import Code
from narrows.model.verdict import Deny


def head(*fields: bytes) -> bytes:
    return b"GET /a HTTP/1.1\r\n" + b"".join(field + b"\r\n" for field in fields) + b"\r\n"


def test_a_head_is_taken_apart() -> None:
    assert match_head(head(b"Host: x", b"Empty:", b"Tab:\t\xe9 \t")) == (b"GET", b"/a", b"1")
    assert match_head(b"GET /a HTTP/1.0\r\n\r\n") == (b"GET", b"/a", b"0")


def test_limits_are_exact() -> None:
    fits = b"X: " + b"a" * (MAX_HEAD - len(head(b"X: ")))
    assert not isinstance(match_head(head(fits)), Deny)
    over = match_head(head(fits + b"a"))
    assert isinstance(over, Deny)
    assert over.code is Code.HEADERS_TOO_LARGE

    assert not isinstance(match_head(head(*[b"X: a"] * MAX_FIELDS)), Deny)
    many = match_head(head(*[b"X: a"] * (MAX_FIELDS + 1)))
    assert isinstance(many, Deny)
    assert many.code is Code.HEADERS_TOO_LARGE


@pytest.mark.parametrize(
    ("block", "words"),
    [
        (head(b"A : b"), "before a header's colon"),
        (head(b"A: b", b" c"), "Folded"),
        (head(b"A: b\nC: d"), "bare CR or LF"),
        (head(b"A: b\rC: d"), "bare CR or LF"),
        (head(b"A: \x00"), "control characters"),
        (head(b"A: \x7f"), "control characters"),
        (head(b"words"), "a name, a colon and a value"),
        (head(b"\xe9: a"), "a name, a colon and a value"),
        (b"GET /a HTTP/1.2\r\n\r\n", "HTTP/1.0 or HTTP/1.1"),
        (b"GET  /a HTTP/1.1\r\n\r\n", "request line"),
        (b"PRI * HTTP/2.0\r\n\r\n", "HTTP/2 is not spoken"),
    ],
)
def test_a_refusal_names_the_rule(block: bytes, words: str) -> None:
    deny = match_head(block)
    assert isinstance(deny, Deny)
    assert words in deny.message


GOOD = b"POST /path/of?x HTTP/1.1\r\nHost: a\r\nX: y"


def test_no_beginning_of_a_good_head_is_refused() -> None:
    for end in range(1, len(GOOD)):
        assert judge_partial(GOOD[:end], 0) is None, GOOD[:end]


@pytest.mark.parametrize(
    "data",
    [
        b"get",
        b"\x16\x03\x01",
        b"GET\t",
        b"GET  ",
        b"GET / HTTQ",
        b"GET / HTTP/1.1x",
        b"GET / HTTP/1.1\n",
        b"GET /\r\nx",
        b"GET / HTTP/1.1\r\nA: \x00",
        b"GET / HTTP/1.1\r\nA\n",
        b"GET / HTTP/1.1\r\nA\rb",
        b" GET",
        b"A" * 17,
    ],
)
def test_what_cannot_become_a_head_is_refused_early(data: bytes) -> None:
    assert isinstance(judge_partial(data, 0), Deny)


def test_a_partial_head_over_the_limit_is_refused() -> None:
    deny = judge_partial(GOOD + b"y" * MAX_HEAD, 0)
    assert isinstance(deny, Deny)
    assert deny.code is Code.HEADERS_TOO_LARGE


def test_a_line_break_cut_in_two_is_judged_with_its_other_half() -> None:
    assert judge_partial(GOOD + b"\r", len(GOOD)) is None
    assert judge_partial(GOOD + b"\r\n", len(GOOD) + 1) is None
    assert isinstance(judge_partial(GOOD + b"\rx", len(GOOD) + 1), Deny)
    assert isinstance(judge_partial(GOOD + b"\n", len(GOOD)), Deny)


class TestChunkGuard:
    """Fed whole or byte by byte, it ends at the same place."""

    BODY = b"5\r\nhello\r\nA;x=y\r\n0123456789\r\n000\r\n\r\n"

    def test_finds_the_end(self) -> None:
        guard = ChunkGuard()
        assert guard.feed(self.BODY + b"GET /next") == len(self.BODY)
        assert guard.done

    def test_finds_the_end_byte_by_byte(self) -> None:
        guard = ChunkGuard()
        for at in range(len(self.BODY)):
            assert not guard.done
            assert guard.feed(self.BODY[at : at + 1]) == 1
        assert guard.done
        assert guard.feed(b"x") == 0

    @pytest.mark.parametrize(
        "body",
        [
            b"\r\n",
            b"x\r\n",
            b"5\nhello",
            b"5 \r\nhello",
            b"5\r\nhello0",
            b"5\r\nhello\n",
            b"5\r\nhello\rx",
            b"000000005\r\n",
            b"0\r\nA: b\r\n\r\n",
            b"0\r\n\n",
            b"0\r\n\rx",
            b"5;\x00\r\n",
            b"5;" + b"a" * 600,
            b"-1\r\n",
            b"0x1\r\n",
            b"1_0\r\n",
            b"\xd9\xa5\r\n",
        ],
    )
    def test_refuses_whole_and_byte_by_byte(self, body: bytes) -> None:
        assert isinstance(ChunkGuard().feed(body), Deny)
        guard = ChunkGuard()
        assert any(isinstance(guard.feed(body[at : at + 1]), Deny) for at in range(len(body)))

    def test_extensions_are_bounded_in_sum(self) -> None:
        guard = ChunkGuard()
        chunk = b"8000;" + b"a" * 400 + b"\r\n" + b"x" * 0x8000 + b"\r\n"
        outcomes = [guard.feed(chunk) for _ in range(12)]
        assert outcomes[0] == len(chunk)
        assert isinstance(outcomes[-1], Deny)

    def test_framing_may_not_outweigh_the_data(self) -> None:
        tiny = b"1\r\nx\r\n"
        assert isinstance(ChunkGuard().feed(tiny * (OVERHEAD_BASE // 4)), Deny)
        assert ChunkGuard().feed(tiny * 1000) == 6000
        usual = b"80\r\n" + b"x" * 128 + b"\r\n"
        assert ChunkGuard().feed(usual * 50_000) == len(usual) * 50_000
