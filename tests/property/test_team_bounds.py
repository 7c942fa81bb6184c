"""Teams: nothing outside the bounds is permitted by a team's policy, whatever the policy says; what the organisation
demands of the team is demanded of every call that one permits; and no policy of a team takes a restriction away."""

import re
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from narrows.config.globs import meets, within
from narrows.config.guards import guarded
from narrows.config.policies import Policy
from narrows.config.schema import Config
from narrows.config.teams import owned as of_team
from narrows.model.plan import Plan
from narrows.model.principal import Scope
from narrows.policy.compile import compile_policies
from narrows.policy.explain import explain
from narrows.policy.globs import narrowed
from narrows.policy.limits import each_limit, exhausted
from narrows.policy.personas import usual_credential
from narrows.policy.policyset import PolicySet
from narrows.policy.reach import ways
from narrows.policy.scope import Reach
from property.test_policy_decisions import (
    CONNECTIONS,
    OPERATIONS,
    TWO,
    Asked,
    any_covers,
    asks,
    clauses,
    covers,
    globs,
    is_about,
    masks,
    models,
    policies,
    presented,
    principals,
    restrictions,
    scopes,
)
from unit.policy.world import VOCABULARY, compiled, denying, limiting, settings

Plain = dict[str, Any]


@st.composite
def teams(draw: st.DrawFn) -> list[Plain]:
    made = []
    for name in ("red", "blue")[: draw(st.integers(1, 2))]:
        may: Plain = {
            "connections": draw(st.lists(st.sampled_from([*CONNECTIONS, "*"]), min_size=1, max_size=2)),
            "operations": draw(st.lists(st.sampled_from([*OPERATIONS, "*", "c*"]), min_size=1, max_size=2)),
            "parameters": draw(st.lists(st.sampled_from(["n", "store"]), max_size=2)),
            "justification": draw(st.sampled_from(["optional", "required"])),
        }
        if draw(st.integers(0, 3)):
            may["models"] = draw(st.lists(globs, min_size=1, max_size=2))
        made.append(
            {
                "name": name,
                "bounds": {"who": draw(clauses()), "may": may},
                "limits": limiting(
                    output_tokens=900,
                    calls=["9 / minute"] if draw(st.booleans()) else [],
                    budgets=["5 usd / day / user"] if draw(st.booleans()) else [],
                ),
                "prompts": [denying("y")] if draw(st.booleans()) else [],
                "mask": [draw(masks) for _ in range(draw(st.integers(0, 1)))],
                "approvals": [{"operations": ["chat"], "by": ["corp:chiefs"]}] if draw(st.booleans()) else [],
            }
        )
    return made


def world(made: list[Plain], bounds: list[Plain], owned: list[Plain]) -> PolicySet:
    """The policies of a file, and those of its teams, each with the team of its number."""
    plain = msgspec.convert(bounds, Config.__annotations__["teams"].__origin__)
    config = msgspec.structs.replace(settings(*made, issuers=TWO), teams=plain)
    written = [of_team(bounds[at % len(bounds)]["name"], msgspec.convert(one, Policy)) for at, one in enumerate(owned)]
    return compile_policies(guarded(config, written), VOCABULARY)


def named(bounds: list[Plain], owned: list[Plain]) -> list[Plain]:
    """The policies of teams with their whole names, of one team after the other."""
    return [{**one, "name": f"{bounds[at % len(bounds)]['name']}/{one['name']}"} for at, one in enumerate(owned)]


NOBODYS: Plain = {
    "name": "file",
    "who": {"users": ["corp:nobody"]},
    "may": {"connections": ["openai"], "models": ["*"], "operations": ["*"], "parameters": []},
}


def inside(team: Plain, asked: Asked) -> bool:
    principal, connection, operation, model, credential = asked
    may = team["bounds"]["may"]
    return (
        is_about(team["bounds"]["who"], principal, credential)
        and any_covers(may["connections"], connection)
        and any_covers(may["operations"], operation)
        and (model is None or any_covers(may.get("models"), model))
    )


def demanded(plan: Plan, team: Plain) -> bool:
    """Whether all that the organisation demands of a team is in a plan."""
    guard = f"team:{team['name']}"
    limits = {limit.policy for limit in plan.output_tokens if limit.value == 900}
    counted = [limit for limit in each_limit(plan.limits) if limit.policy == guard]
    wanted = len(team["limits"]["calls"]) + len(team["limits"]["budgets"])
    return (
        guard in limits
        and len(counted) == wanted
        and sum(rule.policy == guard for rule in plan.rules) == len(team["prompts"])
        and sum(mask.policy == guard for mask in plan.masks) == len(team["mask"])
        and sum(condition.requirement.policy == guard for condition in plan.approvals) == len(team["approvals"])
    )


@given(bounds=teams(), owned=policies(), asked=st.lists(asks, min_size=1, max_size=8))
def test_nothing_outside_the_bounds_is_permitted_and_all_that_is_demanded_holds(
    bounds: list[Plain], owned: list[Plain], asked: list[Asked]
) -> None:
    policy_set = world([NOBODYS], bounds, owned)
    by_name = {team["name"]: team for team in bounds}
    teams_of = {one["name"]: by_name[one["name"].partition("/")[0]] for one in named(bounds, owned)}
    settings_of = {one["name"]: one for one in named(bounds, owned)}
    for ask in [*asked, *asked]:
        plan = policy_set.plan(*ask)
        principal, connection, operation, model, credential = ask
        permitted = []
        for name, one in settings_of.items():
            may = one["may"]
            if (
                one["mode"] == "enforce"
                and is_about(one["who"], principal, credential)
                and any_covers(may["connections"], connection)
                and any_covers(may["operations"], operation)
                and (model is None or any_covers(may.get("models"), model))
                and inside(teams_of[name], ask)
            ):
                permitted.append(name)
        assert (plan.refusal is None) is bool(permitted)
        if plan.refusal is not None:
            continue
        assert plan.enforced
        assert list(plan.policies) == permitted
        joined = {teams_of[name]["name"]: teams_of[name] for name in permitted}
        assert all(demanded(plan, team) for team in joined.values())
        assert plan.parameters == {
            parameter
            for name in permitted
            for parameter in settings_of[name]["may"]["parameters"]
            if parameter in teams_of[name]["bounds"]["may"]["parameters"]
        }
        wanting = {f"team:{t['name']}" for t in joined.values() if t["bounds"]["may"]["justification"] == "required"}
        assert set(plan.justification) == (set() if operation in ("models", "count_tokens") else wanting)


@given(made=policies(), bounds=teams(), owned=policies(), ask=asks)
def test_a_policy_of_a_team_takes_no_restriction_of_another_away(
    made: list[Plain], bounds: list[Plain], owned: list[Plain], ask: Asked
) -> None:
    before = world(made, bounds, owned[1:]).plan(*ask)
    after = world(made, bounds, [*owned[1:], {**owned[0], "name": "p9"}]).plan(*ask)
    if before.refusal is not None:
        return
    if before.enforced and after.enforced:
        assert after.refusal is None
    if after.refusal is not None:
        return
    for old, new in zip(restrictions(before), restrictions(after), strict=True):
        assert old <= new
    assert {c.requirement.policy for c in before.approvals} <= {c.requirement.policy for c in after.approvals}
    assert set(before.justification) <= set(after.justification)
    assert before.media or not after.media
    assert after.inspects or not before.inspects


@given(made=policies(), bounds=teams(), ask=asks)
def test_where_no_team_has_a_policy_its_settings_change_nothing(
    made: list[Plain], bounds: list[Plain], ask: Asked
) -> None:
    with_teams, without = world(made, bounds, []).plan(*ask), compiled(*made, issuers=TWO).plan(*ask)
    for name in (
        "refusal",
        "policies",
        "observed",
        "parameters",
        "media",
        "inspects",
        "enforced",
        "limits",
        "approvals",
    ):
        assert getattr(with_teams, name) == getattr(without, name)
    assert restrictions(with_teams) == restrictions(without)


@given(bounds=teams(), owned=policies(), principal=principals, connection=st.sampled_from(CONNECTIONS), model=models,
       held=presented)  # fmt: skip
def test_no_model_is_hidden_that_a_team_may_run(
    bounds: list[Plain], owned: list[Plain], principal: Any, connection: str, model: str, held: str | None
) -> None:
    policy_set = world([NOBODYS], bounds, owned)
    runs = any(
        policy_set.plan(principal, connection, operation, model, held).refusal is None
        for operation in ("chat", "embeddings")
    )
    shown = policy_set.usable(principal, connection, held)(model)
    assert shown or not runs


@given(bounds=teams(), owned=policies(), ask=asks, full=st.sets(st.sampled_from(["red/p0", "blue/p1", "team:red"])))
def test_what_is_refused_before_its_model_is_known_would_be_refused_with_it(
    bounds: list[Plain], owned: list[Plain], ask: Asked, full: set[str]
) -> None:
    policy_set = world([NOBODYS], bounds, owned)
    principal, connection, operation, _, credential = ask
    early = exhausted(policy_set.rates(principal, connection, operation, credential), lambda rate: rate.policy in full)
    plan = policy_set.plan(*ask)
    if early is not None:
        late = {rate.policy for rate in plan.limits.rates if not rate.observe and rate.policy in full}
        assert plan.refusal is not None or late


@given(bounds=teams(), owned=policies(), ask=asks)
def test_an_explanation_agrees_with_the_decision(bounds: list[Plain], owned: list[Plain], ask: Asked) -> None:
    policy_set = world([NOBODYS], bounds, owned)
    *asked, credential = ask
    said = explain(policy_set, *asked, credential=credential)
    plan = policy_set.plan(*asked, credential or usual_credential(ask[0]))
    applying = {answer.policy for answer in said.policies if answer.applies and answer.mode == "enforce"}
    assert applying == set(plan.policies)


@given(one=globs, other=globs, value=models)
def test_globs_within_and_meeting_each_other_are_what_their_strings_are(one: str, other: str, value: str) -> None:
    if covers(one, value):
        assert covers(other, value) or not within(one, other)
        assert meets(one, other) or not covers(other, value)
    assert meets(one, other) is meets(other, one)
    assert not within(one, other) or meets(one, other)
    # What a glob stands for at least, and with each star as a letter that is in neither.
    if not within(one, other):
        assert not all(re.fullmatch(_pattern(other), one.replace("*", filler)) for filler in ("", "c", "cc"))


def _pattern(glob: str) -> str:
    return ".*".join(map(re.escape, glob.split("*")))


@given(texts=st.lists(globs, max_size=3), bounds=st.lists(globs, max_size=3), value=models)
def test_nothing_that_both_cover_is_lost_by_narrowing(texts: list[str], bounds: list[str], value: str) -> None:
    if any_covers(texts, value) and any_covers(bounds, value):
        assert any_covers(narrowed(texts, bounds), value)
    if any_covers(narrowed(texts, bounds), value):
        assert any_covers(texts, value)


@given(made=policies(), bounds=teams(), owned=policies(), ask=asks, scope=st.none() | scopes)
def test_what_is_reached_is_what_is_permitted(
    made: list[Plain], bounds: list[Plain], owned: list[Plain], ask: Asked, scope: Scope | None
) -> None:
    policy_set = world(made, bounds, owned)
    principal, connection, operation, model, credential = ask
    reached = ways(policy_set, principal, credential, dict.fromkeys(CONNECTIONS, OPERATIONS), scope)
    plan = policy_set.plan(*ask)
    inside = scope is None or Reach(scope).exceeded(connection, operation, model) is None
    ways_of_it = [way for way in reached if way.permits(connection, operation, model)]
    assert bool(ways_of_it) is (plan.refusal is None and inside)
    for way in ways_of_it:
        assert way.enforced is plan.enforced
        assert set(plan.policies) <= set(way.policies)
