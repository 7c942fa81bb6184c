"""A recorded call as people read it: who said what. The JSON of the wire APIs, taken apart as far as it is known.

What it does not know it shows as JSON; nothing of a record is left out. Pure.
"""

import json
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from narrows.stores.sqlite.views import CallRecord, Piece

GONE: Final = "(can't be read any more: erased, or changed since)"
_TEXTS: Final = ("system", "instructions", "prompt", "input")
"""Members of a request that are texts themselves."""

_CONVERSATIONS: Final = ("messages", "input")
"""Members of a request that are lists of what was said."""


class Passage(msgspec.Struct, frozen=True):
    """A text and whose it is: a role, a field of the reply, or a place in the request."""

    speaker: str
    text: str


def asked(record: CallRecord) -> list[Passage]:
    """What was sent, in the order of the conversation; the parameters last."""
    passages: list[Passage] = []
    parameters: list[Passage] = []
    for piece in record.request:
        value = _decoded(piece)
        if piece.label == "$" and isinstance(value, dict):
            passages[:0] = [
                Passage(_role(name), _flat(value.pop(name))) for name in _TEXTS if _is_text(value.get(name))
            ]
            parameters = [Passage("parameters", _json(value))] if value else []
        else:
            passages.append(_element(piece.label.removeprefix("$."), value))
    return passages + parameters


def written(body: bytes) -> list[Passage]:
    """What a whole request says, in the order of the conversation; the parameters last."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        return [Passage("body", body.decode("utf-8", "replace"))]
    said: list[Passage] = []
    for name in _CONVERSATIONS:
        if isinstance(value.get(name), list):
            said += [_element(f"{name}[{index}]", each) for index, each in enumerate(value.pop(name))]
    texts = [Passage(_role(name), _flat(value.pop(name))) for name in _TEXTS if _is_text(value.get(name))]
    return [*texts, *said, *([Passage("parameters", _json(value))] if value else [])]


def answered(record: CallRecord) -> list[Passage]:
    """What came back."""
    passages: list[Passage] = []
    if record.transcript is not None:
        several = len({stream.choice for stream in record.transcript.streams}) > 1
        passages += [
            Passage(stream.field + (f" [{stream.choice}]" if several else ""), stream.text)
            for stream in record.transcript.streams
        ]
    for piece in record.reply:
        if piece.label == "error":
            passages.append(Passage("upstream's error", GONE if piece.text is None else piece.text))
        elif piece.label != "stream" or piece.text is None:
            passages += _reply(_decoded(piece))
    return passages


def _decoded(piece: Piece) -> Any:
    if piece.text is None:
        return GONE
    try:
        return json.loads(piece.text)
    except (ValueError, RecursionError):
        return piece.text


def _element(label: str, value: Any) -> Passage:
    if isinstance(value, dict) and isinstance(value.get("role"), str) and label.startswith(("messages", "input")):
        rest = {name: member for name, member in value.items() if name not in ("role", "content") and member}
        said = _flat(value.get("content"))
        return Passage(value["role"], "\n".join(part for part in (said, _json(rest) if rest else "") if part))
    return Passage(label, value if isinstance(value, str) else _json(value))


def _reply(value: Any) -> list[Passage]:
    """The texts of a buffered reply of a known shape, else the whole of it."""
    passages = list(_parts(value)) if isinstance(value, dict) else []
    return passages or [Passage("reply", value if isinstance(value, str) else _json(value))]


def _parts(value: dict[str, Any]) -> Iterator[Passage]:
    for choice in _objects(value.get("choices")):
        message = choice.get("message")
        if isinstance(choice.get("text"), str):
            yield Passage("text", choice["text"])
        elif isinstance(message, dict):
            yield from _message(message)
    for block in (*_objects(value.get("content")), *_objects(value.get("output"))):
        if isinstance(block.get("content"), list):
            yield Passage("content", _flat(block["content"]))
        elif isinstance(block.get("text"), str):
            yield Passage("content", block["text"])
        else:
            yield Passage(str(block.get("type", "content")), _json(block))


def _message(message: dict[str, Any]) -> Iterator[Passage]:
    for name, member in message.items():
        if name == "role" or member is None:
            continue
        yield Passage(name, member if isinstance(member, str) else _json(member))


def _flat(content: Any) -> str:
    if isinstance(content, list):
        return "\n".join(_flat(part) for part in content)
    if isinstance(content, dict) and isinstance(content.get("text"), str):
        return str(content["text"])
    return "" if content is None else content if isinstance(content, str) else _json(content)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) or (
        isinstance(value, list) and bool(value) and all(isinstance(part, str | dict) for part in value)
    )


def _role(name: str) -> str:
    return {"prompt": "user", "input": "user", "instructions": "system"}.get(name, name)


def _objects(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
