"""Fetching the small documents that identity needs: discovery, key sets, introspection, groups.

Over verified TLS, without redirects, with timeouts and a size limit of its own. Plain HTTP is accepted from the
machine itself only: a key set that anyone on the network could change verifies nothing.
"""

from collections import OrderedDict
from typing import Final
from urllib.parse import urlencode, urlsplit

import msgspec

from narrows.config.schema import ConnectionCredential, Timeouts
from narrows.ports.http import HeaderList, UpstreamFailed
from narrows.ports.identity import FetchFailed
from narrows.upstream.address import Resolver, is_remote, only_here, resolve
from narrows.upstream.credential import UpstreamCredential
from narrows.upstream.dial import Dialer
from narrows.upstream.pool import ConnectionPool
from narrows.upstream.request import RequestHeads
from narrows.upstream.target import Target, TargetInvalid, parse_target
from narrows.upstream.tls import client_context

DOCUMENT_LIMIT: Final = 1024 * 1024
"""Bytes of a document."""

FETCH_TIMEOUTS: Final = Timeouts(connect=5.0, first_byte=10.0, idle=5.0, total=15.0)

_CONNECTIONS: Final = 8
_ORIGINS: Final = 16
"""Servers whose connections are kept; discovery may name others than the configured one."""


class DocumentFetcher:
    """Implements the Fetcher port. `ca_bundle`: trust only its authorities; raises TlsUnusable if it can't be read."""

    def __init__(
        self,
        ca_bundle: str | None = None,
        *,
        timeouts: Timeouts = FETCH_TIMEOUTS,
        resolver: Resolver = resolve,
    ) -> None:
        self._context = client_context(ca_bundle)
        self._timeouts = timeouts
        self._resolver = resolver
        self._pools: OrderedDict[str, ConnectionPool] = OrderedDict()

    async def get(self, url: str) -> bytes:
        """The body of a 200 reply, at most 1 MiB. Raises FetchFailed."""
        return await self._fetch("GET", url, [(b"accept", b"application/json")], b"")

    async def post_form(self, url: str, form: dict[str, str], authorization: str | None) -> bytes:
        """The body of a 200 reply to a form. Raises FetchFailed."""
        headers = [(b"content-type", b"application/x-www-form-urlencoded"), (b"accept", b"application/json")]
        if authorization is not None:
            headers.append((b"authorization", authorization.encode("utf-8")))
        return await self._fetch("POST", url, headers, urlencode(form).encode("ascii"))

    async def post_json(self, url: str, body: bytes, authorization: str) -> bytes:
        """The body of a 200 reply to a JSON text, at most 1 MiB. Raises FetchFailed."""
        headers = [
            (b"content-type", b"application/json"),
            (b"accept", b"application/json"),
            (b"authorization", authorization.encode("utf-8")),
        ]
        return await self._fetch("POST", url, headers, body)

    def close(self) -> None:
        """Ends every connection. Idempotent."""
        for pool in self._pools.values():
            pool.close()
        self._pools.clear()

    async def _fetch(self, method: str, url: str, headers: HeaderList, body: bytes) -> bytes:
        target, path = _parse(url)
        try:
            reply = await self._pool(target).send(method, path, headers, body)
            try:
                if reply.status != 200:
                    raise FetchFailed(f"{target.origin} answered with status {reply.status}")
                return await reply.read_all(DOCUMENT_LIMIT)
            finally:
                reply.close()
        except UpstreamFailed as error:
            raise FetchFailed(f"{target.origin}: {error.deny.message}") from error

    def _pool(self, target: Target) -> ConnectionPool:
        pool = self._pools.get(target.origin)
        if pool is None:
            dialer = Dialer(
                target,
                self._timeouts,
                self._context if target.tls else None,
                resolver=self._resolver if target.tls else only_here(self._resolver),
            )
            heads = RequestHeads(target, dropped=())
            credential = UpstreamCredential(ConnectionCredential(none=True))
            pool = ConnectionPool(dialer, heads, credential, max_connections=_CONNECTIONS)
            self._pools[target.origin] = pool
        self._pools.move_to_end(target.origin)
        while len(self._pools) > _ORIGINS:
            self._pools.popitem(last=False)[1].retire()
        return pool


def _parse(url: str) -> tuple[Target, str]:
    """The server, and the path with its query. Raises FetchFailed."""
    base, mark, query = url.partition("?")
    try:
        target = parse_target(base)
    except TargetInvalid as error:
        raise FetchFailed(f"the document can't be fetched: {error}") from None
    if not target.tls and is_remote(target.host):
        raise FetchFailed(f"{target.origin} is not https, and plain HTTP is accepted from this machine only")
    return msgspec.structs.replace(target, prefix=""), (urlsplit(base).path or "/") + mark + query
