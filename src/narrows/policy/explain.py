"""Why a given identity and model would be allowed or refused: every policy, key by key. Decides nothing itself."""

from collections.abc import Iterator, Sequence

import msgspec

from narrows.config.globs import Glob
from narrows.model.plan import Action, Limit, Mask, Plan
from narrows.model.principal import Principal
from narrows.policy.asking import describe_condition, describe_requirement
from narrows.policy.decide import Compiled
from narrows.policy.limits import OBSERVED, describe_limits
from narrows.policy.masks import describe
from narrows.policy.personas import usual_credential
from narrows.policy.policyset import PolicySet
from narrows.policy.probing import ProbingRules, describe_probing
from narrows.policy.reply_rules import describe_reply_rule
from narrows.policy.who import facts


class Key(msgspec.Struct, frozen=True):
    """One key of a policy: what it wants, what the call has, whether that fits."""

    key: str
    wants: tuple[str, ...]
    has: tuple[str, ...]
    matches: bool


class Answer(msgspec.Struct, frozen=True):
    """One policy's answer. `applies`: every key matches."""

    policy: str
    mode: str
    applies: bool
    keys: tuple[Key, ...]


class Masked(msgspec.Struct, frozen=True):
    """One mask that applies. `says` has its entities in as few names as groups allow."""

    policy: str
    name: str
    entities: tuple[str, ...]
    fields: tuple[str, ...]
    where: tuple[str, ...]
    transform: str
    threshold: float
    allow: tuple[str, ...]
    observe: bool
    says: str


class Explanation(msgspec.Struct, frozen=True):
    """The decision and how it came about. `enforced` is False where only observing policies cover the call."""

    principal: str
    connection: str
    operation: str
    model: str | None
    allowed: bool
    enforced: bool
    code: str | None
    reason: str | None
    granted_by: tuple[str, ...]
    observed: tuple[str, ...]
    notes: tuple[str, ...]
    limits: tuple[str, ...]
    rules: tuple[str, ...]
    approvals: tuple[str, ...]
    justification: tuple[str, ...]
    replies: tuple[str, ...]
    probing: tuple[str, ...]
    masks: tuple[Masked, ...]
    parameters: tuple[str, ...]
    media: bool
    policies: tuple[Answer, ...]
    revision: str


def explain(
    policies: PolicySet,
    principal: Principal,
    connection: str,
    operation: str,
    model: str | None,
    probing: ProbingRules | None = None,
    credential: str | None = None,
) -> Explanation:
    """The explanation of one call that could be made. `credential` is the kind of what is presented; None: what such a
    principal usually presents. `probing`: what the same policies say of probing; of a refused
    call it is what the policies about its caller say."""
    credential = credential or usual_credential(principal)
    plan = policies.plan(principal, connection, operation, model, credential)
    refusal = plan.refusal
    noticed = (
        ()
        if probing is None
        else describe_probing(probing.of(plan) if refusal is None else probing.about(principal, credential))
    )
    asked, has = (connection, operation, model), tuple(facts(principal, credential))
    return Explanation(
        principal=principal.key,
        connection=connection,
        operation=operation,
        model=model,
        allowed=refusal is None,
        enforced=plan.enforced,
        code=None if refusal is None else refusal.code.value,
        reason=None if refusal is None else refusal.message,
        granted_by=plan.policies,
        observed=plan.observed,
        notes=tuple(f"{note.policy}: would refuse, {note.code.value}" for note in plan.notes),
        limits=tuple(_limits(plan)),
        rules=tuple(
            f"{rule.policy}: {rule.name}{OBSERVED if rule.observe else ''}"
            for rule in plan.rules
            if rule.action is not Action.APPROVE
        ),
        approvals=tuple(_approvals(plan)),
        justification=(*plan.justification, *(f"{name}{OBSERVED}" for name in plan.justification_watchers)),
        replies=tuple(describe_reply_rule(rule, policies.vocabulary) for rule in plan.replies),
        probing=noticed,
        masks=tuple(_masked(policies, mask) for mask in plan.masks),
        parameters=tuple(sorted(plan.parameters)),
        media=plan.media or not plan.inspects,
        policies=tuple(_answer(policies, policy, has, asked) for policy in policies.policies),
        revision=plan.revision,
    )


def render(explanation: Explanation) -> str:
    """The explanation as text for a terminal."""
    return "\n".join(_lines(explanation))


def _lines(said: Explanation) -> Iterator[str]:
    verdict = "allowed" if said.allowed else f"refused ({said.code})"
    model = "" if said.model is None else f" with {said.model}"
    yield f"{said.principal} · {said.operation}{model} on {said.connection}: {verdict}"
    if said.reason:
        yield f"  {said.reason}"
    if not said.enforced:
        yield "  only observing policies cover this call: it passes, and what they would refuse is recorded"
    for label, values in (
        ("granted by", said.granted_by),
        ("observed by", said.observed),
        ("noted", said.notes),
        ("limits", said.limits),
        ("prompt rules", said.rules),
        ("approvals", said.approvals),
        ("a reason is wanted by", said.justification),
        ("reply rules", said.replies),
        ("probing", said.probing),
        ("masks", tuple(mask.says for mask in said.masks)),
        ("parameters", said.parameters),
    ):
        if label in ("limits", "approvals") and len(values) > 1:
            yield f"  {label}:"
            yield from (f"    {value}" for value in values)
        elif values:
            yield f"  {label}: {'; '.join(values)}"
    if said.allowed and not said.media:
        yield "  images, audio and files: refused, as prompts are inspected"
    yield ""
    for answer in said.policies:
        sign = "+" if answer.applies else "-"
        observing = " (observe)" if answer.mode == "observe" else ""
        yield f"{sign} {answer.policy}{observing}"
        for key in answer.keys:
            wants = ", ".join(key.wants) or "nothing"
            has = ", ".join(key.has) or "nothing"
            yield f"    yes {key.key}: {wants}" if key.matches else f"    no  {key.key}: {wants}  (has {has})"


def _answer(
    policies: PolicySet, policy: Compiled, has: Sequence[tuple[str, str]], asked: tuple[str, str, str | None]
) -> Answer:
    connection, operation, model = asked
    keys = list(_who(policies, policy, has))
    connections = tuple(sorted(policy.connections))
    keys.append(Key("may.connections", connections, (connection,), connection in policy.connections))
    keys += _permitted(policy, "", operation, model)
    if policy.guard is not None:
        keys += [msgspec.structs.replace(key, key=f"bounds.{key.key}") for key in _who(policies, policy.guard, has)]
        keys += _permitted(policy.guard, "bounds.", operation, model)
    mode = "observe" if policy.observe else "enforce"
    return Answer(policy.name, mode, all(key.matches for key in keys), tuple(keys))


def _permitted(policy: Compiled, bounds: str, operation: str, model: str | None) -> Iterator[Key]:
    operations, models = policy.operations, policy.models
    yield Key(f"{bounds}may.operations", operations.texts, (operation,), operations.covers(operation))
    if model is not None:
        named = models.texts if models is not None else ()
        yield Key(f"{bounds}may.models", named, (model,), models is not None and models.covers(model))


def _who(policies: PolicySet, policy: Compiled, held: Sequence[tuple[str, str]]) -> Iterator[Key]:
    known: dict[str, list[str]] = {}
    for key, value in held:
        known.setdefault(key, []).append(value)
    for key, wants in policies.who.clauses[policy.clause]:
        has = tuple(sorted(known.get(key, ())))
        globs = [Glob(want) for want in wants]
        yield Key(f"who.{key}", wants, has, any(glob.matches(value) for glob in globs for value in has))


def _masked(policies: PolicySet, mask: Mask) -> Masked:
    return Masked(
        policy=mask.policy,
        name=mask.name,
        entities=tuple(sorted(mask.entities)),
        fields=mask.fields,
        where=tuple(name for name, given in (("prompt", mask.prompt), ("response", mask.response)) if given),
        transform=mask.transform.name.lower(),
        threshold=mask.threshold,
        allow=tuple(sorted(mask.allow)),
        observe=mask.observe,
        says=describe(mask, policies.vocabulary),
    )


def _approvals(plan: Plan) -> Iterator[str]:
    for rule in plan.rules:
        if rule.requirement is not None:
            yield describe_requirement(rule.requirement)
    yield from (describe_condition(condition) for condition in plan.approvals)


def _limits(plan: Plan) -> Iterator[str]:
    for name, limits in (("prompt_tokens", plan.prompt_tokens), ("output_tokens", plan.output_tokens)):
        for limit in limits:
            yield _limit(name, limit)
    yield from describe_limits(plan.limits)


def _limit(name: str, limit: Limit) -> str:
    return f"{limit.policy}: {name} {limit.value}{OBSERVED if limit.observe else ''}"
