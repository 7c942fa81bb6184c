"""Replies of any JSON endpoint: a document, events, lines."""

from typing import Any

import pytest

from narrows.config.schema import JsonShape
from narrows.model.limits import Unit
from narrows.model.record import Outcome
from narrows.model.refusal import Code
from narrows.model.reservation import Stage
from narrows.model.usage import Usage
from narrows.model.verdict import Deny
from narrows.ports.dialect import ReplyInvalid, ReplyReader
from unit.controls.limited import Shelf, budget, limited
from unit.controls.reserving import about, held
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
        ("number:$.n", "1"),
        ("$~", "a"),
        ("$~", "n"),
    ]
    for delta in event.deltas:
        delta.text = delta.text.upper()
    assert reader.write(event) == b'{"A":[{"B":"X"}],"N":1}'
    assert event.last


@pytest.mark.parametrize(
    ("data", "texts"), [(b'"just text"', ["just text"]), (b"[1,2.50]", ["1", "2.5"]), (b"null", [])]
)
def test_documents_that_are_no_objects(data: bytes, texts: list[str]) -> None:
    reader = reads()
    (event,) = replay(reader, data)
    assert [delta.text for delta in event.deltas] == texts
    assert reader.write(event) == data.replace(b"2.50", b"2.5")


def test_numbers_are_texts_but_where_their_members_say_that_they_are_not() -> None:
    reader = reads(prompt_usage="$.meta.in")
    (event,) = replay(reader, b'{"card":4111111111111111,"n":{"x":5},"created":7,"meta":{"in":3,"out":4}}')
    numbers = [delta for delta in event.deltas if delta.field.startswith("number:")]
    assert [(delta.field, delta.text, delta.name) for delta in numbers] == [
        ("number:$.card", "4111111111111111", "card"),
        ("number:$.n.x", "5", "x"),
        ("number:$.meta.out", "4", "out"),
    ]
    numbers[0].text = "[CREDIT_CARD]"
    assert reader.write(event) == (b'{"card":"[CREDIT_CARD]","n":{"x":5},"created":7,"meta":{"in":3,"out":4}}')


def test_a_figure_larger_than_figures_are_is_a_text() -> None:
    (event,) = replay(reads(), b'{"created":41111111111111}')
    assert ("number:$.created", "41111111111111") in [(delta.field, delta.text) for delta in event.deltas]


def test_a_long_list_of_numbers_is_one_text() -> None:
    reader = reads()
    data = b'{"v":[%b]}' % b",".join([b"0.5"] * 40)
    (event,) = replay(reader, data)
    (vector,) = [delta for delta in event.deltas if delta.field == "number:$.v"]
    assert vector.text == data[5:-1].decode()
    assert reader.write(event) == data
    vector.text = vector.text.replace("0.5", '"[CREDIT_CARD]"', 1)
    assert reader.write(event) == data.replace(b"0.5", b'"[CREDIT_CARD]"', 1)


def test_a_declared_shape() -> None:
    reader = reads(reply_texts=("$.out[*].body",), prompt_usage="$.usage.in", completion_usage="$.usage.out")
    (event,) = replay(reader, b'{"out":[{"body":"x","id":"y"}],"usage":{"in":3,"out":4}}')
    assert [delta.text for delta in event.deltas] == ["x"]
    assert event.usage == Usage(3, 4)


@pytest.mark.parametrize("value", [b"-1", b"true", b"1.5", b'"3"', b"null", b"{}", b"10000000000000"])
def test_a_declared_figure_that_is_no_count_says_nothing(value: bytes) -> None:
    reader = reads(prompt_usage="$.in", completion_usage="$.out")
    (event,) = replay(reader, b'{"in":%b,"out":4}' % value)
    assert event.usage == Usage(None, 4)
    (event,) = replay(reads(prompt_usage="$.in"), b'{"in":%b}' % value)
    assert event.usage is None


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


def ends(data: bytes, **shape: Any) -> list[set[str]]:
    return [{field for _, field in event.ends} for event in replay(reads(stream=True, **shape), data)]


def test_a_field_ends_with_the_object_that_says_it_is_finished() -> None:
    data = (
        b'data: {"choices":[{"text":"a","done":false}],"model":"m","note":"x"}\n\n'
        b'data: {"choices":[{"text":"b","finish_reason":"stop"}],"model":"m"}\n\n'
        b'data: {"stop":true}\n\n'
    )
    assert ends(data) == [set(), {"$.choices[0].text"}, {"$.note"}, set()]


def test_a_field_ends_with_the_stream() -> None:
    assert ends(b'data: {"t":"a"}\n\ndata: [DONE]\n\n') == [set(), {"$.t"}]
    assert ends(b'data: "a"\n\n') == [set(), {"$"}]
    events = replay(reads(lines=True), b'{"t":"a"}\n')
    assert [(event.hidden, event.last) for event in events] == [(False, False), (True, True)]
    assert reads(lines=True).write(events[-1]) == b""


def test_elements_are_told_apart_by_their_own_number_or_by_their_place() -> None:
    data = b'data: {"c":[{"index":3,"t":"a"},{"t":"b"}]}\n\n'
    events = replay(reads(stream=True, reply_texts=("$.c[*].t",)), data)
    assert [delta.field for delta in events[0].deltas] == ["$.c[3].t", "$.c[1].t"]
    events = replay(reads(stream=True), data)
    assert [delta.field for delta in events[0].deltas if delta.text in "ab"] == ["$.c[3].t", "$.c[1].t"]


def test_held_text_goes_out_in_a_blank_copy_of_the_last_event() -> None:
    reader = reads(stream=True)
    (event,) = reader.feed(b'event: part\ndata: {"id":"x","t":"a","u":"b","usage":{"n":1},"k":[1,"c"]}\n\n')
    assert reader.say(0, "$.t", "held") is None
    reader.write(event)
    said = reader.say(0, "$.t", "held")
    assert said is not None
    assert reader.write(said) == b'event: part\ndata: {"id":"x","t":"held","u":"","k":[1,""]}\n\n'
    assert reads().say(0, "$.t", "held") is None


def test_endless_fields_are_bounded() -> None:
    members = ",".join(f'"k{number}":"v"' for number in range(1_100))
    assert [len(found) for found in ends(b"data: {%b}\n\n" % members.encode())] == [76, 1_024]


def test_what_frames_each_event_was_generated_by_no_model() -> None:
    line = b'{"model":"llama-3.1-8b","created_at":"2026-11-21T00:00:00.000Z","response":"word","done":false}\n'
    guard, reservation = held(Shelf(), about(limited(budget(Unit.TOKENS, 1_000)), cap=4))
    events = replay(reads(stream=True, lines=True), line * 4)
    assert [guard.on_event(event) for event in events] == [None] * 5
    reservation.stage = Stage.ANSWERED
    guard.on_end(Outcome.DONE, Usage(20, 4))
    assert reservation.settled == (24,)


def test_what_any_json_says_counts_as_generated() -> None:
    guard, _ = held(Shelf(), about(limited(budget(Unit.TOKENS, 1_000)), cap=4))
    (event,) = replay(reads(), b'{"response":"%b"}' % (b"x" * 129))
    assert isinstance(guard.on_event(event), Deny)


def test_lines_that_report_no_usage_come_to_what_was_counted() -> None:
    guard, reservation = held(Shelf(), about(limited(budget(Unit.TOKENS, 1_000)), cap=40))
    for event in replay(reads(stream=True, lines=True), b'{"response":"four"}\n' * 3):
        guard.on_event(event)
    reservation.stage = Stage.ANSWERED
    guard.on_end(Outcome.DONE, None)
    assert reservation.settled == (20 + 3,)
