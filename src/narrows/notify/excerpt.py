"""What of a request may be shown in a chat, where the settings say so: the beginning of the texts in which rules found
something, as they would be sent, masked. Pure."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from narrows.model.approval import Ticket
from narrows.model.path import PathRefused, parse

EACH: Final = 400
WHOLE: Final = 1_200
"""Characters of one text, and of all."""


def excerpt(ticket: Ticket, body: bytes) -> str:
    """Of texts that rules found something in; where there are none, of the last text of the request."""
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _cut(body[: WHOLE * 4].decode("utf-8", "replace"), EACH)
    paths = dict.fromkeys(place.path for place in ticket.places)
    texts = [text for path in paths for text in _at(document, path)] or list(_texts(document))[-1:]
    parts: list[str] = []
    left = WHOLE
    for text in texts:
        if left <= 0:
            break
        parts.append(_cut(text, min(EACH, left)))
        left -= len(parts[-1])
    return "\n".join(parts)


def _at(document: Any, path: str) -> Iterator[str]:
    """The texts at a path; none where it leads nowhere."""
    try:
        steps: Sequence[str | int | None] = parse(path)
    except PathRefused:
        return
    found = [document]
    for step in steps:
        found = [inner for one in found for inner in _step(one, step)]
    for one in found:
        yield from _texts(one)


def _step(value: Any, step: str | int | None) -> list[Any]:
    if isinstance(value, dict) and isinstance(step, str):
        return [value[step]] if step in value else []
    if isinstance(value, list) and isinstance(step, int):
        return [value[step]] if step < len(value) else []
    if step is None and isinstance(value, dict | list):
        return list(value.values() if isinstance(value, dict) else value)
    return []


def _texts(value: Any) -> Iterator[str]:
    """Every text below a value, in its order."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            if one.strip():
                yield one
        elif isinstance(one, dict):
            waiting.extend(reversed(one.values()))
        elif isinstance(one, list):
            waiting.extend(reversed(one))


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
