"""Builds the controls that count: `limits` of policies and of the gateway, from settings, prices and the ledger.

It owns what calls of a model are reckoned by. The ledger lives as long as the gate, whatever becomes of the
configuration; so do its counters, which are known by names that an edited limit keeps.
"""

import logging
from collections.abc import Callable, Mapping
from threading import get_ident
from typing import Final, NamedTuple

from narrows.accounting.accounts import Accounts
from narrows.accounting.amounts import Terms
from narrows.accounting.counters import Counters, Subjects
from narrows.accounting.end_users import Pseudonyms
from narrows.config.limits import ComputeWeight
from narrows.config.schema import Config, Connection
from narrows.controls.reserve import Reserve
from narrows.controls.throttle import Peek, Throttle
from narrows.dialects.governed import LONGEST_USER
from narrows.engine.snapshot import Throttle as Peeks
from narrows.engine.snapshot import nobodys
from narrows.model.call import Call
from narrows.model.limits import Budget, Counted, Limits, Scope, Unit
from narrows.model.principal import Identity
from narrows.model.reservation import Reserved
from narrows.policy.globs import GlobSet
from narrows.policy.policyset import PolicySet
from narrows.ports.clock import Clock
from narrows.ports.http import Headers
from narrows.ports.ledger import Ledger
from narrows.ports.prices import Prices

GATE_ONLY: Final = frozenset({Throttle.name, Reserve.name})
"""Controls that ask the ledger, and no texts: large calls are judged apart without them, and by them in the gate."""

MICROS: Final = 1_000_000

EndUsers = Callable[[Identity, Headers], str | None]
Whose = Callable[[Call], Reserved | None]

_log = logging.getLogger("narrows.limits")


class LimitControls(NamedTuple):
    """The controls that the policies ask for, each at most once, by where they stand; what is asked before a body is
    read; and whom a call concerns for whom somebody asks."""

    throttle: tuple[Throttle, ...] = ()
    reserve: tuple[Reserve, ...] = ()
    peek: Peeks | None = None
    end_user: EndUsers | None = None
    whose: Whose = nobodys


NO_LIMITS: Final = LimitControls()


def limit_controls(
    config: Config,
    policies: PolicySet,
    ledger: Ledger,
    clock: Clock,
    prices: Prices | None,
    pseudonyms: Pseudonyms | None = None,
) -> LimitControls:
    """The controls of a snapshot, made on the event loop's thread. `prices`: None where no limit counts money;
    `pseudonyms` names end users where prompts are masked."""
    if not policies.limited:
        return NO_LIMITS
    accounts = Accounts(
        ledger,
        Counters(hidden=pseudonyms if masks_prompts(policies) else None),
        Reckoning(config.connections, prices).terms,
        clock,
        thread=get_ident(),
        running=get_ident,
        event=_log.info,
        prices=None if prices is None else prices.version,
    )
    rated = any(rate.unit is Unit.CALLS for limits in _every(policies) for rate in limits.rates)
    return LimitControls(
        (Throttle(accounts),) if rated else (),
        (Reserve(accounts),),
        Peek(accounts, policies.rates) if rated else None,
        end_users(config),
        _whose(accounts) if any(_is_theirs(one) for limits in _every(policies) for one in limits.budgets) else nobodys,
    )


def masks_prompts(policies: PolicySet) -> bool:
    """Whether a policy does. Then end users are hidden in all of them: in some only, each would have two sums."""
    return any(mask.prompt and not mask.observe for mask in policies.masks)


def end_users(config: Config) -> EndUsers | None:
    """Says for whom a trusted service asks, by its header; None where no header is believed."""
    setting = config.limits.end_user
    if setting is None:
        return None
    name, trusted = setting.header.lower().encode(), GlobSet(setting.trusted).covers

    def named(identity: Identity, headers: Headers) -> str | None:
        value = headers.get(name)
        principal = identity.principal
        if not value or principal.kind != "service_account" or not trusted(principal.subject):
            return None
        return value.decode("utf-8", "replace")[:LONGEST_USER]

    return named


def _whose(accounts: Accounts) -> Whose:
    """Names end users as their counters do, so that a record of a refusal says for whom was asked."""

    def named(call: Call) -> Reserved | None:
        subjects = Subjects(call.principal, call.connection, call.model, call.end_user)
        found = accounts.counters.of(call.plan.limits, subjects).reserved
        names = tuple(one.name for one in found if _is_theirs(one.limit))
        return Reserved(names, (0,) * len(names)) if names else None

    return named


def _is_theirs(limit: Counted) -> bool:
    return isinstance(limit, Budget) and limit.scope is Scope.END_USER


def _every(policies: PolicySet) -> list[Limits]:
    return [policies.own, *(policy.limits for policy in policies.policies)]


class Reckoning:
    """What calls are reckoned by, from the settings of connections."""

    def __init__(self, connections: Mapping[str, Connection], prices: Prices | None) -> None:
        self._connections = connections
        self._prices = prices
        self._weights = {
            name: tuple((GlobSet(weight.models).covers, weight) for weight in settings.compute)
            for name, settings in connections.items()
        }

    def terms(self, connection: str, model: str | None, tier: str | None) -> Terms:
        """Of a model of a connection, by the name that the upstream knows, in a service tier."""
        settings = self._connections[connection]
        return Terms(
            price=None if self._prices is None else self._prices.of(connection, model, tier),
            compute=self._weight(connection, model),
            media=settings.media_tokens,
            longest=round(settings.timeouts.total * MICROS),
            capped=settings.json is None or settings.json.output_cap is not None,
            default=settings.output_default,
            overhead=settings.prompt_overhead,
        )

    def _weight(self, connection: str, model: str | None) -> ComputeWeight | None:
        """The first entry that matches. A call without a model is of no model that has a name."""
        for covers, weight in self._weights[connection]:
            if covers(model or ""):
                return weight
        return None
