"""The last head of a connection, so that a client which sends it again has it judged once.

Clients repeat their head byte for byte, or but for the digits of Content-Length. What equals bytes that passed every
check passes them, too. It keeps what the connection's own client sent, no longer than the connection lives, and never
lends it to another connection. Pure.
"""

import re
from typing import Final

from narrows.edge.head import CHUNKED, Accepted
from narrows.ports.http import RequestHead

MAX_REMEMBERED: Final = 4 * 1024
"""Longer heads are judged each time: what is kept for every open connection has to be small."""

_MAX_DIGITS: Final = 15
_LENGTH: Final = re.compile(
    rb"\r\n[Cc][Oo][Nn][Tt][Ee][Nn][Tt]-[Ll][Ee][Nn][Gg][Tt][Hh]:[ \t]*([0-9]++)(\r\n.*)", re.DOTALL
)


class Repeat:
    """One head that passed. `block` are its bytes, its empty line included; `accepted` is what they mean."""

    __slots__ = ("_after", "_before", "accepted", "block", "size")

    def __init__(self, block: bytes, accepted: Accepted) -> None:
        self.block = block
        self.size = len(block)
        self.accepted = accepted
        found = _LENGTH.search(block)
        self._before = b"" if found is None else block[: found.start(1)]
        self._after = b"" if found is None else found[2]

    def vary(self, buffer: bytes) -> tuple[Accepted, int] | None:
        """What `buffer` begins with, and its size, if that is this head with another length."""
        before = self._before
        if not before or not buffer.startswith(before):
            return None
        at = len(before)
        digits = buffer[at : buffer.find(b"\r", at, at + _MAX_DIGITS + 1)]
        end = at + len(digits)
        if len(digits) > _MAX_DIGITS or not digits.isdigit() or not buffer.startswith(self._after, end):
            return None
        known = self.accepted
        head = known.head
        headers = {**head.headers, b"content-length": digits}
        varied = RequestHead(
            head.method, head.path, head.query, headers, head.address, head.host, head.tls, head.certificate, head.told
        )
        accepted = Accepted(varied, int(digits), known.keep_alive, known.chunked_reply, known.expects, known.encoding)
        return accepted, end + len(self._after)


def repeatable(block: bytes, accepted: Accepted) -> bool:
    """Whether a head that passed may be remembered: small, and its body is a matter of counting bytes."""
    return len(block) <= MAX_REMEMBERED and accepted.length != CHUNKED and not accepted.expects
