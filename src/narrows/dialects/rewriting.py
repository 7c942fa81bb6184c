"""Puts other texts in a request's place: `Text.path` says where, and everything else stays as it was.

Copies what it changes and nothing else, so that a body which others hold is not touched. Members that are already
serialised (`Raw`) are opened where a path leads into them, and serialised again.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import Raw

from narrows.dialects.numbers import literal, long_source
from narrows.dialects.strict_json import Malformed, scan
from narrows.model.call import Json
from narrows.model.path import PathRefused, Step, parse

_encode: Final = msgspec.json.Encoder().encode


class PlaceUnknown(LookupError):
    """A change names a place that the body does not have, or one that is no text. It does not say which: the names of
    a body's members are the caller's."""


class _Node(msgspec.Struct):
    """What changes at one place, and below it."""

    text: str | None = None
    renamed: str | None = None
    below: dict[Step, "_Node"] = {}


def rewrite(body: Json, changes: Mapping[str, str]) -> Json:
    """The body with other texts at these paths, as `Text.path` spells them; `~` at the end renames the member itself.

    A number's text is its literal, a long list of numbers' its source (see `numbers`): what does not change stays what
    it is, anything else becomes a string, and a list a list that has strings for some of its numbers. Two members of an
    object that would be named alike get numbers (`[EMAIL_ADDRESS]`, `[EMAIL_ADDRESS]_2`). Raises
    PlaceUnknown.
    """
    if not changes:
        return body
    root = _Node()
    for path, text in changes.items():
        node = root
        for step in steps(path.removesuffix("~")):
            node = node.below.setdefault(step, _Node())
        if path.endswith("~"):
            node.renamed = text
        else:
            node.text = text
    if root.text is not None or root.renamed is not None:
        raise PlaceUnknown("a change names the whole body")
    changed: Json = _changed(body, root)
    return changed


def steps(path: str) -> tuple[Step, ...]:
    """The members and elements that a path leads through. Raises PlaceUnknown where it is none."""
    try:
        found = parse(path)
    except PathRefused:
        raise PlaceUnknown("a change names a place by something that is no path") from None
    if None in found:
        raise PlaceUnknown("a change names many places")
    return found


def _changed(value: Any, node: _Node) -> Any:
    if type(value) is Raw:
        opened = scan(bytes(value))
        if type(opened) is not Raw:
            return Raw(_encode(_changed(opened, node)))
    if node.text is not None:
        if node.below:
            raise PlaceUnknown("a change names a place that is no text")
        return _replaced(value, node.text)
    if type(value) is dict:
        return _changed_members(value, node)
    if type(value) is not list:
        raise PlaceUnknown("a change names a place within a text or a number")
    elements = list(value)
    for step, below in node.below.items():
        if type(step) is not int or step >= len(elements) or below.renamed is not None:
            raise PlaceUnknown("a change names an element that is not there")
        elements[step] = _changed(elements[step], below)
    return elements


def _replaced(value: Any, text: str) -> Any:
    if type(value) is str:
        return text
    spelled = long_source(value) if type(value) is list else literal(value)
    if spelled is None:
        raise PlaceUnknown("a change names a place that is no text")
    if spelled == text:
        return value
    return text if type(value) is not list else _numbers(text)


def _numbers(text: str) -> Any:
    """What stands in place of a list of numbers: a list, by its source, or a string."""
    try:
        return scan(text.encode("utf-8", "surrogatepass"))
    except Malformed:
        return text


def _changed_members(value: Json, node: _Node) -> Json:
    members = dict(value)
    names: dict[str, str] = {}
    for step, below in node.below.items():
        if type(step) is not str or step not in members:
            raise PlaceUnknown("a change names a member that is not there")
        if below.renamed is not None:
            names[step] = below.renamed
        if below.text is not None or below.below:
            members[step] = _changed(members[step], below)
    return _renamed(members, names) if names else members


def _renamed(members: Json, names: dict[str, str]) -> Json:
    """The members in their order under other names. Where two would be alike, who keeps a name has it."""
    taken = {name for name in members if names.get(name, name) == name}
    numbers: dict[str, int] = {}
    made: Json = {}
    for name, value in members.items():
        new = names.get(name, name)
        if new != name:
            number, wanted = numbers.get(new, 1), new
            while new in taken:
                number += 1
                new = f"{wanted}_{number}"
            numbers[wanted] = number
            taken.add(new)
        made[new] = value
    return made
