"""The masks of a call's plan, ready to use: one masker that changes texts and one that only looks, for each direction.

Owns how entries of policies become rules of the engine. It knows no wire format and no call.
"""

from collections.abc import Iterable, Iterator, Sequence

from narrows.masking.context import before
from narrows.masking.engine import Engine
from narrows.masking.fields import ENTITY, FieldRule, FieldRules
from narrows.masking.findings import Finding
from narrows.masking.known import Known
from narrows.masking.lookout import Lookout, SpottingLookout
from narrows.masking.masker import Masked, Masker
from narrows.masking.numbers import is_measured, replace_numbers
from narrows.masking.plan import Plan, Rule
from narrows.masking.spotted import Collector, Ranks, Spotter, alone, wanted
from narrows.masking.tokenizing import TokenMasker
from narrows.masking.tokens import Tokens
from narrows.model.path import PathRefused, child, element, parse
from narrows.model.plan import Mask, ReplyRule, Transform
from narrows.model.refusal import Code
from narrows.model.span import Spans
from narrows.model.verdict import Deny


class Side:
    """What is masked in one direction. `masker` changes, `watcher` only looks; None where nothing asks for it. `holds`:
    a reply's fields stay until they have ended, since rules deny what is only known then.
    `fields` are the places whose value is masked whatever it is. `analyzed`: it masks what only plug-ins find, so it
    can mask nothing before it is told what they found."""

    __slots__ = ("_blocking", "_clean", "_observed", "_wanted", "analyzed", "fields", "holds", "masker", "watcher")

    def __init__(
        self,
        masker: Masker | None,
        watcher: Masker | None,
        fields: FieldRules | None,
        blocking: Sequence[Mask | ReplyRule] = (),
        key: bytes = b"",
    ) -> None:
        """`key`: by which long texts are known again (see `known`)."""
        self.masker, self.watcher, self.fields = masker, watcher, fields
        self._blocking = blocking
        self.holds = any(isinstance(rule, ReplyRule) and bool(rule.labels) for rule in blocking)
        self._clean = Known(key)
        self._wanted = _wanted(masker)
        self._observed = _wanted(watcher)
        self.analyzed = bool(self._wanted or self._observed)

    def seeing(self, spans: Spans) -> "Side":
        """The same for one call, with what plug-ins found in its texts."""
        masker, watcher = self.masker, self.watcher
        if isinstance(masker, Lookout) and self._wanted:
            masker = SpottingLookout(masker, self._wanted, spans, strict=False)
        elif masker is not None and self._wanted:
            masker = Spotter(masker, self._wanted, spans)
        if watcher is not None and self._observed:
            # What only observes never refuses, so where nothing was analysed it looks for the rest.
            watcher = Spotter(watcher, self._observed, spans, strict=False)
        seeing = Side(masker, watcher, self.fields, self._blocking)
        if masker is self.masker:
            seeing._clean = self._clean
        return seeing

    @property
    def tokenizes(self) -> bool:
        """Whether some of its stand-ins are a call's own."""
        masker, fields = self.masker, self.fields
        return (masker is not None and masker.tokenizes) or (fields is not None and fields.tokenizes)

    def keyed(self, tokens: Tokens) -> "Side":
        """The same for one call, which makes tokens of its own. Else what would be a token is redacted."""
        masker, fields = self.masker, self.fields
        keyed = Side(
            None if masker is None else TokenMasker(masker, tokens),
            self.watcher,
            None if fields is None else fields.keyed(tokens),
            self._blocking,
        )
        keyed._clean = self._clean
        return keyed

    def collecting(self, collector: Collector) -> "Side":
        """The same, with maskers that only take note of the texts in which plug-ins are to look."""
        plain = None if self.masker is None else collector.engine_only
        return Side(collector if self._wanted else plain, collector if self._observed else None, self.fields)

    def knows(self, text: str, before: str = "") -> bool:
        """Whether nothing was found in a text behind this context, lately. Of a long one only `mask` can tell."""
        return self._clean.has_short(text, before)

    def mask(self, text: str, before: str = "") -> Masked:
        """A whole text; `before` is its context (see `context`). Those in which nothing was found lately are known."""
        if self.masker is None:
            return Masked(text, ())
        clean = self._clean
        key = clean.key(text, before)
        if key is not None and clean.has(key):
            return Masked(text, ())
        masked = self.masker.mask(text, before)
        if key is not None and not masked.findings:
            clean.add(key)
        return masked

    def numbers(self, value: str, name: str = "") -> Masked:
        """A number's literal, or the source of a list of numbers, each masked by itself. `name` is what it is called.
        A list stays JSON, in which what is masked is a string."""
        context, findings = before(name, quoted=False), list[Finding]()

        def mask(literal: str) -> str:
            if is_measured(literal):
                return literal
            masked = self.mask(literal, context)
            findings.extend(masked.findings)
            return masked.text

        text = replace_numbers(value, mask) if value.startswith("[") else mask(value)
        return Masked(text, tuple(findings))

    def refusal(self, finding: Finding, what: str, param: str | None = None) -> Deny:
        """Of a call in which something is blocked: it names the policy and the mask that block it, and the entity,
        never the value. `what` is what holds it (`The prompt`), `param` the place. Where a rule on replies denies it,
        the rule says what the message is."""
        entity = finding.entity
        for mask in self._blocking:
            if isinstance(mask, ReplyRule):
                if matches(mask, finding):
                    return Deny(Code.REPLY_DENIED, mask.message, policy=mask.policy, rule=mask.name)
                continue
            fits = entity in mask.entities and finding.score >= mask.threshold
            if fits or (entity == ENTITY and finding.detector in mask.fields):
                message = f"{what} holds {entity}, which {mask.name} of policy {mask.policy} blocks."
                return Deny(Code.SENSITIVE_DATA, message, policy=mask.policy, rule=mask.name, param=param)
        return Deny(Code.SENSITIVE_DATA, f"{what} holds {entity}, which a policy blocks.", param=param)


class Applied:
    """Both directions; None where a direction is not masked at all. `watching` is what `watched` look for in replies,
    None where no rule only looks."""

    __slots__ = ("prompt", "response", "watched", "watching")

    def __init__(
        self,
        prompt: Side | None,
        response: Side | None,
        watching: Side | None = None,
        watched: Sequence[ReplyRule] = (),
    ) -> None:
        self.prompt, self.response = prompt, response
        self.watching, self.watched = watching, watched


def apply(engine: Engine, masks: Sequence[Mask], key: bytes, replies: Sequence[ReplyRule] = ()) -> Applied:
    """Makes the entries of a plan ready. `key` is for the transform `hash`, and to know clean texts again.

    Raises ValueError for an entity that the engine does not know, or a field that is no path.
    """
    watched = tuple(rule for rule in replies if not rule.stops)
    looked_for = tuple(rule for reply in watched for rule in _rules(reply, Transform.REDACT))
    return Applied(
        _side(engine, [mask for mask in masks if mask.prompt], key),
        _side(engine, [mask for mask in masks if mask.response], key, [rule for rule in replies if rule.stops]),
        Side(Lookout(engine, Plan(looked_for)), None, None, key=key) if looked_for else None,
        watched,
    )


def matches(rule: ReplyRule, finding: Finding) -> bool:
    """Whether a finding is what a rule on replies looks for."""
    entity = finding.entity
    return entity in rule.rows or (entity in rule.entities and finding.score >= rule.threshold)


def _side(engine: Engine, masks: Sequence[Mask], key: bytes, denies: Sequence[ReplyRule] = ()) -> Side | None:
    if not masks and not denies:
        return None
    enforced = [mask for mask in masks if not mask.observe]
    names = [FieldRule(name, mask.transform) for mask in enforced for name in mask.fields]
    # Field rules alone need a masker, too: it finds nothing, but the values below a place go through it. So do rules
    # that ask classifiers: what they deny is held.
    nothing = Masker(engine, Plan(())) if names or any(rule.labels for rule in denies) else None
    return Side(
        _masker(engine, enforced, key, denies) or nothing,
        _masker(engine, (mask for mask in masks if mask.observe), key),
        FieldRules(names, key=key) if names else None,
        [*(mask for mask in enforced if mask.transform is Transform.BLOCK), *denies],
        key,
    )


def _masker(engine: Engine, masks: Iterable[Mask], key: bytes, denies: Sequence[ReplyRule] = ()) -> Masker | None:
    rules = [Rule(mask.entities, mask.transform, mask.threshold, mask.allow) for mask in masks if mask.entities]
    rules += [rule for reply in denies for rule in _rules(reply, Transform.BLOCK)]
    return Masker(engine, Plan(tuple(rules), key)) if rules else None


def _rules(reply: ReplyRule, transform: Transform) -> Iterator[Rule]:
    """What a rule on replies looks for: its rows whatever their score, its entities where they are sure enough."""
    if reply.rows:
        yield Rule(reply.rows, transform)
    if reply.entities:
        yield Rule(reply.entities, transform, reply.threshold)


def _wanted(masker: Masker | None) -> Ranks:
    return {} if masker is None or isinstance(masker, Spotter | Collector) else wanted(masker)


def clean_path(masker: Masker, path: str) -> str:
    """A JSON path without what the keys in it hold. Each key is masked as it is, not as the path spells it: there its
    quotes are escaped, and no detector knows it again."""
    masker = alone(masker)
    plain, mark = (path[:-1], "~") if path.endswith("~") else (path, "")
    try:
        steps = parse(plain)
    except PathRefused:
        return masker.mask(path).text
    clean = "$"
    for step in steps:
        if isinstance(step, str):
            clean = child(clean, masker.mask(step).text)
        else:
            clean = f"{clean}[*]" if step is None else element(clean, step)
    return masker.mask(clean).text + mark
