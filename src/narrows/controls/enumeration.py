"""Notices who tries one name after the other: models, connections, routes and stored responses that are refused.

A refusal is counted wherever it was made, also before there is a call (`refused`). Once an identity has tried as many
different names as a policy that is about it permits within a time, that is noted, or everything it asks is refused
until enough of them have passed. It is never told which of the names exist.
"""

from typing import Final

import msgspec

from narrows.inspection.enumeration import Distinct, PerIdentity
from narrows.model.call import Call
from narrows.model.plan import Plan
from narrows.model.record import Outcome
from narrows.model.refusal import Code
from narrows.model.reply import Event
from narrows.model.usage import Usage
from narrows.model.verdict import PROCEED, Deny, Verdict
from narrows.policy.probing import Names, ProbingRules
from narrows.ports.control import Guard

MICROSECONDS: Final = 1_000_000

_ROUTES: Final = frozenset({Code.ROUTE_UNKNOWN, Code.OPERATION_NOT_ALLOWED})


class Enumeration:
    """The control for `probing.enumeration`. `tried` outlives it: what was tried under other policies was tried."""

    name: Final = "enumeration"

    def __init__(self, rules: ProbingRules, tried: PerIdentity[str, Distinct]) -> None:
        self._rules = rules
        self._tried = tried
        self._judging = _Judging(self)
        self._stops = any(rule.stops for rule in rules.everything.names)

    def under(self, plan: Plan) -> "Enumeration | None":  # noqa: ARG002 - it is about principals
        """Nothing to do where no policy would refuse."""
        return self if self._stops else None

    def begin(self, call: Call) -> Guard | None:
        """Nothing to do where no policy about the principal would refuse."""
        if self._stops:
            for rule in self._rules.about(call.principal, call.credential.kind).names:
                if rule.stops:
                    return self._judging
        return None

    def refused(self, call: Call, deny: Deny) -> tuple[Call, Deny]:
        """Takes a refusal into account: the call with what is to be noted, and the refusal that it gets."""
        rules = self._rules.about(call.principal, call.credential.kind).names
        cause = call.plan.refusal if deny.code is Code.PROBING_SUSPECTED else deny
        if not rules or cause is None:
            return call, deny
        names = _names(call, cause)
        if not names:
            return call, deny
        tried, now = self._tried.of(call.principal.key), call.at / MICROSECONDS
        for name in names:
            tried.add(name, now)
        for rule in rules:
            if tried.count(now, rule.seconds) < rule.names:
                continue
            if rule.stops:
                deny = _deny(rule, tried, now) if deny.code is not Code.PROBING_SUSPECTED else deny
            else:
                call = msgspec.structs.replace(call, notes=(*call.notes, rule.note(Code.PROBING_SUSPECTED)))
        return call, deny

    def suspected(self, call: Call) -> Deny | None:
        """The refusal for whoever has tried too many names of late."""
        tried, now = self._tried.of(call.principal.key), call.at / MICROSECONDS
        for rule in self._rules.about(call.principal, call.credential.kind).names:
            if rule.stops and tried.count(now, rule.seconds) >= rule.names:
                return _deny(rule, tried, now)
        return None


class _Judging:
    """Has no state of a call."""

    __slots__ = ("_control",)

    def __init__(self, control: Enumeration) -> None:
        self._control = control

    def on_request(self, call: Call) -> Verdict:
        return self._control.suspected(call) or PROCEED

    def on_event(self, event: Event) -> Deny | None:
        """Replies are not its business."""

    def on_finish(self) -> Deny | None:
        """Nothing is held back."""

    def on_end(self, outcome: Outcome, usage: Usage | None) -> None:
        """Refusals are told to the control, since many are made before there is a guard."""


def _names(call: Call, cause: Deny) -> tuple[str, ...]:
    """What a refusal says there is not, or not for this caller."""
    code, asked = cause.code, call.asked
    if code is Code.MODEL_NOT_ALLOWED and asked.model is not None:
        return (f"model {asked.model}",)
    if code is Code.CONNECTION_NOT_ALLOWED:
        return (f"connection {call.connection}",)
    if code in _ROUTES:
        return (f"route {call.method} {call.path}",)
    if code is Code.REFERENCE_NOT_ALLOWED:
        return tuple(f"reference {reference}" for reference in asked.references)
    return ()


def _deny(rule: Names, tried: Distinct, now: float) -> Deny:
    message = (
        f"Too many different models, connections or routes were tried of late that policy {rule.policy} does not "
        "permit; wait, and ask only for what is permitted."
    )
    wait = tried.fewer_in(now, rule.seconds, rule.names)
    return Deny(Code.PROBING_SUSPECTED, message, policy=rule.policy, rule=rule.rule, retry_after=wait)
