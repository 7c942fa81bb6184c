"""A blast radius as a page of text. Pure."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from narrows.cli.moments import SECOND, show_moment
from narrows.cli.terminal import one_line
from narrows.console.who_views import DoorView, WayView, WhoView

_SOURCES: Final = {
    "directory": "the directory says",
    "credential": "the credential that was verified last says",
    "given": "supposed with --group",
    "account": "a service account has none",
    "nothing": "nobody knows: no credential of theirs was seen, and no directory has them",
}


def page(who: WhoView) -> Iterator[str]:
    """Its lines, made harmless."""
    for line in _lines(who):
        yield one_line(line)


def _lines(who: WhoView) -> Iterator[str]:
    yield f"{who.id} ({who.kind.replace('_', ' ')}), as of {_when(who.as_of)}"
    yield from _identity(who)
    yield ""
    yield "could reach"
    if not any(door.reaches for door in who.reach):
        yield "  nothing"
    for door in who.reach:
        yield from _door(door)
    yield from _several("could ask for", who.may_ask_for)
    yield ""
    yield from _policies(who)
    yield "could spend at most"
    for one in who.most:
        by = f", by {' + '.join(one.by)}" if one.by else ""
        free = "; models without a price count for nothing" if one.unpriced else ""
        unit = "" if one.limit is not None else f" {one.unit}: no budget binds all of it"
        yield f"  a {one.per}: {one.limit or 'unbounded'}{unit}{by}{free}"
    if who.budgets is None:
        yield "  what budgets had left then is not told"
    else:
        for left in who.budgets:
            resets = "" if left.resets_at is None else f", until {_when(left.resets_at)}"
            yield f"  left of {left.policy}: {left.budget} ({left.subject}): {left.left}{resets}"
    yield ""
    yield from _holds(who)
    yield from _did(who)


def _identity(who: WhoView) -> Iterator[str]:
    at = "" if who.groups_at is None else f", at {_when(who.groups_at)}"
    yield f"  groups: {', '.join(who.groups) or 'none'} ({_SOURCES[who.groups_from]}{at})"
    for name, values in who.attributes.items():
        yield f"  {name}: {', '.join(values)}"
    if who.owner is not None:
        yield f"  owner: {who.owner}"
    if who.active is False:
        yield "  the directory says that they are deactivated"
    since = "" if who.revision_since is None else f", in force since {_when(who.revision_since)}"
    yield f"  policies: {who.revision}{since}"
    if who.contained:
        yield "  CONTAINED: nothing of theirs is let in; what is below is what lifting that would open"
    for one in who.revocations:
        yield f"  revoked: {one.kind} {one.subject} by {one.by} at {_when(one.at)}: {one.reason} ({one.id})"


def _door(door: DoorView) -> Iterator[str]:
    of = "" if door.of is None else f" {door.of}"
    ends = "" if door.ends_at is None else f", until {_when(door.ends_at)}"
    shut = "" if door.closed_by is None else f", SHUT by {door.closed_by}"
    yield f"  as {door.principal} with {' or '.join(door.credentials)}{of}{ends}{shut}"
    for way in door.reaches:
        yield f"    {_way(way)}"
    if not door.reaches:
        yield "    nothing"


def _way(way: WayView) -> str:
    models = f" of {', '.join(way.models)}" if way.models else ""
    watched = f", watched by {', '.join(way.observed)}" if way.observed else ""
    by = f"by {', '.join(way.policies)}" if way.enforced else "everything passes, as policies only observe"
    return f"{way.connection}: {', '.join(way.operations)}{models} ({by}{watched})"


def _policies(who: WhoView) -> Iterator[str]:
    yield "under"
    for one in who.policies:
        says = [
            *one.limits,
            *one.approvals,
            *(["the caller must say why"] if one.justification else []),
            *([f"{one.rules} rules on prompts and replies"] if one.rules else []),
            *one.masks,
        ]
        yield f"  {one.policy}{' (observes)' if one.observe else ''}: {'; '.join(says) or 'no limit'}"
    if who.gateway_limits:
        yield f"  the gateway: {'; '.join(who.gateway_limits)}"
    yield ""


def _holds(who: WhoView) -> Iterator[str]:
    yield "holds"
    for one in who.credentials:
        last = (
            "no use is known" if one.last_used_at is None else f"used {_when(one.last_used_at)} from {one.last_address}"
        )
        of = "" if one.of is None else f" for {one.of}"
        yield f"  {one.kind} {one.id}{of} of {one.principal}, until {_when(one.ends_at)}, {last}"
    for grant in who.grants:
        until = "" if grant.ends_at is None else f" until {_when(grant.ends_at)}"
        approved = f", approved by {', '.join(grant.approved_by)}" if grant.approved_by else ""
        yield f"  grant {grant.id}: {grant.state}{until}{approved}: {grant.reason}"
    if not who.credentials and not who.grants:
        yield "  nothing that Narrows issued"
    yield from _several("owns", [f"{one.name}{_for(one.purpose)}: {', '.join(one.keys)}" for one in who.owns])
    yield ""


def _did(who: WhoView) -> Iterator[str]:
    yield "did last"
    for call in who.calls:
        end = call.outcome if call.refusal is None else f"{call.outcome}, {call.refusal}"
        model = "" if call.model is None else f" of {call.model}"
        yield f"  {_when(call.at)}  {call.operation}{model} on {call.connection}: {end} ({call.id})"
    for asked in who.asked:
        yield f"  {_when(asked.at)}  people were asked about a call on {asked.connection}: {asked.state} ({asked.id})"
    for said in who.answered:
        yield f"  {_when(said.at)}  said {said.answer} of a call of {said.requester} ({said.ticket})"
    if not (who.calls or who.asked or who.answered):
        yield "  nothing on record"


def _several(what: str, lines: "tuple[str, ...] | list[str]") -> Iterator[str]:
    if lines:
        yield what
        yield from (f"  {line}" for line in lines)


def _for(purpose: str | None) -> str:
    return f" ({purpose})" if purpose else ""


def _when(at: datetime) -> str:
    return show_moment(round(at.timestamp() * SECOND))
