"""The usual head of a reply, read without the parser: a 200 with its length, whole in one segment.

It takes a subset of what llhttp takes and reads it alike; whatever is out of the ordinary (another status or version,
a coding, a repeated field, `Connection: close`, a long or incomplete head) is left to the parser, which alone refuses.
Servers repeat most of their lines in every reply, so lines are remembered, for all connections to one server. Pure.
"""

import re
from typing import Final

MAX_HEAD: Final = 4 * 1024
KNOWN_LINES: Final = 128
"""Lines that are remembered. When there are more all are forgotten: those that matter come again at once."""

_KNOWN_SIZE: Final = 128
_OK: Final = b"HTTP/1.1 200 OK\r\n"
_FIELDS: Final = len(_OK)
_LINE: Final = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]++):[\t ]*+([\t\x20-\x7e\x80-\xff]*+)")
_KEPT: Final = frozenset({b"keep-alive", b"Keep-Alive"})
_UNUSUAL: Final = frozenset(
    b"content-encoding keep-alive proxy-authenticate proxy-connection te trailer transfer-encoding upgrade".split()
)
_MAX_DIGITS: Final = 15

Line = tuple[bytes, bytes]


class PlainHeads:
    """Reads heads of one server's replies."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[bytes, Line] = {}

    def read(self, data: bytes) -> tuple[dict[bytes, bytes], int, int] | None:
        """The end-to-end fields, the body's length and where it begins; None for what only the parser can judge."""
        end = data.find(b"\r\n\r\n", _FIELDS, MAX_HEAD)
        if end < 0 or not data.startswith(_OK):
            return None
        lines = data[_FIELDS:end].split(b"\r\n")
        try:
            fields = dict(map(self._known.__getitem__, lines))
        except KeyError:
            pairs = self._learn(lines)
            if pairs is None:
                return None
            fields = dict(pairs)
        if len(fields) != len(lines) or b"content-length" not in fields:
            return None
        if b"connection" in fields:
            del fields[b"connection"]
        return fields, int(fields[b"content-length"]), end + 4

    def _learn(self, lines: list[bytes]) -> list[Line] | None:
        """Every line's name and value, or None if one is not plain."""
        known = self._known
        pairs: list[Line] = []
        for line in lines:
            pair = known.get(line)
            if pair is None:
                match = _LINE.fullmatch(line)
                if match is None:
                    return None
                pair = match[1].lower(), match[2].rstrip()
                if not _is_plain(*pair):
                    return None
                if len(line) <= _KNOWN_SIZE and pair[0] != b"set-cookie":
                    if len(known) >= KNOWN_LINES:
                        known.clear()
                    known[line] = pair
            pairs.append(pair)
        return pairs


def _is_plain(name: bytes, value: bytes) -> bool:
    """Whether a field means nothing that only the parser can judge."""
    if name == b"content-length":
        return value.isdigit() and len(value) <= _MAX_DIGITS
    return value in _KEPT if name == b"connection" else name not in _UNUSUAL
