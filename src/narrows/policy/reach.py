"""What a principal can reach: connections, operations and models, as policies and the scope of a credential permit.

It decides nothing of its own and asks for no call in particular. What it says is exact: a call is permitted by some
way exactly if the plan of that call does not refuse it, whatever its model is called; a property test holds it to
that. Pure.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import msgspec

from narrows.config.globs import Glob, within
from narrows.model.plan import Action
from narrows.model.principal import Principal, Scope
from narrows.policy.asking import describe_condition, describe_requirement
from narrows.policy.decide import Compiled
from narrows.policy.globs import GlobSet
from narrows.policy.limits import OBSERVED, describe_limits
from narrows.policy.masks import describe
from narrows.policy.policyset import PolicySet

EVERYTHING: Final = ("*",)


Together = tuple[str, ...]
"""Globs that must all cover a name."""


class Way(msgspec.Struct, frozen=True):
    """Operations of one connection that are permitted alike, of models as callers name them: of those that some member
    of `models` covers with all of its globs. Without members it is for calls that name no model.

    `policies` are those that permit some of it, `observed` those that watch some of it. `enforced` is False where only
    observing policies cover the connection: then every call passes.
    """

    connection: str
    operations: tuple[str, ...]
    models: tuple[Together, ...]
    policies: tuple[str, ...] = ()
    observed: tuple[str, ...] = ()
    enforced: bool = True

    def permits(self, connection: str, operation: str, model: str | None) -> bool:
        """Whether such a call may be made this way."""
        if connection != self.connection or operation not in self.operations:
            return False
        return model is None or any(all(Glob(text).matches(model) for text in globs) for globs in self.models)

    @property
    def named(self) -> tuple[str, ...]:
        """The models in words, one text for each member: `gpt-4*`, or `gpt-4* & *-mini` for what both cover."""
        return tuple(" & ".join(globs) for globs in self.models)


class Terms(msgspec.Struct, frozen=True):
    """What one policy asks of the calls that it permits or watches, in words. `rules` counts those on prompts and
    replies that deny or flag."""

    policy: str
    observe: bool
    limits: tuple[str, ...] = ()
    approvals: tuple[str, ...] = ()
    justification: bool = False
    rules: int = 0
    masks: tuple[str, ...] = ()


def ways(
    policies: PolicySet,
    principal: Principal,
    credential: str | None,
    offered: Mapping[str, Iterable[str]],
    scope: Scope | None = None,
) -> tuple[Way, ...]:
    """What a principal reaches with this kind of credential, of the operations that each connection offers. `scope` is
    the credential's."""
    about = policies.about(policies.clauses(principal, credential))
    found: list[Way] = []
    for connection in policies.connections:
        alike: dict[Way, list[str]] = {}
        for operation in sorted(offered.get(connection, ())):
            way = _way(about, connection, operation, scope)
            if way is not None:
                alike.setdefault(way, []).append(operation)
        found += [msgspec.structs.replace(way, operations=tuple(names)) for way, names in alike.items()]
    return tuple(found)


def terms(policies: PolicySet, reached: Iterable[Way]) -> tuple[Terms, ...]:
    """What the policies ask that permit or watch these ways, in the order of the configuration."""
    named = {name for way in reached for name in (*way.policies, *way.observed)}
    permitting = {name for way in reached for name in way.policies}
    guards = {each.guard.name for each in policies.policies if each.guard is not None and each.name in permitting}
    return tuple(
        _terms(policies, policy)
        for policy in (*policies.policies, *policies.guards)
        if policy.name in named or policy.name in guards
    )


def always_with(
    policies: Sequence[Compiled], policy: Compiled, offered: Mapping[str, Iterable[str]]
) -> tuple[str, ...]:
    """The policies, of these, that surely apply to every call which one of them permits: what they limit, it can't
    pass. Itself is the first of them."""
    return (policy.name, *(other.name for other in policies if other is not policy and _wider(other, policy, offered)))


def _way(about: Sequence[Compiled], connection: str, operation: str, scope: Scope | None) -> Way | None:
    """The way of one operation; it has no operations yet, so that those which are alike are equal."""
    here = [policy for policy in about if connection in policy.connections]
    able = [policy for policy in here if policy.does(operation)]
    granting = [policy for policy in able if not policy.observe]
    # A policy of a team that observes lets nothing pass.
    enforced = any(not policy.observe for policy in here) or all(policy.guard is not None for policy in here)
    if not here or (enforced and not granting):
        return None
    texts = (globs for policy in granting for globs in _models(policy))
    models = _least(texts if enforced else (EVERYTHING,))
    if scope is not None:
        if not GlobSet(scope.connections).covers(connection) or not GlobSet(scope.operations).covers(operation):
            return None
        models = _least(_joined(globs, text) for globs in models for text in scope.models)
    names = tuple(policy.name for policy in granting)
    watching = tuple(policy.name for policy in able if policy.observe)
    return Way(connection, (), models, names, watching, enforced)


def _models(policy: Compiled) -> Iterator[Together | None]:
    """The models that a policy permits; of a team's, those that its bounds cover, too."""
    own = () if policy.models is None else policy.models.texts
    if policy.guard is None:
        yield from ((text,) for text in own)
        return
    bounds = () if policy.guard.models is None else policy.guard.models.texts
    yield from (_joined((text,), bound) for text in own for bound in bounds)


def _joined(globs: Together, text: str) -> Together | None:
    """What all of these and one more cover; None where that is surely nothing."""
    if any(within(glob, text) for glob in globs):
        return globs
    kept = tuple(glob for glob in globs if not within(text, glob))
    return None if any(_apart(glob, text) for glob in kept) else (*kept, text)


def _apart(glob: str, other: str) -> bool:
    """Whether it is plain that no name is covered by both: one is no glob, or they begin or end otherwise."""
    if "*" not in glob or "*" not in other:
        return True
    begins, ends = (
        (glob.partition("*")[0], other.partition("*")[0]),
        (glob.rpartition("*")[2], other.rpartition("*")[2]),
    )
    return not (
        (begins[0].startswith(begins[1]) or begins[1].startswith(begins[0]))
        and (ends[0].endswith(ends[1]) or ends[1].endswith(ends[0]))
    )


def _least(alternatives: Iterable[Together | None]) -> tuple[Together, ...]:
    """Without those that another one has in it, and those that cover nothing."""
    kept: list[Together] = []
    for globs in alternatives:
        if globs is None or any(_in(globs, other) for other in kept):
            continue
        kept = [*(other for other in kept if not _in(other, globs)), globs]
    return tuple(kept)


def _in(globs: Together, other: Together) -> bool:
    """Whether all that is covered by all of the first is covered by all of the others. May be False where it is so."""
    return all(any(within(glob, text) for glob in globs) for text in other)


def _wider(other: Compiled, policy: Compiled, offered: Mapping[str, Iterable[str]]) -> bool:
    if other.observe or not policy.connections <= other.connections:
        return False
    operations = {name for connection in policy.connections for name in offered.get(connection, ())}
    if any(policy.does(name) and not other.does(name) for name in operations):
        return False
    if other.guard is not None and other.guard is not policy.guard:
        # Whether its team's bounds cover what the policy permits is not looked into: it is not said to be sure.
        return False
    if policy.models is None:
        # Calls that name a model are permitted by another policy, and so are that one's.
        return True
    return other.models is not None and all(other.models.covers(text) for text in policy.models.texts)


def _terms(policies: PolicySet, policy: Compiled) -> Terms:
    sizes = (("prompt_tokens", policy.prompt_tokens), ("output_tokens", policy.output_tokens))
    own = f"{policy.name}: "
    asks = [rule for rule in policy.rules if rule.requirement is not None]
    return Terms(
        policy=policy.name,
        observe=policy.observe,
        limits=(
            *(f"{name} {limit.value}{OBSERVED if limit.observe else ''}" for name, limit in sizes if limit is not None),
            *(text.removeprefix(own) for text in describe_limits(policy.limits)),
        ),
        approvals=tuple(
            text.removeprefix(own)
            for text in (
                *(describe_requirement(rule.requirement) for rule in asks if rule.requirement is not None),
                *(describe_condition(condition) for condition in policy.approvals),
            )
        ),
        justification=policy.justification,
        rules=sum(rule.action is not Action.APPROVE for rule in policy.rules) + len(policy.replies),
        masks=tuple(describe(mask, policies.vocabulary).removeprefix(own) for mask in policy.masks),
    )
