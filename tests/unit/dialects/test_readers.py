"""The two ways a reply arrives, with the smallest dialect that can use them."""

from typing import Any

import pytest

from narrows.dialects.readers import BufferedReader, StreamReader
from narrows.dialects.texts import collect
from narrows.model.refusal import Code
from narrows.model.reply import Event
from narrows.model.verdict import Deny
from narrows.ports.dialect import ReplyInvalid
from unit.dialects.payloads import replay, sse

DENY = Deny(Code.OUTPUT_LIMIT, "too much")


def everything(tree: dict[str, Any], event: Event) -> None:
    collect(event.deltas, 0, "f", {"t": tree}, "t")


class Words(StreamReader):
    """Events up to `{"end": true}`."""

    def read_event(self, name: str | None, tree: dict[str, Any]) -> Event:
        event = Event(tree, name)
        everything(tree, event)
        if tree.get("end") is True:
            self.over = event.last = True
        return event

    def form(self, event: Event, choice: int, field: str, text: str) -> Event:
        return Event({field: text})

    def fail(self, deny: Deny, request_id: str) -> bytes:
        return deny.message.encode()


def buffered() -> BufferedReader:
    return BufferedReader(everything, lambda deny, _: deny.message.encode())


def test_a_document_is_one_event_when_it_has_ended() -> None:
    reads = buffered()
    assert reads.feed(b'{"a":"x",') == []
    assert reads.feed(b'"b":1}') == []
    (event,) = reads.close()
    assert event.last
    event.deltas[0].text = "y"
    assert reads.write(event) == b'{"a":"y","b":1}'
    assert reads.content_type == b"application/json"
    assert reads.fail(DENY, "r") == b"too much"


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"oops", b'{"a":' * 300 + b"1" + b"}" * 300])
def test_a_document_that_is_none(data: bytes) -> None:
    reads = buffered()
    reads.feed(data)
    with pytest.raises(ReplyInvalid):
        reads.close()


def test_a_stream() -> None:
    reads = Words()
    events = replay(reads, sse({"a": "x"}, {"end": True}, {"a": "after the end"}))
    assert [event.last for event in events] == [False, True]
    assert b"".join(reads.write(event) for event in events) == b'data: {"a":"x"}\n\ndata: {"end":true}\n\n'


def test_a_named_event_keeps_its_name() -> None:
    reads = Words()
    (event,) = reads.feed(b'event: note\ndata: {"a":1}\n\n')
    assert reads.write(event) == b'event: note\ndata: {"a":1}\n\n'


def test_a_stream_that_ends_too_early() -> None:
    reads = Words()
    assert len(reads.feed(sse({"a": "x"}))) == 1
    with pytest.raises(ReplyInvalid, match="before the reply was complete"):
        reads.close()


def test_what_stood_before_a_fault_is_given_first() -> None:
    reads = Words()
    assert len(reads.feed(sse({"a": "x"}, "garbage", {"a": "y"}))) == 1
    with pytest.raises(ReplyInvalid, match="not JSON"):
        reads.feed(b"")
    with pytest.raises(ReplyInvalid, match="not JSON"):
        reads.close()


def test_a_hidden_event_is_not_written() -> None:
    assert Words().write(Event({"a": 1}, hidden=True)) == b""


def test_nesting_without_end() -> None:
    for depth in (201, 5000):
        with pytest.raises(ReplyInvalid):
            Words().feed(b"data: " + b'{"a":' * depth + b"1" + b"}" * depth + b"\n\n")
    assert len(Words().feed(b"data: " + b'{"a":' * 200 + b"1" + b"}" * 200 + b"\n\n")) == 1
