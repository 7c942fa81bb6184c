"""From the configuration's policies to a PolicySet. Pure: no file is read, and what is wrong is reported, all at once.

Problems carry the dotted key of the setting, which the configuration's reader turns into a file and line.
"""

from collections.abc import Mapping, Sequence

import msgspec

from narrows.config.describe import revision
from narrows.config.entities import NOTHING, Vocabulary
from narrows.config.globs import Glob
from narrows.config.limits import Limits
from narrows.config.policies import Policy
from narrows.config.problem import ConfigError, Problem
from narrows.config.schema import Config
from narrows.config.teams import GUARD, is_guard, team_of
from narrows.model.approval import Condition
from narrows.model.limits import Limits as Summed
from narrows.model.plan import Limit, Mask, ReplyRule, Rule
from narrows.policy.asking import compile_conditions
from narrows.policy.decide import NOT_GENERATING, Compiled
from narrows.policy.globs import GlobSet, narrowed
from narrows.policy.limits import compile_limits
from narrows.policy.masks import compile_masks
from narrows.policy.policyset import PolicySet
from narrows.policy.probing import check_probing
from narrows.policy.reply_rules import compile_reply_rules
from narrows.policy.rules import PackPatterns, compile_rules
from narrows.policy.who import GROUPS, Clause, WhoIndex, normalise


def compile_policies(config: Config, vocabulary: Vocabulary = NOTHING) -> PolicySet:
    """The PolicySet of a checked configuration. `vocabulary` are the entities that masks may name.

    Raises ConfigError with every pattern that can't be used and every entity that there is not.
    """
    issuers = config.identity.people
    connections = tuple(config.connections)
    problems: list[Problem] = []
    numbers: dict[Clause, int] = {}
    compiled = []
    packs = PackPatterns()
    plugged = frozenset(entity for row in config.detectors.analyzers for entity in row.entities)
    for index, policy in enumerate(config.policies):
        who = normalise(policy.who, issuers)
        clause = numbers.setdefault(who, len(numbers))
        rules = compile_rules(policy, f"policies[{index}]", vocabulary, problems, packs, plugged, issuers)
        check_probing(policy, f"policies[{index}]", problems)
        masks = compile_masks(policy, f"policies[{index}]", vocabulary, problems)
        replies = compile_reply_rules(policy, f"policies[{index}]", vocabulary, problems)
        limits = compile_limits(
            policy.limits,
            policy.name,
            config.limits.zone,
            dict(who).get(GROUPS, ()),
            observe=policy.mode == "observe",
        )
        approvals = compile_conditions(policy, issuers, config.limits.zone)
        compiled.append(_compiled(policy, clause, connections, rules, masks, replies, limits, approvals))
    guards = {policy.name: policy for policy in compiled if is_guard(policy.name)}
    bound = [_bound(policy, index, guards, problems) for index, policy in enumerate(compiled)]
    if problems:
        raise ConfigError(problems)
    return PolicySet(
        revision(config, vocabulary.content),
        [policy for policy in bound if not is_guard(policy.name)],
        WhoIndex(tuple(numbers)),
        issuers=issuers,
        connections=connections,
        vocabulary=vocabulary,
        own=compile_limits(config.limits, "", config.limits.zone),
        guards=tuple(guards.values()),
    )


def _bound(policy: Compiled, index: int, guards: Mapping[str, Compiled], problems: list[Problem]) -> Compiled:
    """A policy of a team with the guard of its team; any other as it is. Without its guard it can't be used."""
    team = team_of(policy.name)
    if team is None:
        return policy
    guard = guards.get(f"{GUARD}{team}")
    if guard is None:
        problems.append(Problem(f"policies[{index}].name", f"there is no team `{team}`"))
        return policy
    operations = narrowed(policy.operations.texts, guard.operations.texts)
    return msgspec.structs.replace(
        policy,
        connections=policy.connections & guard.connections,
        parameters=policy.parameters & guard.parameters,
        generates=any(operation not in NOT_GENERATING for operation in operations),
        guard=guard,
    )


def _compiled(
    policy: Policy,
    clause: int,
    connections: Sequence[str],
    rules: tuple[Rule, ...],
    masks: tuple[Mask, ...],
    replies: tuple[ReplyRule, ...],
    limits: Summed,
    approvals: tuple[Condition, ...],
) -> Compiled:
    may = policy.may
    named = [Glob(text) for text in may.connections]
    return Compiled(
        name=policy.name,
        observe=policy.mode == "observe",
        clause=clause,
        connections=frozenset(name for name in connections if any(glob.matches(name) for glob in named)),
        operations=GlobSet(may.operations),
        models=None if may.models is None else GlobSet(may.models),
        generates=any(operation not in NOT_GENERATING for operation in may.operations),
        parameters=frozenset(may.parameters),
        prompt_tokens=_limit(policy, policy.limits, policy.limits.prompt_tokens),
        output_tokens=_limit(policy, policy.limits, policy.limits.output_tokens),
        rules=rules,
        masks=masks,
        replies=replies,
        media=policy.media == "allow",
        limits=limits,
        approvals=approvals,
        justification=may.justification == "required",
    )


def _limit(policy: Policy, limits: Limits, value: int | None) -> Limit | None:
    if value is None:
        return None
    return Limit(policy.name, value, observe="observe" in (policy.mode, limits.mode))
