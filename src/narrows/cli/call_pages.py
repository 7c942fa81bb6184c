"""How recorded calls look on a terminal: a row in a list, a line in a tail, a page of one call. Pure text."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from narrows.accounting.counters import parse
from narrows.cli.moments import iso, show_duration, show_moment
from narrows.cli.passages import Passage, answered, asked
from narrows.cli.terminal import Row, harmless, one_line
from narrows.evidence.entries import NoteEntry
from narrows.model.limit_words import amount
from narrows.model.limits import Unit
from narrows.model.verdict import FLAGGED
from narrows.stores.sqlite.views import HELD, CallRecord, CallView, SessionView

COLUMNS: Final = ("id", "time", "who", "outcome", "model", "operation", "tokens", "took")
SESSION_COLUMNS: Final = ("id", "last", "who", "calls", "models", "outcomes", "tokens")

_INDENT: Final = "    "


def call_cells(call: CallView) -> tuple[str, ...]:
    """A call's cells under COLUMNS."""
    took = "" if call.duration is None else show_duration(call.duration)
    model = call.model_asked or ""
    where = f"{model} on {call.connection}" if model else call.connection
    return (call.id, show_moment(call.at), call.user, _outcome(call), where, call.operation, _tokens(call), took)


def call_line(call: CallView) -> str:
    """A call on one line, for following."""
    return "  ".join(one_line(cell) for cell in (*call_cells(call)[1:], call.id) if cell)


def call_row(call: CallView) -> Row:
    """A call as an object of `--json`: every fact, and its time as ISO 8601 beside the microseconds."""
    return {"id": call.id, "time": iso(call.at), **msgspec.to_builtins(call)}


def session_cells(session: SessionView) -> tuple[str, ...]:
    """A session's cells under SESSION_COLUMNS."""
    outcomes = ", ".join(f"{count} {name}" for name, count in session.outcomes.items())
    tokens = f"{session.prompt_tokens} + {session.completion_tokens}"
    models = ", ".join(session.models)
    return (session.id, show_moment(session.last), session.user, str(session.calls), models, outcomes, tokens)


def session_row(session: SessionView) -> Row:
    """A session as an object of `--json`."""
    return {"id": session.id, "first_time": iso(session.first), **msgspec.to_builtins(session, str_keys=True)}


def record_row(record: CallRecord) -> Row:
    """A whole call as an object of `--json`: its facts, and what was asked and answered."""
    contents: dict[str, Any] = {
        "asked": msgspec.to_builtins(asked(record)),
        "answered": msgspec.to_builtins(answered(record)),
        "request": [{"label": piece.label, "text": piece.text, "size": piece.size} for piece in record.request],
        "reply": [{"label": piece.label, "text": piece.text, "size": piece.size} for piece in record.reply],
        "transcript": msgspec.to_builtins(record.transcript),
        "intact": record.intact,
    }
    return {**call_row(record.call), **contents}


def record_page(record: CallRecord, approvals: Sequence[str] = ()) -> str:
    """A whole call as a page, safe to print. `approvals`: what people said of it."""
    lines = [f"{record.call.id}  {show_moment(record.call.at)}  {_outcome(record.call)}"]
    lines += [f"  {name:<10} {one_line(value)}" for name, value in _facts(record) if value]
    lines += [f"  {'approval':<10} {one_line(said)}" for said in approvals]
    for heading, passages in (("asked", asked(record)), ("answered", answered(record))):
        if passages:
            lines += ["", f"  {heading}:"]
            lines += [line for passage in passages for line in _passage(passage)]
    return "\n".join(lines)


def _passage(passage: Passage) -> Iterator[str]:
    yield f"{_INDENT}{one_line(passage.speaker)}"
    for line in harmless(passage.text).split("\n"):
        yield f"{_INDENT}  {line}"


def _facts(record: CallRecord) -> Iterator[tuple[str, str]]:
    call = record.call
    groups = f" in {', '.join(call.groups)}" if call.groups else ""
    owner = f", owned by {call.owner}" if call.owner else ""
    yield "who", f"{call.user}{groups}{owner}"
    yield "credential", call.credential
    yield "from", " ".join(part for part in (call.address, call.agent, call.declared_agent or "") if part)
    yield "why", call.justification or ""
    if call.operation:
        yield "call", f"{call.operation}{' with ' + call.model_asked if call.model_asked else ''} on {call.connection}"
    yield "path", f"{call.method} {call.path}{' (streamed)' if call.stream else ''}"
    yield "session", call.session
    yield "policies", f"{', '.join(call.policies) or 'none'} (revision {call.revision})"
    yield "asks" if call.outcome == HELD else "refused", _refusal(call)
    yield "noted", "; ".join(map(_note, call.notes))
    yield "masked", "; ".join(_masks(call))
    yield "limits", _limits(call)
    yield "model", call.model_answered or ""
    yield "usage", _usage(call)
    yield "cost", "" if call.cost is None else amount(Unit.USD, call.cost)
    yield "budgets", "; ".join(_budgets(call))
    yield "timing", _timing(call)
    yield "upstream", _upstream(call)
    yield "record", "intact" if record.intact else "NOT INTACT: it was changed after it was written"


def _note(note: NoteEntry) -> str:
    if note.code == FLAGGED:
        return f"{note.policy} flags: {note.rule}{f' at {note.param}' if note.param else ''}"
    return f"{note.policy} would refuse: {note.code}"


def _masks(call: CallView) -> Iterator[str]:
    for mask in call.masked:
        times = f" {mask.count} times" if mask.count > 1 else ""
        yield f"{mask.entity}{times} at {mask.path}{' (observed, left as it was)' if mask.observed else ''}"


def _refusal(call: CallView) -> str:
    if call.refusal is None:
        return ""
    by = " / ".join(part for part in (call.policy, call.rule) if part)
    place = f" at {call.param}" if call.param else ""
    return f"{call.refusal}{f' by {by}' if by else ''}{place}: {call.reason or ''}"


def _limits(call: CallView) -> str:
    prompt = f"prompt about {call.prompt_tokens} tokens" if call.prompt_tokens else ""
    cap = f"reply capped at {call.output_cap} tokens" if call.output_cap is not None else ""
    return ", ".join(part for part in (prompt, cap) if part)


def _budgets(call: CallView) -> Iterator[str]:
    """What the call held of each budget, and what it came to there."""
    for name, held in (call.reserved or {}).items():
        try:
            named = parse(name)
        except ValueError:
            continue
        whose = f"policy {named.policy}" if named.policy else "the gateway"
        what = f"{named.unit} / {named.window.per} of {named.scope} {named.subject} ({whose})"
        came = None if call.settled is None else call.settled.get(name)
        if came is None:
            yield f"{what}: {amount(named.unit, held)} held{', outcome unknown' if call.outcome else ''}"
        else:
            yield f"{what}: {amount(named.unit, came)}, of {amount(named.unit, held)} held"


def _usage(call: CallView) -> str:
    usage = call.counted or call.usage
    if usage is None:
        return ""
    figures = (
        "prompt",
        "cached",
        "cache_write",
        "cache_write_long",
        "audio_prompt",
        "completion",
        "reasoning",
        "audio_completion",
    )
    said = ", ".join(f"{name.replace('_', ' ')} {value}" for name in figures if (value := getattr(usage, name)))
    return f"{said} (counted here: the report did not say)" if call.counted else said


def _timing(call: CallView) -> str:
    first = "" if call.first_byte is None else f"first byte {show_duration(call.first_byte)}"
    whole = "" if call.duration is None else f"whole {show_duration(call.duration)}"
    return ", ".join(part for part in (first, whole) if part)


def _upstream(call: CallView) -> str:
    status = "" if call.upstream_status is None else f"status {call.upstream_status}"
    return " ".join(part for part in (status, call.upstream_request_id or "") if part)


def _outcome(call: CallView) -> str:
    words = [call.outcome or "running", "" if call.status is None else str(call.status)]
    if call.outcome not in (None, "done") and call.refusal:
        words.append(call.refusal)
    return " ".join(word for word in words if word)


def _tokens(call: CallView) -> str:
    usage = call.counted or call.usage
    if usage is None:
        return ""
    prompt, completion = usage.prompt, usage.completion
    return f"{'?' if prompt is None else prompt} + {'?' if completion is None else completion}"
