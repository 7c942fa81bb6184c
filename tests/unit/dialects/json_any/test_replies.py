"""Replies of any JSON endpoint: a document, events, lines."""

from typing import Any

import pytest

from narrows.config.schema import JsonShape
from narrows.model.refusal import Code
from narrows.model.usage import Usage
from narrows.model.verdict import Deny
from narrows.ports.dialect import ReplyInvalid, ReplyReader
from unit.dialects.payloads import asked, dialect, replay

DENY = Deny(Code.OUTPUT_LIMIT, "too much")


def reads(*, stream: bool = False, lines: bool = False, **shape: Any) -> ReplyReader:
    speaks = dialect("json", json=JsonShape(**shape))
    return speaks.reply(asked("json", {}), stream=stream, usable=lambda _: True, lines=lines)


def test_every_string_and_key_of_a_document() -> None:
    reader = reads()
    (event,) = replay(reader, b'{"a":[{"b":"x"}],"n":1}')
    assert [(delta.field, delta.text) for delta in event.deltas] == [
        ("$.a[*].b", "x"),
        ("$.a[*]~", "b"),
        ("$~", "a"),
        ("$~", "n"),
    ]
    for delta in event.deltas:
        delta.text = delta.text.upper()
    assert reader.write(event) == b'{"A":[{"B":"X"}],"N":1}'
    assert event.last


@pytest.mark.parametrize(("data", "texts"), [(b'"just text"', ["just text"]), (b"[1,2]", []), (b"null", [])])
def test_documents_that_are_no_objects(data: bytes, texts: list[str]) -> None:
    reader = reads()
    (event,) = replay(reader, data)
    assert [delta.text for delta in event.deltas] == texts
    assert reader.write(event) == data


def test_a_declared_shape() -> None:
    reader = reads(reply_texts=("$.out[*].body",), prompt_usage="$.usage.in", completion_usage="$.usage.out")
    (event,) = replay(reader, b'{"out":[{"body":"x","id":"y"}],"usage":{"in":3,"out":4}}')
    assert [delta.text for delta in event.deltas] == ["x"]
    assert event.usage == Usage(3, 4)


def test_events() -> None:
    reader = reads(stream=True)
    events = replay(reader, b'event: part\ndata: {"t":"x"}\n\ndata: "y"\n\ndata: [DONE]\n\ndata: "late"\n\n')
    assert b"".join(reader.write(event) for event in events) == (
        b'event: part\ndata: {"t":"x"}\n\ndata: "y"\n\ndata: [DONE]\n\n'
    )
    assert reader.content_type.startswith(b"text/event-stream")
    assert events[-1].last
    assert "part" in [delta.text for delta in events[0].deltas]


def test_lines() -> None:
    reader = reads(stream=True, lines=True)
    events = replay(reader, b'{"t":"x"}\n\n{"t":"y"}', size=3)
    assert b"".join(reader.write(event) for event in events) == b'{"t":"x"}\n{"t":"y"}\n'
    assert reader.content_type == b"application/x-ndjson"
    assert reader.fail(DENY, "r").endswith(b"}\n")


@pytest.mark.parametrize("data", [b"", b"<html>", b'{"a":'])
def test_a_document_that_is_none(data: bytes) -> None:
    with pytest.raises(ReplyInvalid):
        replay(reads(), data)


def test_what_stood_before_a_fault_is_given_first() -> None:
    reader = reads(stream=True)
    assert len(reader.feed(b"data: 1\n\ndata: oops\n\ndata: 2\n\n")) == 1
    with pytest.raises(ReplyInvalid):
        reader.close()


def test_a_refusal() -> None:
    assert b"output_limit" in reads().fail(DENY, "r")
    assert reads(stream=True).fail(DENY, "r").startswith(b"event: error\n")
