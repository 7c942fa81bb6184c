"""Messages of a chat, as they stand in chat completions and in Anthropic's messages."""

from typing import Any

from narrows.dialects.reading import GOVERNED_IN_MESSAGES, ROLES, Invalid, Reading
from narrows.dialects.strict_json import case_variant
from narrows.model.call import Json
from narrows.model.path import child, element
from narrows.model.text import Role, Text


def read_messages(reading: Reading, messages: list[Any], path: str = "$.messages") -> None:
    """Every text of every message. Raises Invalid."""
    texts = reading.texts
    for index, message in enumerate(messages):
        place = element(path, index)
        if type(message) is not dict:
            raise Invalid(place, "must be an object")
        name = message.get("role")
        if type(name) is not str:
            raise Invalid(f"{place}.role", "must be a string")
        role = ROLES.get(name)
        if role is None:
            role = Role.USER
            texts.append(Text(role, f"{place}.role", name))
        content = message.get("content")
        if type(content) is str:
            texts.append(Text(role, f"{place}.content", content))
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
