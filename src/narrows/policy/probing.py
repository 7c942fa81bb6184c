"""What policies say of probing, and of shipped rules on replies, ready for the controls that look.

A plan names the policies that apply to a call, so nothing of this stands in plans. What is tried and refused has no
policy that applies, so it is judged by those that are about its principal.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from narrows.config.policies import Policy
from narrows.config.problem import Problem
from narrows.model.plan import Action, Plan
from narrows.model.principal import Principal
from narrows.model.refusal import Code
from narrows.model.verdict import Note
from narrows.policy.packs.rule import Side
from narrows.policy.packs.shipped import label
from narrows.policy.patterns import Pattern
from narrows.policy.policyset import PolicySet
from narrows.policy.recent import Recent
from narrows.policy.rules import PackPatterns, chosen

PLANS: Final = 1_024


class Watching(msgspec.Struct, frozen=True, kw_only=True):
    """What one policy wants to be noticed, under a name, and what is done then."""

    policy: str
    rule: str
    action: Action = Action.FLAG
    observe: bool = False

    @property
    def stops(self) -> bool:
        """Whether it is more than noted."""
        return self.action is Action.DENY and not self.observe

    def note(self, code: Code) -> Note:
        """How it is noted where it does not stop anything."""
        return Note(code, self.policy, self.rule, flagged=self.action is Action.FLAG)


class Echoes(Watching, frozen=True, kw_only=True):
    """Replies that repeat `least` characters of the system text."""

    least: int


class Floods(Watching, frozen=True, kw_only=True):
    """`calls` prompts within so many `seconds` that are at least so `similar`."""

    similar: float
    calls: int
    seconds: float


class Names(Watching, frozen=True, kw_only=True):
    """So many different `names` within so many `seconds`, each refused."""

    names: int
    seconds: float


class Phrases(Watching, frozen=True, kw_only=True):
    """One shipped rule on replies, which is flagged. Those that are denied are rules of the plan (`reply_rules`)."""

    patterns: tuple[Pattern, ...]


class Probing(msgspec.Struct, frozen=True):
    """All that applies to a call."""

    echoes: tuple[Echoes, ...] = ()
    floods: tuple[Floods, ...] = ()
    names: tuple[Names, ...] = ()
    phrases: tuple[Phrases, ...] = ()


NOTHING: Final = Probing()


def check_probing(policy: Policy, key: str, problems: list[Problem]) -> None:
    """Adds what can't be used of the packs that rules on replies name to `problems`."""
    for index, entry in enumerate(policy.responses):
        for action in (Action.DENY, Action.FLAG):
            match = getattr(entry, action.value)
            if match is None or match.packs is None:
                continue
            list(chosen(match.packs, Side.RESPONSE, f"{key}.responses[{index}].{action.value}", problems))


class ProbingRules:
    """What the policies of one snapshot say."""

    __slots__ = ("_by_clauses", "_by_names", "_by_policy", "_policies", "everything")

    def __init__(self, settings: Sequence[Policy], policies: PolicySet) -> None:
        patterns = PackPatterns()
        found = ((policy.name, _of(policy, patterns)) for policy in settings)
        self._by_policy: Mapping[str, Probing] = {name: probing for name, probing in found if probing != NOTHING}
        self._policies = policies
        self._by_names: Recent[tuple[str, ...], Probing] = Recent(PLANS)
        self._by_clauses: Recent[tuple[int, ...], Probing] = Recent(PLANS)
        self.everything: Final = self._joined(tuple(self._by_policy))

    def of(self, plan: Plan) -> Probing:
        """What applies to calls under a plan."""
        if not self._by_policy:
            return NOTHING
        return self._known(plan.policies + plan.observed if plan.observed else plan.policies)

    def about(self, principal: Principal, credential: str | None = None) -> Probing:
        """What is said in all policies that are about somebody, whatever they permit."""
        if not self._by_policy:
            return NOTHING
        clauses = self._policies.clauses(principal, credential)
        known = self._by_clauses.get(clauses)
        if known is None:
            known = self._joined(tuple(policy.name for policy in self._policies.about(clauses)))
            self._by_clauses.put(clauses, known)
        return known

    def _known(self, names: tuple[str, ...]) -> Probing:
        known = self._by_names.get(names)
        if known is None:
            known = self._joined(names)
            self._by_names.put(names, known)
        return known

    def _joined(self, names: tuple[str, ...]) -> Probing:
        found = [self._by_policy[name] for name in names if name in self._by_policy]
        return Probing(
            tuple(each for one in found for each in one.echoes),
            tuple(each for one in found for each in one.floods),
            tuple(each for one in found for each in one.names),
            tuple(each for one in found for each in one.phrases),
        )


def describe_probing(said: Probing) -> tuple[str, ...]:
    """What is noticed, in words, one for each rule: `research: probing.floods flags 20 prompts within 10 min that are
    80 % alike`."""
    found: list[tuple[Watching, str]] = []
    found += [(each, f"replies that repeat {each.least} characters of the system text") for each in said.echoes]
    found += [
        (each, f"{each.calls} prompts within {_time(each.seconds)} that are {each.similar:.0%} alike")
        for each in said.floods
    ]
    found += [(each, f"{each.names} different names tried within {_time(each.seconds)}") for each in said.names]
    found += [(each, "replies that match it") for each in said.phrases]
    return tuple(
        f"{each.policy}: {each.rule} {'denies' if each.action is Action.DENY else 'flags'} {what}"
        f"{' (observed)' if each.observe else ''}"
        for each, what in found
    )


def _time(seconds: float) -> str:
    return f"{seconds / 60:g} min" if seconds >= 60 else f"{seconds:g} s"


def _of(policy: Policy, patterns: PackPatterns) -> Probing:
    """What one policy says."""
    said, name = policy.probing, policy.name
    phrases = tuple(_phrases(policy, patterns))
    if said is None:
        return Probing(phrases=phrases)
    observe = "observe" in (policy.mode, said.mode)
    echo, floods, names = said.echo, said.floods, said.enumeration
    return Probing(
        () if echo is None else (
            Echoes(
                policy=name, rule="probing.echo", action=Action(echo.action), observe=observe, least=echo.least
            ),
        ),
        () if floods is None else (
            Floods(
                policy=name, rule="probing.floods", action=Action(floods.action), observe=observe,
                similar=floods.similar, calls=floods.calls, seconds=floods.within,
            ),
        ),
        () if names is None else (
            Names(
                policy=name, rule="probing.enumeration", action=Action(names.action), observe=observe,
                names=names.names, seconds=names.within,
            ),
        ),
        phrases,
    )  # fmt: skip


def _phrases(policy: Policy, patterns: PackPatterns) -> list[Phrases]:
    """The shipped rules on replies that a policy flags, each once."""
    found: dict[str, Phrases] = {}
    for entry in policy.responses:
        match = entry.flag
        for pack, rule in chosen(match.packs or (), Side.RESPONSE, "", []) if match is not None else ():
            observe = "observe" in (policy.mode, match.mode if match is not None else "")
            name = label(pack, rule)
            found[name] = Phrases(policy=policy.name, rule=name, observe=observe, patterns=patterns.of(rule))
    return list(found.values())
