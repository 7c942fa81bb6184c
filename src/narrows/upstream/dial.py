"""Making connections: resolve, check, connect, secure, one permitted address after the other.

Knows one target and how to reach it; knows nothing of how many connections there may be.
"""

import asyncio
import logging
import socket
import ssl
from typing import Final

from narrows.config.schema import Timeouts
from narrows.ports.http import UpstreamFailed
from narrows.upstream.address import AddressRefused, Resolver, addresses, resolve
from narrows.upstream.connection import Connection, Owner
from narrows.upstream.failure import seconds, timed_out, unreachable
from narrows.upstream.plain import PlainHeads
from narrows.upstream.target import Target

LOG: Final = logging.getLogger("narrows.upstream")

_KEEPALIVE_IDLE: Final = 30
_KEEPALIVE_INTERVAL: Final = 10


class Dialer:
    """Connects to one target. `tls` is None for plain HTTP; otherwise the certificate is verified against the name."""

    def __init__(
        self,
        target: Target,
        timeouts: Timeouts,
        tls: ssl.SSLContext | None,
        *,
        resolver: Resolver = resolve,
    ) -> None:
        if target.tls != (tls is not None):
            raise ValueError("an https target needs a TLS context, an http target has none")
        self.target = target
        self.timeouts = timeouts
        self._tls = tls
        self._resolver = resolver
        self._failing = False
        self._plain = PlainHeads()

    async def dial(self, owner: Owner) -> Connection:
        """A new connection. Raises UpstreamFailed within the connect timeout."""
        try:
            async with asyncio.timeout(self.timeouts.connect):
                connection = await self._connect(owner)
        except TimeoutError as error:
            self._report(error)
            limit = seconds(self.timeouts.connect)
            raise timed_out(f"did not accept a connection within {limit}", sent=False) from error
        except (OSError, UnicodeError) as error:  # ssl.SSLError is an OSError; a name that IDNA refuses is not
            self._report(error)
            raise _failed(error) from error
        if self._failing:
            self._failing = False
            LOG.info("upstream %s can be reached again", self.target.origin)
        return connection

    async def _connect(self, owner: Owner) -> Connection:
        loop = asyncio.get_running_loop()
        end = loop.time() + self.timeouts.connect
        found = await addresses(self.target.host, self.target.port, self._resolver)
        failure: OSError = AddressRefused("no address")
        for left, address in zip(range(len(found), 0, -1), found, strict=True):
            try:
                # A dead address may use up its share of the time, not that of the ones behind it.
                async with asyncio.timeout((end - loop.time()) / left):
                    return await self._open(loop, owner, address)
            except OSError as error:  # TimeoutError among them
                failure = error
        raise failure

    async def _open(self, loop: asyncio.AbstractEventLoop, owner: Owner, address: str) -> Connection:
        transport, connection = await loop.create_connection(
            lambda: Connection(loop, owner, self.timeouts, self._plain),
            address,
            self.target.port,
            ssl=self._tls,
            server_hostname=self.target.host if self._tls is not None else None,
        )
        _watch(transport)
        return connection

    def _report(self, error: Exception) -> None:
        """Logs the first of a run of failures, with what the caller is not told."""
        if not self._failing:
            self._failing = True
            LOG.warning("upstream %s can't be reached: %s", self.target.origin, str(error) or type(error).__name__)


def _watch(transport: asyncio.BaseTransport) -> None:
    """Lets the kernel find out about a peer that vanished while a long reply is awaited."""
    sock = transport.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _KEEPALIVE_IDLE)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, _KEEPALIVE_INTERVAL)


def _failed(error: Exception) -> UpstreamFailed:
    """The refusal for an error of the network, without its addresses."""
    match error:
        case ssl.SSLCertVerificationError():
            reason = "its TLS certificate can't be verified"
        case ssl.SSLError():
            reason = "the TLS handshake failed"
        case AddressRefused():
            reason = "its address is not permitted"
        case socket.gaierror() | UnicodeError():
            reason = "its host name can't be resolved"
        case ConnectionRefusedError():
            reason = "it refused the connection"
        case ConnectionError():
            reason = "it closed the connection"
        case _:
            reason = "the network can't reach it"
    return unreachable(reason, sent=False)
