"""What is read in a straight line is read as `read_completion` reads it member by member, and nothing else is."""

import copy
from typing import Any

import msgspec
import pytest

from narrows.dialects.openai.chat_reply import _read_members
from narrows.dialects.openai.usual_reply import FINISHED, read_usual
from narrows.dialects.reading import ROLES
from narrows.model.reply import Event

MESSAGE = {"role": "assistant", "content": "Hello"}
USUAL: dict[str, Any] = {
    "id": "chatcmpl-BzQe",
    "object": "chat.completion",
    "created": 1_700_000_000,
    "model": "small-1",
    "choices": [{"index": 0, "message": MESSAGE, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4},
}
DETAILS = {"cached_tokens": 2, "audio_tokens": 0}


def with_message(**members: Any) -> dict[str, Any]:
    return USUAL | {"choices": [{"index": 0, "message": MESSAGE | members, "finish_reason": "stop"}]}


def with_choice(**members: Any) -> dict[str, Any]:
    return USUAL | {"choices": [USUAL["choices"][0] | members]}


def facts(tree: dict[str, Any], event: Event) -> tuple[Any, ...]:
    """What an event says, its texts by place: they may come in another order."""
    deltas = sorted((d.choice, d.field, d.text, str(d.key), d.name) for d in event.deltas)
    for delta in event.deltas:
        delta.container[delta.key] = f"<{delta.text}>"
    return deltas, event.usage, event.model, event.finish, event.ends, tree


TAKEN = [
    USUAL,
    USUAL | {"system_fingerprint": "fp_1", "service_tier": "default"},
    USUAL | {"system_fingerprint": None},
    USUAL | {"object": "something of my own", "id": "", "model": ""},
    USUAL | {"id": "chatcmpl-0123456789abcdef0123456789abcdef"},
    USUAL | {"usage": {"prompt_tokens": 3, "completion_tokens": 1, "prompt_tokens_details": DETAILS}},
    USUAL | {"usage": {"prompt_tokens": 4111111111111111, "note": "a text", "of the caller": 1}},
    USUAL | {"usage": {}},
    USUAL | {"usage": {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 9}},
    USUAL | {"usage": {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4111111111111111}},
    USUAL | {"usage": {"prompt_tokens": -3, "completion_tokens": 1, "total_tokens": -2}},
    USUAL | {"usage": {"prompt_tokens": True, "completion_tokens": 1, "total_tokens": 2}},
    USUAL | {"usage": {"prompt_tokens": 3, "completion_tokens": 1, "total": 4}},
    USUAL
    | {
        "usage": {
            "prompt_tokens": 2055555555555555,
            "completion_tokens": 2055555555555555,
            "total_tokens": 4111111111111110,
        }
    },
    *[with_message(role=role) for role in ROLES],
    *[with_choice(finish_reason=reason) for reason in sorted(FINISHED)],
    with_message(refusal=None),
    with_message(refusal=None, annotations=[]),
    with_message(annotations=[]),
    with_message(annotations=None),
    with_choice(logprobs=None),
]
LEFT = [
    {},
    USUAL | {"mine": 1},
    USUAL | {"created": 4111111111111111},
    USUAL | {"created": "now"},
    USUAL | {"created": True},
    USUAL | {"created": 1_700_000_000.0},
    USUAL | {"created": msgspec.Raw(b"1700000000")},
    USUAL | {"id": None},
    USUAL | {"id": 7},
    USUAL | {"model": ["a"]},
    USUAL | {"object": {"a": "b"}},
    USUAL | {"usage": None},
    USUAL | {"service_tier": {"a": "b"}},
    USUAL | {"system_fingerprint": 4111111111111111},
    USUAL | {"choices": []},
    USUAL | {"choices": {"index": 0}},
    USUAL | {"choices": USUAL["choices"] * 2},
    with_choice(index=1),
    with_choice(index=False),
    with_choice(index=0.0),
    with_choice(logprobs={"content": []}),
    with_choice(secret=None),
    with_choice(finish_reason="said too much"),
    with_choice(finish_reason=None),
    with_choice(finish_reason=["stop"]),
    with_choice(message="Hello"),
    with_message(content=None),
    with_message(content=""),
    with_message(content=[{"type": "text", "text": "Hello"}]),
    with_message(role="4111111111111111"),
    with_message(role=["assistant"]),
    with_message(refusal="No."),
    with_message(secret=None),
    with_message(refusal=None, secret=""),
    with_message(refusal=None, annotations=["a"]),
    with_message(refusal=None, annotations=[], secret=0),
    with_message(tool_calls=[]),
]


@pytest.mark.parametrize("tree", TAKEN)
def test_the_usual_reply_is_read_as_any_other(tree: dict[str, Any]) -> None:
    one, two = copy.deepcopy(tree), copy.deepcopy(tree)
    straight, by_member = Event(one), Event(two)
    assert read_usual(one, straight, words=True)
    _read_members(two, by_member, None)
    assert facts(one, straight) == facts(two, by_member)
    assert straight.deltas


@pytest.mark.parametrize("tree", LEFT)
def test_any_other_reply_is_left_as_it_is(tree: dict[str, Any]) -> None:
    mine = copy.deepcopy(tree)
    event = Event(mine)
    assert not read_usual(mine, event, words=True)
    assert event == Event(tree)
    if "choices" in tree:
        without = {key: value for key, value in mine.items() if key != "usage"}
        assert not read_usual(without, Event(without), words=True)


@pytest.mark.parametrize("tree", TAKEN)
def test_without_the_words_of_the_envelope_everything_else_is_the_same(tree: dict[str, Any]) -> None:
    one, two = copy.deepcopy(tree), copy.deepcopy(tree)
    bare, full = Event(one), Event(two)
    assert read_usual(one, bare, words=False)
    assert read_usual(two, full, words=True)
    assert all(not delta.field.startswith("envelope") for delta in bare.deltas)
    full.deltas = [delta for delta in full.deltas if delta.container is not two]
    bare.deltas = [delta for delta in bare.deltas if delta.container is not one]
    assert facts(one, bare) == facts(two, full)
