"""What the engine does for calls that wait for people: it gives controls the headers that an answer is about, and asks
again, when a call has been released, all that may have changed while it waited.

Who asks is verified as if the call came now, against the snapshot that is in force now. The call itself was judged by
the one that was in force when it came; where this one would judge it by anything else, the caller is told to send it
again, and what was approved stays approved.
"""

from collections.abc import Set as AbstractSet
from typing import Final

import msgspec

from narrows.engine.credentials import presented
from narrows.engine.keeping import keep_alive
from narrows.engine.onward import meaningful
from narrows.engine.snapshot import Snapshot
from narrows.model.call import Call
from narrows.model.refusal import Code
from narrows.model.verdict import Deny
from narrows.ports.http import Headers, RequestHead

AGAIN: Final = 1
"""Seconds after which a request is sent again that must be judged anew."""


def with_headers(call: Call, given: Headers, passed: AbstractSet[bytes]) -> Call:
    """The call with those of its headers that go on and mean something, and with how its caller wants to wait. `passed`
    are what the connection forwards."""
    headers, kept = meaningful(given, passed), keep_alive(given, call)
    return msgspec.structs.replace(call, headers=headers, keep_alive=kept) if headers or kept else call


async def still(head: RequestHead, call: Call, then: Snapshot, now: Snapshot) -> Deny | None:
    """Whether a call that was judged `then` and has waited since may go on `now`; the refusal if not."""
    deny = await _identified(head, call, now)
    if deny is not None or now is then:
        return deny
    if call.connection not in now.connections:
        return _anew("the connection")
    kind = call.credential.kind
    refusal = now.policies.plan(call.principal, call.connection, call.operation, call.asked.model, kind).refusal
    if refusal is not None:
        return refusal
    return None if now.judged_by(call) == then.judged_by(call) else _anew("the policies")


async def _identified(head: RequestHead, call: Call, now: Snapshot) -> Deny | None:
    """Whether the credential still proves the same identity."""
    if call.credential.kind == "gate":
        return None  # the gate's own call
    token = presented(head.headers)
    if isinstance(token, Deny):
        return token
    authenticator = now.authenticator
    identity = authenticator.recall(authenticator.digest(token)) or await authenticator.verify(token)
    if isinstance(identity, Deny):
        return identity
    return None if identity.principal == call.principal else _anew("what is known of the identity")


def _anew(what: str) -> Deny:
    message = f"{what} changed while the request waited for approval; send it again, and it is judged anew"
    return Deny(Code.APPROVAL_PENDING, message, retry_after=AGAIN)
