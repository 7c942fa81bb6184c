"""Calls that the gate itself makes through its own connections, so that they are governed and recorded like others."""

from typing import Protocol

import msgspec


class InnerReply(msgspec.Struct, frozen=True):
    """What the caller of such a call is answered: the upstream's reply, or the gate's refusal. `call` is its id in
    records."""

    status: int
    body: bytes
    call: str = ""


class InnerCalls(Protocol):
    """The way to make them."""

    async def post(self, account: str, purpose: str, path: str, body: bytes) -> InnerReply:
        """Posts JSON to a path of the gate in the name of a service account. `purpose` names in records which part of
        the gate did. Raises PluginFailed where no gate runs here."""
