"""A request as it is sent, and the same in pieces to record. Every piece is encoded once.

The elements of long lists (`messages`, `tools`, …) are pieces of their own, so that a conversation of many turns is
stored once.
"""

from typing import Any, Final, TypeGuard

import msgspec

from narrows.model.call import Json
from narrows.model.path import element
from narrows.model.record import Content
from narrows.ports.dialect import Forward

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
            piece = _encode(member)
            pieces.append(piece)
            contents.append(Content(element(path, index), piece))
        tails.append(b'"' + name.encode() + b'":[' + b",".join(pieces) + b"]")
    rest = _encode(body)
    if not tails:
        return Forward(rest, (Content("$", rest),))
    head = rest[:-1] + b"," if body else b"{"
    return Forward(head + b",".join(tails) + b"}", (Content("$", rest), *contents))


def _is_pieces(value: Any) -> TypeGuard[list[Any]]:
    """Whether a member is a list worth splitting; token ids are one piece."""
    return type(value) is list and bool(value) and type(value[0]) is not int
