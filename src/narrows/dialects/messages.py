"""Messages of a chat, as they stand in chat completions and in Anthropic's messages."""

from typing import Any, Final

from narrows.dialects.reading import GOVERNED_IN_MESSAGES, ROLES, Invalid, Reading
from narrows.dialects.strict_json import case_variant
from narrows.model.call import Json
from narrows.model.path import child, element
from narrows.model.text import Role, Text

_USUAL: Final = "$.messages"
_CONTENT: Final = ".content"
_CONTENTS: Final = tuple(f"{_USUAL}[{index}]{_CONTENT}" for index in range(256))


def read_messages(reading: Reading, messages: list[Any], path: str = _USUAL) -> None:
    """Every text of every message. Raises Invalid."""
    if path != _USUAL or len(messages) > len(_CONTENTS):
        for index, message in enumerate(messages):
            _read_message(reading, message, element(path, index))
        return
    add = reading.texts.append
    for place, message in zip(_CONTENTS, messages, strict=False):
        if type(message) is dict and len(message) == 2:
            # Nearly all messages: a role and a string. Any other is read below, as these would be.
            try:
                role, content = ROLES[message["role"]], message["content"]
            except (KeyError, TypeError):
                content = None
            if type(content) is str:
                add(Text(role, place, content))
                continue
        _read_message(reading, message, place[: -len(_CONTENT)])


def _read_message(reading: Reading, message: Any, place: str) -> None:
    if type(message) is not dict:
        raise Invalid(place, "must be an object")
    name = message.get("role")
    if type(name) is not str:
        raise Invalid(f"{place}.role", "must be a string")
    role = ROLES.get(name)
    if role is None:
        role = Role.USER
        reading.texts.append(Text(role, f"{place}.role", name))
    content = message.get("content")
    if type(content) is str:
        reading.texts.append(Text(role, f"{place}.content", content))
    elif content is not None:
        reading.content(role, f"{place}.content", content)
    if len(message) > 2 or "content" not in message:
        _read_rest(reading, role, place, message)


def _read_rest(reading: Reading, role: Role, place: str, message: Json) -> None:
    variant = case_variant(message, GOVERNED_IN_MESSAGES)
    if variant is not None:
        raise Invalid(child(place, variant), f"must be written {variant.casefold()!r}")
    for key, value in message.items():
        if key in ("role", "content"):
            continue
        here = child(place, key)
        if key in ("tool_calls", "function_call"):
            reading.call(here, value)
        else:
            reading.member(role, here, key, value)
