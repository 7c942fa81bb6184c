"""Must-allow and must-deny cases for policies (`narrows policy test cases.yaml`): their form, and running them.

A case goes through the same controls as a call, up to the point where it would be recorded; nothing is sent.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Annotated, Literal

import msgspec
import msgspec.inspect as mi
from msgspec import Meta

from narrows.config.document import parse
from narrows.config.problem import ConfigError, Problem
from narrows.config.reading import Reading
from narrows.config.rules import RoleName
from narrows.config.scalars import nearest
from narrows.config.schema import Parameter
from narrows.config.setting import Setting
from narrows.model.call import Asked, Call, Source
from narrows.model.principal import Credential, Principal
from narrows.model.refusal import Code
from narrows.model.text import Role, Text
from narrows.model.verdict import Deny, Hold
from narrows.policy.personas import PersonaError, persona
from narrows.policy.policyset import PolicySet
from narrows.ports.control import Control, Wait
from narrows.ports.inspector import TokenCounter

Masked = Callable[[Call], frozenset[str]]
"""The entities that a call's plan masks in its prompt, in force."""


class As(Setting, frozen=True, kw_only=True):
    """Who asks, in the names that policies use."""

    user: Annotated[str | None, Meta(description="A subject, `issuer:subject` with several issuers.")] = None
    groups: Annotated[tuple[str, ...], Meta(description="Its groups.")] = ()
    attributes: Annotated[dict[str, tuple[str, ...]], Meta(description="Its claims and their values.")] = msgspec.field(
        default_factory=dict
    )
    service_account: Annotated[str | None, Meta(description="A service account, instead of the others.")] = None


class Refused(Setting, frozen=True, kw_only=True):
    """A refusal that is expected, as exactly as one likes."""

    deny: Annotated[str, Meta(description="The code of the refusal.")]
    policy: Annotated[str | None, Meta(description="The policy that refuses.")] = None
    rule: Annotated[str | None, Meta(description="The rule that refuses.")] = None


class Case(Setting, frozen=True, kw_only=True):
    """One call and what must become of it."""

    name: Annotated[str | None, Meta(description="What the case is about.")] = None
    who: Annotated[As, Meta(description="Who asks.")] = msgspec.field(name="as")
    connection: Annotated[str, Meta(description="The connection.")]
    operation: Annotated[str, Meta(description="The operation.")] = "chat"
    model: Annotated[str | None, Meta(description="The model, as the caller names it.")] = None
    prompt: Annotated[str | dict[RoleName, str] | None, Meta(description="A user's text, or texts by role.")] = None
    parameters: Annotated[tuple[Parameter, ...], Meta(description="Widening parameters the call uses.")] = ()
    max_tokens: Annotated[int | None, Meta(description="The caller's own cap on the reply.")] = None
    n: Annotated[int, Meta(ge=1, description="How many replies it asks for.")] = 1
    masks: Annotated[
        tuple[str, ...] | None, Meta(description="The entities masked in the prompt: these and no others.")
    ] = None
    expect: Annotated[
        Literal["allow", "deny"] | Refused, Meta(description="`allow`, `deny`, or `{deny: code}` to be exact.")
    ]


class Cases(Setting, frozen=True, kw_only=True):
    """A file of cases."""

    cases: Annotated[tuple[Case, ...], Meta(min_length=1, description="The cases.")]


class Result(msgspec.Struct, frozen=True):
    """What became of a case. `code`, `policy` and `rule` are of the refusal, if it was refused; `masks` are the
    entities masked in the prompt, if the case says something of them."""

    name: str
    line: int
    passed: bool
    expected: str
    got: str
    code: str | None = None
    policy: str | None = None
    rule: str | None = None
    notes: tuple[str, ...] = ()
    masks: tuple[str, ...] | None = None


class Placed(msgspec.Struct, frozen=True):
    """A case with the line it is written in."""

    case: Case
    line: int


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
    return tuple(Placed(case, reading.places[f"cases[{index}]"][0]) for index, case in enumerate(cases))


def run_cases(
    cases: Sequence[Placed],
    policies: PolicySet,
    controls: Sequence[Control],
    tokens: TokenCounter,
    masked: Masked | None = None,
) -> tuple[Result, ...]:
    """The result of every case, in order. `controls` are those of the request, in theirs; `masked` is needed where a
    case says what is masked. Raises ValueError without it."""
    if masked is None and say_masks(cases):
        raise ValueError("a case says what is masked, and nothing that masks is given")
    return tuple(_run(placed, policies, controls, tokens, masked) for placed in cases)


def say_masks(cases: Sequence[Placed]) -> bool:
    """Whether a case says what is masked."""
    return any(placed.case.masks is not None for placed in cases)


def _mistakes(case: Case, policies: PolicySet) -> list[tuple[str, str, str | None]]:
    """What would make a case pass or fail for the wrong reason: names that do not exist."""
    mistakes: list[tuple[str, str, str | None]] = []
    if case.connection not in policies.connections:
        hint = nearest(case.connection, policies.connections)
        mistakes.append(("connection", f"there is no connection `{case.connection}`", hint))
    for index, name in enumerate(case.masks or ()):
        if name not in policies.vocabulary.entities:
            hint = policies.vocabulary.hint(name)
            mistakes.append((f"masks[{index}]", f"there is no entity `{name}`", hint))
    try:
        _principal(case, policies)
    except PersonaError as error:
        mistakes.append(("as", str(error), None))
    if isinstance(case.expect, Refused):
        codes = [code.value for code in Code]
        if case.expect.deny not in codes:
            hint = nearest(case.expect.deny, codes)
            mistakes.append(("expect.deny", f"there is no refusal `{case.expect.deny}`", hint))
        names = [policy.name for policy in policies.policies]
        if case.expect.policy is not None and case.expect.policy not in names:
            hint = nearest(case.expect.policy, names)
            mistakes.append(("expect.policy", f"there is no policy `{case.expect.policy}`", hint))
    return mistakes


def _principal(case: Case, policies: PolicySet) -> Principal:
    who = case.who
    return persona(
        policies.issuers,
        user=who.user,
        groups=who.groups,
        attributes=who.attributes,
        service_account=who.service_account,
    )


def _run(
    placed: Placed, policies: PolicySet, controls: Sequence[Control], tokens: TokenCounter, masked: Masked | None
) -> Result:
    call = _call(placed.case, policies, tokens)
    # Before the controls: one of them puts the masked texts in the place of the caller's.
    masks = masked(call) if masked is not None and placed.case.masks is not None else None
    for control in controls:
        guard = control.begin(call)
        if guard is None:
            continue
        verdict = guard.on_request(call)
        if isinstance(verdict, Deny):
            return _result(placed, verdict, call, masks)
        if isinstance(verdict, Hold | Wait):
            break  # a case has nobody to wait for
        call = verdict.call or call
    return _result(placed, None, call, masks)


def _call(case: Case, policies: PolicySet, tokens: TokenCounter) -> Call:
    principal = _principal(case, policies)
    texts = _texts(case)
    return Call(
        id="case",
        request_id="case",
        session="case",
        at=0,
        principal=principal,
        credential=Credential("oidc", "case", 0.0),
        source=Source("127.0.0.1"),
        connection=case.connection,
        dialect="",
        method="POST",
        path="/",
        asked=Asked(
            operation=case.operation,
            model=case.model,
            body={text.role.value: text.value for text in texts},
            texts=texts,
            parameters=frozenset(case.parameters),
            output_cap=case.max_tokens,
            choices=case.n,
        ),
        model=case.model,
        plan=policies.plan(principal, case.connection, case.operation, case.model),
        prompt_tokens=tokens.prompt(texts),
    )


def _texts(case: Case) -> tuple[Text, ...]:
    if case.prompt is None:
        return ()
    said = {Role.USER.value: case.prompt} if isinstance(case.prompt, str) else case.prompt
    return tuple(Text(Role(role), f"$.{role}", text) for role, text in said.items())


def _result(placed: Placed, deny: Deny | None, call: Call, masks: frozenset[str] | None) -> Result:
    case = placed.case
    got = "allow" if deny is None else f"deny {deny.code.value}: {deny.message}"
    return Result(
        name=case.name or _title(case),
        line=placed.line,
        passed=_as_expected(case, deny) and (case.masks is None or frozenset(case.masks) == masks),
        expected=_expected(case) + _masking(case.masks),
        got=got + _masking(masks),
        code=None if deny is None else deny.code.value,
        policy=None if deny is None else deny.policy,
        rule=None if deny is None else deny.rule,
        notes=tuple(f"{note.policy}: {note.label}" for note in call.notes),
        masks=None if masks is None else tuple(sorted(masks)),
    )


def _masking(entities: Collection[str] | None) -> str:
    if entities is None:
        return ""
    return f", masks {', '.join(sorted(entities)) or 'nothing'}"


def _title(case: Case) -> str:
    who = case.who.service_account or case.who.user or "someone"
    return " ".join(part for part in (who, case.operation, case.model, "on", case.connection) if part)


def _as_expected(case: Case, deny: Deny | None) -> bool:
    expect = case.expect
    if not isinstance(expect, Refused):
        return (expect == "deny") == (deny is not None)
    if deny is None or deny.code.value != expect.deny:
        return False
    return expect.policy in (None, deny.policy) and expect.rule in (None, deny.rule)


def _expected(case: Case) -> str:
    expect = case.expect
    if not isinstance(expect, Refused):
        return expect
    return " ".join(part for part in ("deny", expect.deny, expect.policy, expect.rule) if part)
