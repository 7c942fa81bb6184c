"""What a caller received comes back as a client puts it together, whichever way that is."""

import json

import pytest

from narrows.inspection.delivered import MOST, MOST_VALUES, PREFIXES, Delivered, answered
from narrows.model.reply import Delta, Event
from narrows.model.text import Role


def said(*events: Event, broken: bool = False) -> set[tuple[Role, str]]:
    delivered = Delivered()
    for event in events:
        delivered.take(event)
    found = set(delivered.texts(broken=broken))
    if len(events) == 1 and events[0].last:
        assert {(role, text) for roles, text in answered(events[0]) for role in roles} == found
    return found


def event(*deltas: tuple[str, str], **facts: object) -> Event:
    return Event(None, deltas=[Delta(0, field, text) for field, text in deltas], **facts)  # type: ignore[arg-type]


LAST = event(last=True)
CONTENT = ((0, "content"),)


def test_a_whole_reply_comes_back_as_it_is() -> None:
    whole = event(("content", " Hi there. "), ("reasoning", "Hm"), ("tool_name:0", "look"), last=True)
    assert said(whole) == {
        (Role.ASSISTANT, " Hi there. "),
        (Role.ASSISTANT, "Hi there."),
        (Role.ASSISTANT, "Hi there. "),
        (Role.ASSISTANT, " Hi there."),
        (Role.ASSISTANT, "Hm"),
        (Role.TOOL_CALL, "look"),
    }


def test_pieces_come_back_joined_and_each_choice_alone() -> None:
    pieces = [Event(None, deltas=[Delta(choice, "content", text)]) for choice, text in ((0, "a"), (1, "x"), (0, "b"))]
    assert said(*pieces, LAST) == {(Role.ASSISTANT, "ab"), (Role.ASSISTANT, "x")}


def test_what_a_mask_held_back_stands_before_the_event() -> None:
    late = event(("content", "!"), before=[(0, "content", " [US_SSN]")])
    assert said(event(("content", "It is")), late, LAST) == {(Role.ASSISTANT, "It is [US_SSN]!")}


def test_what_goes_on_after_an_end_comes_back_joined_and_apart() -> None:
    one, two = event(("content", "one"), ends=CONTENT), event(("content", "two"), ends=CONTENT)
    assert said(one, two, LAST) == {(Role.ASSISTANT, text) for text in ("onetwo", "one", "two")}


def test_blocks_beside_each_other_come_back_apart_whatever_events_say_nothing() -> None:
    stop, ping = event(name="content_block_stop"), event(name="ping")
    events = [event(("content", text), name="content_block_delta") for text in ("a", "b", "c", "d")]
    found = said(events[0], ping, events[1], stop, events[2], ping, events[3], stop, LAST)
    assert {(Role.ASSISTANT, text) for text in ("abcd", "ab", "cd")} <= found


def test_a_text_that_is_said_again_whole_counts_as_itself() -> None:
    again = event(("repeat:content", "part one"), ("repeat:tool_call:0", '{"a":1}'), ("repeat:echo", "prompt"))
    assert {(Role.ASSISTANT, "part one"), (Role.TOOL_CALL, '{"a":1}')} <= said(again, LAST)
    assert (Role.ASSISTANT, "prompt") not in said(again, LAST)


@pytest.mark.parametrize(
    "source", ['{"path": "Zoë.py", "n": [1.50, true, null]}', '{"path":"Zo\\u00eb.py","n":[1.50,true,null]}']
)
def test_arguments_come_back_written_anew_or_as_their_values(source: str) -> None:
    found = said(event(("tool_call:0", source[:9])), event(("tool_call:0", source[9:])), LAST)
    value = json.loads(source)
    for form in (json.dumps(value), json.dumps(value, ensure_ascii=False), json.dumps(value, separators=(",", ":"))):
        assert (Role.TOOL_CALL, form) in found
    assert (Role.TOOL_CALL, json.dumps(value, ensure_ascii=False, separators=(",", ":"))) in found
    assert {(Role.TOOL_CALL, text) for text in (source, "path", "Zoë.py", "n", "1.50", "true")} <= found
    assert {role for role, _ in found} == {Role.TOOL_CALL}


@pytest.mark.parametrize("source", ["{not json", "[" * 5_000, '"\\ud800"'])
def test_arguments_that_are_no_json_come_back_as_they_are(source: str) -> None:
    assert (Role.TOOL_CALL, source) in said(event(("tool_call:0", source), last=True))


def test_of_many_values_the_first_are_given() -> None:
    source = json.dumps([f"v{number}" for number in range(5 * MOST_VALUES)])
    assert len(said(event(("tool_call_input:0", source), last=True))) >= MOST_VALUES
    assert (
        len(said(event(("tool_call_input:0", json.dumps([[[n]] for n in range(5 * MOST_VALUES)])), last=True))) < 2_000
    )


@pytest.mark.parametrize(
    "field", ["logprobs", "error", "envelope", "envelope:padding", "event", "$.answer", "number:other"]
)
def test_what_does_not_come_back_is_not_given(field: str) -> None:
    assert said(event((field, "x"), last=True)) == said(event((field, "x")), LAST) == set()


@pytest.mark.parametrize("field", ["envelope:id", "other"])
def test_ids_come_back_with_calls_and_their_results(field: str) -> None:
    roles = {Role.ASSISTANT, Role.TOOL_CALL, Role.TOOL_RESULT}
    assert said(event((field, "toolu_1"), last=True)) == {(role, "toolu_1") for role in roles}


def test_what_is_hidden_was_not_delivered() -> None:
    assert said(event(("content", "x"), hidden=True), LAST) == set()


def test_of_a_reply_that_broke_off_the_last_pieces_may_be_missing() -> None:
    pieces = [event(("content", f"{number},")) for number in range(40)]
    whole = "".join(f"{number}," for number in range(40))
    found = said(*pieces, broken=True)
    assert (Role.ASSISTANT, whole) in found
    assert (Role.ASSISTANT, whole.removesuffix("38,39,")) in found
    assert len(found) == PREFIXES + 1
    assert said(*pieces) == {(Role.ASSISTANT, whole)}
    after_an_end = [event(("content", "a"), ends=CONTENT), event(("content", "b")), event(("content", "c"))]
    assert {(Role.ASSISTANT, text) for text in ("abc", "ab", "a", "bc", "b")} <= said(*after_an_end, broken=True)
    long = [event(("content", "x" * (MOST // 8))), event(("content", "y" * (MOST // 4)))]
    assert len(said(*long, broken=True)) == 1


def test_beyond_the_bound_nothing_is_kept() -> None:
    delivered = Delivered()
    for _ in range(9):
        delivered.take(event(("content", "x" * (MOST // 8)), ("citations", "y")))
    assert max(len(text) for _, text in delivered.texts()) <= MOST
    assert len(said(event(("content", "x" * (MOST + 1)), last=True))) == 0


def test_the_name_of_a_whole_reply_itself_does_not_come_back() -> None:
    tree = {"id": "chatcmpl-1", "tool_calls": [{"id": "call_1"}]}
    whole = Event(tree, last=True)
    whole.deltas = [
        Delta(0, "envelope:id", "chatcmpl-1", tree, "id"),
        Delta(0, "envelope:id", "call_1", tree["tool_calls"][0], "id"),  # type: ignore[index]
    ]
    assert {text for _, text in answered(whole)} == {"call_1"}
