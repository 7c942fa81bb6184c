"""From the `prompts` entries of a policy to the rules of a plan: patterns compiled, names resolved, modes joined."""

from narrows.config.entities import Vocabulary
from narrows.config.problem import Problem
from narrows.config.rules import Matching, PromptMatch
from narrows.config.schema import Policy
from narrows.model.plan import Action, Rule
from narrows.model.text import Role
from narrows.policy.patterns import Pattern, PatternError
from narrows.policy.words import words_source


def compile_rules(policy: Policy, key: str, vocabulary: Vocabulary, problems: list[Problem]) -> tuple[Rule, ...]:
    """The prompt rules of a checked policy, which is written under `key`. What can't be used is added to `problems`."""
    rules: list[Rule] = []
    for index, entry in enumerate(policy.prompts):
        for action in Action:
            match: PromptMatch | None = getattr(entry, action.value)
            if match is not None:
                here = f"{key}.prompts[{index}].{action.value}"
                rules.append(_rule(policy, action, match, f"prompts[{index}]", here, vocabulary, problems))
    return tuple(rules)


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
            found.append(Pattern.of_words(words_source(match.words)))
        except PatternError as error:
            hint = "make them a list under `detectors: words:`, and name its entity"
            problems.append(Problem(f"{key}.words", f"the words can't be used: {error}", hint))
    return tuple(found)


def _message(action: Action, name: str, policy: str) -> str:
    if action is Action.ALLOW:
        return f"Policy {policy} allows only certain prompts, and this is none of them."
    return f"The prompt is denied by rule {name} of policy {policy}."
