"""The two HTTP sides of a call, as the engine sees them: an exchange with a client, a reply of an upstream.

Header names are lower-case bytes. Repeated headers are joined with `, `; a repeated singleton never gets this far.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import msgspec

from narrows.model.verdict import Deny

Headers = Mapping[bytes, bytes]
HeaderList = Sequence[tuple[bytes, bytes]]


class Told(msgspec.Struct):
    """What the handler of a connection's requests has found out from a head alone, for its own use. Whoever makes heads
    gives the same object to those that are alike but for the length of their bodies, and to no others."""

    found: object = None


class RequestHead(msgspec.Struct, frozen=True):
    """A request's head after the edge's checks. `path` is canonical and still percent-encoded as it was sent;
    `address` is the client's, taken from `X-Forwarded-For` only where the peer is a listed proxy. `host` is the name in
    `Host`, in lower case and without its port; `certificate` is the SHA-256, in hex, of the client certificate that was
    shown and verified; `headers` lacks hop-by-hop and forwarding fields."""

    method: str
    path: str
    query: str
    headers: Headers
    address: str
    host: str
    tls: bool = False
    certificate: str | None = None
    told: Told = msgspec.field(default_factory=Told)


class BodyRefused(Exception):
    """The body can't be had: too large, malformed, late, or in an encoding the gate does not take."""

    def __init__(self, deny: Deny) -> None:
        super().__init__(deny.message)
        self.deny = deny


class Exchange(Protocol):
    """One request and its reply. The edge cancels the task that serves it when the client goes away."""

    @property
    def head(self) -> RequestHead:
        """The request's head."""

    def ready(self, limit: int) -> bytes | None:
        """The whole body if it is here as it was sent, and of at most `limit` bytes; None: ask for it."""

    async def body(self, limit: int) -> bytes:
        """The whole body, decoded; sends `100 Continue` first if the client waits for it.

        Raises BodyRefused (over `limit` bytes: `body_too_large`). A client that goes away cancels the task.
        """

    def respond(self, status: int, headers: HeaderList, body: bytes) -> None:
        """Sends a whole reply. What of the request body was not read is discarded or the connection closed."""

    def start(self, status: int, headers: HeaderList) -> None:
        """Begins a reply whose length is not known yet."""

    def send(self, data: bytes) -> bool:
        """Sends a piece of a begun reply; False when the client reads too slowly and `drained` should be awaited."""

    async def drained(self) -> None:
        """Waits until the client has read enough of what was sent."""

    def finish(self) -> None:
        """Ends a begun reply."""

    def abort(self) -> None:
        """Cuts a begun reply: the client sees a broken transfer, never a complete one."""

    def interrupt(self, word: str) -> None:
        """Cancels the task that serves it, with this word. For whoever serves it, while it does."""


class ExchangeHandler(Protocol):
    """What the edge calls, in a task of its own, when a request's head is complete and checked."""

    async def __call__(self, exchange: Exchange) -> None:
        """Serves one exchange. Must answer or abort; what it raises closes the connection and is logged."""


class EdgeRefusal(Protocol):
    """Renders a refusal that the edge itself must send, before any handler ran."""

    def __call__(self, deny: Deny, path: str) -> tuple[bytes, bytes]:
        """Content type and body, in the error shape of the dialect that `path` belongs to."""


class UpstreamFailed(Exception):
    """An upstream failed the call. `sent`: whether any byte of the request was sent; `refused`: it answered, and does
    nothing."""

    def __init__(self, deny: Deny, *, sent: bool, refused: bool = False) -> None:
        super().__init__(deny.message)
        self.deny = deny
        self.sent = sent
        self.refused = refused


class UpstreamReply(Protocol):
    """A reply whose head has arrived."""

    @property
    def status(self) -> int:
        """HTTP status."""

    @property
    def headers(self) -> Headers:
        """The upstream's headers, hop-by-hop ones removed."""

    async def read(self) -> bytes:
        """The next piece of the body, at most 64 KiB; `b""` at its proper end.

        Reading pauses the upstream when nobody reads. Raises UpstreamFailed (cut off, malformed, idle or total
        timeout).
        """

    async def flow(self, take: Callable[[bytes], bool]) -> bool:
        """Gives each piece of the body to `take` as it arrives, without a turn of the event loop in between. False at
        the body's proper end; True when `take` has said, by False, that it wants no more for now: then `flow` or `read`
        goes on behind that piece. Pauses and raises as `read` does; what `take` raises comes out here."""

    async def read_all(self, limit: int) -> bytes:
        """The rest of the body. Raises UpstreamFailed (`upstream_invalid` when over `limit` bytes)."""

    def close(self) -> None:
        """Gives the reply up: the connection goes back to the pool if the body was read, else it is closed.
        Idempotent."""


class Upstream(Protocol):
    """The pooled way to one connection's model server; it alone holds the credential and injects it."""

    async def send(self, method: str, target: str, headers: HeaderList, body: bytes) -> UpstreamReply:
        """Sends a request and waits for the reply's head. `target` is path and query below the connection's URL;
        `headers` has no host, length, connection or credential. Raises UpstreamFailed."""

    def echoes(self, data: bytes) -> bool:
        """Whether the credential stands in `data` as it is: cheap enough to ask of every piece of every reply."""

    def leaks(self, data: bytes) -> bool:
        """Whether the credential stands in `data` in any form (error bodies are checked before anyone sees them)."""
