"""Events that differ in one text alone: read and written by a template as they are in full, or not by it."""

import json
from typing import Any

import pytest

from narrows.dialects.anthropic.replies import MessageStream
from narrows.dialects.fields import PADDING
from narrows.dialects.openai.chat_reply import CompletionStream
from narrows.dialects.readers import StreamReader
from narrows.dialects.templates import Filled, Template
from narrows.model.call import Asked
from narrows.model.reply import Delta, Event
from narrows.ports.dialect import ReplyInvalid

ASKED = Asked(operation="chat", model="m", body={}, stream=True, wants_usage=True)


class InFull(CompletionStream):
    """Knows no templates."""

    def is_constant(self, event: Event) -> bool:
        return False


def body(content: Any, *, created: Any = 1_700_000_000, **more: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": {"content": content}, "finish_reason": None}
    return {"id": "chatcmpl-1", "created": created, "model": "small", "choices": [choice]} | more


def sent(*bodies: dict[str, Any] | bytes, spaced: bool = False) -> bytes:
    separators = None if spaced else (",", ":")
    return b"".join(
        b"data: %b\n\n" % (one if isinstance(one, bytes) else json.dumps(one, separators=separators).encode())
        for one in bodies
    )


def passed(reader: StreamReader, data: bytes) -> tuple[list[str], list[Any], list[bytes]]:
    """How each event was read, what it says, and how it is written."""
    events = reader.feed(data)
    kinds = ["filled" if type(event.data) is Filled else "full" for event in events]
    said = [(event.model, event.ends, [(d.choice, d.field, d.text) for d in event.deltas]) for event in events]
    return kinds, said, [reader.write(event) for event in events]


def both(data: bytes) -> list[str]:
    """How a stream's events were read, which must change nothing else."""
    kinds, said, written = passed(CompletionStream(ASKED), data)
    assert (said, written) == passed(InFull(ASKED), data)[1:]
    return kinds


@pytest.mark.parametrize("spaced", [True, False])
def test_events_that_differ_in_a_text_and_a_time_are_filled_in(spaced: bool) -> None:
    texts = ["a", "b", 'say "hi"\n', "\\", "caf\u00e9 \U0001f600", "{", "]}"]
    data = sent(*(body(text, created=1000 + at) for at, text in enumerate(texts)), spaced=spaced)
    assert both(data) == ["full", "full", *["filled"] * 5]


def raw(content: bytes, created: bytes = b"1700000000", tail: bytes = b"") -> bytes:
    return (
        b'{"id":"chatcmpl-1","created":%b,"model":"small",'
        b'"choices":[{"index":0,"delta":{"content":%b},"finish_reason":null}]%b}' % (created, content, tail)
    )


BEGUN = (raw(b'"first"'), raw(b'"second"'), raw(b'"third"'))
"""The first one has the envelope, the second one is a template, the third one is of it."""


@pytest.mark.parametrize(
    "odd",
    [
        raw(b'""'),
        raw(b'"a","role":"x"'),
        raw(b'"a"},"more":{"b":"c"'),
        raw(b'"a","content":"b"'),
        raw(b'"\xff"'),
        raw(b'"\\ud800"'),
        raw(b"null"),
        raw(b'["a"]'),
        raw(b'"a"', b"99999999999999"),
        raw(b'"a"', b"1e3"),
        raw(b'"a"', b"-1"),
        raw(b'"a"', b'"4111111111111111"'),
        raw(b'"a"', b"1").replace(b"small", b"other"),
        raw(b'"a"', tail=b',"usage":null'),
        raw(b'"a"', tail=b',"error":{"message":"no"}'),
        raw(b'"a"').replace(b"null", b'"stop"'),
        raw(b'"a"').replace(b'"index":0', b'"index":1'),
    ],
)
def test_what_is_not_of_the_form_is_read_in_full_and_so_is_what_follows(odd: bytes) -> None:
    kinds = both(sent(*BEGUN, odd, raw(b'"fourth"'), raw(b'"fifth"'), raw(b'"sixth"')))
    assert kinds[:4] == ["full", "full", "filled", "full"]


@pytest.mark.parametrize("odd", [raw(b'"a"', b"01"), raw(b'"a"', b""), raw(b'"a" x'), raw(b'"a\n"')])
def test_what_is_no_json_is_none_behind_a_template_either(odd: bytes) -> None:
    reader = CompletionStream(ASKED)
    assert passed(reader, sent(*BEGUN, odd))[0] == ["full", "full", "filled"]
    with pytest.raises(ReplyInvalid, match="not JSON"):
        reader.feed(sent(raw(b'"fourth"')))


def test_an_event_that_is_filled_in_gives_its_form_to_what_was_held_of_its_field() -> None:
    readers = [CompletionStream(ASKED), InFull(ASKED)]
    said = []
    for reader in readers:
        passed(reader, sent(body("a"), body("b", created=5), body("c", created=6)))
        event = reader.say(0, "content", "held")
        assert event is not None
        said.append(reader.write(event))
    assert said[0] == said[1]
    assert b'"held"' in said[0]


def test_a_changed_envelope_is_changed_in_what_is_filled_in_too() -> None:
    written = []
    for reader in (CompletionStream(ASKED), InFull(ASKED)):
        events = reader.feed(sent(body("a"), body("b"), body("c")))
        for event in events:
            for delta in event.deltas:
                delta.text = delta.text.replace("small", "[X]")
        written.append([reader.write(event) for event in events])
    assert written[0] == written[1]
    assert all(b"[X]" in one for one in written[0])


@pytest.mark.parametrize(
    "data",
    [
        raw(b'"first"').replace(b"small", b"first"),
        raw(b'"chatcmpl-1"'),
        raw(b'"a"', tail=b',"model":"a"'),
        b'{"choices":[{"index":0,"delta":{"content":"a"}}],"choices":[{"index":0,"delta":{"content":"b"}}]}',
    ],
)
def test_no_template_is_made_where_the_place_is_not_plain(data: bytes) -> None:
    tree = json.loads(data)
    holder = tree["choices"][0]["delta"]
    event = Event(tree, deltas=[Delta(0, "content", holder["content"], holder, "content")])
    template = Template.of(event, data)
    assert template is None or template.read(data) is not None
    assert json.loads(data) == tree, "what was marked is as it was"


def test_templates_that_are_made_in_vain_are_made_ever_less(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    of = Template.of

    def counted(event: Event, data: bytes) -> Template | None:
        made.append(data)
        return of(event, data)

    monkeypatch.setattr(Template, "of", counted)
    both(sent(*(raw(b'"t%d"' % at).replace(b'"index":0', b'"index":%d' % (at % 2)) for at in range(1000))))
    assert len(made) < 40


def padded(content: str, padding: str, **more: Any) -> dict[str, Any]:
    return body(content) | more | {"obfuscation": padding}


@pytest.mark.parametrize("spaced", [True, False])
def test_padded_events_are_filled_in_with_their_own_padding(spaced: bool) -> None:
    texts = ["a", "b", 'c","obfuscation":"x', "\\", 'd"', "\u00e9", "e"]
    bodies = [padded(text, "Ab3" * (at + 1), usage=None) for at, text in enumerate(texts)]
    assert both(sent(*bodies, spaced=spaced)) == ["full", "full", *["filled"] * 5]


@pytest.mark.parametrize("padding", ["", 'a"b', "a\\", "\u00e9", "a b", "chatcmpl-1", "{}"])
def test_padding_that_is_more_than_letters_and_digits_is_read_in_full(padding: str) -> None:
    kinds = both(sent(*(padded(text, "xyz" + text) for text in "abcd"), padded("e", padding), padded("f", "w")))
    assert kinds[2:5] == ["filled", "filled", "full"]


def test_padding_that_comes_or_goes_is_not_of_the_form() -> None:
    kinds = both(sent(*(padded(text, "xyz") for text in "abc"), body("d"), body("e"), padded("f", "xyz")))
    assert kinds[2:4] == ["filled", "full"]
    assert kinds[5] == "full"


def test_padding_that_is_taken_away_is_in_no_event() -> None:
    written = []
    for reader in (CompletionStream(ASKED), InFull(ASKED)):
        events = reader.feed(sent(*(padded(text, "xyz" + text) for text in "abcdef")))
        out = []
        for event in events:
            for delta in event.deltas:
                if delta.field == PADDING:
                    delta.text = ""
            out.append(reader.write(event))
        said = reader.say(0, "content", "held")
        assert said is not None
        written.append([*out, reader.write(said)])
    assert written[0] == written[1]
    assert all(b"xyz" not in event for event in written[0])


class MessagesInFull(MessageStream):
    """Knows no templates."""

    def is_constant(self, event: Event) -> bool:
        return False


def message(*events: tuple[str, dict[str, Any]], named: bool = True) -> bytes:
    return b"".join(
        (b"event: %b\n" % kind.encode() if named else b"")
        + b"data: %b\n\n" % json.dumps({"type": kind} | data, separators=(",", ":")).encode()
        for kind, data in events
    )


def says(text: str, index: int = 0, kind: str = "text_delta", key: str = "text") -> tuple[str, dict[str, Any]]:
    return "content_block_delta", {"index": index, "delta": {"type": kind, key: text}}


def begins(index: int, block: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return "content_block_start", {"index": index, "content_block": block}


OPENED = (
    ("message_start", {"message": {"id": "msg_1", "type": "message", "role": "assistant", "content": []}}),
    begins(0, {"type": "text", "text": ""}),
)
CLOSED = (("message_delta", {"delta": {"stop_reason": "end_turn"}}), ("message_stop", {}))


def both_ways(data: bytes) -> list[str]:
    """The same as `both` of a message."""
    asked = Asked(operation="messages", model="m", body={}, stream=True)
    kinds, said, written = passed(MessageStream(asked), data)
    assert (said, written) == passed(MessagesInFull(asked), data)[1:]
    return kinds


def test_named_events_are_filled_in_once_their_name_is_known() -> None:
    data = message(
        *OPENED, *map(says, ["a", "b", 'c "d"', "\u00e9\n", "e"]), ("content_block_stop", {"index": 0}), *CLOSED
    )
    assert both_ways(data) == [*["full"] * 4, *["filled"] * 3, *["full"] * 3]


def test_events_without_their_name_are_read_in_full() -> None:
    data = message(*OPENED, *map(says, "abcde"), ("content_block_stop", {"index": 0}), *CLOSED, named=False)
    assert set(both_ways(data)) == {"full"}


def test_a_delta_under_another_name_is_not_of_the_form() -> None:
    _, odd = says("x")
    data = (
        message(*OPENED, *map(says, "abcd"))
        + message(("ping", odd | {"type": "content_block_delta"}))
        + message(says("e"))
    )
    assert both_ways(data)[-3:] == ["filled", "full", "full"]


def test_arguments_and_texts_of_other_blocks_are_not_of_the_form() -> None:
    tool = {"type": "tool_use", "id": "t", "name": "look", "input": {}}
    arguments = [says(piece, 1, "input_json_delta", "partial_json") for piece in ('{"a', '":', "1", "2", "}")]
    data = message(
        *OPENED, *map(says, "abcd"), ("content_block_stop", {"index": 0}), begins(1, tool), *arguments,
        ("content_block_stop", {"index": 1}), begins(2, {"type": "text", "text": ""}), says("f", 2), says("g", 2),
        ("content_block_stop", {"index": 2}), *CLOSED,
    )  # fmt: skip
    kinds = both_ways(data)
    assert kinds.count("filled") >= 4
    assert kinds[-1] == "full"


def test_a_changed_name_is_changed_in_what_is_filled_in_too() -> None:
    readers = [
        kind(Asked(operation="messages", model="m", body={}, stream=True)) for kind in (MessageStream, MessagesInFull)
    ]
    written = []
    for reader in readers:
        events = reader.feed(message(*OPENED, *map(says, "abcde")))
        for event in events:
            for delta in event.deltas:
                if delta.text == "content_block_delta":
                    delta.text = "masked"
        written.append([reader.write(event) for event in events])
    assert written[0] == written[1]
    assert b"event: masked" in written[0][-1]


def test_a_held_text_goes_out_in_the_form_of_a_named_event_that_was_filled_in() -> None:
    reader = MessageStream(Asked(operation="messages", model="m", body={}, stream=True))
    for event in reader.feed(message(*OPENED, *map(says, "abcde"))):
        reader.write(event)
    said = reader.say(0, "content", "held")
    assert said is not None
    assert reader.write(said) == message(says("held"))
