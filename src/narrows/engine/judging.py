"""From what a request asks to a call that controls can judge, and to what may be recorded of it when they refuse.

The steps between reading a body and the chain, which are the same wherever a call is judged: in the gate, or apart
from it. Pure functions of a snapshot.
"""

import logging
from collections.abc import Sequence
from typing import Final

import msgspec

from narrows.engine.sessions import SessionIds
from narrows.engine.snapshot import Connected, Snapshot
from narrows.model.call import Asked, Call, Source
from narrows.model.limits import NO_LIMITS
from narrows.model.plan import Plan
from narrows.model.principal import Identity
from narrows.model.refusal import Code
from narrows.model.verdict import Deny
from narrows.ports.http import RequestHead
from narrows.ports.inspector import TokenCounter

_log = logging.getLogger("narrows.engine")

NOTHING: Final = Asked(operation="", model=None, body={})
"""A request of which nothing is known."""


class Caller(msgspec.Struct, frozen=True):
    """Who asks, and how. `at` is Unix time in microseconds. `end_user` is whom a trusted caller's headers name."""

    identity: Identity
    source: Source
    request_id: str
    at: int
    method: str
    end_user: str | None = None


def call_id(request_id: str) -> str:
    """A request is at most one call, so the two ids differ in their prefix only."""
    return f"call_{request_id[4:]}"


def choose(snapshot: Snapshot, caller: Caller, candidates: Sequence[Connected], asked: Asked) -> tuple[Connected, Plan]:
    """The connection and its plan: of several candidates the first that serves the model and may be used."""
    if len(candidates) == 1:
        connected = candidates[0]
        return connected, _plan(snapshot, caller.identity, connected.name, asked)
    first: tuple[Connected, Plan] | None = None
    for connected in candidates:
        if asked.model is not None and not connected.serves(asked.model):
            continue
        plan = _plan(snapshot, caller.identity, connected.name, asked)
        if plan.refusal is None:
            return connected, plan
        first = first or (connected, plan)
    if first is not None:
        return first
    unserved = Deny(Code.MODEL_NOT_ALLOWED, f"no connection serves the model {asked.model!r}", param="model")
    return candidates[0], Plan(revision=snapshot.revision, refusal=unserved)


def _plan(snapshot: Snapshot, identity: Identity, connection: str, asked: Asked) -> Plan:
    """What policies say of the call, within what its credential is good for."""
    policies, scope = snapshot.policies, identity.scope
    plan = policies.plan(identity.principal, connection, asked.operation, asked.model, identity.credential.kind)
    if scope is None or plan.refusal is not None:
        return plan
    deny = policies.reach(scope).exceeded(connection, asked.operation, asked.model)
    return plan if deny is None else Plan(revision=snapshot.revision, refusal=deny)


def make_call(
    caller: Caller,
    asked: Asked,
    connected: Connected,
    plan: Plan,
    target: str,
    size: int,
    tokens: TokenCounter,
    sessions: SessionIds,
) -> Call:
    """The call as it is before any control has seen it. `size` is that of its body, in bytes."""
    identity, model = caller.identity, asked.model
    # By position, in the order of `Call`: Python gathers this many named arguments in a dictionary first.
    return Call(
        call_id(caller.request_id),
        caller.request_id,
        sessions.of(identity, connected.name, caller.source, asked),
        caller.at,
        identity.principal,
        identity.credential,
        caller.source,
        connected.name,
        connected.dialect.name,
        caller.method,
        target,
        asked,
        None if model is None else connected.settings.aliases.get(model, model),
        plan,
        tokens.prompt(asked.texts),
        None,  # no cap yet
        asked.end_user if caller.end_user is None else caller.end_user,
        None if plan.limits is NO_LIMITS and not plan.approvals else tokens.bound(asked, size),
        identity.scope,
    )


def unread_call(
    snapshot: Snapshot,
    caller: Caller,
    head: RequestHead,
    connected: Connected | None,
    asked: Asked,
    sessions: SessionIds,
) -> Call:
    """What is known of a call that was refused before its body could be read."""
    identity, name = caller.identity, "" if connected is None else connected.name
    return Call(
        id=call_id(caller.request_id),
        request_id=caller.request_id,
        session=sessions.of(identity, name, caller.source, asked),
        at=caller.at,
        principal=identity.principal,
        credential=identity.credential,
        source=caller.source,
        connection=name,
        dialect="" if connected is None else connected.dialect.name,
        method=head.method,
        path=head.path,
        asked=asked,
        model=None,
        plan=Plan(revision=snapshot.revision),
    )


def recordable(snapshot: Snapshot, call: Call, deny: Deny) -> tuple[Call, Deny]:
    """A refused call and its refusal without what masks hide; without any content where they fail."""
    if snapshot.recordable is None:
        return call, deny
    try:
        return snapshot.recordable(call, deny)
    except Exception as failure:  # noqa: BLE001 - the boundary of a control: what it can't mask is not recorded
        _log.error("a refused call can't be masked, so its content is not recorded: %s", type(failure).__qualname__)
        bare = msgspec.structs.replace(
            call,
            asked=msgspec.structs.replace(NOTHING, operation=call.asked.operation),
            source=msgspec.structs.replace(call.source, justification=None),
            notes=(),
        )
        return bare, Deny(deny.code, deny.meaning.summary, policy=deny.policy, rule=deny.rule)
