"""What somebody is said to reach, against the decisions about their calls."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from narrows.config.globs import Glob
from narrows.model.principal import Principal, Scope
from narrows.policy.reach import always_with, ways
from narrows.policy.scope import Reach
from property.test_policy_decisions import (
    CONNECTIONS,
    OPERATIONS,
    TWO,
    Asked,
    asks,
    models,
    policies,
    principals,
    scopes,
)
from unit.policy.world import compiled

OFFERED = {"openai": OPERATIONS, "claude": OPERATIONS[:3]}


@given(made=policies(), ask=asks, scope=st.none() | scopes)
def test_what_is_reached_is_what_is_permitted(made: list[dict[str, Any]], ask: Asked, scope: Scope | None) -> None:
    policy_set = compiled(*made, issuers=TWO)
    principal, connection, operation, model, credential = ask
    reached = ways(policy_set, principal, credential, OFFERED, scope)
    plan = policy_set.plan(*ask)
    inside = scope is None or Reach(scope).exceeded(connection, operation, model) is None
    permitted = plan.refusal is None and inside and operation in OFFERED[connection]
    ways_of_it = [way for way in reached if way.permits(connection, operation, model)]
    assert bool(ways_of_it) is permitted
    for way in ways_of_it:
        assert way.enforced is plan.enforced
        assert set(plan.policies) <= set(way.policies)
        watched = set(plan.observed) - {note.policy for note in plan.notes}
        assert watched <= set(way.observed)


@given(made=policies(), principal=principals, model=st.none() | models, connection=st.sampled_from(CONNECTIONS))
def test_whoever_always_applies_does(
    made: list[dict[str, Any]], principal: Principal, model: str | None, connection: str
) -> None:
    policy_set = compiled(*made, issuers=TWO)
    about = policy_set.about(policy_set.clauses(principal, "oidc"))
    for policy in about:
        with_it = always_with([one for one in about if not one.observe], policy, OFFERED)
        for operation in OFFERED[connection]:
            plan = policy_set.plan(principal, connection, operation, model, "oidc")
            if policy.name in plan.policies:
                assert set(with_it) <= set(plan.policies)


@given(made=policies(), principal=principals, scope=scopes)
def test_no_way_is_told_twice(made: list[dict[str, Any]], principal: Principal, scope: Scope) -> None:
    for way in ways(compiled(*made, issuers=TWO), principal, "oidc", OFFERED, scope):
        for globs in way.models:
            others = [other for other in way.models if other is not globs]
            assert not any(len(globs) == len(other) == 1 and Glob(other[0]).matches(globs[0]) for other in others)
