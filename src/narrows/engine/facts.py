"""What travels of a call that is judged apart: its facts, without its plan, its body and its texts."""

import msgspec

from narrows.model.call import Asked, Call, Source
from narrows.model.plan import Plan
from narrows.model.principal import Credential, Principal
from narrows.model.verdict import Note


class Facts(msgspec.Struct, frozen=True):
    """A call without what can't travel: its plan, which both sides have, its body and its texts. Lists that may be long
    travel beside it."""

    id: str
    request_id: str
    session: str
    at: int
    principal: Principal
    credential: Credential
    source: Source
    connection: str
    dialect: str
    method: str
    path: str
    asked: Asked
    model: str | None
    prompt_tokens: int
    output_cap: int | None
    notes: tuple[Note, ...]
    sketch: bytes = b""
    system: str | None = None
    end_user: str | None = None
    prompt_bound: int | None = None
    sealed: bytes = b""
    approved_cap: int | None = None


def facts(call: Call) -> Facts:
    """What travels of a call."""
    bare = msgspec.structs.replace(call.asked, body={}, texts=(), opaque=())
    return Facts(
        call.id, call.request_id, call.session, call.at, call.principal, call.credential, call.source, call.connection,
        call.dialect, call.method, call.path, bare, call.model, call.prompt_tokens, call.output_cap, call.notes,
        call.sketch, call.system, call.end_user, call.prompt_bound, call.sealed, call.approved_cap,
    )  # fmt: skip


def unpacked(told: Facts, plan: Plan) -> Call:
    """The call again, under a plan."""
    return Call(
        told.id, told.request_id, told.session, told.at, told.principal, told.credential, told.source, told.connection,
        told.dialect, told.method, told.path, told.asked, told.model, plan, told.prompt_tokens, told.output_cap,
        told.end_user, told.prompt_bound, notes=told.notes, sketch=told.sketch, system=told.system, sealed=told.sealed,
        approved_cap=told.approved_cap,
    )  # fmt: skip


def begun(call: Call) -> Call:
    """The call as it was before the chain, but for its texts: for guards that only need its facts."""
    return msgspec.structs.replace(call, output_cap=None, notes=(), masked=None)
