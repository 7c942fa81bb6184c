"""The decision itself: from the policies about a principal to a plan. Pure; caches are the PolicySet's business.

What is decided here, and nowhere else:

- Deny by default. One enforcing policy whose `who`, connection, operation and model all match permits a call; then the
  limits, rules and masks of *every* enforcing policy that matches apply. Permissions add up; restrictions add up.
- A policy that observes never changes what enforcing ones decide. Its would-be refusals are notes, its limits, rules
  and masks are marked `observe`. Several observing policies are judged together, as if they alone were in force.
- A policy with prompt rules or with masks on prompts inspects them: what can't be read is refused unless it says
  `media: allow`. A mask or a rule on replies alone says nothing of what is sent.
- Where only observing policies cover who and connection, the call passes and everything is a note. Those of teams don't
  count for that: who manages a team could else let pass what the organisation has not given it.
- A team's policy permits what both it and its team's bounds cover. Whatever the organisation demands of the team is
  demanded of every call that a policy of the team permits.
- The gateway's own limits apply to every call that is not refused, also where policies only observe.
- Policies name models as callers do: an alias is permitted by its own name, whatever it stands for upstream.
"""

from collections.abc import Callable, Container, Iterable, Sequence
from typing import Final

import msgspec

from narrows.model.approval import Condition
from narrows.model.limits import NO_LIMITS, Limits
from narrows.model.plan import Limit, Mask, Plan, ReplyRule, Rule
from narrows.model.refusal import Code
from narrows.model.verdict import Deny, Note
from narrows.policy.globs import GlobSet, narrowed
from narrows.policy.limits import joined

NOT_GENERATING: Final = frozenset({"models", "count_tokens"})
"""Operations that run no model."""

LISTED: Final = 12
"""Names listed in a refusal, at most."""


class Compiled(msgspec.Struct, frozen=True, eq=False):
    """One policy. `clause` numbers its `who`; two policies about the same people share one.

    `connections` are names, already resolved. `models` None means the policy names no models. `generates`: it permits
    an operation that runs a model, not only listing or counting. `justification`: it permits such calls only
    with a reason. `guard` is what holds for the policies of its team: nothing is permitted that the guard does not
    cover as well, and whatever the guard demands is demanded of each call that the policy permits. `connections` and
    `parameters` are those of both then.
    """

    name: str
    observe: bool
    clause: int
    connections: frozenset[str]
    operations: GlobSet
    models: GlobSet | None
    generates: bool
    parameters: frozenset[str]
    prompt_tokens: Limit | None
    output_tokens: Limit | None
    rules: tuple[Rule, ...]
    masks: tuple[Mask, ...]
    replies: tuple[ReplyRule, ...]
    media: bool
    limits: Limits = NO_LIMITS
    approvals: tuple[Condition, ...] = ()
    justification: bool = False
    guard: "Compiled | None" = None

    def does(self, operation: str) -> bool:
        """Whether it permits the operation."""
        return self.operations.covers(operation) and (self.guard is None or self.guard.operations.covers(operation))

    def runs(self, hits: Container[str]) -> bool:
        """Whether it permits the model that these globs cover, as they are written."""
        for one in (self, self.guard):
            if one is not None and (one.models is None or not any(text in hits for text in one.models.texts)):
                return False
        return True

    @property
    def globs(self) -> tuple[str, ...]:
        """All globs on which it depends which models it permits; none: it permits none."""
        if self.models is None or (self.guard is not None and self.guard.models is None):
            return ()
        own = self.models.texts
        return own if self.guard is None or self.guard.models is None else (*own, *self.guard.models.texts)

    @property
    def offers(self) -> tuple[str, ...]:
        """The models that it permits, in words for people."""
        if self.models is None or self.guard is None:
            return () if self.models is None else self.models.texts
        return () if self.guard.models is None else narrowed(self.models.texts, self.guard.models.texts)

    def inspects(self, *, observing: bool) -> bool:
        """Whether it reads prompts: in force, or with `observing` at all."""
        return any(observing or not rule.observe for rule in self.rules) or any(
            mask.prompt and (observing or not mask.observe) for mask in self.masks
        )


ModelMatch = Callable[[Compiled], bool]


def decide(
    about: Sequence[Compiled],
    connection: str,
    operation: str,
    model: ModelMatch | None,
    revision: str,
    own: Limits = NO_LIMITS,
) -> Plan:
    """The plan for one kind of call. `about` are the policies whose `who` the principal satisfies; `model` says
    whether a policy's `may.models` covers the model asked for, None where the operation names none. `own` are the
    gateway's limits."""
    enforcing = [policy for policy in about if not policy.observe]
    here = [policy for policy in enforcing if connection in policy.connections]
    watching = [policy for policy in about if policy.observe and connection in policy.connections]
    watched, notes = _watched(watching, operation, model)
    if not here:
        if any(policy.guard is None for policy in watching):
            return _plan(revision, operation, [], watched, notes, own, enforced=False)
        return Plan(revision, refusal=_nowhere(enforcing, about, connection))
    granting, refusal = _grants(here, connection, operation, model)
    if refusal is not None:
        names = tuple(policy.name for policy in watching)
        return Plan(revision, observed=names, refusal=refusal, notes=notes)
    return _plan(revision, operation, granting, watched, notes, own, enforced=True)


def _grants(
    here: Sequence[Compiled], connection: str, operation: str, model: ModelMatch | None
) -> tuple[list[Compiled], Deny | None]:
    """The policies that permit the call, or the refusal, of those that cover its connection."""
    able = [policy for policy in here if policy.does(operation)]
    if not able:
        offered = _listed(glob for policy in here for glob in _operations(policy))
        message = f"The operation {operation} is not permitted on {connection}; permitted: {offered}."
        return [], Deny(Code.OPERATION_NOT_ALLOWED, message)
    granting = able if model is None else [policy for policy in able if model(policy)]
    if not granting:
        offered = _listed(glob for policy in able for glob in policy.offers)
        message = f"The model is not permitted for {operation} on {connection}; permitted: {offered}."
        return [], Deny(Code.MODEL_NOT_ALLOWED, message, param="$.model")
    return granting, None


def _nowhere(enforcing: Sequence[Compiled], about: Sequence[Compiled], connection: str) -> Deny:
    """The refusal of a call that no policy covers by who and connection."""
    if not about:
        return Deny(Code.NOT_PERMITTED, "No policy names this identity.")
    offered = _listed(name for policy in enforcing or about for name in sorted(policy.connections))
    return Deny(Code.CONNECTION_NOT_ALLOWED, f"The connection {connection} is not permitted; permitted: {offered}.")


def _watched(
    watching: Sequence[Compiled], operation: str, model: ModelMatch | None
) -> tuple[list[Compiled], tuple[Note, ...]]:
    """The observing policies whose limits and rules would apply; or, if together they would refuse, notes of that."""
    able = [policy for policy in watching if policy.does(operation)]
    if not able:
        return [], tuple(Note(Code.OPERATION_NOT_ALLOWED, policy.name) for policy in watching)
    applying = able if model is None else [policy for policy in able if model(policy)]
    if not applying:
        return [], tuple(Note(Code.MODEL_NOT_ALLOWED, policy.name) for policy in able)
    return applying, ()


def _plan(
    revision: str,
    operation: str,
    granting: Sequence[Compiled],
    watched: Sequence[Compiled],
    notes: tuple[Note, ...],
    own: Limits,
    *,
    enforced: bool,
) -> Plan:
    guards = {id(policy.guard): policy.guard for policy in granting if policy.guard is not None}
    binding = [*granting, *guards.values()]
    applying = [*binding, *watched]
    inspecting = [policy for policy in binding if policy.inspects(observing=False)]
    refusers = tuple(policy.name for policy in inspecting if not policy.media)
    watchers = tuple(
        policy.name
        for policy in applying
        if policy.inspects(observing=True) and not policy.media and policy.name not in refusers
    )
    return Plan(
        revision,
        policies=tuple(policy.name for policy in granting),
        observed=tuple(policy.name for policy in watched) or tuple(dict.fromkeys(note.policy for note in notes)),
        notes=notes,
        parameters=_parameters(granting),
        prompt_tokens=_limits(policy.prompt_tokens for policy in applying),
        output_tokens=_limits(policy.output_tokens for policy in applying),
        rules=tuple(rule for policy in applying for rule in policy.rules),
        masks=tuple(mask for policy in applying for mask in policy.masks),
        replies=tuple(rule for policy in applying for rule in policy.replies),
        media=not refusers,
        inspects=bool(inspecting),
        enforced=enforced,
        observed_parameters=_parameters(watched) if watched else None,
        media_refusers=refusers,
        media_watchers=watchers,
        limits=joined((*(policy.limits for policy in applying), own)),
        approvals=tuple(condition for policy in applying for condition in policy.approvals),
        justification=_justified(binding, operation),
        justification_watchers=_justified(watched, operation),
    )


def _justified(policies: Sequence[Compiled], operation: str) -> tuple[str, ...]:
    """The policies that want a reason for the call; for listing models nobody need give one."""
    return () if operation in NOT_GENERATING else tuple(policy.name for policy in policies if policy.justification)


def _operations(policy: Compiled) -> tuple[str, ...]:
    own = policy.operations.texts
    return own if policy.guard is None else narrowed(own, policy.guard.operations.texts)


def _parameters(policies: Sequence[Compiled]) -> frozenset[str]:
    return frozenset().union(*(policy.parameters for policy in policies))


def _limits(limits: Iterable[Limit | None]) -> tuple[Limit, ...]:
    return tuple(limit for limit in limits if limit is not None)


def _listed(names: Iterable[str]) -> str:
    """Names for a message: the caller's own permissions, never another team's."""
    distinct = list(dict.fromkeys(names))
    if not distinct:
        return "none"
    more = len(distinct) - LISTED
    return ", ".join(distinct[:LISTED]) + (f" and {more} more" if more > 0 else "")
