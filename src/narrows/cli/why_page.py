"""Why a recorded call ended as it did, in plain words: what refused it, what was masked, what observers would have
done, and what to do next. Pure; it names places, never values.
"""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Final

import msgspec

from narrows.accounting.messages import BUDGETS
from narrows.cli.moments import show_moment
from narrows.cli.terminal import Row, one_line
from narrows.model.record import Outcome
from narrows.model.refusal import REGISTRY, Code, Meaning
from narrows.model.verdict import FLAGGED
from narrows.policy.inspect import UNREAD
from narrows.stores.sqlite.views import CallView

_ENDINGS: Final = {
    Outcome.DONE: "it was forwarded, and the reply came through",
    Outcome.REFUSED: "it was refused before anything was sent to the model",
    Outcome.STOPPED: "it was forwarded, and the reply was stopped",
    Outcome.UPSTREAM_ERROR: "it was forwarded, and the model server failed or refused it",
    Outcome.CLIENT_GONE: "the client went away before the reply was complete",
    Outcome.CUT: "the gate was shutting down and cut it",
    Outcome.UNKNOWN: "the gate ended while the call was running, so how it ended is not known",
}
_AGAIN: Final = "The same request may succeed later, unchanged."
_FIRST: Final = "The same request will be refused again: change it, or have the policy changed, first."
_LATER: Final = "The same request will be refused until there is room for all that it may come to."
_ANY: Final = 500
_ASKED_WRONG: Final = "The request asks for what the model server does not take: change it as its error says."
_REMEDIES: Final[Mapping[int, str]] = {
    403: "The account behind the connection's credential may not do this: have its rights looked at.",
    404: "Look at the model's name, and at the connection's `url` and `aliases`: the model server has no such thing.",
    408: _AGAIN,
    409: _AGAIN,
    413: "The request is too large for the model server: make it shorter.",
    429: "The account behind the connection's credential has no room left: wait, or have its limits raised.",
    _ANY: "The fault is the model server's: look at its own logs or its status page. " + _AGAIN,
}
"""What to do about a status of the model server's own."""


class Reason(msgspec.Struct, frozen=True):
    """One thing that was decided. `kind`: `refused`, `failed` (the model server refused or failed the call), `masked`,
    `flagged`, or `observed` (what would have been done).

    `what` says it in a sentence; `next` what to do, empty where there is nothing to.
    """

    kind: str
    what: str
    next: str = ""
    code: str | None = None
    policy: str | None = None
    rule: str | None = None
    place: str | None = None
    entity: str | None = None
    detector: str | None = None
    count: int = 1


def reasons(call: CallView) -> list[Reason]:
    """Everything that was decided of a call: the refusal first, or what the model server itself refused."""
    return [*_refusal(call), *_failure(call), *_masks(call), *_notes(call)]


def page(call: CallView) -> str:
    """The reasons as text for a terminal."""
    return "\n".join(_lines(call))


def row(call: CallView) -> Row:
    """The reasons as an object of `--json`."""
    return {
        "id": call.id,
        "request_id": call.request_id,
        "outcome": call.outcome or "running",
        "status": call.status,
        "ending": _ending(call),
        "policies": list(call.policies),
        "revision": call.revision,
        "reasons": msgspec.to_builtins(reasons(call)),
    }


def _lines(call: CallView) -> Iterator[str]:
    asked = (
        f"{call.operation or call.method + ' ' + call.path}{' with ' + call.model_asked if call.model_asked else ''}"
    )
    where = f" on {call.connection}" if call.connection else ""
    yield one_line(f"{call.id}  {show_moment(call.at)}  {call.user}: {asked}{where}")
    yield f"  {_ending(call)}."
    found = reasons(call)
    for reason in found:
        yield ""
        yield f"  {one_line(reason.what)}"
        if reason.next:
            yield f"    → {one_line(reason.next)}"
    if call.forwarded and call.policies:
        yield ""
        yield f"  Permitted by {', '.join(map(one_line, call.policies))} (revision {call.revision})."
    if not found:
        yield "  Nothing was refused, masked or noted."


def _ending(call: CallView) -> str:
    return "it is still running" if call.outcome is None else _ENDINGS[Outcome(call.outcome)]


def _refusal(call: CallView) -> Iterator[Reason]:
    if call.refusal is None:
        return
    meaning = _meaning(call.refusal)
    by = _by(call.policy, call.rule)
    place = f" at {call.param}" if call.param else ""
    status = f" ({call.status})" if call.status else ""
    said = call.reason or (meaning.summary if meaning else "")
    what = f"{call.refusal}{status}{by}{place}: {said}"
    steps = [] if meaning is None else [meaning.remedy, _next(call.refusal, meaning)]
    yield Reason("refused", what, " ".join(steps), call.refusal, call.policy, call.rule, call.param)


def _failure(call: CallView) -> Iterator[Reason]:
    """What the model server answered, where that was an error which the caller was given as it came."""
    status = call.upstream_status
    if call.refusal is not None or call.outcome != Outcome.UPSTREAM_ERROR:
        return
    if status is None:
        yield Reason("failed", "The model server failed the call.", _REMEDIES[_ANY])
        return
    phrase = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else ""
    theirs = f" (its request id is {call.upstream_request_id})" if call.upstream_request_id else ""
    answered = f"{status} {phrase}".rstrip()
    what = f"The model server of connection {call.connection} answered {answered}{theirs}; the gate refused nothing."
    step = _REMEDIES.get(status) or (_REMEDIES[_ANY] if status >= _ANY else _ASKED_WRONG)
    shown = f"`narrows sessions show {call.id}` shows what it said." if call.sent_bytes else ""
    yield Reason("failed", what, f"{step} {shown}".rstrip())


def _masks(call: CallView) -> Iterator[Reason]:
    for mask in call.masked:
        times = "once" if mask.count == 1 else f"{mask.count} times"
        verb = "would have been masked (the policy observes)" if mask.observed else "was masked"
        what = f"{mask.entity} {verb} {times} at {mask.path}, found by {mask.detector}."
        wrong = (
            f"`narrows detectors report {call.id}` if that is no {mask.entity}; `allow:` in the mask spares a value."
        )
        yield Reason(
            "observed" if mask.observed else "masked",
            what,
            wrong,
            place=mask.path,
            entity=mask.entity,
            detector=mask.detector,
            count=mask.count,
        )


def _notes(call: CallView) -> Iterator[Reason]:
    for note in call.notes:
        by, place = _by(note.policy, note.rule), f" at {note.param}" if note.param else ""
        if note.code == FLAGGED:
            what = f"It was flagged{by}{place}{'' if call.refusal else ', and passed'}."
            if note.rule == BUDGETS:
                what = f"With this call the budget {note.param} of {_owner(note.policy)} passed its soft threshold."
            if note.rule == UNREAD:
                what = f"Not all that the text{place} may stand for was looked at, as policy {note.policy} wants it."
            yield Reason("flagged", what, "", note.code, note.policy, note.rule, note.param)
            continue
        meaning = _meaning(note.code)
        summary = "" if meaning is None else f": {meaning.summary}"
        what = f"{note.code} would have been the answer{by}{place}, which only observes{summary}"
        step = "" if meaning is None else f"When it is enforced: {meaning.remedy}"
        yield Reason("observed", what, step, note.code, note.policy, note.rule, note.param)


def _next(code: str, meaning: Meaning) -> str:
    """What becomes of the same request."""
    if code == Code.BUDGET_EXCEEDED.value:
        return _LATER
    return _AGAIN if meaning.retry else _FIRST


def _owner(policy: str) -> str:
    return f"policy {policy}" if policy else "the gateway itself"


def _by(policy: str | None, rule: str | None) -> str:
    if policy is None:
        return "" if rule is None else f" by {rule}"
    return f" by policy {policy}" if rule is None else f" by rule {rule} of policy {policy}"


def _meaning(code: str) -> Meaning | None:
    """The registry's entry; None for a code of another version."""
    try:
        return REGISTRY[Code(code)]
    except ValueError:
        return None
