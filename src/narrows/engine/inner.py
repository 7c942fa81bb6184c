"""Calls of the gate itself: the same path as all others, from an exchange that is kept in memory.

What is done for a caller's request is done for these: policies of the service account in whose name they are made,
controls, limits, masks, the record. Only nothing is authenticated, since nothing comes from outside.
"""

from typing import Final, Protocol

from narrows.model.principal import SERVICE_ACCOUNTS, Credential, Identity, Principal
from narrows.ports.http import Exchange, HeaderList, RequestHead
from narrows.ports.inner import InnerReply
from narrows.ports.plugin import PluginFailed

ADDRESS: Final = "127.0.0.1"


class Serves(Protocol):
    """The gateway, as it is needed here."""

    async def serve_own(self, exchange: Exchange, identity: Identity) -> None:
        """Serves an exchange of the gate itself to its end."""


class GateCalls:
    """Implements InnerCalls. Until it is bound to a gateway no call can be made."""

    def __init__(self) -> None:
        self._gateway: Serves | None = None

    def bind(self, gateway: Serves) -> None:
        """The gate runs."""
        self._gateway = gateway

    async def post(self, account: str, purpose: str, path: str, body: bytes) -> InnerReply:
        """Raises PluginFailed where no gate runs here, or the reply broke off."""
        if self._gateway is None:
            raise PluginFailed("is asked through the gate, which does not run here")
        principal = Principal(SERVICE_ACCOUNTS, account, kind="service_account")
        headers = {b"content-type": b"application/json", b"user-agent": f"narrows {purpose}".encode()}
        exchange = _Kept(RequestHead("POST", path, "", headers, ADDRESS, ""), body)
        await self._gateway.serve_own(exchange, Identity(principal, Credential("gate", purpose, 0.0)))
        return exchange.reply()


class _Kept:
    """One exchange, whose reply is kept."""

    __slots__ = ("_body", "_call", "_complete", "_sent", "_status", "head")

    def __init__(self, head: RequestHead, body: bytes) -> None:
        self.head = head
        self._body = body
        self._sent: list[bytes] = []
        self._status = 0
        self._call = ""
        self._complete = False

    def ready(self, limit: int) -> bytes | None:  # noqa: ARG002 - it is the gate's own
        return self._body

    async def body(self, limit: int) -> bytes:  # noqa: ARG002 - it is the gate's own
        return self._body

    def respond(self, status: int, headers: HeaderList, body: bytes) -> None:
        self.start(status, headers)
        self.send(body)
        self.finish()

    def start(self, status: int, headers: HeaderList) -> None:
        self._status = status
        self._call = dict(headers).get(b"narrows-call-id", b"").decode("latin-1")

    def send(self, data: bytes) -> bool:
        self._sent.append(data)
        return True

    async def drained(self) -> None:
        """Nobody is slow."""

    def finish(self) -> None:
        self._complete = True

    def abort(self) -> None:
        self._complete = False

    def interrupt(self, word: str) -> None:
        """Its task is that of the call for which it is made."""

    def reply(self) -> InnerReply:
        """Raises PluginFailed if it is not whole."""
        if not self._complete:
            raise PluginFailed("was answered with what broke off")
        return InnerReply(self._status, b"".join(self._sent), self._call)
