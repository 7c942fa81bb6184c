"""Events made in the form of other ones: with one text of their own, and nothing that was said already."""

from typing import Any, Final

from narrows.dialects.fields import is_envelope
from narrows.model.reply import Delta, Event

_SAID_ONCE: Final = frozenset(
    {
        "usage", "timings", "logprobs", "metrics", "done", "is_done", "finished", "is_finished", "completed",
        "complete", "stop", "finish_reason", "stop_reason", "done_reason", "finishReason", "stopReason",
        "generated_text",
    }
)  # fmt: skip
"""Members that only one event may have: figures that clients add up, and marks of the end."""


def alone(
    event: Event, choice: int, field: str, text: str, outer: frozenset[str], inner: frozenset[str]
) -> Event | None:
    """`text` at the place of the last text of this field in `event`, in objects that hold nothing else but the members
    named by `outer` (in the event itself) and `inner`. None if there is no such place."""
    said = _said(event, choice, field)
    found = None if said is None else _stripped(event.data, said.container, outer, inner)
    if said is None or found is None:
        return None
    tree, place = found
    place[said.key] = text
    return Event(tree, event.name, [Delta(choice, field, text, place, said.key)])


def blank(event: Event, choice: int, field: str, text: str) -> Event | None:
    """A copy of `event`, of any JSON, in which `text` stands at the place of the last text of this field, and every
    other text is empty."""
    said = _said(event, choice, field)
    if said is None:
        return None
    places: list[Any] = []
    tree = _blank(event.data, "", said.container, places)
    if not places:
        return None
    places[0][said.key] = text
    return Event(tree, event.name, [Delta(choice, field, text, places[0], said.key)])


def _said(event: Event, choice: int, field: str) -> Delta | None:
    return next((delta for delta in reversed(event.deltas) if delta.field == field and delta.choice == choice), None)


def _stripped(value: Any, target: Any, outer: frozenset[str], inner: frozenset[str]) -> tuple[Any, Any] | None:
    """A copy of the way from `value` down to `target`, and the copy of `target`."""
    if value is target:
        copy = _members(value, outer) if type(value) is dict else [""] * len(value)
        return copy, copy
    if type(value) is dict:
        for key, below in value.items():
            if type(below) is dict or type(below) is list:
                found = _stripped(below, target, inner, inner)
                if found is not None:
                    return {**_members(value, outer), key: found[0]}, found[1]
    elif type(value) is list:
        for index, below in enumerate(value):
            found = _stripped(below, target, inner, inner)
            if found is not None:
                if index and type(found[0]) is dict:
                    # Where nothing but its place said which element it is, the copy has to say it.
                    found[0].setdefault("index", index)
                return [found[0]], found[1]
    return None


def _members(value: dict[str, Any], kept: frozenset[str]) -> dict[str, Any]:
    return {key: value[key] for key in value if key in kept and type(value[key]) in (str, int)}


def _blank(value: Any, name: str, target: Any, places: list[Any]) -> Any:
    if type(value) is str:
        return value if is_envelope(name) else ""
    copy: Any
    if type(value) is dict:
        copy = {key: _blank(value[key], key, target, places) for key in value if key not in _SAID_ONCE}
    elif type(value) is list:
        copy = [_blank(below, name, target, places) for below in value]
    else:
        return value
    if value is target:
        places.append(copy)
    return copy
