"""The headers a forwarded request carries: those of the client that mean something upstream, and the gate's own."""

import hashlib
from collections.abc import Set as AbstractSet
from typing import Final

from narrows.engine.replying import JSON
from narrows.model.call import Call
from narrows.model.principal import Principal
from narrows.ports.http import Headers

_IDEMPOTENCY: Final = b"idempotency-key"


def onward_headers(call: Call, given: Headers, passed: AbstractSet[bytes]) -> list[tuple[bytes, bytes]]:
    """`passed` are the headers that the dialect and the connection declare."""
    accept = b"text/event-stream" if call.asked.stream else JSON
    headers = [(b"accept", accept), (b"x-request-id", call.request_id.encode())]
    if call.method == "POST":
        headers.append((b"content-type", JSON))
    if not passed.isdisjoint(given):
        headers += [(name, given[name]) for name in passed if name in given]
    return _own(headers, call.principal) if _IDEMPOTENCY in given else headers


def _own(headers: list[tuple[bytes, bytes]], principal: Principal) -> list[tuple[bytes, bytes]]:
    """The headers with the idempotency key made the caller's own: the same each time, and never another's. All callers
    share one account upstream, and nobody may be given the reply to another's key."""
    prefix = principal.key.encode("utf-8", "surrogatepass") + b"\0"
    return [
        (name, hashlib.blake2b(prefix + value, digest_size=20).hexdigest().encode() if name == _IDEMPOTENCY else value)
        for name, value in headers
    ]
