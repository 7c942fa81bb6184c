"""The loopback proxy: adds this person's credential to calls, renews it, and passes everything else on as it is.

For tools that can't fetch a token themselves. It listens on this machine only, serves this user only, and refuses what
a web page could send: another Host, an Origin, a cross-site fetch. It buffers no reply and logs nothing of calls.
"""

import asyncio
import hmac
from collections.abc import Awaitable, Callable
from collections.abc import Set as AbstractSet
from typing import Final

import msgspec

from narrows.client.failure import SignInEnded, SignInFailed
from narrows.client.neighbours import Neighbours
from narrows.client.tokens import Tokens
from narrows.config.schema import Gate as EdgeSettings
from narrows.edge.connection import Connection
from narrows.edge.server import EdgeServer
from narrows.edge.service import Service
from narrows.model.secret import Secret
from narrows.ports.clock import Ids
from narrows.ports.http import BodyRefused, Exchange, HeaderList, RequestHead, Upstream, UpstreamFailed, UpstreamReply

BODY_LIMIT: Final = 64 * 1024 * 1024
"""Bytes of a request; the gate has a limit of its own."""

_OURS: Final = frozenset(
    {b"authorization", b"proxy-authorization", b"x-api-key", b"api-key", b"cookie", b"host", b"content-encoding"}
)
"""What a tool sends of these stays here: its own key is for nobody, or for this proxy; a body goes on decoded."""

_SAME: Final = frozenset({b"none", b"same-origin"})
_SETTLED: Final = 60
"""Seconds after which a token that the gate refuses is worth renewing; one that is younger would be refused again."""

Fresh = Callable[[Secret | None], Awaitable[Tokens]]
"""Tokens that are not due; given an access token that the gate refused, others. Raises SignInFailed."""


class Rules(msgspec.Struct, frozen=True):
    """Who may use the proxy. `hosts`: what `Host` may say; `origins`: web origins that are let in; `key`: a key that
    must be presented."""

    hosts: AbstractSet[bytes]
    origins: frozenset[bytes] = frozenset()
    key: Secret | None = None

    def refusal(self, head: RequestHead) -> tuple[int, str] | None:
        """Why a request is not passed on."""
        headers = head.headers
        if headers.get(b"host", b"").lower() not in self.hosts:
            return 403, "this proxy is not reached by that name; use the address that `narrows proxy` shows"
        origin = headers.get(b"origin")
        if origin is not None and origin not in self.origins:
            return 403, "web pages may not use this proxy (Origin); `narrows proxy --origin` lets one in"
        if origin is None and headers.get(b"sec-fetch-site", b"none").lower() not in _SAME:
            return 403, "web pages may not use this proxy (Sec-Fetch-Site)"
        if self.key is not None and not self._presented(head):
            return 401, "this proxy wants its own key, which `narrows proxy` shows"
        return None

    def _presented(self, head: RequestHead) -> bool:
        key = b"" if self.key is None else self.key.reveal().encode()
        authorization = head.headers.get(b"authorization", b"")
        given = head.headers.get(b"x-api-key") or authorization[7:]
        return hmac.compare_digest(given, key)


class Proxy:
    """The handler of requests. `now` is in Unix seconds."""

    def __init__(self, upstream: Upstream, fresh: Fresh, now: Callable[[], int]) -> None:
        self._upstream = upstream
        self._fresh = fresh
        self._now = now
        self._rules = Rules(frozenset())

    def admit(self, rules: Rules) -> None:
        """Says who may use it; until then nobody may."""
        self._rules = rules

    async def __call__(self, exchange: Exchange) -> None:
        """Serves one exchange."""
        refusal = self._rules.refusal(exchange.head)
        if refusal is not None:
            _refuse(exchange, *refusal)
            return
        try:
            body = exchange.ready(BODY_LIMIT)
            if body is None:
                body = await exchange.body(BODY_LIMIT)
            reply = await self._asked(exchange.head, body)
        except BodyRefused as refused:
            _refuse(exchange, refused.deny.meaning.status, refused.deny.message)
        except SignInFailed as failure:
            _refuse(exchange, 401 if isinstance(failure, SignInEnded) else 503, str(failure))
        except UpstreamFailed as failed:
            _refuse(exchange, failed.deny.meaning.status, f"the gate: {failed.deny.message}")
        else:
            await _pass_on(exchange, reply)

    async def _asked(self, head: RequestHead, body: bytes) -> UpstreamReply:
        """The gate's reply; once with a newer token where it no longer takes the one at hand."""
        tokens = await self._fresh(None)
        reply = await self._sent(head, body, tokens)
        if reply.status != 401 or self._now() - tokens.received < _SETTLED:
            return reply
        try:
            newer = await self._fresh(tokens.access)
        except SignInFailed:
            return reply
        except BaseException:
            reply.close()
            raise
        if newer.access == tokens.access:
            return reply
        reply.close()
        return await self._sent(head, body, newer)

    async def _sent(self, head: RequestHead, body: bytes, tokens: Tokens) -> UpstreamReply:
        headers = [(name, value) for name, value in head.headers.items() if name not in _OURS]
        headers.append((b"authorization", b"Bearer " + tokens.access.reveal().encode("ascii")))
        target = f"{head.path}?{head.query}" if head.query else head.path
        return await self._upstream.send(head.method, target, headers, body)


async def _pass_on(exchange: Exchange, reply: UpstreamReply) -> None:
    """Sends the reply as it arrives; one that breaks off looks broken to the client, too."""
    try:
        exchange.start(reply.status, [(name, value) for name, value in reply.headers.items() if name != b"set-cookie"])
        while data := await reply.read():
            if not exchange.send(data):
                await exchange.drained()
        exchange.finish()
    except UpstreamFailed:
        exchange.abort()
    finally:
        reply.close()


def _refuse(exchange: Exchange, status: int, message: str) -> None:
    """An error that the clients of both wire APIs can read."""
    error = {"type": "narrows_proxy", "message": f"narrows proxy: {message}", "param": None, "code": "narrows_proxy"}
    headers: HeaderList = [(b"content-type", b"application/json"), (b"x-should-retry", b"false")]
    exchange.respond(status, headers, msgspec.json.encode({"type": "error", "error": error}))


class _Guarded(Connection):
    """A connection that ends at once when it is somebody else's."""

    __slots__ = ("_neighbours", "_tell")

    def __init__(self, service: Service, neighbours: Neighbours, tell: Callable[[str], None]) -> None:
        super().__init__(service)
        self._neighbours = neighbours
        self._tell = tell

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        peer, here = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
        if not peer or not here or not self._neighbours.is_mine(peer, here):
            self._tell("a connection of another user of this machine was refused")
            transport.abort()  # type: ignore[attr-defined] # every TCP transport has it


def server(port: int, proxy: Proxy, ids: Ids, neighbours: Neighbours | None, tell: Callable[[str], None]) -> EdgeServer:
    """The proxy's server on 127.0.0.1; `neighbours` keeps other users out, None: a key does."""
    settings = EdgeSettings(listen=f"127.0.0.1:{port}", max_body=BODY_LIMIT, body_timeout=300.0, drain=2.0)
    if neighbours is None:
        return EdgeServer(settings, proxy, ids=ids, allows_encoded_slash=_any)
    return EdgeServer(
        settings,
        proxy,
        ids=ids,
        allows_encoded_slash=_any,
        connection=lambda service: _Guarded(service, neighbours, tell),
    )


def _any(_path: str) -> bool:
    """What a path may hold is the gate's to say."""
    return True
