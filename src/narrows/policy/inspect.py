"""The one scan of a call's texts: what the plan's prompt rules find, and where. Judges nothing.

The texts that rules look at, joined, pass the gates of the policy set once (`sieve`), which say which patterns can
occur at all, mostly none. Only those are searched for, text by text.

Beside the texts themselves rules look at readings of them: what stands in several parts joined, and what is encoded
decoded. Who makes the readings is given.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Final, NamedTuple, Protocol

from narrows.config.globs import Glob
from narrows.model.call import Call
from narrows.model.plan import Action, Plan, Rule
from narrows.model.text import NO_LABELS, Finding, Labels, Text
from narrows.policy.patterns import Pattern, encode
from narrows.policy.recent import Recent
from narrows.policy.sieve import NO_GATES, Gates, Sieve

SCANNERS: Final = 1_024
UNREAD: Final = "unread"
"""The rule of a finding that says: what this text may stand for has not all been looked at."""

Span = tuple[str, int, int]
"""A path, and the characters from where to where of the text there."""


class Seen(NamedTuple):
    """A text as rules look at it: as it is, or a reading of it. `new`: this session has not sent it before."""

    text: Text
    new: bool = True
    view: str = ""
    """How it was decoded; empty: as it is written."""
    place: Callable[[int, int], Span | None] | None = None
    """Of a reading: from characters of it to their place in a text; None for those that the text itself shows."""
    together: bool = False
    """Of a reading: its words have run together, so a phrase stands in it without spaces, too."""


class Reading(NamedTuple):
    """The readings of some texts. `unread`: those of which there are more than are made."""

    seen: Sequence[Seen]
    unread: Sequence[Seen] = ()


class Sighting(NamedTuple):
    """An entity in a text."""

    entity: str
    start: int
    end: int
    score: float


class Readings(Protocol):
    """Reads texts in other ways."""

    def __call__(self, seen: Sequence[Seen], *, history: bool, views: bool, joined: bool = True) -> Reading:
        """Readings of what is new, with `history` of what is not, too: with `joined` of texts together, with `views` of
        what is encoded, decoded."""

    def loosened(self, source: str) -> str | None:
        """The source of a pattern that finds what this one finds where words have run together; None: the same."""


Sight = Callable[[str], Sequence[Sighting]]
Sights = Callable[[frozenset[str]], Sight]
"""Makes what looks for these entities."""


class Scanner:
    """The rules of one plan, ready to scan."""

    __slots__ = (
        "_allows", "_apart", "_entities", "_gates", "_history", "_labels", "_loose", "_loose_sieve", "_rules",
        "_searches", "_sieve", "_sight", "_together", "_views",
    )  # fmt: skip

    def __init__(self, rules: Sequence[Rule], sights: Sights | None = None, gates: Gates = NO_GATES) -> None:
        pairs = [(rule, matcher) for rule in rules for matcher in rule.matchers]
        self._together = tuple((rule, matcher) for rule, matcher in pairs if isinstance(matcher, Pattern))
        self._apart = tuple((rule, matcher) for rule, matcher in pairs if not isinstance(matcher, Pattern))
        self._gates = gates
        self._sieve = Sieve([pattern.key for _, pattern in self._together], gates.exact)
        self._loose_sieve: Sieve | None = None
        self._loose: dict[int, Pattern | None] = {}
        self._entities = tuple(rule for rule in rules if rule.entities)
        named = frozenset().union(*(rule.entities for rule in self._entities))
        if named and sights is None:
            raise ValueError("rules name entities, and nothing looks for them")
        self._sight = None if sights is None or not named else sights(named)
        self._labels = tuple((rule, tuple(Glob(label) for label in rule.labels)) for rule in rules if rule.labels)
        self._allows = tuple(rule for rule in rules if rule.action is Action.ALLOW)
        self._rules = tuple(rules)
        self._searches = bool(pairs or self._entities)
        self._history = any(rule.history for rule in rules)
        self._views = any(rule.views for rule in rules)

    def scan(
        self,
        texts: Sequence[Text],
        known: Collection[int] = (),
        readings: Readings | None = None,
        labels: Labels = NO_LABELS,
    ) -> tuple[Finding, ...]:
        """The leftmost match of every rule in every text that it looks at; and, for each `allow` rule, the texts that
        neither it nor its like in the same policy matches.

        `known` are the places of texts that this session has sent before.
        """
        if not self._history and len(known) == len(texts):
            return ()
        seen = [Seen(text, index not in known) for index, text in enumerate(texts)]
        findings: list[Finding] = []
        if readings is not None and (self._searches or self._views):
            # Labels are of whole texts: for them nothing is joined.
            read = readings(seen, history=self._history, views=self._views, joined=self._searches)
            if read.unread:
                self._unread(read.unread, findings)
            run_together = [each for each in read.seen if each.together]
            if run_together:
                self._search_loosely(run_together, readings, findings)
            seen += read.seen
        if known and not self._history:
            seen = [each for each in seen if each.new]
        self._search(seen, findings)
        if findings:
            # A phrase in a view whose words ran together may have been found with its spaces and without.
            findings = list(dict.fromkeys(findings))
        if self._sight is not None:
            self._sightings(seen, self._sight, findings)
        for rule, globs in self._labels:
            findings += [
                Finding(rule.name, rule.policy, each.text.path, 0, 0)
                for each in seen
                if each.place is None and _looks(rule, each) and _is_labelled(labels.get(each.text.value, ()), globs)
            ]
        return self._uncovered(seen, findings) if self._allows else tuple(findings)

    def _search(self, seen: Sequence[Seen], findings: list[Finding]) -> None:
        if self._together and seen:
            together = encode("\n".join([each.text.value for each in seen]))
            left = self._sieve.left(together)
            # Most calls end here.
            if left:
                pairs = [self._together[place] for place in left]
                if len(seen) > 1:
                    # Where the texts joined hold no match, none of them does.
                    pairs = [pair for pair in pairs if not pair[1].joinable or pair[1].occurs(together)]
                for each in seen:
                    _look(pairs, each, findings)
        for rule, matcher in self._apart:
            for each in seen:
                if _looks(rule, each):
                    _found(rule, matcher.find(each.text.value), each, findings)

    def _unread(self, unread: Sequence[Seen], findings: list[Finding]) -> None:
        """Says of each policy, once a text, that its rules have not seen everything the text may stand for."""
        for each in unread:
            text = each.text
            policies = dict.fromkeys(rule.policy for rule in self._rules if rule.views and _looks(rule, each))
            findings += [Finding(UNREAD, policy, text.path, 0, len(text.value)) for policy in policies]

    def _search_loosely(self, seen: Sequence[Seen], readings: Readings, findings: list[Finding]) -> None:
        """Looks for phrases where there are no spaces. The patterns are made when one of them can first occur."""
        sieve = self._loose_sieve
        if sieve is None:
            sieve = self._loose_sieve = Sieve([pattern.key for _, pattern in self._together], self._gates.loose)
        pairs: list[tuple[Rule, Pattern]] = []
        for place in sieve.left(encode("\n".join([each.text.value for each in seen]))):
            rule = self._together[place][0]
            pattern = self._loosened(place, readings) if rule.views else None
            if pattern is not None:
                pairs.append((rule, pattern))
        for each in seen if pairs else ():
            _look(pairs, each, findings)

    def _loosened(self, place: int, readings: Readings) -> Pattern | None:
        """The loose form of a pattern; None where there is none."""
        if place not in self._loose:
            pattern = self._together[place][1]
            source = pattern.loose or readings.loosened(pattern.source)
            self._loose[place] = None if source is None else Pattern.loosened(source)
        return self._loose[place]

    def _sightings(self, seen: Sequence[Seen], sight: Sight, findings: list[Finding]) -> None:
        for each in seen:
            rules = [rule for rule in self._entities if _looks(rule, each)]
            for entity, start, end, score in sight(each.text.value) if rules else ():
                place = _place(each, start, end)
                findings += [
                    Finding(rule.name, rule.policy, *place, each.view)
                    for rule in rules
                    if place is not None and entity in rule.entities and score >= rule.threshold
                ]

    def _uncovered(self, seen: Sequence[Seen], findings: Sequence[Finding]) -> tuple[Finding, ...]:
        """The findings, with those of `allow` rules turned round: instead of what they match, what they do not."""
        allows = {(rule.policy, rule.name) for rule in self._allows}
        covered = {(each.policy, each.path) for each in findings if (each.policy, each.rule) in allows}
        rest = [each for each in findings if (each.policy, each.rule) not in allows]
        for rule in self._allows:
            rest += [
                Finding(rule.name, rule.policy, each.text.path, 0, len(each.text.value))
                for each in seen
                if each.place is None
                and _looks(rule, each)
                and (rule.policy, each.text.path) not in covered
                and not each.text.number
                and each.text.value.strip()
            ]
        return tuple(rest)


def _looks(rule: Rule, each: Seen) -> bool:
    """Whether a rule looks at a text at all."""
    return (
        (not rule.roles or each.text.role in rule.roles)
        and (each.new or rule.history)
        and (not each.view or rule.views)
    )


def _look(pairs: Sequence[tuple[Rule, Pattern]], each: Seen, findings: list[Finding]) -> None:
    """Searches a text for the patterns of the rules that look at it."""
    data: bytes | None = None
    for rule, pattern in pairs:
        if _looks(rule, each):
            if data is None:
                data = encode(each.text.value)
            _found(rule, pattern.find_bytes(data), each, findings)


def _found(rule: Rule, span: tuple[int, int] | None, each: Seen, findings: list[Finding]) -> None:
    place = None if span is None else _place(each, *span)
    if place is not None:
        findings.append(Finding(rule.name, rule.policy, *place, each.view))


def _place(each: Seen, start: int, end: int) -> Span | None:
    """Where characters of what is looked at stand."""
    return (each.text.path, start, end) if each.place is None else each.place(start, end)


def _is_labelled(labels: Sequence[str], globs: Sequence[Glob]) -> bool:
    return any(glob.matches(label) for label in labels for glob in globs)


class RuleInspector:
    """The `Inspector` for prompt rules. Keeps the scanners of recent plans."""

    __slots__ = ("_kept", "_readings", "_sights")

    def __init__(self, readings: Readings | None = None, sights: Sights | None = None, gates: Gates = NO_GATES) -> None:
        self._readings = readings
        self._sights = sights
        self._kept: tuple[Gates, Recent[int, tuple[Plan, Scanner]]]
        self.use(gates)

    def use(self, gates: Gates) -> None:
        """From now on looks with these gates, which change nothing but how long it takes. Any thread may scan
        meanwhile."""
        self._kept = gates, Recent(SCANNERS)

    def inspect(self, call: Call) -> tuple[Finding, ...]:
        """What the rules of the call's plan find: at most one finding a rule's pattern and text."""
        plan = call.plan
        if not plan.rules:
            return ()
        gates, scanners = self._kept
        known = scanners.get(id(plan))
        if known is None or known[0] is not plan:
            known = (plan, Scanner(plan.rules, self._sights, gates))
            scanners.put(id(plan), known)
        return known[1].scan(call.asked.texts, call.known, self._readings, call.labels)
