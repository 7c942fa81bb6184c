"""Masks what policies name: in prompts before the model sees them, in replies before the caller does. Rules on replies
are judged on the way: what one denies stops the reply before it has left, what one flags is noted.

A request's texts are masked whole and put back in a copy of the body. A reply's texts are masked as they come: one
stream a (choice, field), so that it does not matter how the upstream cuts its words. What is held back of a field goes
out with, or just before, the event that ends it; if the upstream dies, it is never sent. It must not know a wire
format.
"""

from collections.abc import Sequence
from typing import Final
from urllib.parse import unquote

import msgspec

from narrows.dialects.fields import grows, is_json
from narrows.dialects.rewriting import rewrite
from narrows.masking.applied import Applied, Side, apply, clean_path
from narrows.masking.arguments import mask_arguments
from narrows.masking.context import before
from narrows.masking.engine import Engine
from narrows.masking.findings import Finding
from narrows.masking.masker import Masker
from narrows.masking.replies import ReplyMask
from narrows.masking.spotted import NotAnalyzed, alone
from narrows.masking.tokens import Tokens
from narrows.masking.watch import Watch
from narrows.model.call import Asked, Call
from narrows.model.plan import Mask as Entry
from narrows.model.plan import Plan, Transform
from narrows.model.record import Outcome
from narrows.model.reply import Event
from narrows.model.span import Span, Spans
from narrows.model.text import Masked, Role, Text
from narrows.model.usage import Usage
from narrows.model.verdict import PROCEED, Deny, Note, Proceed, Verdict
from narrows.policy.recent import Recent
from narrows.ports.control import Guard

PLANS: Final = 512
"""Plans whose masks are kept ready."""

_NO_TEXTS: Final = frozenset({"models"})
"""Operations whose replies hold names of models, and nothing that a model wrote."""

_ARGUMENTS: Final = (".arguments", ".input", ".partial_json")


class Mask:
    """The control for `mask`. `every` are the masks of all policies: what is recorded of a call that no policy permits
    goes through them."""

    name: Final = "mask"

    def __init__(self, engine: Engine, key: bytes, every: Sequence[Entry] = ()) -> None:
        self._engine = engine
        self._key = key
        self._every = apply(engine, every, key)
        self._known: Recent[int, tuple[Plan, Applied]] = Recent(PLANS)

    def begin(self, call: Call) -> Guard | None:
        """Nothing to do where no policy masks, or has rules on replies."""
        if not call.plan.masks and not call.plan.replies:
            return None
        applied = self._of(call.plan)
        prompt, tokens = applied.prompt, None
        if prompt is not None and prompt.tokenizes:
            tokens = Tokens(self._key, call.principal.key)
            prompt = prompt.keyed(tokens)
        if call.asked.operation in _NO_TEXTS:
            return _Masking(prompt, None, tokens, {})
        spans: dict[str, tuple[Span, ...]] = {}
        return _Masking(prompt, applied.response, tokens, spans, _watch(applied, spans))

    def redacted(self, call: Call, deny: Deny) -> tuple[Call, Deny]:
        """A refused call and its refusal as they may be recorded: masked, whether or not the call came as far as this
        control."""
        side = (self._of(call.plan) if call.plan.masks else self._every).prompt
        if side is None:
            return call, deny
        if side.tokenizes:
            side = side.keyed(Tokens(self._key, call.principal.key))
        if side.analyzed:
            side = side.seeing(call.spans or {})
        try:
            if call.masked is None:
                changed, masked, _ = _request(side, call.asked)
                call = msgspec.structs.replace(call, asked=changed, masked=masked)
            return _unsent(side, _described(side, call)), _quoting(side, deny)
        except NotAnalyzed:
            # It was refused before plug-ins had seen it, so nobody knows which of its words may be on record.
            return _bare(call), Deny(deny.code, deny.meaning.summary, policy=deny.policy, rule=deny.rule)

    def _of(self, plan: Plan) -> Applied:
        known = self._known.get(id(plan))
        if known is None or known[0] is not plan:
            known = (plan, apply(self._engine, plan.masks, self._key, plan.replies))
            self._known.put(id(plan), known)
        return known[1]


class _Masking:
    """One call."""

    __slots__ = ("_cleaner", "_reply", "_side", "_spans", "_tokens", "_watch")

    def __init__(
        self,
        prompt: Side | None,
        response: Side | None,
        tokens: Tokens | None,
        spans: dict[str, tuple[Span, ...]],
        watch: Watch | None = None,
    ) -> None:
        """`spans` is filled with what plug-ins find as the reply comes; `watch` reads it, too."""
        self._side = prompt
        self._watch = watch
        self._cleaner = None if response is None or response.masker is None else alone(response.masker)
        self._tokens = tokens
        self._spans = spans
        if response is not None and response.analyzed:
            response = response.seeing(self._spans)
        self._reply = None if response is None else ReplyMask(response, grows, is_json)

    def on_request(self, call: Call) -> Verdict:
        side = self._side
        if side is None:
            return PROCEED
        if side.analyzed:
            side = side.seeing(call.spans or {})
        asked, masked, blocked = _request(side, call.asked)
        if blocked is not None:
            return blocked
        call = _described(side, msgspec.structs.replace(call, asked=asked, masked=masked))
        tokens = self._tokens
        return Proceed(call, tokens.originals if tokens is not None and tokens.originals else None)

    def on_event(self, event: Event) -> Deny | None:
        if event.spans is not None:
            self._spans.update(event.spans)
        if self._watch is not None:
            for note in self._watch.look(event):
                event.notes.append(note if self._cleaner is None else _placed(self._cleaner, note))
        return None if self._reply is None else self._reply.take(event)

    def on_finish(self) -> Deny | None:
        """What is still held belongs to fields that the upstream never ended; it is not sent."""

    def on_end(self, outcome: Outcome, usage: Usage | None) -> None:
        """Nothing to release."""


def _watch(applied: Applied, spans: Spans) -> Watch | None:
    """What looks for rules that let a reply pass; None where there is none."""
    side = applied.watching
    if side is None:
        return None
    return Watch(side.seeing(spans) if side.analyzed else side, applied.watched, grows, is_json)


class _Tally:
    """What was found, by place: how often, never what."""

    __slots__ = ("_counts", "_masker")

    def __init__(self, masker: Masker | None) -> None:
        self._masker = masker
        self._counts: dict[tuple[str, str, str, bool], int] = {}

    def add(self, path: str, entity: str, detector: str, *, observed: bool = False) -> None:
        key = (path, entity, detector, observed)
        self._counts[key] = self._counts.get(key, 0) + 1

    def rows(self) -> tuple[Masked, ...]:
        """All of it. A key of the caller's may stand in a path, so paths are masked, too."""
        return tuple(
            Masked(self.clean(path), entity, detector, count, observed)
            for (path, entity, detector, observed), count in self._counts.items()
        )

    def clean(self, path: str) -> str:
        """A path without what a key in it may hold."""
        return path if self._masker is None else clean_path(self._masker, path)


def _request(side: Side, asked: Asked) -> tuple[Asked, tuple[Masked, ...], Deny | None]:
    """The request masked, what was changed, and the refusal if something in it is blocked."""
    changes: dict[str, str] = {}
    tally = _Tally(side.masker or side.watcher)
    blocked: Deny | None = None
    for text in asked.texts:
        if side.watcher is not None:
            for finding in side.watcher.mask(text.value, before(text.name, quoted=not text.number)).findings:
                tally.add(text.path, finding.entity, finding.detector, observed=True)
        masked = _text(side, text, tally)
        if masked is None:
            continue
        value, refused = masked
        if value != text.value:
            changes[text.path] = value
        if refused is not None and blocked is None:
            blocked = side.refusal(refused, "The prompt", tally.clean(text.path))
    if not changes:
        return asked, tally.rows(), blocked
    texts = tuple(
        Text(text.role, text.path, changes[text.path], text.name, text.number) if text.path in changes else text
        for text in asked.texts
    )
    changed = msgspec.structs.replace(asked, body=rewrite(asked.body, changes), texts=texts)
    return changed, tally.rows(), blocked


def _text(side: Side, text: Text, tally: _Tally) -> tuple[str, Finding | None] | None:
    """A text of a request masked, and what is blocked in it; None where nothing masks it."""
    path, value, masker, fields = text.path, text.value, side.masker, side.fields
    if masker is None:
        return None
    rule = None if fields is None or path.endswith("~") else fields.rule(path)
    if fields is not None and rule is None and text.number and value.startswith("["):
        rule = fields.rule(f"{path}[0]")  # A list that is one text: what covers its elements covers it.
    findings: Sequence[Finding]
    if fields is not None and rule is not None:
        covered = fields.stream(rule)
        masked, findings = covered.finish(value), covered.findings
    elif text.role is Role.TOOL_CALL and path.endswith(_ARGUMENTS):
        arguments = mask_arguments(masker, value, fields)
        masked, findings = arguments.text, [found.finding for found in arguments.findings]
    else:
        context = before(text.name, quoted=not text.number) if text.name else ""
        if side.knows(value, context):
            return None
        plain = side.numbers(value, text.name) if text.number else side.mask(value, context)
        masked, findings = plain.text, plain.findings
    blocked: Finding | None = None
    for finding in findings:
        tally.add(path, finding.entity, finding.detector)
        if finding.transform is Transform.BLOCK:
            blocked = blocked or finding
    return masked, blocked


def _described(side: Side, call: Call) -> Call:
    """The call with what the caller says of it masked, too: the justification, the agents' names, the path as it is
    recorded, and the places that notes name."""
    masker = side.masker
    if masker is None:
        return call
    source, plain = call.source, Side(alone(masker), None, None) if side.analyzed else side
    why, agent, declared = source.justification, source.agent, source.declared_agent
    if why is not None or declared is not None or not (agent == "" or plain.knows(agent)):
        source = msgspec.structs.replace(
            source,
            justification=None if why is None else masker.mask(why).text,
            agent=plain.mask(agent).text,
            declared_agent=None if declared is None else plain.mask(declared).text,
        )
        call = msgspec.structs.replace(call, source=source)
    if not plain.knows(call.path) and (shown := _shown(plain, call.path)) != call.path:
        call = msgspec.structs.replace(call, shown_path=shown)
    if any(note.param is not None for note in call.notes):
        call = msgspec.structs.replace(call, notes=tuple(_placed(masker, note) for note in call.notes))
    return call


def _placed(masker: Masker, note: Note) -> Note:
    """A note, its place without what a key in it may hold."""
    return note if note.param is None else msgspec.structs.replace(note, param=clean_path(masker, note.param))


def _shown(side: Side, path: str) -> str:
    """A path as it is recorded: masked as it is written, and each segment as what it stands for."""
    if "%" not in path:
        return side.mask(path).text
    segments = [(segment, unquote(segment)) for segment in path.split("/")]
    masked = [(segment, plain, side.mask(plain).text) for segment, plain in segments]
    return "/".join([segment if after == plain else after for segment, plain, after in masked])


def _unsent(side: Side, call: Call) -> Call:
    """A call that is not forwarded, with the model's name masked: no policy has said that this may be one. The body
    that is recorded names what the call names."""
    if side.masker is None:
        return call
    masker, asked = alone(side.masker), call.asked
    model = call.model if call.model is None else masker.mask(call.model).text
    known = asked.model if asked.model is None else masker.mask(asked.model).text
    if (known, model) == (asked.model, call.model):
        return call
    return msgspec.structs.replace(call, asked=msgspec.structs.replace(asked, model=known), model=model)


def _bare(call: Call) -> Call:
    """A call without its content and what the caller said of it."""
    asked = Asked(operation=call.asked.operation, model=None, body={})
    source = msgspec.structs.replace(call.source, justification=None, agent="", declared_agent=None)
    return msgspec.structs.replace(call, asked=asked, source=source, model=None, notes=())


def _quoting(side: Side, deny: Deny) -> Deny:
    """A refusal without what it may quote of the prompt, such as a key in the place that it names."""
    if side.masker is None:
        return deny
    masker = alone(side.masker)
    param = None if deny.param is None else clean_path(masker, deny.param)
    return msgspec.structs.replace(deny, message=masker.mask(deny.message).text, param=param)
