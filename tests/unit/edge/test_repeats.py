"""A head sent again: taken for the same only if it is, and never with less judgement than its first time."""

import pytest

from narrows.edge.head import Accepted, Origin
from narrows.edge.intake import Intake
from narrows.edge.paths import never
from narrows.edge.repeats import MAX_REMEMBERED, Repeat, repeatable
from narrows.model.verdict import Deny

ORIGIN = Origin("192.0.2.1")


def post(length: bytes, more: bytes = b"") -> bytes:
    return b"POST /a?b HTTP/1.1\r\nHost: gate\r\ncontent-Length: " + length + b"\r\n" + more + b"X-Id: 1\r\n\r\n"


def judge(block: bytes) -> Accepted:
    accepted = Intake(never)
    accepted.push(block)
    outcome = accepted.next_head(ORIGIN)
    assert isinstance(outcome, Accepted)
    return outcome


def remember(block: bytes) -> Repeat:
    return Repeat(block, judge(block))


@pytest.mark.parametrize("length", [b"0", b"1", b"07", b"12345", b"9" * 15])
def test_another_length_is_read_as_a_new_head_would_be(length: bytes) -> None:
    block = post(length)
    assert remember(post(b"55")).vary(block + b"body") == (judge(block), len(block))


def test_what_the_handler_has_found_out_goes_with_the_head_and_to_no_other() -> None:
    remembered = remember(post(b"5"))
    remembered.accepted.head.told.found = "found"
    varied = remembered.vary(post(b"7"))
    assert varied is not None
    assert varied[0].head.told is remembered.accepted.head.told
    assert judge(post(b"5")).head.told.found is None


@pytest.mark.parametrize(
    "other",
    [
        post(b""),
        post(b"-1"),
        post(b"+1"),
        post(b"1 "),
        post(b"1_0"),
        post(b"1, 1"),
        post(b"\xb2"),
        post(b"9" * 16),
        post(b"5\r\nContent-Length: 5"),
        post(b"5\r\nTransfer-Encoding: chunked"),
        post(b"5\r\n"),
        post(b"5\r\n "),
        post(b"5\n"),
        post(b"5", b"X-Two: 2\r\n"),
        post(b"5")[:-1],
        post(b"5").replace(b"/a", b"/b"),
        post(b"5").replace(b"X-Id: 1", b"X-Id: 2"),
        b"",
    ],
)
def test_anything_else_is_another_head(other: bytes) -> None:
    assert remember(post(b"5")).vary(other) is None


def test_a_head_without_a_length_has_no_variant() -> None:
    block = b"GET / HTTP/1.1\r\nHost: gate\r\nX-Content-Length: 5\r\n\r\n"
    assert remember(block).vary(block) is None


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        (post(b"5"), True),
        (post(b"5", b"X-Long: " + b"x" * MAX_REMEMBERED + b"\r\n"), False),
        (post(b"5", b"Expect: 100-continue\r\n"), False),
        (b"POST / HTTP/1.1\r\nHost: gate\r\nTransfer-Encoding: chunked\r\n\r\n", False),
    ],
)
def test_what_may_be_remembered(block: bytes, expected: bool) -> None:
    assert repeatable(block, judge(block)) is expected


def test_the_intake_reads_a_repeated_head_as_it_did_the_first() -> None:
    intake = Intake(never)
    pieces: list[bytes] = []

    class Sink:
        def take(self, data: bytes) -> None:
            pieces.append(data)

    for length, body in ((b"5", b"hello"), (b"5", b"again"), (b"3", b"abc"), (b"0", b""), (b"5", b"close")):
        intake.push(post(length) + body[:2])
        outcome = intake.next_head(ORIGIN)
        assert outcome == judge(post(length))
        assert intake.read_body(Sink()) is None
        assert intake.over is (body == b"")
        intake.push(body[2:] + post(b"5"))
        assert intake.read_body(Sink()) is None
        assert intake.over
        assert (b"".join(pieces), intake.buffer) == (body, post(b"5"))
        pieces.clear()
        intake.buffer = b""


def test_after_a_repeat_every_rule_still_holds() -> None:
    intake = Intake(never)
    for _ in range(2):
        intake.push(post(b"0"))
        assert isinstance(intake.next_head(ORIGIN), Accepted)
    intake.push(post(b"0", b"X-Folded: 1\r\n 2\r\n"))
    assert isinstance(intake.next_head(ORIGIN), Deny)


def test_a_repeated_head_in_pieces_is_one_head() -> None:
    intake = Intake(never)
    block = post(b"0")
    intake.push(block)
    first = intake.next_head(ORIGIN)
    for at in range(len(block) - 1):
        intake.push(block[at : at + 1])
        assert intake.next_head(ORIGIN) is None
    intake.push(block[-1:] + block)
    assert intake.next_head(ORIGIN) == first
    assert intake.next_head(ORIGIN) == first
    assert intake.buffer == b""


def test_discard_forgets_it() -> None:
    intake = Intake(never)
    intake.push(post(b"5") + b"he")
    intake.next_head(ORIGIN)
    intake.discard()
    intake.push(b"llo")

    class Sink:
        def take(self, data: bytes) -> None:
            raise AssertionError(data)

    assert intake.read_body(Sink()) is None


def test_the_whole_body_is_given_only_where_it_is_all_there_is() -> None:
    intake = Intake(never)
    for number, (rest, expected) in enumerate(
        ((b"hello", None), (b"hello", b"hello"), (b"hell", None), (b"hellox", None), (b"", None))
    ):
        intake.over, intake.buffer = True, b""
        intake.push(post(b"5") + rest)
        assert isinstance(intake.next_head(ORIGIN), Accepted), number
        assert intake.whole_body() == expected
        assert intake.buffer == (b"" if expected else rest)
        assert intake.over is (expected is not None)
        if number == 0:  # the first head is the parser's, and so is its body
            assert intake.read_body(_Nowhere()) is None
    intake.buffer = b""
    intake.push(post(b"0"))
    intake.next_head(ORIGIN)
    assert (intake.whole_body(), intake.over) == (b"", True)


class _Nowhere:
    def take(self, data: bytes) -> None:
        """Drops it."""
