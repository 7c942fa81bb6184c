"""What a request's head alone says: what its credential is remembered by, where it comes from, whether its body can be
read.

Clients send one head again and again. What it says is found out once for each client's connection, kept with the head
(`Told`), and gone with the connection. Nothing that can change is kept: whether the credential is still in force, and
what it may do, is asked in every call.
"""

from typing import Final

import msgspec

from narrows.engine.bodies import check_content_type
from narrows.model.call import Source
from narrows.model.verdict import Deny
from narrows.ports.http import RequestHead

_HEADER_TEXT: Final = 512
"""Characters kept of a client's descriptive header."""

_DESCRIBING: Final = frozenset({b"narrows-agent", b"narrows-session", b"narrows-justification"})


class Known(msgspec.Struct, frozen=True, gc=False):
    """`digest` is by what the credential is remembered; `unsupported` says why a body of this content type is not
    read."""

    digest: bytes
    source: Source
    unsupported: Deny | None


def known(head: RequestHead, digest: bytes) -> Known:
    """What a head says; `digest` is that of the credential in it."""
    return Known(digest, source(head), check_content_type(head.headers))


def source(head: RequestHead) -> Source:
    """Where a request comes from, and what it says of itself."""
    headers = head.headers
    agent = headers.get(b"user-agent")
    named = "" if agent is None else agent.decode("utf-8", "replace")[:_HEADER_TEXT]
    if _DESCRIBING.isdisjoint(headers):
        return Source(head.address, named)
    return Source(
        head.address,
        named,
        _text(headers.get(b"narrows-agent")),
        _text(headers.get(b"narrows-session")),
        _text(headers.get(b"narrows-justification")),
    )


def _text(value: bytes | None) -> str | None:
    """A descriptive header as text: percent-free UTF-8, cut to a bounded length; None if absent or empty."""
    if not value:
        return None
    return value.decode("utf-8", "replace")[:_HEADER_TEXT]
