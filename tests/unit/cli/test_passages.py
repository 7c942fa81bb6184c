"""Recorded JSON as people read it; what is unknown is shown whole."""

import json
from typing import Any

import msgspec
import pytest

from narrows.cli.passages import GONE, Passage, answered, asked, written
from narrows.model.record import Stream, Transcript
from narrows.stores.sqlite.views import CallRecord, CallView, Piece

_VALUES: dict[type, Any] = {str: "", int: 0, bool: False, tuple: ()}


def piece(label: str, value: object) -> Piece:
    text = value if isinstance(value, str | None) else json.dumps(value)
    return Piece(label, text, len(text or ""), b"")


def record(
    request: tuple[Piece, ...] = (), reply: tuple[Piece, ...] = (), transcript: Transcript | None = None
) -> CallRecord:
    call = msgspec.convert({"attributes": {}, **dict.fromkeys(_TEXTS, ""), **_REST}, CallView)
    return CallRecord(call, request, reply, (), transcript, intact=True)


_TEXTS = (
    "id", "request_id", "session", "user", "issuer", "subject", "kind", "credential", "address", "agent", "connection",
    "dialect", "operation", "method", "path", "revision",
)  # fmt: skip
_REST: dict[str, Any] = {
    field.name: None
    for field in msgspec.structs.fields(CallView)
    if field.name not in _TEXTS and type(None) in getattr(field.type, "__args__", ())
} | {"seq": 0, "at": 0, "groups": [], "stream": False, "forwarded": True, "policies": [], "notes": [],
     "prompt_tokens": 0, "response_ids": []}  # fmt: skip


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        (
            (piece("$", {"model": "m", "n": 1}), piece("$.messages[0]", {"role": "user", "content": "hi"})),
            [("user", "hi"), ("parameters", '{"model": "m", "n": 1}')],
        ),
        (
            (piece("$", {"system": [{"type": "text", "text": "be brief"}], "max_tokens": 5}),),
            [("system", "be brief"), ("parameters", '{"max_tokens": 5}')],
        ),
        ((piece("$", {"input": "hi", "instructions": "be kind"}),), [("system", "be kind"), ("user", "hi")]),
        ((piece("$", {"prompt": ["one", "two"]}),), [("user", "one\ntwo")]),
        ((piece("$", {"input": {"any": 1}}),), [("parameters", '{"input": {"any": 1}}')]),
        (
            (piece("$.messages[0]", {"role": "user", "content": [{"text": "a"}, {"type": "image", "id": 1}]}),),
            [("user", 'a\n{"type": "image", "id": 1}')],
        ),
        (
            (piece("$.messages[0]", {"role": "assistant", "content": None, "tool_calls": [{"id": "c"}]}),),
            [("assistant", '{"tool_calls": [{"id": "c"}]}')],
        ),
        ((piece("$.tools[0]", {"role": "x", "name": "f"}),), [("tools[0]", '{"role": "x", "name": "f"}')]),
        ((piece("$.input[0]", '"text"'),), [("input[0]", "text")]),
        ((piece("$", "not json"),), [("$", "not json")]),
        ((piece("$.messages[0]", None),), [("messages[0]", GONE)]),
    ],
)
def test_what_was_asked(pieces: tuple[Piece, ...], expected: list[tuple[str, str]]) -> None:
    assert asked(record(pieces)) == [Passage(*pair) for pair in expected]


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ({"choices": [{"message": {"role": "assistant", "content": "hi", "refusal": None}}]}, [("content", "hi")]),
        ({"choices": [{"text": "hi"}, {"text": "ho"}]}, [("text", "hi"), ("text", "ho")]),
        (
            {"choices": [{"message": {"content": None, "tool_calls": [{"id": 1}]}}]},
            [("tool_calls", '[{"id": 1}]')],
        ),
        (
            {"content": [{"type": "text", "text": "hi"}, {"type": "tool_use", "id": "t"}]},
            [("content", "hi"), ("tool_use", '{"type": "tool_use", "id": "t"}')],
        ),
        ({"output": [{"type": "message", "content": [{"text": "hi"}]}]}, [("content", "hi")]),
        ({"anything": "else"}, [("reply", '{"anything": "else"}')]),
        ([1, 2], [("reply", "[1, 2]")]),
        ("no json", [("reply", "no json")]),
        (None, [("reply", GONE)]),
    ],
)
def test_what_was_answered(reply: object, expected: list[tuple[str, str]]) -> None:
    assert answered(record(reply=(piece("reply", reply),))) == [Passage(*pair) for pair in expected]


def test_streams_and_errors() -> None:
    one = Transcript((Stream(0, "content", "hi"),), ())
    stream = piece("stream", "{}")
    assert answered(record(reply=(stream,), transcript=one)) == [Passage("content", "hi")]
    two = Transcript((Stream(0, "content", "hi"), Stream(1, "content", "ho")), ())
    assert [passage.speaker for passage in answered(record(transcript=two))] == ["content [0]", "content [1]"]
    assert answered(record(reply=(piece("error", "boom"),))) == [Passage("upstream's error", "boom")]
    assert answered(record(reply=(piece("stream", None),))) == [Passage("reply", GONE)]


def test_a_body_is_taken_apart_as_a_record_is() -> None:
    body = {
        "model": "m",
        "system": "be brief",
        "messages": [{"role": "user", "content": [{"type": "text", "text": "hello"}]}, "odd"],
        "max_tokens": 5,
    }
    assert [(each.speaker, each.text) for each in written(json.dumps(body).encode())] == [
        ("system", "be brief"),
        ("user", "hello"),
        ("messages[1]", "odd"),
        ("parameters", '{"model": "m", "max_tokens": 5}'),
    ]
    assert [each.speaker for each in written(b'{"input": "one text"}')] == ["user"]
    assert [each.text for each in written(b'{"input": ["a", "b"]}')] == ["a", "b"]
    assert written(b"[1]") == [Passage("body", "[1]")]
    assert written(b"\xff") == [Passage("body", "\ufffd")]
