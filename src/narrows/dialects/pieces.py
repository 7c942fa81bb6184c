"""A request as it is sent, and the same in pieces to record. Every piece is encoded once.

The elements of long lists (`messages`, `tools`, …) are pieces of their own, so that a conversation of many turns is
stored once. Large bodies that a worker process read come with those elements already serialised (`Raw`).
"""

from typing import Any, Final, TypeGuard

import msgspec
from msgspec import Raw

from narrows.model.call import Asked, Json
from narrows.model.path import element
from narrows.model.record import Content
from narrows.ports.dialect import Forward

LARGE: Final = 4096
"""Bytes from which a compacted member that is no list of pieces is kept serialised."""

_encode: Final = msgspec.json.Encoder().encode


def assemble(body: Json, split: tuple[str, ...]) -> Forward:
    """Serialises `body`, with the elements of the lists named by `split` as pieces. Changes `body`: those lists move
    to its end, where the pieces are joined to the rest."""
    contents: list[Content] = []
    tails: list[bytes] = []
    for name in split:
        value = body.get(name)
        if not _is_pieces(value):
            continue
        del body[name]
        path = "$." + name
        pieces: list[bytes] = []
        for index, member in enumerate(value):
            piece = bytes(member) if type(member) is Raw else _encode(member)
            pieces.append(piece)
            contents.append(Content(element(path, index), piece))
        tails.append(b'"' + name.encode() + b'":[' + b",".join(pieces) + b"]")
    rest = _encode(body)
    if not tails:
        return Forward(rest, (Content("$", rest),))
    head = rest[:-1] + b"," if body else b"{"
    return Forward(head + b",".join(tails) + b"}", (Content("$", rest), *contents))


def compact(asked: Asked, split: tuple[str, ...], keep: frozenset[str]) -> Asked:
    """The same with large members serialised, so that it travels between processes cheaply. `keep` are the members
    that forwarding reads or changes."""
    return msgspec.structs.replace(asked, body={name: _compacted(name, asked.body, split, keep) for name in asked.body})


def _compacted(name: str, body: Json, split: tuple[str, ...], keep: frozenset[str]) -> Any:
    value = body[name]
    if name in keep or isinstance(value, int | float | Raw) or value is None:
        return value
    if name in split and _is_pieces(value):
        return [Raw(_encode(element)) for element in value]
    encoded = _encode(value)
    return Raw(encoded) if len(encoded) >= LARGE else value


def _is_pieces(value: Any) -> TypeGuard[list[Any]]:
    """Whether a member is a list worth splitting; token ids are one piece."""
    return type(value) is list and bool(value) and type(value[0]) is not int
