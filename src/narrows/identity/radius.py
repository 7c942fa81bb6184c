"""The blast radius of an identity at a moment: what it could reach and spend, what it held, owned and did last.

Put together of what its caller has read; it reads nothing itself. What somebody reaches is told for each way in: a
fresh sign-in, a grant with its scope, a key. A way in that a revocation has closed is told with it, since lifting that
opens it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal

import msgspec

from narrows.accounting.most import Most, Spending, binding, most
from narrows.identity.at_moment import Moment
from narrows.identity.containment import owns
from narrows.model.access import Grant, GrantState, IssuedToken, Origin
from narrows.model.approval import Approvers
from narrows.model.limits import Budget, Per, Unit
from narrows.model.principal import SERVICE_ACCOUNTS, Principal, Scope
from narrows.model.revocation import Revocation
from narrows.policy.access import AccessRules, describe_scope
from narrows.policy.decide import Compiled
from narrows.policy.limits import describe_limits
from narrows.policy.policyset import PolicySet
from narrows.policy.reach import Terms, Way, always_with, terms, ways
from narrows.ports.accounts import ServiceAccount
from narrows.ports.sightings import Use

SIGN_INS: Final = frozenset({"oidc", "login"})
_PERIODS: Final = (Per.DAY, Per.MONTH)

Source = Literal["directory", "credential", "given", "account", "nothing"]
"""Where an identity's groups are known from. credential: what it presented last; given: whoever asks supposes them;
account: it is a service account and has none."""


class Known(msgspec.Struct, frozen=True):
    """Who somebody is, and how that is known: `at` is the time of the credential that said so."""

    principal: Principal
    source: Source
    at: int | None = None
    active: bool | None = None
    """What the directory says; None: it does not know them."""

    addresses: tuple[str, ...] = ()
    """What they are called besides; owners of service accounts may be written so."""


class Rules(msgspec.Struct, frozen=True):
    """The configuration of the moment. `offered` are the operations of each connection, `sign_ins` the kinds of
    credential that people of each issuer can sign in for, `exchange` what accounts get by the rules of exchange.
    `since` is when it came into force; None: nobody knows."""

    policies: PolicySet
    access: AccessRules
    offered: Mapping[str, Sequence[str]]
    sign_ins: Mapping[str, Sequence[str]]
    exchange: Mapping[str, Sequence[Scope]] = {}
    zone: str = "UTC"
    since: int | None = None


class Book(msgspec.Struct, frozen=True):
    """All that is kept, of everybody."""

    accounts: Sequence[ServiceAccount] = ()
    grants: Sequence[Grant] = ()
    tokens: Sequence[IssuedToken] = ()
    uses: Mapping[str, Use] = {}


class Door(msgspec.Struct, frozen=True):
    """A way in: with which kinds of credential, for whom, and what is reached by it. `of` is the grant or the rule of
    exchange, `ends` when it closes by itself. `closed` is the revocation that keeps it shut."""

    principal: str
    credentials: tuple[str, ...]
    ways: tuple[Way, ...]
    of: str | None = None
    scope: Scope | None = None
    ends: int | None = None
    closed: str | None = None


class Held(msgspec.Struct, frozen=True):
    """A credential that was in force: a token or a key. `last` is its last use, as far as that is known."""

    id: str
    kind: str
    principal: str
    since: int
    ends: int
    of: str | None = None
    last: Use | None = None


class Owned(msgspec.Struct, frozen=True):
    """A service account that they answer for."""

    name: str
    purpose: str | None
    keys: tuple[str, ...]


class Radius(msgspec.Struct, frozen=True):
    """See the module. `terms` are the policies that take part in any way, `most` what could be spent by this identity
    alone: the accounts that it owns spend their own."""

    id: str
    at: int
    known: Known
    revision: str
    since: int | None
    revocations: tuple[Revocation, ...]
    doors: tuple[Door, ...]
    terms: tuple[Terms, ...]
    own_limits: tuple[str, ...]
    most: tuple[Most, ...]
    budgets: tuple[Budget, ...]
    may_ask: tuple[str, ...]
    grants: tuple[Grant, ...]
    held: tuple[Held, ...]
    owns: tuple[Owned, ...]

    @property
    def contained(self) -> bool:
        """Whether nothing of theirs is let in, not even what is issued afresh."""
        return any(door.closed for door in self.doors) and all(door.closed for door in self.doors)

    @property
    def reached(self) -> tuple[Way, ...]:
        """What they reach by any way in that is open, themselves."""
        found = (way for door in self.doors if door.principal == self.id and not door.closed for way in door.ways)
        return tuple(dict.fromkeys(found))


def radius(known: Known, rules: Rules, book: Book, moment: Moment) -> Radius:
    """The blast radius of an identity."""
    who = known.principal
    mine = [grant for grant in moment.grants(book.grants) if grant.request.requester == who.key]
    owned = _owned(known, book, moment)
    doors = list(_doors(known, mine, rules, book, moment))
    for one in owned:
        account = Principal(SERVICE_ACCOUNTS, one.name, kind="service_account", owner=who.key)
        doors += _doors(Known(account, "account"), (), rules, book, moment)
    policies, own = rules.policies, rules.policies.own
    spending = _spending(who, [door for door in doors if door.principal == who.key], rules)
    budgets = tuple(dict.fromkeys(b for one in spending for b in one.budgets))
    units = [Unit.USD, *(unit for unit in Unit if unit is not Unit.USD and _counts((*budgets, *own.budgets), unit))]
    return Radius(
        id=who.key,
        at=moment.at,
        known=known,
        revision=policies.revision,
        since=rules.since,
        revocations=_about(who, owned, mine, book, moment),
        doors=tuple(doors),
        terms=terms(policies, (way for door in doors for way in door.ways)),
        own_limits=_own_limits(policies),
        most=tuple(most(who, spending, own.budgets, unit, per, rules.zone) for unit in units for per in _PERIODS),
        budgets=binding((*budgets, *own.budgets), who),
        may_ask=tuple(_may_ask(who, rules)),
        grants=tuple(mine),
        held=tuple(_held((who.key, *(f"{SERVICE_ACCOUNTS}:{one.name}" for one in owned)), book, moment)),
        owns=tuple(owned),
    )


def _doors(known: Known, grants: Sequence[Grant], rules: Rules, book: Book, moment: Moment) -> Iterable[Door]:
    who = known.principal
    alike: dict[tuple[tuple[Way, ...], str | None], list[str]] = {}
    for kind in _kinds(who, rules, book, moment):
        closed = moment.fresh(who, kind)
        reached = ways(rules.policies, who, kind, rules.offered)
        alike.setdefault((reached, None if closed is None else closed.id), []).append(kind)
    for (reached, shut), same in alike.items():
        yield Door(who.key, tuple(same), reached, closed=shut)
    if who.kind == "service_account":
        for scope in rules.exchange.get(who.subject, ()):
            yield _door(who, "exchange", None, scope, None, rules, moment)
    for grant in grants:
        if grant.state is GrantState.ACTIVE:
            # A token has the groups of whoever asked for it, as they were then, unless a directory says others.
            holder = who if known.source == "directory" else grant.request.principal
            yield _door(holder, "grant", grant.request.id, grant.request.scope, grant.ends, rules, moment)


def _kinds(who: Principal, rules: Rules, book: Book, moment: Moment) -> Sequence[str]:
    """The kinds of credential that somebody can have without asking for it."""
    if who.kind == "user":
        return rules.sign_ins.get(who.issuer, ())
    return ["service_account"] if any(key.name == who.subject and moment.key(key) for key in book.accounts) else []


def _door(
    who: Principal, kind: str, of: str | None, scope: Scope, ends: int | None, rules: Rules, moment: Moment
) -> Door:
    closed = moment.fresh(who, kind, **({} if of is None else {"grant": of}))
    reached = ways(rules.policies, who, kind, rules.offered, scope)
    return Door(who.key, (kind,), reached, of, scope, ends, None if closed is None else closed.id)


def _spending(who: Principal, doors: Sequence[Door], rules: Rules) -> list[Spending]:
    """What counts the calls of each policy by which they may do something, whichever way they come in."""
    policies = rules.policies
    by_name = {policy.name: policy for policy in policies.policies}
    always: dict[str, tuple[str, ...]] = {}
    for kind in dict.fromkeys(kind for door in doors for kind in door.credentials):
        about = [one for one in policies.about(policies.clauses(who, kind)) if not one.observe]
        for policy in about:
            here = always_with(about, policy, rules.offered)
            known = always.setdefault(policy.name, here)
            always[policy.name] = tuple(name for name in known if name in here)
    found: dict[str, list[str]] = {}
    for way in (way for door in doors for way in door.ways):
        # Where policies only observe, what is called is counted by the gateway alone.
        for name in way.policies if way.enforced else ("",):
            found.setdefault(name, []).append(way.connection)
    return [
        Spending(
            name,
            _demanded(by_name[name]) if name else (),
            always.get(name, (name,)),
            tuple(dict.fromkeys(connections)),
        )
        for name, connections in found.items()
    ]


def _demanded(policy: Compiled) -> tuple[Budget, ...]:
    """The budgets of what a policy permits: its own, and those that hold for its team."""
    return policy.limits.budgets + (() if policy.guard is None else policy.guard.limits.budgets)


def _owned(known: Known, book: Book, moment: Moment) -> list[Owned]:
    who = known.principal
    if who.kind == "service_account":
        return []
    keys: dict[str, list[ServiceAccount]] = {}
    for key in book.accounts:
        if moment.key(key) and owns(who.key, key, known.addresses):
            keys.setdefault(key.name, []).append(key)
    return [
        Owned(name, next((one.purpose for one in mine if one.purpose), None), tuple(one.id for one in mine))
        for name, mine in sorted(keys.items())
    ]


def _held(holders: Sequence[str], book: Book, moment: Moment) -> Iterable[Held]:
    for key in book.accounts:
        name = f"{SERVICE_ACCOUNTS}:{key.name}"
        if name in holders and moment.key(key):
            yield Held(key.id, "key", name, key.created, key.expires, None, _last(key.id, book, moment))
    for token in book.tokens:
        if token.principal.key in holders and moment.token(token):
            of = None if token.origin is Origin.LOGIN else token.source
            used = _last(token.id, book, moment)
            yield Held(token.id, f"{token.origin} token", token.principal.key, token.created, token.expires, of, used)


def _last(credential: str, book: Book, moment: Moment) -> Use | None:
    """The last use of a credential, where that is not later: of earlier ones nobody keeps the times."""
    used = book.uses.get(credential)
    return used if used is not None and used.at <= moment.at else None


def _about(
    who: Principal, owned: Sequence[Owned], grants: Sequence[Grant], book: Book, moment: Moment
) -> tuple[Revocation, ...]:
    """The revocations that stood and are about anything of theirs."""
    names = {who.key, who.subject if who.kind == "service_account" else who.key, *(one.name for one in owned)}
    names |= {f"{who.issuer}:{group}" for group in who.groups} | {grant.request.id for grant in grants}
    names |= {token.id for token in book.tokens if token.principal.key == who.key}
    names |= {key for one in owned for key in one.keys} | ({who.owner} if who.owner else set())
    names |= {f"{who.issuer}:{token.login}" for token in book.tokens if token.principal.key == who.key and token.login}
    return tuple(one for one in moment.standing if one.subject in names)


def _may_ask(who: Principal, rules: Rules) -> Iterable[str]:
    kinds = rules.sign_ins.get(who.issuer, ()) if who.kind == "user" else ("service_account",)
    found = dict.fromkeys(rule for kind in kinds for rule in rules.access.about(who, kind))
    for rule in found:
        by = "approved by the rule itself" if rule.needed == 0 else f"approved by {rule.needed} of {_by(rule.by)}"
        yield f"{rule.name}: {describe_scope(rule.scope)}, {by}"


def _by(by: Approvers) -> str:
    return ", ".join((*by.groups, *by.people)) or "nobody"


def _own_limits(policies: PolicySet) -> tuple[str, ...]:
    return tuple(text.partition(": ")[2] for text in describe_limits(policies.own))


def _counts(budgets: Iterable[Budget], unit: Unit) -> bool:
    return any(budget.unit is unit for budget in budgets)
