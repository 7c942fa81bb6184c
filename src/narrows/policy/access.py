"""Access that is asked for, judged: which rule it falls under, who may approve it, and what has become of it. Pure.

What is decided here, and nowhere else:

- The first rule that is about whoever asks, covers all that is asked, and permits it for so long, is the one that
  judges. What is asked may hold globs: a rule covers one if it covers everything that it could stand for.
- Who may approve is judged as for held calls: nobody for themselves, whichever identity of theirs they come with as far
  as providers tell that, as many different people as the rule needs, each entitled when they said so, before the
  question lapsed. Nothing is taken back by a later change of the rule.
- Access begins when it is approved and lasts as long as was asked.
- Whatever takes access away counts, whoever said it.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from narrows.config.access import AccessRule
from narrows.config.schema import Config
from narrows.model.access import Grant, GrantAct, GrantState, Request, Step
from narrows.model.approval import Approvers, Requirement
from narrows.model.principal import Principal, Scope
from narrows.policy.approvals import barred, may_approve
from narrows.policy.asking import approvers, span_words
from narrows.policy.globs import GlobSet
from narrows.policy.scope import Reach
from narrows.policy.who import Clause, WhoIndex, normalise

LONGEST_REASON: Final = 4_000
"""Characters of a reason."""

MOST_NAMED: Final = 32
"""Names or globs of each kind in one request."""

LONGEST_NAME: Final = 200
"""Characters of one of them."""

NAMING: Final = ("email", "preferred_username", "upn")
"""Claims that name a person beside their subject, where the issuer's `attributes` keep them."""

_MICROS: Final = 1_000_000


class Rule(msgspec.Struct, frozen=True, eq=False):
    """A rule of access, ready to be asked. `longest` and `expires` are in microseconds; `needed` of 0: it approves
    itself."""

    name: str
    clause: int
    scope: Scope
    reach: Reach
    longest: int
    by: Approvers
    needed: int
    expires: int
    network: bool
    certificate: bool
    message: str | None


class NotCovered(msgspec.Struct, frozen=True):
    """Why nothing can be asked so."""

    message: str


class AccessRules:
    """The rules of one configuration."""

    def __init__(self, rules: Sequence[Rule], who: WhoIndex, connections: Sequence[str]) -> None:
        self.rules: Final = tuple(rules)
        self._who = who
        self._connections = tuple(connections)

    def about(self, principal: Principal, credential: str) -> Sequence[Rule]:
        """The rules by which somebody may ask for access, with this kind of credential."""
        satisfied = frozenset(self._who.satisfied(principal, credential))
        return [rule for rule in self.rules if rule.clause in satisfied]

    def judge(
        self, principal: Principal, credential: str, scope: Scope, span: int, *, certificate: bool = False
    ) -> Rule | NotCovered:
        """The rule by which it is judged whether somebody gets access for so long, in microseconds. `certificate`:
        they give a client certificate to bind it to."""
        wrong = self._malformed(scope)
        if wrong is not None:
            return NotCovered(wrong)
        mine = self.about(principal, credential)
        if not mine:
            return NotCovered("no rule of access is about you")
        covering = [rule for rule in mine if _exceeding(rule, scope) is None]
        if not covering:
            offers = "; ".join(describe_scope(rule.scope) for rule in mine)
            return NotCovered(f"{_exceeding(mine[0], scope)}; you may ask for {offers}")
        lasting_enough = [rule for rule in covering if span <= rule.longest]
        if not lasting_enough:
            longest = max(covering, key=lambda rule: rule.longest)
            return NotCovered(f"rule {longest.name} gives access for at most {span_words(longest.longest)}")
        usable = [rule for rule in lasting_enough if certificate or not rule.certificate]
        if not usable:
            return NotCovered(f"rule {lasting_enough[0].name} binds access to a client certificate: give yours")
        return usable[0]

    def _malformed(self, scope: Scope) -> str | None:
        for name, values in (("connection", scope.connections), ("operation", scope.operations)):
            if not values:
                return f"name at least one {name}"
        for name, values in zip(Scope.__struct_fields__, msgspec.structs.astuple(scope), strict=True):
            if len(values) > MOST_NAMED:
                return f"name at most {MOST_NAMED} {name}"
            for value in values:
                if not value or value != value.strip() or not value.isprintable() or len(value) > LONGEST_NAME:
                    return f"{value[:LONGEST_NAME]!r} is no name or glob of {name}"
        for glob in scope.connections:
            reach = GlobSet((glob,))
            if not any(reach.covers(name) for name in self._connections):
                return f"there is no connection {glob!r}; there are: {', '.join(self._connections)}"
        return None


NO_RULES: Final = AccessRules((), WhoIndex(()), ())
"""Nothing can be asked for."""


def compile_access(config: Config) -> AccessRules:
    """The rules of a checked configuration."""
    issuers = config.identity.people
    numbers: dict[Clause, int] = {}
    rules = [
        _compiled(rule, numbers.setdefault(normalise(rule.who, issuers), len(numbers)), issuers)
        for rule in config.access.rules
    ]
    return AccessRules(rules, WhoIndex(tuple(numbers)), tuple(config.connections))


def _compiled(rule: AccessRule, clause: int, issuers: Sequence[str]) -> Rule:
    scope = Scope(rule.may.connections, rule.may.models or (), rule.may.operations)
    by = rule.approve.by
    return Rule(
        name=rule.name,
        clause=clause,
        scope=scope,
        reach=Reach(scope),
        longest=round(rule.longest * _MICROS),
        by=Approvers() if by is None else approvers(by, issuers),
        needed=0 if by is None else rule.approve.needed,
        expires=round(rule.expires * _MICROS),
        network="network" in rule.bind,
        certificate="certificate" in rule.bind,
        message=rule.message,
    )


def _exceeding(rule: Rule, scope: Scope) -> str | None:
    """What of a scope the rule does not cover. A glob of the rule covers a glob that is asked for if it matches its
    text: what a `*` stands for there is then matched by a `*` here, whatever it is."""
    models: Sequence[str | None] = scope.models or (None,)
    for connection in scope.connections:
        for operation in scope.operations:
            for model in models:
                if rule.reach.exceeded(connection, operation, model) is not None:
                    of = "" if model is None else f" of {model}"
                    return f"no rule lets you ask for {operation}{of} on {connection}"
    return None


def describe_scope(scope: Scope) -> str:
    """A scope in words: `chat of gpt-4o* on openai`."""
    models = f" of {', '.join(scope.models)}" if scope.models else ""
    return f"{', '.join(scope.operations)}{models} on {', '.join(scope.connections)}"


def asked(
    rule: Rule,
    ident: str,
    principal: Principal,
    scope: Scope,
    span: int,
    reason: str,
    at: int,
    *,
    certificate: str | None = None,
    address: str = "",
) -> Request:
    """The request, as this rule judges it. `certificate` is the SHA-256, in hex, of the one to bind it to: it is bound
    to what its requester gives, whether the rule wants that or not."""
    return Request(
        id=ident,
        principal=principal,
        scope=scope,
        span=span,
        reason=reason,
        at=at,
        expires=at + rule.expires,
        rule=rule.name,
        by=rule.by,
        needed=rule.needed,
        network=rule.network,
        certificate=certificate,
        address=address,
    )


def names_of(principal: Principal) -> tuple[str, ...]:
    """Other names of somebody that their issuer vouches for."""
    return tuple(sorted({name for claim in NAMING for name in principal.attributes.get(claim, ())}))


def is_theirs(request: Request, who: str, names: Iterable[str]) -> bool:
    """Whether somebody decides nothing about a request because it is their own: also where another issuer knows them,
    and both tell the same address. `names` are other names of theirs."""
    principal = request.principal
    called = {name.casefold() for name in names_of(principal) if "@" in name}
    known = tuple(names)
    return barred(who, request.requester, principal.owner, known) or any(name.casefold() in called for name in known)


def entitled(request: Request, who: str, groups: Sequence[str]) -> bool:
    """Whether somebody may decide about a request: the judgement is that of held calls."""
    requirement = Requirement("access", request.rule, "", request.by, request.needed, 0, request.expires - request.at)
    return may_approve(requirement, who, groups, request.requester, request.principal.owner, 0)


def standing(
    request: Request, acts: Sequence[GrantAct], now: int, *, revoked: bool = False, contained: bool = False
) -> Grant:
    """What has become of a request. `acts` are in the order in which they were written. `revoked`: the grant was;
    `contained`: whoever asked is, or was revoked since they asked."""
    state, starts = GrantState.PENDING, None
    approved: set[str] = set()
    if request.needed == 0:
        state, starts = GrantState.ACTIVE, request.at
    for act in acts:
        if act.step is Step.REVOKE and state in (GrantState.PENDING, GrantState.ACTIVE):
            state = GrantState.REVOKED
        elif state is not GrantState.PENDING:
            continue
        elif act.step is Step.CANCEL:
            state = GrantState.CANCELLED
        elif act.at < request.expires and entitled(request, act.who, act.groups):
            if act.step is Step.REJECT:
                state = GrantState.REJECTED
            elif act.step is Step.APPROVE:
                approved.add(act.who)
                if len(approved) >= request.needed:
                    state, starts = GrantState.ACTIVE, act.at
    ends = None if starts is None else starts + request.span
    if state is GrantState.PENDING:
        state = _pending(request, now, contained=contained)
    elif state is GrantState.ACTIVE and ends is not None:
        state = GrantState.REVOKED if revoked else GrantState.ACTIVE if now < ends else GrantState.ENDED
    return Grant(request, state, tuple(acts), starts, ends)


def _pending(request: Request, now: int, *, contained: bool) -> GrantState:
    if contained:
        return GrantState.CANCELLED
    return GrantState.PENDING if now < request.expires else GrantState.LAPSED


def objection(grant: Grant, act: GrantAct) -> str | None:
    """Why somebody may not say this of a request as it stands; None: they may."""
    request = grant.request
    reason = (act.reason or "").strip()
    if len(reason) > LONGEST_REASON:
        return f"a reason has at most {LONGEST_REASON} characters"
    if act.step is Step.REVOKE:
        return None if grant.state in (GrantState.PENDING, GrantState.ACTIVE) else _too_late(grant)
    if grant.state is not GrantState.PENDING:
        return _too_late(grant)
    if act.step is Step.CANCEL:
        return None
    if act.who == request.requester:
        return f"{act.who} asked for it, and nobody decides about their own access"
    if not entitled(request, act.who, act.groups):
        return f"{act.who} may not decide about {request.id}"
    if act.step is Step.REJECT and not reason:
        return "say why: a reason is needed"
    if act.step is Step.APPROVE and any(each.who == act.who for each in _approvals(grant)):
        return f"{act.who} has approved {request.id} already; others must, too"
    return None


def approved_by(grant: Grant) -> tuple[str, ...]:
    """Who has approved it, each once, in the order in which they did."""
    return tuple(dict.fromkeys(each.who for each in _approvals(grant)))


def _approvals(grant: Grant) -> Iterator[GrantAct]:
    for act in grant.acts:
        if act.step is Step.APPROVE and entitled(grant.request, act.who, act.groups):
            yield act


def _too_late(grant: Grant) -> str:
    words = {
        GrantState.ACTIVE: "is approved already",
        GrantState.REJECTED: "was rejected",
        GrantState.LAPSED: "has lapsed: nobody decided in time",
        GrantState.ENDED: "has ended",
        GrantState.REVOKED: "was revoked",
        GrantState.CANCELLED: "was cancelled",
    }
    return f"{grant.request.id} {words[grant.state]}"
