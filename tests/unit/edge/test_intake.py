"""The reading side, bytes in: order, what stays in the buffer, and that guard and parser must agree."""

import pytest

from narrows.edge.head import Accepted, Origin
from narrows.edge.intake import Intake
from narrows.edge.paths import never
from narrows.model.verdict import Deny

ORIGIN = Origin("192.0.2.1")
POST = b"POST /a HTTP/1.1\r\nHost: gate\r\nContent-Length: 5\r\n\r\n"


class Sink:
    def __init__(self) -> None:
        self.data = b""

    def take(self, data: bytes) -> None:
        self.data += data


def test_one_request_at_a_time() -> None:
    intake, sink = Intake(never), Sink()
    intake.push(POST + b"hello" + POST)
    assert isinstance(intake.next_head(ORIGIN), Accepted)
    before = intake.over
    assert intake.read_body(sink) is None
    assert (before, intake.over) == (False, True)
    assert sink.data == b"hello"
    assert intake.buffer == POST
    assert intake.read_body(sink) is None
    assert intake.buffer == POST


def test_an_incomplete_head_waits() -> None:
    intake = Intake(never)
    intake.push(POST[:-1])
    assert intake.next_head(ORIGIN) is None
    intake.push(POST[-1:])
    assert isinstance(intake.next_head(ORIGIN), Accepted)


@pytest.mark.parametrize("pieces", [[b"\r\n" + POST], [b"\r", b"\n", POST], [b"\r\n", POST]])
def test_one_empty_line_may_come_first(pieces: list[bytes]) -> None:
    intake = Intake(never)
    outcome: Accepted | Deny | None = None
    for piece in pieces:
        assert outcome is None
        intake.push(piece)
        outcome = intake.next_head(ORIGIN)
    assert isinstance(outcome, Accepted)


@pytest.mark.parametrize("pieces", [[b"\r\n\r\n" + POST], [b"\r\n", b"\r\n", POST], [b"\r", b"x"]])
def test_two_may_not(pieces: list[bytes]) -> None:
    intake = Intake(never)
    outcomes: list[Accepted | Deny | None] = []
    for piece in pieces:
        intake.push(piece)
        outcomes.append(intake.next_head(ORIGIN))
    assert any(isinstance(outcome, Deny) for outcome in outcomes)
    assert not any(isinstance(outcome, Accepted) for outcome in outcomes)


def test_discard_forgets() -> None:
    intake, sink = Intake(never), Sink()
    intake.push(POST + b"he")
    intake.next_head(ORIGIN)
    intake.discard()
    intake.push(b"llo")
    assert intake.read_body(sink) is None
    assert sink.data == b""


def test_a_parser_that_sees_another_end_is_not_believed() -> None:
    intake = Intake(never)
    intake.push(POST + b"hello")
    assert isinstance(intake.next_head(ORIGIN), Accepted)
    intake._left = 4  # as if our own reading of the length were wrong
    assert isinstance(intake.read_body(Sink()), Deny)


def test_beginning_is_bounded() -> None:
    intake = Intake(never)
    intake.push(b"x" * 10_000)
    assert len(intake.beginning()) == 2048


@pytest.mark.parametrize("body", [b"", b"hello", b"another length"])
def test_a_repeated_request_that_is_here_as_a_whole_is_taken_in_one_step(body: bytes) -> None:
    intake, sink = Intake(never), Sink()
    usual = POST.replace(b"5\r\n", b"%d\r\n" % len(body), 1) + body
    assert intake.at_once(POST + b"hello") is None, "it was not judged yet"
    intake.push(POST + b"hello")
    first = intake.next_head(ORIGIN)
    intake.read_body(sink)
    taken = intake.at_once(usual)
    assert isinstance(first, Accepted)
    assert taken is not None
    assert (taken[0].length, taken[1], intake.buffer) == (len(body), body, b"")
    assert taken[0].head.path == first.head.path
    assert intake.at_once(usual) is not None


@pytest.mark.parametrize(
    "data", [POST, POST + b"hell", POST + b"hello" + POST, POST + b"hello\r\n", b"\r\n" + POST + b"hello", b"", b"x"]
)
def test_what_is_not_exactly_that_is_not_taken(data: bytes) -> None:
    intake = Intake(never)
    intake.push(POST + b"hello")
    intake.next_head(ORIGIN)
    intake.read_body(Sink())
    assert intake.at_once(data) is None
    assert intake.buffer == b""
