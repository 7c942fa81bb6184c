"""What becomes of the cases of `narrows policy test`.

A case goes through the same controls as a call, up to the point where it would be recorded; nothing is sent. Each case
has controls of its own, so that none knows what another said. A turn sends what was said in the turns before it again,
as agents do; a refused one is left out of what follows. What the model replies goes through the controls of the reply,
whole and as streams that are cut in several ways, which must all come to the same.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Final

import msgspec

from narrows.config.hours import moment
from narrows.model.approval import Facts, Requirement
from narrows.model.call import Asked, Call, Source
from narrows.model.limits import NO_LIMITS, Limits
from narrows.model.principal import Credential
from narrows.model.record import Outcome
from narrows.model.refusal import Code
from narrows.model.reply import Delta, Event
from narrows.model.text import Role, Text
from narrows.model.verdict import Deny, Hold, Note
from narrows.policy.approvals import fired, unjustified
from narrows.policy.cases import Case, Placed, Refused, Turn, credential_of, principal_of, say_masks
from narrows.policy.limits import named_budgets
from narrows.policy.policyset import PolicySet
from narrows.ports.classifier import Presuming
from narrows.ports.control import Control, Guard, Wait
from narrows.ports.inspector import TokenCounter

Masked = Callable[[Call], frozenset[str]]
"""The entities that a call's plan masks in its prompt, in force."""

Steps = tuple[Sequence[Control], Sequence[Control]]
"""The controls of the request, and those of the reply, in their orders."""

CUTS: Final = (1, 7, 64)
"""Characters of a reply that come at a time, in a stream."""

_CONTENT: Final = (0, "content")

_Said = tuple[str, str | list[str]]
"""A role, and what is said under it: a text, or its parts."""


class Result(msgspec.Struct, frozen=True):
    """What became of a case. `line` is that of the turn that did not become what it should, or of the case. `code`,
    `policy` and `rule` are of the refusal, if it was refused; `masks` are the entities masked in the prompt, if the
    case says something of them; `flags` and `observes` are the names of rules, `receives` the reply as the caller gets
    it, `budgets` those that count it, `approvals` the rules by which people are asked."""

    name: str
    line: int
    passed: bool
    expected: str
    got: str
    code: str | None = None
    policy: str | None = None
    rule: str | None = None
    notes: tuple[str, ...] = ()
    masks: tuple[str, ...] | None = None
    flags: tuple[str, ...] = ()
    observes: tuple[str, ...] = ()
    receives: str | None = None
    budgets: tuple[str, ...] = ()
    approvals: tuple[str, ...] = ()


class _Reply(msgspec.Struct, frozen=True):
    """A reply as the caller gets it, or the refusal that stops it."""

    text: str
    deny: Deny | None
    notes: tuple[Note, ...]

    @property
    def ending(self) -> tuple[object, ...]:
        """What must not depend on how the reply came. What was sent before a refusal does."""
        deny = self.deny
        return (self.text,) if deny is None else (deny.code, deny.policy, deny.rule)


class _Got(msgspec.Struct, frozen=True):
    """What became of a turn."""

    deny: Deny | None
    notes: tuple[Note, ...]
    masks: frozenset[str] | None
    reply: str | None = None
    cut: str | None = None
    limits: Limits = NO_LIMITS
    asks: tuple[str, ...] = ()

    @property
    def outcome(self) -> str:
        """In one word."""
        return "deny" if self.deny is not None else "approve" if self.asks else "allow"

    def named(self, *, flagged: bool) -> tuple[str, ...]:
        """The rules that flagged, or those that would refuse."""
        return tuple(dict.fromkeys(note.rule or note.policy for note in self.notes if note.flagged is flagged))

    def budgets(self, expected: Collection[str] | None) -> tuple[str, ...]:
        """The budgets that count it, by what the case calls them: their policies may be left out."""
        names = named_budgets(self.limits)
        return tuple(short if short in (expected or ()) else full for full, short in names)


def run_cases(
    cases: Sequence[Placed],
    policies: PolicySet,
    steps: Callable[[], Steps],
    tokens: TokenCounter,
    masked: Masked | None = None,
) -> tuple[Result, ...]:
    """The result of every case, in order. `steps` gives the controls, which have seen no call before; `masked` is
    needed where a case says what is masked. Raises ValueError without it."""
    if masked is None and say_masks(cases):
        raise ValueError("a case says what is masked, and nothing that masks is given")
    return tuple(_run(placed, policies, steps(), tokens, masked) for placed in cases)


def _run(placed: Placed, policies: PolicySet, steps: Steps, tokens: TokenCounter, masked: Masked | None) -> Result:
    said: list[_Said] = []
    turns = list(placed.steps())
    for number, (turn, line) in enumerate(turns, 1):
        asked = said + _spoken(turn)
        call = _call(placed.case, policies, tokens, asked)
        if turn.labels is not None:
            labels = {text.value: turn.labels for text in call.asked.texts[len(_texts(said)) :]}
            call = msgspec.structs.replace(call, labels=labels)
        facts = Facts(placed.case.cost, placed.case.first_use)
        got = _pass(turn, call, facts, steps, masked)
        if got.deny is None:
            said = asked if got.reply is None else [*asked, (Role.ASSISTANT.value, got.reply)]
        failed = not _as_expected(turn, got)
        if failed or number == len(turns):
            where = f"turn {number}: " if failed and placed.case.turns is not None else ""
            return _result(placed, turn, got, line if failed else placed.line, where, passed=not failed)
    raise AssertionError("a case has at least one turn")


def _pass(turn: Turn, call: Call, facts: Facts, steps: Steps, masked: Masked | None) -> _Got:
    """One turn through the controls. Where people are asked they approve."""
    # Before the controls: one of them puts the masked texts in the place of the caller's.
    masks = masked(call) if masked is not None and turn.masks is not None else None
    guards: list[tuple[Control, Guard]] = []
    judged = _judge(call, steps, guards)
    requirements = () if isinstance(judged, Deny) else fired(judged.plan, judged, facts)
    if not isinstance(judged, Deny):
        judged = unjustified(judged, requirements) or _noting(judged, requirements)
    if isinstance(judged, Deny):
        _end(guards, Outcome.REFUSED)
        return _Got(judged, call.notes, masks, limits=call.plan.limits)
    asks = tuple(each.rule for each in requirements if not each.observe)
    if turn.reply is None:
        _end(guards, Outcome.DONE)
        return _Got(None, judged.notes, masks, limits=call.plan.limits, asks=asks)
    whole = _answer(turn, None, steps, guards)
    _end(guards, Outcome.DONE if whole.deny is None else Outcome.STOPPED)
    cut = None
    for size in CUTS:
        again: list[tuple[Control, Guard]] = []
        _judge(call, steps, again)
        other = _answer(turn, size, steps, again)
        _end(again, Outcome.REFUSED)
        if other.ending != whole.ending:
            cut = f"{_outcome(other.deny, ())}, receives {other.text!r}, where {size} characters come at a time"
            break
    text = whole.text if whole.deny is None else None
    return _Got(whole.deny, judged.notes + whole.notes, masks, text, cut, call.plan.limits, asks)


def _noting(call: Call, requirements: Sequence[Requirement]) -> Call:
    """The call with notes of what is only observed, each once."""
    known = {(note.policy, note.rule) for note in call.notes}
    new = [each for each in requirements if each.observe and (each.policy, each.rule) not in known]
    notes = tuple(Note(Code.APPROVAL_PENDING, each.policy, each.rule) for each in new)
    return msgspec.structs.replace(call, notes=call.notes + notes) if notes else call


def _judge(call: Call, steps: Steps, guards: list[tuple[Control, Guard]]) -> Call | Deny:
    """The call as the controls of the request leave it, or the refusal; their guards are added."""
    for control in steps[0]:
        guard = control.begin(call)
        if guard is None:
            continue
        guards.append((control, guard))
        verdict = guard.on_request(call)
        if isinstance(verdict, Deny):
            return verdict
        if isinstance(verdict, Hold | Wait):
            break  # a case has nobody to wait for
        call = verdict.call or call
    return call


def _answer(turn: Turn, size: int | None, steps: Steps, guards: Sequence[tuple[Control, Guard]]) -> _Reply:
    """A turn's reply through the controls of the reply: whole, or so many characters at a time."""
    listening = [guard for control in steps[1] for owner, guard in guards if owner is control]
    if turn.reply_labels is not None:
        for guard in listening:
            if isinstance(guard, Presuming):
                guard.presume(turn.reply_labels)
    received = ""
    notes: list[Note] = []
    for event in _events(turn.reply or "", size):
        for guard in listening:
            verdict = guard.on_event(event)
            if isinstance(verdict, Deny):
                return _Reply(received, verdict, tuple(notes))
            if verdict is not None:
                break  # nobody to wait for
        notes += event.notes
        received += "".join([held for _, _, held in event.before] + [delta.text for delta in event.deltas])
    for guard in listening:
        deny = guard.on_finish()
        if deny is not None:
            return _Reply(received, deny, tuple(notes))
    return _Reply(received, None, tuple(notes))


def _events(text: str, size: int | None) -> Iterator[Event]:
    if size is None:
        yield Event(None, deltas=[Delta(*_CONTENT, text)], ends=(_CONTENT,), last=True)
        return
    for at in range(0, len(text), size):
        yield Event(None, deltas=[Delta(*_CONTENT, text[at : at + size])])
    yield Event(None, finish="stop", ends=(_CONTENT,), last=True)


def _end(guards: Sequence[tuple[Control, Guard]], outcome: Outcome) -> None:
    for _, guard in guards:
        guard.on_end(outcome, None)


def _call(case: Case, policies: PolicySet, tokens: TokenCounter, said: Sequence[_Said]) -> Call:
    principal = principal_of(case, policies)
    kind = credential_of(case, principal)
    texts = _texts(said)
    return Call(
        id="case",
        request_id="case",
        session="case",
        at=0 if case.at is None else moment(case.at),
        principal=principal,
        credential=Credential(kind, "case", 0.0),
        source=Source(case.address, justification=case.justification),
        connection=case.connection,
        dialect="",
        method="POST",
        path="/",
        asked=Asked(
            operation=case.operation,
            model=case.model,
            body={_key(index, role): value for index, (role, value) in enumerate(said)},
            texts=texts,
            parameters=frozenset(case.parameters),
            output_cap=case.max_tokens,
            choices=case.n,
        ),
        model=case.model,
        plan=policies.plan(principal, case.connection, case.operation, case.model, kind),
        prompt_tokens=tokens.prompt(texts),
    )


def _key(index: int, role: str) -> str:
    """The member of the body in which a text stands."""
    return role if index == 0 else f"{role}_{index}"


def _texts(said: Sequence[_Said]) -> tuple[Text, ...]:
    texts: list[Text] = []
    for number, (role, value) in enumerate(said):
        path = f"$.{_key(number, role)}"
        if isinstance(value, str):
            texts.append(Text(Role(role), path, value))
        else:
            texts += [Text(Role(role), f"{path}[{index}]", part) for index, part in enumerate(value)]
    return tuple(texts)


def _spoken(turn: Turn) -> list[_Said]:
    """What a turn adds to the conversation."""
    if turn.prompt is None:
        return []
    said = {Role.USER.value: turn.prompt} if isinstance(turn.prompt, str) else turn.prompt
    return [(role, value if isinstance(value, str) else list(value)) for role, value in said.items()]


def _result(placed: Placed, turn: Turn, got: _Got, line: int, where: str, *, passed: bool) -> Result:
    deny = got.deny
    return Result(
        name=placed.case.name or _title(placed.case),
        line=line,
        passed=passed,
        expected=where + _expected(turn),
        got=where + _seen(turn, got),
        code=None if deny is None else deny.code.value,
        policy=None if deny is None else deny.policy,
        rule=None if deny is None else deny.rule,
        notes=tuple(f"{note.policy}: {note.label}" for note in got.notes),
        masks=None if got.masks is None else tuple(sorted(got.masks)),
        flags=got.named(flagged=True),
        observes=got.named(flagged=False),
        receives=got.reply,
        budgets=got.budgets(turn.budgets),
        approvals=got.asks,
    )


def _as_expected(turn: Turn, got: _Got) -> bool:
    return (
        _is_outcome(turn, got)
        and got.cut is None
        and (turn.masks is None or frozenset(turn.masks) == got.masks)
        and _are(turn.approvals, got.asks)
        and _are(turn.flags, got.named(flagged=True))
        and _are(turn.observes, got.named(flagged=False))
        and turn.receives in (None, got.reply)
        and (turn.budgets is None or set(turn.budgets) == set(got.budgets(turn.budgets)))
    )


def _are(expected: Collection[str] | None, names: Collection[str]) -> bool:
    """Whether these are the rules; those of packs may be named without their version."""
    if expected is None:
        return True
    known = {name if name in expected else name.partition("@")[0] for name in names}
    return known == frozenset(expected)


def _is_outcome(turn: Turn, got: _Got) -> bool:
    expect, deny = turn.expect, got.deny
    if not isinstance(expect, Refused):
        return (expect or "allow") == got.outcome
    if deny is None or deny.code.value != expect.deny:
        return False
    return expect.policy in (None, deny.policy) and expect.rule in (None, deny.rule)


def _expected(turn: Turn) -> str:
    """What a turn says should become of it."""
    expect = turn.expect or "allow"
    if isinstance(expect, Refused):
        outcome = " ".join(part for part in ("deny", expect.deny, expect.policy, expect.rule) if part)
    else:
        outcome = expect
    return outcome + _told(turn, turn.masks, turn.flags, turn.observes, turn.receives, turn.budgets, turn.approvals)


def _seen(turn: Turn, got: _Got) -> str:
    """What became of it, as far as the turn says something of that."""
    flags, observes = got.named(flagged=True), got.named(flagged=False)
    told = _told(turn, got.masks, flags, observes, got.reply, got.budgets(turn.budgets), got.asks)
    return _outcome(got.deny, got.asks) + told + ("" if got.cut is None else f"; but {got.cut}")


def _outcome(deny: Deny | None, asks: Sequence[str]) -> str:
    if deny is not None:
        return f"deny {deny.code.value}: {deny.message}"
    return f"approve: {', '.join(asks)}" if asks else "allow"


def _told(
    turn: Turn,
    masks: Collection[str] | None,
    flags: Collection[str] | None,
    observes: Collection[str] | None,
    receives: str | None,
    budgets: Collection[str] | None,
    approvals: Collection[str] | None,
) -> str:
    rows = (
        ("masks", turn.masks, masks),
        ("flags", turn.flags, flags),
        ("observes", turn.observes, observes),
        ("budgets", turn.budgets, budgets),
        ("approvals", turn.approvals, approvals),
    )
    told = [f", {verb} {', '.join(sorted(names or ())) or 'nothing'}" for verb, said, names in rows if said is not None]
    if turn.receives is not None:
        told.append(f", receives {receives!r}" if receives is not None else ", receives nothing")
    return "".join(told)


def _title(case: Case) -> str:
    who = case.who.service_account or case.who.user or "someone"
    return " ".join(part for part in (who, case.operation, case.model, "on", case.connection) if part)
