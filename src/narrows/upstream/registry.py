"""The pools of all connections, over the changes of the configuration.

A pool lives as long as a configuration in force has its connection with the same way upstream, so that a policy change
costs no reconnect; one that is no longer named drains: calls in flight end, nothing is kept.
"""

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from narrows.config.schema import Connection, ConnectionCredential, Timeouts
from narrows.config.tls import Tls
from narrows.upstream.address import Resolver, resolve
from narrows.upstream.credential import CredentialInvalid, UpstreamCredential
from narrows.upstream.dial import Dialer
from narrows.upstream.pool import ConnectionPool
from narrows.upstream.request import RequestHeads
from narrows.upstream.target import TargetInvalid, parse_target
from narrows.upstream.tls import TlsUnusable, client_context


class ConnectionInvalid(ValueError):
    """A connection of the configuration can't be used; the message names it and the wrong key, never a secret."""


class _Way(msgspec.Struct, frozen=True):
    """What of a connection's settings the pool depends on, and when its files last changed."""

    url: str
    credential: ConnectionCredential
    timeouts: Timeouts
    max_connections: int
    ca_bundle: str | None
    client_certificate: Tls | None
    files: tuple[tuple[int, int] | None, ...]


class Upstreams:
    """The pools in use, by connection name. Its owner calls `retain` when a configuration has come into force."""

    def __init__(self, *, resolver: Resolver = resolve) -> None:
        self._resolver: Final = resolver
        self._pools: dict[str, list[tuple[_Way, ConnectionPool]]] = {}

    def get(self, name: str, config: Connection) -> ConnectionPool:
        """The pool for this connection, kept from before if the way upstream is the same. Raises ConnectionInvalid."""
        way = _way(config)
        pools = self._pools.setdefault(name, [])
        for known, pool in pools:
            if known == way:
                return pool
        pool = _pool(name, config, self._resolver)
        pools.append((way, pool))
        return pool

    def retain(self, connections: Mapping[str, Connection]) -> None:
        """Only these are in force now; every other pool drains."""
        ways = {name: _way(config) for name, config in connections.items()}
        for name, pools in list(self._pools.items()):
            kept = [(way, pool) for way, pool in pools if way == ways.get(name)]
            for way, pool in pools:
                if way != ways.get(name):
                    pool.retire()
            self._pools[name] = kept
            if not kept:
                del self._pools[name]

    def close(self) -> None:
        """Ends every connection at once. Idempotent."""
        for pools in self._pools.values():
            for _, pool in pools:
                pool.close()
        self._pools.clear()


def _pool(name: str, config: Connection, resolver: Resolver) -> ConnectionPool:
    """A pool made from settings; no connection is opened before the first call."""
    try:
        target = parse_target(config.url)
    except TargetInvalid as error:
        raise ConnectionInvalid(f"connections.{name}.url: {error}") from None
    try:
        credential = UpstreamCredential(config.credential)
    except CredentialInvalid as error:
        raise ConnectionInvalid(f"connections.{name}.credential: {error}") from None
    context: ssl.SSLContext | None = None
    if target.tls:
        try:
            context = client_context(config.ca_bundle, config.client_certificate)
        except TlsUnusable as error:
            raise ConnectionInvalid(f"connections.{name}: {error}") from None
    own = () if credential.header is None else (credential.header,)
    return ConnectionPool(
        Dialer(target, config.timeouts, context, resolver=resolver),
        RequestHeads(target, own),
        credential,
        max_connections=config.max_connections,
    )


def _way(config: Connection) -> _Way:
    certificate = config.client_certificate
    files = [config.ca_bundle]
    if certificate is not None:
        files += [certificate.certificate, certificate.key]
    return _Way(
        url=config.url,
        credential=config.credential,
        timeouts=config.timeouts,
        max_connections=config.max_connections,
        ca_bundle=config.ca_bundle,
        client_certificate=certificate,
        files=tuple(_stamp(file) for file in files),
    )


def _stamp(file: str | None) -> tuple[int, int] | None:
    """Modification time and size, so that a renewed certificate makes a new pool."""
    if file is None:
        return None
    try:
        status = Path(file).stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size
