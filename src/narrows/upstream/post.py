"""The way to one service of the operator's: a few connections, kept open, on which JSON is posted to one address.

Over verified TLS, without redirects, with timeouts and a size limit. Plain HTTP is accepted from the machine itself
only. The credential of no connection is ever sent here.
"""

from typing import Final, NamedTuple
from urllib.parse import urlsplit

import msgspec

from narrows.config.schema import ConnectionCredential, Timeouts
from narrows.ports.http import HeaderList, Headers, UpstreamFailed
from narrows.ports.plugin import PluginFailed
from narrows.upstream.address import Resolver, is_remote, only_here, resolve
from narrows.upstream.credential import UpstreamCredential
from narrows.upstream.dial import Dialer
from narrows.upstream.pool import ConnectionPool
from narrows.upstream.request import RequestHeads
from narrows.upstream.target import TargetInvalid, parse_target
from narrows.upstream.tls import client_context

ANSWER_LIMIT: Final = 8 << 20
"""Bytes of an answer."""


class Asked(NamedTuple):
    """What a service answered."""

    status: int
    headers: Headers
    body: bytes


class ServicePost:
    """Raises TargetInvalid and TlsUnusable where the address or the CA bundle can't be used."""

    def __init__(
        self,
        url: str,
        timeout: float,
        ca_bundle: str | None = None,
        *,
        connections: int = 1,
        resolver: Resolver = resolve,
    ) -> None:
        base, mark, query = url.partition("?")
        target = msgspec.structs.replace(parse_target(base), prefix="")
        if not target.tls and is_remote(target.host):
            raise TargetInvalid(f"{target.origin} is not https, and plain HTTP is accepted for this machine only")
        self._path = urlsplit(base).path or "/"
        self._query = mark + query
        dialer = Dialer(
            target,
            Timeouts(connect=timeout, first_byte=timeout, idle=timeout, total=timeout),
            client_context(ca_bundle) if target.tls else None,
            resolver=resolver if target.tls else only_here(resolver),
        )
        credential = UpstreamCredential(ConnectionCredential(none=True))
        self._pool = ConnectionPool(dialer, RequestHeads(target, dropped=()), credential, max_connections=connections)

    async def send(self, headers: HeaderList, body: bytes) -> bytes:
        """The body of a 200 reply. Raises PluginFailed."""
        try:
            reply = await self._pool.send("POST", self._path + self._query, headers, body)
            try:
                if reply.status != 200:
                    raise PluginFailed(f"answered with status {reply.status}")
                return await reply.read_all(ANSWER_LIMIT)
            finally:
                reply.close()
        except UpstreamFailed as failed:
            raise PluginFailed(f"can't be asked: {failed.deny.message}") from None

    async def ask(self, below: str | None, headers: HeaderList, body: bytes) -> Asked:
        """Whatever it answers; to its own address, or to what is `below` it. Raises UpstreamFailed."""
        path = self._path + self._query if below is None else f"{self._path.rstrip('/')}/{below}"
        reply = await self._pool.send("POST", path, headers, body)
        try:
            return Asked(reply.status, reply.headers, await reply.read_all(ANSWER_LIMIT))
        finally:
            reply.close()

    def close(self) -> None:
        """Ends its connections. Idempotent."""
        self._pool.close()

    def retire(self) -> None:
        """What is on its way is answered; no connection is kept afterwards."""
        self._pool.retire()
