"""What the gate tells whoever asks, without a credential: where people sign in to use it.

Owns the path and the reply. What the document says is part of the snapshot; it must hold nothing that is a secret.
"""

from typing import Final

from narrows.engine.replying import JSON, reply_headers
from narrows.ports.http import Exchange

WELL_KNOWN: Final = "/.well-known/narrows"
"""Below the gate's address (RFC 8615)."""


async def introduce(exchange: Exchange, document: bytes, request_id: str) -> None:
    """Answers a request at that path, whoever sent it."""
    headers = [*reply_headers(request_id, None, JSON), (b"cache-control", b"no-store")]
    if exchange.head.method in ("GET", "HEAD"):
        exchange.respond(200, headers, document)
    else:
        exchange.respond(405, [*headers, (b"allow", b"GET, HEAD")], b'{"title": "only GET and HEAD", "status": 405}')
