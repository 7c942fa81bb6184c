"""Access as it is printed: rows of `--json`, cells of a list, a page of one. The rows are those of the console's API,
whether they come from there or from the store, so that a script need not know which."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from narrows.cli.moments import SECOND, iso, show_moment
from narrows.cli.terminal import Row, one_line
from narrows.model.access import Grant
from narrows.policy.access import approved_by
from narrows.policy.approvals import groups_of
from narrows.policy.asking import span_words

COLUMNS: Final = ("id", "state", "requester", "access", "for", "rule", "needs", "until", "reason")


def row_of(grant: Grant) -> Row:
    """Access that stands in the store, as the API would show it."""
    request = grant.request
    return {
        "id": request.id,
        "state": grant.state.value,
        "requester": request.requester,
        "groups": list(groups_of(request.principal)),
        "connections": list(request.scope.connections),
        "models": list(request.scope.models),
        "operations": list(request.scope.operations),
        "seconds": request.span // SECOND,
        "reason": request.reason,
        "rule": request.rule,
        "by": {"groups": list(request.by.groups), "people": list(request.by.people)},
        "needed": request.needed,
        "approved_by": list(approved_by(grant)),
        "asked_at": iso(request.at),
        "expires_at": iso(request.expires),
        "starts_at": None if grant.starts is None else iso(grant.starts),
        "ends_at": None if grant.ends is None else iso(grant.ends),
        "bound_to_network": request.network,
        "certificate": request.certificate,
        "address": request.address,
        "acts": [
            {"who": act.who, "step": act.step.value, "at": iso(act.at), "reason": act.reason} for act in grant.acts
        ],
    }


def cells(row: Row) -> tuple[object, ...]:
    """One line of a list."""
    return (
        row["id"],
        row["state"],
        row["requester"],
        scope(row),
        span_words(int(row["seconds"]) * SECOND),
        row["rule"],
        missing(row),
        _time(row["ends_at"] or (row["expires_at"] if row["state"] == "pending" else None)),
        row["reason"],
    )


def scope(row: Row) -> str:
    """What it is good for: `chat of gpt-4o* on openai`."""
    models = f" of {', '.join(row['models'])}" if row["models"] else ""
    return f"{', '.join(row['operations'])}{models} on {', '.join(row['connections'])}"


def missing(row: Row) -> str:
    """Who must still approve."""
    if row["state"] != "pending":
        return ""
    by = row["by"]
    who = " or ".join([*by["groups"], *(f"user {person}" for person in by["people"])]) or "nobody"
    more = int(row["needed"]) - len(row["approved_by"])
    return who if more == 1 else f"{more} of {who}"


def page(row: Row) -> str:
    """All of one, safe to print."""
    lines = [f"{row['id']}  {row['state']}"]
    lines += [f"  {name:<12} {one_line(value)}" for name, value in _facts(row) if value]
    if row["acts"]:
        lines += ["", "  said:"]
        lines += [f"    {one_line(_said(act))}" for act in row["acts"]]
    return "\n".join(lines)


def _facts(row: Row) -> Iterator[tuple[str, str]]:
    yield "asked by", str(row["requester"])
    yield "groups", ", ".join(row["groups"])
    yield "from", str(row["address"])
    yield "access", scope(row)
    yield "for", span_words(int(row["seconds"]) * SECOND)
    yield "reason", str(row["reason"])
    yield "rule", str(row["rule"])
    yield "needs", missing(row)
    yield "asked", _time(row["asked_at"])
    if row["state"] == "pending":
        yield "lapses", _time(row["expires_at"])
    yield "starts", _time(row["starts_at"])
    yield "ends", _time(row["ends_at"])
    bound = [name for name, held in (("the first network", row["bound_to_network"]),) if held]
    if row["certificate"]:
        bound.append(f"the client certificate {row['certificate']}")
    yield "bound to", " and ".join(bound)


def _said(act: dict[str, Any]) -> str:
    reason = f": {act['reason']}" if act["reason"] else ""
    return f"{_time(act['at'])}  {act['who']} {act['step']}{reason}"


def _time(text: str | None) -> str:
    if text is None:
        return ""
    return show_moment(int(datetime.fromisoformat(text).timestamp() * SECOND))
