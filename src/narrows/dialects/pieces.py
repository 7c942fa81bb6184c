"""A request as it is sent, and the same in pieces to record. Every piece is encoded once.

The elements of long lists (`messages`, `tools`, …) are pieces of their own, so that a conversation of many turns is
stored once.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from narrows.model.call import Json
from narrows.model.path import element
from narrows.model.record import Content
from narrows.ports.dialect import Forward

_encode: Final = msgspec.json.Encoder().encode
_KNOWN: Final = 256
_PLACES: Final[Mapping[str, Sequence[str]]] = {
    name: tuple(element("$." + name, index) for index in range(_KNOWN)) for name in ("messages", "tools", "input")
}
"""Paths that nearly every request has."""


def assemble(body: Json, split: tuple[str, ...]) -> Forward:
    """Serialises `body`, with the elements of the lists named by `split` as pieces. Changes `body`: those lists move
    to its end, where the pieces are joined to the rest."""
    contents: list[Content] = []
    tails: list[bytes] = []
    for name in split:
        if name not in body:
            continue
        value = body[name]
        if type(value) is not list or not value or type(value[0]) is int:
            continue  # Token ids are one piece.
        del body[name]
        pieces = list(map(_encode, value))
        places = _PLACES.get(name)
        if places is None or len(pieces) > _KNOWN:
            places = _places(name, len(pieces))
        contents += map(Content, places, pieces)
        tails += (b',"%b":[' % name.encode(), b",".join(pieces), b"]")
    rest = _encode(body)
    if not tails:
        return Forward(rest, (Content("$", rest),))
    if not body:
        tails[0] = tails[0][1:]  # Nothing is before it.
    return Forward(b"".join((rest[:-1], *tails, b"}")), (Content("$", rest), *contents))


def _places(name: str, count: int) -> Sequence[str]:
    """The paths of so many elements of a list."""
    path = "$." + name
    return [element(path, index) for index in range(count)]
