"""Has plug-ins look for what masks, and rules on replies, name and no pattern finds: in the texts of a request, and in
those of a reply as they become whole.

What is found goes on with the call, or with the event, by text; masking takes it from there. Which texts masking will
ask for it learns from the same code that masks, run with a collector. A text that a plug-in fails on refuses the call,
unless masks and rules only observe or flag, or the analyzer need not answer. It must not know processes or a wire
format.
"""

import functools
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from narrows.dialects.fields import grows, is_json
from narrows.masking.applied import Applied, Side, apply
from narrows.masking.arguments import mask_arguments
from narrows.masking.engine import Engine
from narrows.masking.replies import ReplyMask
from narrows.masking.spotted import LONGEST, Collector, TooLong
from narrows.model.call import Call
from narrows.model.plan import Mask, Plan, ReplyRule
from narrows.model.record import Outcome
from narrows.model.refusal import Code
from narrows.model.reply import Delta, Event
from narrows.model.span import Span
from narrows.model.text import Role
from narrows.model.usage import Usage
from narrows.model.verdict import PROCEED, Deny, Note, Proceed, Verdict
from narrows.policy.recent import Recent
from narrows.ports.analyzer import Analysis
from narrows.ports.control import Guard, Wait
from narrows.ports.plugin import PluginFailed

PLANS: Final = 512
"""Plans of which it is known what they ask for."""

GRACE: Final = 5.0
"""Seconds over all timeouts of the analyzers after which an answer is not waited for, whatever they do."""

_NO_TEXTS: Final = frozenset({"models"})
_ARGUMENTS: Final = (".arguments", ".input", ".partial_json")
_KEY: Final = bytes(16)
"""Masks are made ready here only to learn what they look at; nothing is hashed with this."""

Found = dict[str, tuple[Span, ...]]


class _Need(msgspec.Struct, frozen=True):
    """An analyzer that masks or rules of a plan ask. `strict`: a call is refused where it fails; else `policy` is
    noted."""

    analysis: Analysis
    strict: bool
    policy: str


class _Asked(msgspec.Struct, frozen=True):
    """What one plan asks for, each way."""

    plan: Plan
    applied: Applied
    prompt: tuple[_Need, ...]
    response: tuple[_Need, ...]


class Analyze:
    """The control for entities that only plug-ins find."""

    name: Final = "analyze"

    def __init__(self, engine: Engine, analyses: Sequence[Analysis]) -> None:
        """`engine` is the one that masks: it names the analyzers among its sources."""
        self._engine = engine
        self._analyses = tuple(analyses)
        self._known: Recent[int, _Asked] = Recent(PLANS)

    def under(self, plan: Plan) -> "Analyze | None":
        """Nothing to do where no mask or rule names what an analyzer finds."""
        if not plan.masks and not plan.replies:
            return None
        asked = self._of(plan)
        return self if asked.prompt or asked.response else None

    def begin(self, call: Call) -> Guard | None:
        """Nothing to do where no mask or rule names what an analyzer finds."""
        if not (call.plan.masks or call.plan.replies) or call.asked.operation in _NO_TEXTS:
            return None
        asked = self._of(call.plan)
        return _Analyzing(asked) if asked.prompt or asked.response else None

    def _of(self, plan: Plan) -> _Asked:
        known = self._known.get(id(plan))
        if known is None or known.plan is not plan:
            applied = apply(self._engine, plan.masks, _KEY, plan.replies)
            prompt = self._needs([mask for mask in plan.masks if mask.prompt])
            response = self._needs([*(mask for mask in plan.masks if mask.response), *plan.replies])
            known = _Asked(plan, applied, prompt, response)
            self._known.put(id(plan), known)
        return known

    def _needs(self, entries: Sequence[Mask | ReplyRule]) -> tuple[_Need, ...]:
        needs = []
        for analysis in self._analyses:
            asking = [entry for entry in entries if not analysis.entities.isdisjoint(entry.entities)]
            if asking:
                enforced = [entry for entry in asking if _is_enforced(entry)]
                strict = bool(enforced) and analysis.required
                needs.append(_Need(analysis, strict, (enforced or asking)[0].policy))
        return tuple(needs)


class _Analyzing:
    """One call."""

    __slots__ = ("_asked", "_collector", "_failed", "_needs", "_replies")

    def __init__(self, asked: _Asked) -> None:
        self._asked = asked
        self._collector = Collector()
        self._failed: set[str] = set()
        sides = (asked.applied.response, asked.applied.watching) if asked.response else ()
        # What is masked or denied, and what is only looked for: each goes through the code that will ask for it.
        self._replies = tuple(
            ReplyMask(side.collecting(self._collector), grows, is_json)
            for side in sides
            if side is not None and side.analyzed
        )
        self._needs = {id(need.analysis): need.analysis for need in (*asked.prompt, *asked.response)}
        for analysis in self._needs.values():
            analysis.enter()

    def on_request(self, call: Call) -> Verdict | Wait[Verdict]:
        side = self._asked.applied.prompt
        if not self._asked.prompt or side is None:
            return PROCEED
        try:
            texts = _texts(side, call)
        except TooLong:
            return Deny(
                Code.PROMPT_TOO_LONG,
                f"a text of the prompt has more than {LONGEST:,} characters, so it can't be analyzed",
            )
        found: Found = {}
        if _recalled(self._asked.prompt, texts, found):
            return Proceed(msgspec.structs.replace(call, spans=found))
        return Wait(functools.partial(self._request, call, texts), _patience(self._asked.prompt))

    async def _request(self, call: Call, texts: Sequence[str]) -> Verdict:
        found: Found = {}
        notes = list(call.notes)
        for need in self._asked.prompt:
            try:
                await _ask(need, texts, found)
            except PluginFailed as failed:
                if need.strict:
                    return _unavailable(need, failed)
                notes += self._failing(need)
        return Proceed(msgspec.structs.replace(call, spans=found, notes=tuple(notes)))

    def on_event(self, event: Event) -> Deny | Wait[Deny | None] | None:
        if not self._replies:
            return None
        try:
            for reply in self._replies:
                deltas = [Delta(delta.choice, delta.field, delta.text, None, delta.key) for delta in event.deltas]
                reply.take(msgspec.structs.replace(event, data=None, deltas=deltas, before=[], masked=[]))
        except TooLong:
            message = f"a text of the reply has more than {LONGEST:,} characters, so it can't be analyzed"
            return Deny(Code.CONTROL_FAILED, message, rule=self._asked.response[0].analysis.name)
        texts = self._collector.take()
        if not texts:
            return None
        found: Found = {}
        if _recalled(self._asked.response, texts, found):
            event.spans = found
            return None
        return Wait(functools.partial(self._event, event, texts), _patience(self._asked.response))

    async def _event(self, event: Event, texts: Sequence[str]) -> Deny | None:
        found: Found = {}
        for need in self._asked.response:
            try:
                await _ask(need, texts, found)
            except PluginFailed as failed:
                if need.strict:
                    return _unavailable(need, failed)
                event.notes += self._failing(need)
        event.spans = found
        return None

    def _failing(self, need: _Need) -> list[Note]:
        """How it is noted, once a call, that one failed and the call goes on."""
        rule = _rule(need)
        if rule in self._failed:
            return []
        self._failed.add(rule)
        return [Note(Code.CONTROL_FAILED, need.policy, rule)]

    def on_finish(self) -> Deny | None:
        """What is still held belongs to fields that the upstream never ended."""

    def on_end(self, outcome: Outcome, usage: Usage | None) -> None:  # noqa: ARG002 - however it ended
        for analysis in self._needs.values():
            analysis.leave()


def _is_enforced(entry: Mask | ReplyRule) -> bool:
    return entry.stops if isinstance(entry, ReplyRule) else not entry.observe


def _texts(side: Side, call: Call) -> tuple[str, ...]:
    """The texts of a request in which plug-ins are to look."""
    collector = Collector()
    looking = side.collecting(collector)
    for text in call.asked.texts:
        if text.role is Role.TOOL_CALL and text.path.endswith(_ARGUMENTS):
            mask_arguments(collector, text.value, looking.fields)
        collector.mask(text.value)
    if call.source.justification is not None:
        collector.mask(call.source.justification)
    return collector.take()


def _recalled(needs: Iterable[_Need], texts: Sequence[str], found: Found) -> bool:
    """Whether it is known of all texts what all of them find; it is then in `found`."""
    for text in texts:
        spans: tuple[Span, ...] = ()
        for need in needs:
            known = need.analysis.recall(text)
            if known is None:
                return False
            spans += known
        found[text] = spans
    return True


async def _ask(need: _Need, texts: Sequence[str], found: Found) -> None:
    """Adds what an analyzer finds in each text, and nothing if it fails. Raises PluginFailed."""
    answers: Sequence[tuple[Span, ...]] = [()] * len(texts)
    try:
        answers = await need.analysis.analyze(texts)
    finally:
        for text, spans in zip(texts, answers, strict=True):
            found[text] = found.get(text, ()) + spans


def _patience(needs: Iterable[_Need]) -> float:
    return sum(need.analysis.timeout for need in needs) + GRACE


def _rule(need: _Need) -> str:
    return f"analyzer.{need.analysis.name}"


def _unavailable(need: _Need, failed: PluginFailed) -> Deny:
    message = f"masking is unavailable: the analyzer {need.analysis.name!r} {failed}"
    return Deny(Code.CONTROL_FAILED, message, rule=_rule(need))
