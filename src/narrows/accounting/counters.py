"""Which counters a call's limits have, and what they are called.

A budget's counter outlives the process, so its name says all that is needed to go on counting: policy, unit, window,
scope, subject. It does not say the limit: who edits that keeps what was counted. Names of other counters only have to
differ; they are forgotten when the process ends.
"""

import re
from collections import OrderedDict
from collections.abc import Iterator
from typing import Final

import msgspec

from narrows.accounting import end_users
from narrows.accounting.end_users import NOBODY, Pseudonyms
from narrows.accounting.windows import zone
from narrows.config.globs import Glob
from narrows.model.limits import AgentCap, Budget, Concurrency, Counted, Limits, Per, Rate, Scope, Unit, Window
from narrows.model.principal import Principal
from narrows.model.reservation import Counter

EVERYTHING: Final = "gateway"
"""The subject of what is summed over all calls."""

_ROLLING: Final = "~"
_POLICY: Final = re.compile(r"(?:[a-z0-9][a-z0-9._-]{0,62})?", re.ASCII)


class Named(msgspec.Struct, frozen=True):
    """What the name of a budget's counter says. A rolling window has no zone there."""

    policy: str
    unit: Unit
    window: Window
    scope: Scope
    subject: str


class Subjects(msgspec.Struct, frozen=True):
    """Whom a call concerns. `model` is by the name that the upstream knows; `end_user` is who the caller says it asks
    for."""

    principal: Principal
    connection: str
    model: str | None = None
    end_user: str | None = None


class CallCounters(msgspec.Struct, frozen=True):
    """The counters of a call. `throttled` are its rates of calls; `reserved` are all others: of budgets, then rates of
    tokens, what runs at once, and agents. No name is there twice with the same limit."""

    throttled: tuple[Counter, ...] = ()
    reserved: tuple[Counter, ...] = ()


NO_COUNTERS: Final = CallCounters()


def name(policy: str, unit: Unit, window: Window, scope: Scope, subject: str) -> str:
    """The name of a budget's counter."""
    where = _ROLLING if window.rolling else window.zone
    return f"{policy}|{unit.value}|{window.per.value}|{where}|{scope.value}|{subject}"


def parse(text: str) -> Named:
    """What the name of a budget's counter says. Raises ValueError for any text that is none."""
    parts = text.split("|", 5)
    if len(parts) != 6:
        raise ValueError(f"{text!r} is no name of a budget's counter")
    policy, unit, per, where, scope, subject = parts
    rolling = where == _ROLLING
    if not rolling:
        zone(where)
    if _POLICY.fullmatch(policy) is None or not subject or (scope == Scope.GATEWAY and subject != EVERYTHING):
        raise ValueError(f"{text!r} is no name of a budget's counter")
    window = Window(Per(per), rolling=True) if rolling else Window(Per(per), zone=where)
    return Named(policy, Unit(unit), window, Scope(scope), subject)


def counters_for(limits: Limits, call: Subjects, hidden: Pseudonyms | None = None) -> CallCounters:
    """The counters of a call under these limits; `hidden` names end users, None: they are called as they are. Most
    callers ask `Counters`, which remembers."""
    budgets = (
        Counter(name(budget.policy, budget.unit, budget.window, budget.scope, subject), budget, subject)
        for budget in limits.budgets
        for subject in _subjects(budget, call, hidden)
    )
    key = call.principal.key
    rates = [_of_identity(rate, f"{rate.unit.value}|rate {rate.period}", key) for rate in limits.rates]
    running = (_of_identity(limit, "at once|", key) for limit in limits.concurrency)
    agents = (_of_identity(cap, f"agents|{cap.window}", key) for cap in limits.agents)
    return CallCounters(
        throttled=_once(counter for counter in rates if _counts_calls(counter)),
        reserved=_once((*budgets, *(counter for counter in rates if not _counts_calls(counter)), *running, *agents)),
    )


def _counts_calls(counter: Counter) -> bool:
    return isinstance(counter.limit, Rate) and counter.limit.unit is Unit.CALLS


def _of_identity(limit: Rate | Concurrency | AgentCap, what: str, key: str) -> Counter:
    return Counter(f"{limit.policy}|{what}|user|{key}", limit, key)


def _once(counters: Iterator[Counter] | tuple[Counter, ...]) -> tuple[Counter, ...]:
    """Without those that say what another says already."""
    seen: dict[tuple[str, Counted], Counter] = {}
    for counter in counters:
        seen.setdefault((counter.name, counter.limit), counter)
    return tuple(seen.values())


def _subjects(budget: Budget, call: Subjects, hidden: Pseudonyms | None) -> tuple[str, ...]:
    """Whose sums the call counts in; none where the scope has nothing to do with it."""
    principal = call.principal
    match budget.scope:
        case Scope.USER:
            return (principal.key,)
        case Scope.SERVICE_ACCOUNT:
            return (principal.key,) if principal.kind == "service_account" else ()
        case Scope.GROUP:
            return _groups(budget.groups, principal)
        case Scope.END_USER:
            return (end_users.subject(principal.key, call.end_user, hidden),)
        case Scope.CONNECTION:
            return (call.connection,)
        case Scope.MODEL:
            return (f"{call.connection}/{NOBODY if call.model is None else call.model}",)
        case Scope.GATEWAY:
            return (EVERYTHING,)


def _groups(globs: tuple[str, ...], principal: Principal) -> tuple[str, ...]:
    matching = [Glob(text) for text in globs]
    mine = (f"{principal.issuer}:{group}" for group in principal.groups)
    return tuple(sorted(group for group in mine if any(glob.matches(group) for glob in matching)))


class Counters:
    """Remembers the counters of recent calls, so that the same call gets the same objects. Bounded. `hidden` names end
    users; None: they are called as they are."""

    __slots__ = ("_found", "_hidden", "_size")

    def __init__(self, size: int = 8_192, hidden: Pseudonyms | None = None) -> None:
        self._size = size
        self._hidden = hidden
        self._found: OrderedDict[tuple[object, ...], tuple[Limits, CallCounters]] = OrderedDict()

    def of(self, limits: Limits, call: Subjects) -> CallCounters:
        """As `counters_for`. Limits are told apart as objects: a plan's are the same object as long as it lives."""
        who = call.principal
        key = (id(limits), who.issuer, who.subject, who.kind, who.groups, call.connection, call.model, call.end_user)
        known = self._found.get(key)
        if known is not None and known[0] is limits:
            self._found.move_to_end(key)
            return known[1]
        counters = counters_for(limits, call, self._hidden)
        self._found[key] = (limits, counters)  # which keeps the limits, so that their id is nobody else's
        if len(self._found) > self._size:
            self._found.popitem(last=False)
        return counters

    def __len__(self) -> int:
        return len(self._found)
