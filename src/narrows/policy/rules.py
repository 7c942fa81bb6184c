"""From the `prompts` entries of a policy to the rules of a plan: patterns compiled, names resolved, modes joined.

Each rule of a pack becomes a rule of its own, so that what is found names it and its version.
"""

from collections.abc import Collection, Iterator, Sequence

import msgspec

from narrows.config.entities import Vocabulary
from narrows.config.policies import Policy
from narrows.config.problem import Problem
from narrows.config.rules import ApproveMatch, Matching, PromptMatch
from narrows.config.scalars import nearest
from narrows.model.plan import Action, Rule
from narrows.model.text import Role
from narrows.policy.asking import prompt_requirement, renamed
from narrows.policy.packs.rule import Pack, PackRule, Side
from narrows.policy.packs.shipped import PACKS, label, selected
from narrows.policy.patterns import Pattern, PatternError
from narrows.policy.words import loose_source, words_source


class PackPatterns:
    """The compiled patterns of shipped rules, each once for all policies that name it."""

    __slots__ = ("_made",)

    def __init__(self) -> None:
        self._made: dict[str, tuple[Pattern, ...]] = {}

    def of(self, rule: PackRule) -> tuple[Pattern, ...]:
        """Those of a rule."""
        made = self._made.get(rule.id)
        if made is None:
            made = self._made[rule.id] = tuple(Pattern(source) for source in rule.patterns)
        return made


def compile_rules(
    policy: Policy,
    key: str,
    vocabulary: Vocabulary,
    problems: list[Problem],
    packs: PackPatterns | None = None,
    plugged: Collection[str] = (),
    issuers: Sequence[str] = (),
) -> tuple[Rule, ...]:
    """The prompt rules of a checked policy, which is written under `key`. What can't be used is added to `problems`.
    `packs`: patterns that other policies have had compiled. `plugged` are the entities that plug-ins find: rules on
    prompts do not ask those. `issuers` are those that the names of people and groups may belong to."""
    rules: list[Rule] = []
    packs = packs or PackPatterns()
    for index, entry in enumerate(policy.prompts):
        for action in Action:
            match: PromptMatch | None = getattr(entry, action.value)
            if match is not None:
                here = f"{key}.prompts[{index}].{action.value}"
                place = f"prompts[{index}]"
                rule = _rule(policy, action, match, place, here, vocabulary, problems)
                if isinstance(match, ApproveMatch):
                    asked = prompt_requirement(policy, match, rule.name, issuers, rule.entities)
                    rule = msgspec.structs.replace(rule, requirement=asked)
                _refuse_plugged(rule.entities, plugged, here, problems)
                if rule.matchers or rule.entities or rule.labels:
                    rules.append(rule)
                taken = {each.name for each in rules}
                for pack, shipped in chosen(match.packs or (), Side.PROMPT, here, problems):
                    roles = shipped.roles & rule.roles if rule.roles else shipped.roles
                    if roles:
                        name = label(pack, shipped)
                        name = f"{name} ({place})" if name in taken else name
                        rules.append(_of_pack(rule, name, packs.of(shipped), roles, match))
    return tuple(rules)


def chosen(names: tuple[str, ...], side: Side, key: str, problems: list[Problem]) -> Iterator[tuple[Pack, PackRule]]:
    """The shipped rules of one side that a policy names, each once. What there is not is added to `problems`."""
    seen: set[str] = set()
    for index, name in enumerate(names):
        found = list(selected(name, side))
        if not found:
            other = Side.RESPONSE if side is Side.PROMPT else Side.PROMPT
            here = f"{key}.packs[{index}]"
            if any(selected(name, other)):
                where = "`responses`" if other is Side.RESPONSE else "`prompts`"
                problems.append(Problem(here, f"`{name}` has rules on the other side only", f"name it under {where}"))
            else:
                near = nearest(name, [pack.name for pack in PACKS]) or "`narrows packs list` shows them"
                problems.append(Problem(here, f"there is no pack `{name}`", near))
        for pack, rule in found:
            if rule.id not in seen:
                seen.add(rule.id)
                yield pack, rule


def _of_pack(rule: Rule, name: str, matchers: tuple[Pattern, ...], roles: frozenset[Role], match: PromptMatch) -> Rule:
    """A rule of a pack that is used as an entry says."""
    return msgspec.structs.replace(
        rule,
        name=name,
        matchers=matchers,
        message=match.message or _message(rule.action, name, rule.policy),
        roles=roles,
        entities=frozenset(),
        labels=(),
        requirement=None if rule.requirement is None else renamed(rule.requirement, name),
    )


def _rule(
    policy: Policy,
    action: Action,
    match: PromptMatch,
    place: str,
    key: str,
    vocabulary: Vocabulary,
    problems: list[Problem],
) -> Rule:
    name = match.name or place
    roles = frozenset(Role(role) for role in match.roles)
    if action is Action.ALLOW and not roles:
        roles = frozenset((Role.USER,))
    return Rule(
        name=name,
        policy=policy.name,
        matchers=_matchers(match, key, problems),
        message=match.message or _message(action, name, policy.name),
        roles=roles,
        observe="observe" in (policy.mode, match.mode),
        action=action,
        entities=resolve(match, key, vocabulary, problems),
        threshold=match.threshold,
        labels=match.labels or (),
        history=match.history,
        views=match.views and action is not Action.ALLOW,
    )


def resolve(match: Matching, key: str, vocabulary: Vocabulary, problems: list[Problem]) -> frozenset[str]:
    """The entities that a rule names."""
    entities: set[str] = set()
    for index, name in enumerate(match.entities or ()):
        resolved = vocabulary.resolve(name)
        if not resolved:
            message = f"no entity matches `{name}`" if "*" in name else f"there is no entity or group `{name}`"
            problems.append(Problem(f"{key}.entities[{index}]", message, vocabulary.hint(name)))
        entities |= resolved
    return frozenset(entities)


def _refuse_plugged(entities: frozenset[str], plugged: Collection[str], key: str, problems: list[Problem]) -> None:
    """Adds the entities of a rule that only plug-ins find to `problems`: the rule would find none of them."""
    for entity in sorted(entities.intersection(plugged)):
        hint = "mask it with `with: block`, which refuses the prompt"
        problems.append(Problem(f"{key}.entities", f"a plug-in finds {entity}, and rules on prompts ask none", hint))


def _matchers(match: PromptMatch, key: str, problems: list[Problem]) -> tuple[Pattern, ...]:
    """What finds the rule's pattern and words."""
    found: list[Pattern] = []
    if match.pattern is not None:
        try:
            found.append(Pattern(match.pattern))
        except PatternError as error:
            problems.append(Problem(f"{key}.pattern", f"the pattern can't be used: {error}"))
    if match.words is not None:
        try:
            found.append(Pattern.of_words(words_source(match.words), loose_source(match.words)))
        except PatternError as error:
            hint = "make them a list under `detectors: words:`, and name its entity"
            problems.append(Problem(f"{key}.words", f"the words can't be used: {error}", hint))
    return tuple(found)


def _message(action: Action, name: str, policy: str) -> str:
    if action is Action.ALLOW:
        return f"Policy {policy} allows only certain prompts, and this is none of them."
    if action is Action.APPROVE:
        return f"The prompt needs approval by rule {name} of policy {policy}."
    return f"The prompt is denied by rule {name} of policy {policy}."
