"""Must-allow and must-deny cases for policies (`narrows policy test cases.yaml`): their form, and what is wrong in it.

A case is one call, or the turns of a conversation; what becomes of it is for `narrows.policy.case_runs`.
"""

from collections.abc import Iterator, Sequence
from typing import Annotated, Literal

import msgspec
import msgspec.inspect as mi
from msgspec import Meta

from narrows.config.document import parse
from narrows.config.hours import moment
from narrows.config.policies import Parameter
from narrows.config.problem import ConfigError, Problem
from narrows.config.reading import Reading
from narrows.config.rules import RoleName
from narrows.config.scalars import Wrong, nearest
from narrows.config.setting import Setting
from narrows.config.who import CredentialKind
from narrows.model.approval import Condition
from narrows.model.principal import Principal
from narrows.model.refusal import Code
from narrows.policy.limits import named_budgets
from narrows.policy.personas import PersonaError, persona, usual_credential
from narrows.policy.policyset import PolicySet

Said = str | tuple[str, ...]
"""A text, or its parts."""

Mistake = tuple[str, str, str | None]
"""Below a case: the key, what is wrong, and a hint."""


class As(Setting, frozen=True, kw_only=True):
    """Who asks, in the names that policies use."""

    user: Annotated[str | None, Meta(description="A subject, `issuer:subject` with several issuers.")] = None
    groups: Annotated[tuple[str, ...], Meta(description="Its groups.")] = ()
    attributes: Annotated[dict[str, tuple[str, ...]], Meta(description="Its claims and their values.")] = msgspec.field(
        default_factory=dict
    )
    service_account: Annotated[str | None, Meta(description="A service account, instead of the others.")] = None
    credential: Annotated[
        CredentialKind | None,
        Meta(description="What is presented, as in `who.credential`; by default `oidc`, or `service_account`."),
    ] = None


class Refused(Setting, frozen=True, kw_only=True):
    """A refusal that is expected, as exactly as one likes."""

    deny: Annotated[str, Meta(description="The code of the refusal.")]
    policy: Annotated[str | None, Meta(description="The policy that refuses.")] = None
    rule: Annotated[str | None, Meta(description="The rule that refuses.")] = None


class Turn(Setting, frozen=True, kw_only=True):
    """One call of a conversation, and what must become of it."""

    prompt: Annotated[
        str | dict[RoleName, Said] | None, Meta(description="A user's text; or by role a text, or its parts.")
    ] = None
    labels: Annotated[tuple[str, ...] | None, Meta(description="What a classifier says of its prompt.")] = None
    reply: Annotated[str | None, Meta(description="What the model says to it.")] = None
    reply_labels: Annotated[tuple[str, ...] | None, Meta(description="What a classifier says of the reply.")] = None
    expect: Annotated[
        Literal["allow", "deny", "approve"] | Refused | None,
        Meta(
            description="`allow`, `deny`, or `{deny: code}` to be exact; `approve` if people are asked. For a turn "
            "`allow` need not be said."
        ),
    ] = None
    approvals: Annotated[
        tuple[str, ...] | None, Meta(description="The rules by which people are asked: these and no others.")
    ] = None
    masks: Annotated[
        tuple[str, ...] | None, Meta(description="The entities masked in the prompt: these and no others.")
    ] = None
    flags: Annotated[
        tuple[str, ...] | None, Meta(description="The rules that flag the prompt or the reply: these and no others.")
    ] = None
    observes: Annotated[
        tuple[str, ...] | None, Meta(description="The rules that only observe and would refuse: these and no others.")
    ] = None
    receives: Annotated[str | None, Meta(description="The reply as the caller gets it.")] = None
    budgets: Annotated[
        tuple[str, ...] | None,
        Meta(description="The budgets that count it, such as `5 usd / day / user`: these and no others."),
    ] = None


class Case(Turn, frozen=True, kw_only=True):
    """One call, or with `turns` a conversation, and what must become of it."""

    name: Annotated[str | None, Meta(description="What the case is about.")] = None
    who: Annotated[As, Meta(description="Who asks.")] = msgspec.field(name="as")
    connection: Annotated[str, Meta(description="The connection.")]
    operation: Annotated[str, Meta(description="The operation.")] = "chat"
    model: Annotated[str | None, Meta(description="The model, as the caller names it.")] = None
    parameters: Annotated[tuple[Parameter, ...], Meta(description="Widening parameters the call uses.")] = ()
    max_tokens: Annotated[int | None, Meta(description="The caller's own cap on the reply.")] = None
    n: Annotated[int, Meta(ge=1, description="How many replies it asks for.")] = 1
    justification: Annotated[str | None, Meta(description="Why, as the caller says.")] = None
    address: Annotated[str, Meta(description="The caller's address.")] = "127.0.0.1"
    at: Annotated[str | None, Meta(description="When it comes: 2026-01-05T10:00+01:00.")] = None
    cost: Annotated[
        int | None, Meta(description="The most it may cost: `0.50 usd`.", extra={"unit": "amount of money"})
    ] = None
    first_use: Annotated[bool, Meta(description="The identity has not used the model before.")] = False
    turns: Annotated[
        Annotated[tuple[Turn, ...], Meta(min_length=1)] | None,
        Meta(description="Calls one after the other; each sends those before it, that were not refused, again."),
    ] = None


class Cases(Setting, frozen=True, kw_only=True):
    """A file of cases."""

    cases: Annotated[tuple[Case, ...], Meta(min_length=1, description="The cases.")]


class Placed(msgspec.Struct, frozen=True):
    """A case with the line it is written in, and those of its turns."""

    case: Case
    line: int
    lines: tuple[int, ...] = ()

    def steps(self) -> Iterator[tuple[Turn, int]]:
        """Its turns with their lines; the case itself where it has none."""
        if self.case.turns is None:
            yield self.case, self.line
        else:
            yield from zip(self.case.turns, self.lines, strict=True)


def read_cases(data: bytes, file: str, policies: PolicySet) -> tuple[Placed, ...]:
    """The cases in a file's content. Raises ConfigError with everything that is wrong."""
    reading = Reading(file, None)
    plain = reading.value(parse(data, file), mi.type_info(Cases), "")
    if reading.problems:
        raise ConfigError(reading.problems)
    cases = msgspec.convert(plain, Cases).cases
    problems = []
    for index, case in enumerate(cases):
        for key, message, hint in _mistakes(case, policies):
            line, column = reading.places.get(f"cases[{index}].{key}", reading.places[f"cases[{index}]"])
            problems.append(Problem(f"cases[{index}].{key}", message, hint, file, line, column))
    if problems:
        raise ConfigError(problems)
    return tuple(
        Placed(
            case,
            reading.places[f"cases[{index}]"][0],
            tuple(reading.places[f"cases[{index}].turns[{turn}]"][0] for turn, _ in enumerate(case.turns or ())),
        )
        for index, case in enumerate(cases)
    )


def say_masks(cases: Sequence[Placed]) -> bool:
    """Whether a case says what is masked."""
    return any(turn.masks is not None for placed in cases for turn, _ in placed.steps())


def say_replies(cases: Sequence[Placed]) -> bool:
    """Whether a case says what the model replies."""
    return any(turn.reply is not None for placed in cases for turn, _ in placed.steps())


def principal_of(case: Case, policies: PolicySet) -> Principal:
    """Who asks. Raises PersonaError."""
    who = case.who
    return persona(
        policies.issuers,
        user=who.user,
        groups=who.groups,
        attributes=who.attributes,
        service_account=who.service_account,
    )


def credential_of(case: Case, principal: Principal) -> CredentialKind:
    """The kind of credential that whoever asks presents."""
    return case.who.credential or usual_credential(principal)


def _mistakes(case: Case, policies: PolicySet) -> Iterator[Mistake]:
    """What would make a case pass or fail for the wrong reason: names that do not exist, and what is said twice."""
    if case.connection not in policies.connections:
        hint = nearest(case.connection, policies.connections)
        yield "connection", f"there is no connection `{case.connection}`", hint
    try:
        principal = principal_of(case, policies)
    except PersonaError as error:
        yield "as", str(error), None
    else:
        plan = policies.plan(principal, case.connection, case.operation, case.model, credential_of(case, principal))
        yield from _fact_mistakes(case, plan.approvals)
    yield from _turn_mistakes(case, "", policies)
    if case.turns is None:
        if case.expect is None:
            yield "expect", "is missing", None
        return
    for name in Turn.__struct_fields__:
        if getattr(case, name) is not None:
            yield name, "can't stand beside `turns`", "each turn says it for itself"
    for index, turn in enumerate(case.turns):
        yield from _turn_mistakes(turn, f"turns[{index}].", policies)


def _fact_mistakes(case: Case, conditions: Sequence[Condition]) -> Iterator[Mistake]:
    """What the case leaves open and the outcome depends on."""
    if case.at is not None:
        try:
            moment(case.at)
        except Wrong as wrong:
            yield "at", wrong.message, wrong.hint
    for each in conditions:
        rule = f"rule {each.requirement.rule} of policy {each.requirement.policy}"
        if each.outside is not None and case.at is None:
            yield "at", f"is missing: {rule} looks at the time", "such as 2026-01-05T10:00+01:00"
        if each.cost is not None and case.cost is None:
            yield "cost", f"is missing: {rule} looks at the cost", "such as 0.50 usd"


def _turn_mistakes(turn: Turn, key: str, policies: PolicySet) -> Iterator[Mistake]:
    for index, name in enumerate(turn.masks or ()):
        if name not in policies.vocabulary.entities:
            yield f"{key}masks[{index}]", f"there is no entity `{name}`", policies.vocabulary.hint(name)
    rules = {rule.name for rule in policies.rules} | {rule.name for rule in policies.replies}
    rules |= {each.requirement.rule for policy in policies.policies for each in policy.approvals}
    for kind in ("flags", "observes", "approvals"):
        for index, name in enumerate(getattr(turn, kind) or ()):
            # The names of shipped rules, and of what notices probing, are not among those of policies.
            if name not in rules and "/" not in name and not name.startswith("probing"):
                yield f"{key}{kind}[{index}]", f"there is no rule `{name}`", nearest(name, sorted(rules))
    yield from _budget_mistakes(turn.budgets or (), key, policies)
    if turn.labels is not None and turn.prompt is None:
        yield f"{key}labels", "are given to a prompt, and there is none", None
    if turn.reply_labels is not None and turn.reply is None:
        yield f"{key}reply_labels", "are given to a reply, and there is none", "say what the model says with `reply`"
    if turn.receives is not None and turn.reply is None:
        yield f"{key}receives", "is of a reply, and there is none", "say what the model says with `reply`"
    if isinstance(turn.expect, Refused):
        yield from _refusal_mistakes(turn.expect, key, policies)


def _budget_mistakes(budgets: Sequence[str], key: str, policies: PolicySet) -> Iterator[Mistake]:
    limits = (policies.own, *(policy.limits for policy in policies.policies))
    known = {name for some in limits for names in named_budgets(some) for name in names}
    for index, name in enumerate(budgets):
        if name not in known:
            yield f"{key}budgets[{index}]", f"there is no budget `{name}`", nearest(name, sorted(known))


def _refusal_mistakes(expect: Refused, key: str, policies: PolicySet) -> Iterator[Mistake]:
    codes = [code.value for code in Code]
    if expect.deny not in codes:
        hint = nearest(expect.deny, codes)
        yield f"{key}expect.deny", f"there is no refusal `{expect.deny}`", hint
    names = [policy.name for policy in policies.policies]
    if expect.policy is not None and expect.policy not in names:
        hint = nearest(expect.policy, names)
        yield f"{key}expect.policy", f"there is no policy `{expect.policy}`", hint
