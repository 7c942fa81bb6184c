"""A compiled set of policies and the plans it gives. Lives as long as its snapshot; owns every cache of decisions.

A plan is cached by the who clauses a principal satisfies, the connection, the operation and the model globs that
matched — never by a string the caller chose — so that no caller can flood it; in front of that stands a handful of
plans by the model's name as it was written. What a call costs depends on the policies about its principal, not on how
many there are.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from narrows.config.entities import NOTHING, Vocabulary
from narrows.model.limits import NO_LIMITS, Limits
from narrows.model.plan import Plan
from narrows.model.principal import Principal
from narrows.model.principal import Scope as Granted
from narrows.policy.decide import Compiled, decide
from narrows.policy.globs import GlobSet
from narrows.policy.limits import CallRates, Permitting, call_rates, joined
from narrows.policy.recent import Recent
from narrows.policy.scope import Reach
from narrows.policy.who import WhoIndex

PRINCIPALS: Final = 4_096
SCOPES: Final = 4_096
PLANS: Final = 4_096
ASKED: Final = 32
"""Plans that are known of one standing by the model's name as it was written. Further names empty that memory and
nothing else."""


class Standing(msgspec.Struct, frozen=True, eq=False):
    """Everyone who satisfies the same clauses, by number: a number is a cheaper key than a long tuple. `asked` are
    their plans by what they asked for last: connection, operation and model."""

    number: int
    clauses: tuple[int, ...]
    asked: dict[tuple[str, str, str | None], Plan] = {}


class Scope(msgspec.Struct, frozen=True, eq=False):
    """What is decided but for the model: who, connection, operation. `globs` are the models named by the policies
    that could permit or watch the call."""

    number: int
    about: Sequence[Compiled]
    connection: str
    operation: str
    globs: GlobSet


class PolicySet:
    """Every policy of one snapshot."""

    def __init__(
        self,
        revision: str,
        policies: Sequence[Compiled],
        who: WhoIndex,
        *,
        issuers: Sequence[str] = (),
        connections: Sequence[str] = (),
        vocabulary: Vocabulary = NOTHING,
        own: Limits = NO_LIMITS,
        guards: Sequence[Compiled] = (),
    ) -> None:
        """`issuers` and `connections` are the configured names, for those who explain or test policies, and so is
        `vocabulary`, of the entities. `own` are the gateway's limits. `guards` are what holds for teams: they permit
        nothing, and policies of teams refer to them."""
        self.revision: Final = revision
        self.policies: Final = tuple(policies)
        self.who: Final = who
        self.issuers: Final = tuple(issuers)
        self.connections: Final = tuple(connections)
        self.vocabulary: Final = vocabulary
        self.own: Final = own
        whole = (*policies, *guards)
        self.guards: Final = tuple(guards)
        self.masks: Final = tuple(mask for policy in whole for mask in policy.masks)
        self.replies: Final = tuple(rule for policy in whole for rule in policy.replies)
        self.rules: Final = tuple(rule for policy in whole for rule in policy.rules)
        by_clause: dict[int, list[Compiled]] = {}
        for policy in policies:
            by_clause.setdefault(policy.clause, []).append(policy)
        self._by_clause: Mapping[int, Sequence[Compiled]] = by_clause
        self._order = {policy.name: place for place, policy in enumerate(policies)}
        self._standings: Recent[tuple[int, ...], Standing] = Recent(PRINCIPALS)
        self._principals: Recent[int, tuple[Principal, str | None, Standing]] = Recent(PRINCIPALS)
        self._scopes: Recent[tuple[int, str, str], Scope] = Recent(SCOPES)
        self._plans: Recent[tuple[int, tuple[int, ...] | None], Plan] = Recent(PLANS)
        self._usable: Recent[tuple[int, str], Callable[[str], bool]] = Recent(SCOPES)
        self._rates: Recent[tuple[int, str, str], CallRates] = Recent(SCOPES)
        self._reaches: Recent[Granted, Reach] = Recent(SCOPES)
        self._made = 0

    @property
    def read_entities(self) -> frozenset[str]:
        """The entities that masks and rules on replies name: plug-ins that find one of them are asked. Rules on prompts
        ask none."""
        named = [entry.entities for entry in self.masks] + [rule.entities for rule in self.replies]
        return frozenset[str]().union(*named)

    @property
    def limited(self) -> bool:
        """Whether some call is limited by more than its own size."""
        whole = (*self.policies, *self.guards)
        return self.own is not NO_LIMITS or any(policy.limits is not NO_LIMITS for policy in whole)

    def clauses(self, principal: Principal, credential: str | None = None) -> tuple[int, ...]:
        """The who clauses this principal satisfies with this kind of credential; None: it is not known."""
        return self._standing(principal, credential).clauses

    def _standing(self, principal: Principal, credential: str | None) -> Standing:
        """Cached by the object, which the cache keeps alive: an authenticator gives the same object for the same
        credential, and a principal's attributes have no hash."""
        known = self._principals.get(id(principal))
        if known is not None and known[0] is principal and known[1] == credential:
            return known[2]
        clauses = self.who.satisfied(principal, credential)
        standing = self._standings.get(clauses)
        if standing is None:
            self._made += 1
            standing = Standing(self._made, clauses)
            self._standings.put(clauses, standing)
        self._principals.put(id(principal), (principal, credential, standing))
        return standing

    def about(self, clauses: tuple[int, ...]) -> tuple[Compiled, ...]:
        """The policies about whoever satisfies these clauses, in the order of the configuration. A team's is about
        nobody whom its bounds are not about."""
        found = [
            policy
            for clause in clauses
            for policy in self._by_clause.get(clause, ())
            if policy.guard is None or policy.guard.clause in clauses
        ]
        return tuple(sorted(found, key=lambda policy: self._order[policy.name]))

    def plan(
        self, principal: Principal, connection: str, operation: str, model: str | None, credential: str | None = None
    ) -> Plan:
        """What applies to such a call. `model` is the name the caller used, before aliases; `credential` the kind of
        what they presented."""
        standing = self._standing(principal, credential)
        asked = (connection, operation, model)
        known = standing.asked.get(asked)
        if known is not None:
            return known
        scope = self._scopes.get((standing.number, connection, operation))
        if scope is None:
            scope = self._scope(standing, connection, operation)
        matched = None if model is None else scope.globs.matched(model)
        plan = self._plans.get((scope.number, matched))
        if plan is None:
            plan = self._decide(scope, matched)
        if len(standing.asked) >= ASKED:
            standing.asked.clear()
        standing.asked[asked] = plan
        return plan

    def usable(self, principal: Principal, connection: str, credential: str | None = None) -> Callable[[str], bool]:
        """Says of a model's name whether the principal may use it for anything that runs a model."""
        standing = self._standing(principal, credential)
        known = self._usable.get((standing.number, connection))
        if known is None:
            known = self._runnable(standing.clauses, connection)
            self._usable.put((standing.number, connection), known)
        return known

    def rates(self, principal: Principal, connection: str, operation: str, credential: str | None = None) -> CallRates:
        """The rates of calls by which such a call can be refused before its model is known."""
        standing = self._standing(principal, credential)
        known = self._rates.get((standing.number, connection, operation))
        if known is None:
            permitting = (
                Permitting(_demanded(policy), surely=_everything(policy))
                for policy in self.about(standing.clauses)
                if not policy.observe and connection in policy.connections and policy.does(operation)
            )
            known = call_rates(tuple(permitting), self.own)
            self._rates.put((standing.number, connection, operation), known)
        return known

    def reach(self, scope: Granted) -> Reach:
        """The scope of a credential, ready to be asked."""
        reach = self._reaches.get(scope)
        if reach is None:
            reach = Reach(scope)
            self._reaches.put(scope, reach)
        return reach

    def _scope(self, standing: Standing, connection: str, operation: str) -> Scope:
        about = self.about(standing.clauses)
        globs = GlobSet(
            text
            for policy in about
            if connection in policy.connections and policy.does(operation)
            for text in policy.globs
        )
        self._made += 1
        scope = Scope(self._made, about, connection, operation, globs)
        self._scopes.put((standing.number, connection, operation), scope)
        return scope

    def _decide(self, scope: Scope, matched: tuple[int, ...] | None) -> Plan:
        if matched is None:
            plan = decide(scope.about, scope.connection, scope.operation, None, self.revision, self.own)
        else:
            hits = {scope.globs.texts[index] for index in matched}
            plan = decide(
                scope.about,
                scope.connection,
                scope.operation,
                lambda policy: policy.runs(hits),
                self.revision,
                self.own,
            )
        self._plans.put((scope.number, matched), plan)
        return plan

    def _runnable(self, clauses: tuple[int, ...], connection: str) -> Callable[[str], bool]:
        here = [policy for policy in self.about(clauses) if connection in policy.connections]
        enforcing = [policy for policy in here if not policy.observe]
        if not enforcing and any(policy.guard is None for policy in here):
            return GlobSet(("*",)).covers
        running = [policy for policy in enforcing if policy.generates]
        free = GlobSet(text for policy in running if policy.guard is None for text in policy.globs)
        bound = [policy for policy in running if policy.guard is not None]
        if not bound:
            return free.covers
        globs = GlobSet(text for policy in bound for text in policy.globs)

        def runs(model: str) -> bool:
            if free.covers(model):
                return True
            hits = {globs.texts[index] for index in globs.matched(model)}
            return any(policy.runs(hits) for policy in bound)

        return runs


def _demanded(policy: Compiled) -> Limits:
    """The limits of what the policy permits: its own, and those that hold for its team."""
    return policy.limits if policy.guard is None else joined((policy.limits, policy.guard.limits))


def _everything(policy: Compiled) -> bool:
    """Whether it permits every model there is."""
    both = (policy,) if policy.guard is None else (policy, policy.guard)
    return all(one.models is not None and one.models.everything for one in both)
