"""Collects the texts of a reply as deltas, each with the place that takes it back.

Field names: `content`, `reasoning`, `refusal`, `tool_call:<i>` (arguments), `tool_name:<i>`, `logprobs`, `error`,
`audio_transcript`, and `other` for every string that no dialect classifies. A field that only repeats what the same
stream already said is named `repeat:<field>`.
"""

from types import NoneType
from typing import Any, Final

from msgspec import Raw

from narrows.model.reply import Delta
from narrows.model.usage import Usage

_NO_TEXT: Final = frozenset({int, bool, float, Raw, NoneType})


class Keys:
    """The place of an object's keys: setting one renames it where it stands."""

    __slots__ = ("_tree",)

    def __init__(self, tree: dict[str, Any]) -> None:
        self._tree = tree

    def __setitem__(self, key: str, text: str) -> None:
        if text != key:
            members = list(self._tree.items())
            self._tree.clear()
            self._tree.update((text if name == key else name, value) for name, value in members)


def collect(deltas: list[Delta], choice: int, field: str, container: Any, key: Any, *, keys: bool = True) -> None:
    """Every string below `container[key]`, and every key of its objects. A value comes before its key, so that it is
    put back before the key may change."""
    value = container[key]
    if type(value) is str:
        if value:
            deltas.append(Delta(choice, field, value, container, key))
    elif type(value) is list:
        for index in range(len(value)):
            collect(deltas, choice, field, value, index, keys=keys)
    elif type(value) is dict:
        for name, inner in value.items():
            if type(inner) not in _NO_TEXT:
                collect(deltas, choice, field, value, name, keys=keys)
        if keys:
            slot = Keys(value)
            deltas += [Delta(choice, field, name, slot, name) for name in value if name]


def put_back(deltas: list[Delta]) -> None:
    """Writes the texts the deltas have now to where they came from."""
    for delta in deltas:
        delta.container[delta.key] = delta.text


def figure(tree: Any, name: str, inner: str | None = None) -> int | None:
    """A count at a member, or at a member of it; None where there is none."""
    value = tree.get(name) if type(tree) is dict else None
    if inner is not None:
        value = value.get(inner) if type(value) is dict else None
    return _count(value)


def _count(value: Any) -> int | None:
    return value if type(value) is int and value >= 0 else None


def openai_usage(usage: Any) -> Usage | None:
    """Usage in either of OpenAI's two wordings (chat's and responses')."""
    if type(usage) is not dict:
        return None
    if "input_tokens" in usage and "prompt_tokens" not in usage:
        return Usage(
            figure(usage, "input_tokens"),
            figure(usage, "output_tokens"),
            figure(usage, "input_tokens_details", "cached_tokens"),
            figure(usage, "output_tokens_details", "reasoning_tokens"),
        )
    return Usage(
        _count(usage.get("prompt_tokens")),
        _count(usage.get("completion_tokens")),
        figure(usage, "prompt_tokens_details", "cached_tokens"),
        figure(usage, "completion_tokens_details", "reasoning_tokens"),
    )
