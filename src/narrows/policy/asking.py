"""From the settings of approvals to what rules ask, and back into plain words.

A rule's trigger is a hash of all that it says, with every name resolved, and of nothing else: not of its place in the
file, nor of the rules beside it. Settings that are not given are left out of it, so that a version which knows more of
them has the same triggers.
"""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from narrows.config.approvals import GROUP, PERSON, Asking, ConditionSetting, OutsideSetting
from narrows.config.hours import DAYS, days, hours
from narrows.config.policies import Policy
from narrows.config.rules import ApproveMatch
from narrows.config.setting import Setting
from narrows.model.approval import Approvers, Condition, Escalation, Hours, Requirement
from narrows.model.limit_words import amount, lasting
from narrows.model.limits import Unit
from narrows.policy.limits import OBSERVED
from narrows.policy.who import qualify

_MICROS: Final = 1_000_000
_NAMED: Final = frozenset({"name", "by", "then", "break_glass", "mode"})
"""Settings that a trigger holds in another form, or not at all."""


def approvers(names: Sequence[str], issuers: Sequence[str]) -> Approvers:
    """Who is named. A name that no issuer can have is left out: nobody answers to it."""
    groups: set[str] = set()
    people: set[str] = set()
    for name in names:
        person = name.startswith(PERSON)
        full = qualify(name.removeprefix(PERSON) if person else name.removeprefix(GROUP), issuers)
        if full is not None:
            (people if person else groups).add(full)
    return Approvers(tuple(sorted(groups)), tuple(sorted(people)))


def prompt_requirement(
    policy: Policy, match: ApproveMatch, name: str, issuers: Sequence[str], entities: frozenset[str]
) -> Requirement:
    """What a rule on prompts asks, whose entities are these."""
    said = {**_said(match), "prompts": sorted(entities)}
    return _requirement(policy, match, match.name, name, issuers, said, observe="observe" in (policy.mode, match.mode))


def renamed(requirement: Requirement, name: str) -> Requirement:
    """The same of a shipped rule, whose name says which it is and in which version."""
    trigger = hashlib.sha256(f"{requirement.trigger}\n{name}".encode()).hexdigest()
    return msgspec.structs.replace(requirement, rule=name, trigger=trigger)


def compile_conditions(policy: Policy, issuers: Sequence[str], zone: str) -> tuple[Condition, ...]:
    """The rules of a checked policy on the call itself. `zone` is that of working hours which name none."""
    return tuple(
        _condition(policy, setting, f"approvals[{index}]", issuers, zone)
        for index, setting in enumerate(policy.approvals)
    )


def _condition(policy: Policy, setting: ConditionSetting, place: str, issuers: Sequence[str], zone: str) -> Condition:
    outside = None if setting.outside is None else _hours(setting.outside, zone)
    said = _said(setting)
    if outside is not None:
        said["outside"] = [sorted(outside.days), outside.start, outside.end, outside.zone]
    observe = "observe" in (policy.mode, setting.mode)
    name = setting.name or place
    return Condition(
        _requirement(policy, setting, setting.name, name, issuers, said, observe=observe),
        models=setting.models,
        operations=setting.operations,
        connections=setting.connections,
        cost=setting.cost,
        prompt_tokens=setting.prompt_tokens,
        outside=outside,
        first_use=setting.first_use,
        networks=setting.networks,
        elsewhere=setting.elsewhere,
    )


def _hours(setting: OutsideSetting, zone: str) -> Hours:
    start, end = hours(setting.hours)
    return Hours(days(setting.days), start, end, setting.zone or zone)


def _requirement(
    policy: Policy,
    asking: Asking,
    given: str | None,
    name: str,
    issuers: Sequence[str],
    said: dict[str, Any],
    *,
    observe: bool,
) -> Requirement:
    by = approvers(asking.by, issuers)
    then = asking.then
    later = None if then is None else Escalation(approvers(then.by, issuers), round(then.after * _MICROS))
    glass = None if asking.break_glass is None else approvers(asking.break_glass, issuers)
    whole = [policy.name, given, said, by, later, glass]
    return Requirement(
        policy=policy.name,
        rule=name,
        trigger=hashlib.sha256(msgspec.json.encode(whole, order="sorted")).hexdigest(),
        by=by,
        needed=asking.needed,
        hold=round(asking.hold * _MICROS),
        expires=round(asking.expires * _MICROS),
        then=later,
        message=asking.message,
        justification=asking.justification == "required",
        glass=glass,
        observe=observe,
    )


def _said(setting: Setting) -> dict[str, Any]:
    """What is given, in plain data."""
    plain: dict[str, Any] = msgspec.to_builtins(setting)
    return {
        field.encode_name: plain[field.encode_name]
        for field in msgspec.structs.fields(type(setting))
        if field.name not in _NAMED and getattr(setting, field.name) != field.default
    }


def describe_requirement(requirement: Requirement, when: str = "") -> str:
    """What is asked, and by which rule: `p: exports asks corp:security, two of them, within 1 hour`."""
    many = "" if requirement.needed == 1 else f", {requirement.needed} of them"
    then = requirement.then
    later = "" if then is None else f", after {span_words(then.after)} {_names(then.by)}, too"
    alone = "" if requirement.glass is None else f"; {_names(requirement.glass)} may release it alone"
    reason = "; the caller must say why" if requirement.justification else ""
    observed = OBSERVED if requirement.observe else ""
    return (
        f"{requirement.policy}: {requirement.rule} asks {_names(requirement.by)}{many}{later}"
        f", within {span_words(requirement.expires)}{when}{alone}{reason}{observed}"
    )


def describe_condition(condition: Condition) -> str:
    """The same, and when: `…, of models gpt-4*, over 0.5 usd`."""
    return describe_requirement(condition.requirement, "".join(f", {part}" for part in _when(condition)))


def _when(condition: Condition) -> Iterator[str]:
    for name in ("models", "operations", "connections"):
        globs = getattr(condition, name)
        if globs is not None:
            yield f"for {name} {' '.join(globs)}"
    if condition.cost is not None:
        yield f"over {amount(Unit.USD, condition.cost)}"
    if condition.prompt_tokens is not None:
        yield f"over {amount(Unit.PROMPT_TOKENS, condition.prompt_tokens)}"
    if condition.outside is not None:
        yield f"outside {_working(condition.outside)}"
    if condition.first_use:
        yield "at first use of a model"
    if condition.networks is not None:
        yield f"from {' '.join(condition.networks)}"
    if condition.elsewhere is not None:
        yield f"from elsewhere than {' '.join(condition.elsewhere)}"


def _working(outside: Hours) -> str:
    named = " ".join(DAYS[day] for day in sorted(outside.days))
    return f"{named} {_clock(outside.start)}-{_clock(outside.end)} {outside.zone}"


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _names(by: Approvers) -> str:
    return " or ".join((*by.groups, *by.people)) or "nobody"


def span_words(span: int) -> str:
    """So many microseconds: `1 hour`, `90 seconds`."""
    words = lasting(span)
    return words if words[0].isdigit() else f"1 {words}"
