from typing import Any

import pytest

from narrows.config.check import check
from narrows.config.guards import guarded
from narrows.config.policies import Policy
from narrows.config.schema import Config
from narrows.config.teams import owned
from unit.config.teams import config, policy, team


def problems(settings: Config) -> list[tuple[str, str]]:
    return [(each.key, each.message) for each in check(settings)[0]]


def warnings(settings: Config) -> dict[str, str]:
    return {each.key: each.message for each in check(settings)[1]}


def test_a_team_with_admins_is_in_order() -> None:
    assert problems(config(team("red", admins=["leads", "user:ana", "corp:chiefs"]))) == []


def test_two_teams_of_one_name_are_a_problem() -> None:
    assert problems(config(team("red"), team("red"))) == [("teams[1].name", "another team is already called red")]


@pytest.mark.parametrize("name", ["", " leads", "lead*", "corp:", "user:", ":leads"])
def test_members_are_named_exactly(name: str) -> None:
    assert [key for key, _ in problems(config(team("red", admins=[name])))] == ["teams[0].admins[0]"]


def test_with_several_issuers_a_member_says_whose_it_is() -> None:
    red = team("red", admins=["leads", "corp:leads", "user:old:ana"])
    found = [key for key, _ in problems(config(red, issuers=("corp", "old")))]
    assert found == ["teams[0].bounds.who.groups[0]", "teams[0].admins[0]"]


def test_what_is_wrong_in_bounds_is_told_of_them() -> None:
    red = team("red", bounds={"connections": ["opnai"]})
    assert ("teams[0].bounds.may.connections[0]", "there is no connection `opnai`") in problems(config(red))


def owning(one: Policy, **bounds: Any) -> Config:
    return guarded(config(team("red", bounds=bounds, admins=["leads"])), [owned("red", one)])


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ({"connections": ["claude"]}, "connections[0]"),
        ({"models": ["gpt-4o-mini", "o3"]}, "models[1]"),
        ({"models": ["claude-*"]}, "models[0]"),
        ({"operations": ["embeddings"]}, "operations[0]"),
        ({"parameters": ["n"]}, "parameters[0]"),
    ],
)
def test_what_is_outside_the_bounds_for_certain_is_refused(more: dict[str, Any], key: str) -> None:
    assert [found for found, _ in problems(owning(policy("one", **more)))] == [f"policies[2].may.{key}"]


def test_models_where_the_bounds_have_none_are_refused() -> None:
    settings = owning(policy("one"), models=None)
    assert ("policies[2].may.models", "the team's bounds permit no models") in problems(settings)


def test_a_wider_glob_is_a_warning_that_says_what_is_left() -> None:
    found = warnings(owning(policy("one", models=["gpt-*"])))
    assert found["policies[2].may.models[0]"] == "`gpt-*` is wider than the team's bounds: narrowed to `gpt-4o-mini*`"


def test_a_glob_that_overlaps_is_a_warning() -> None:
    found = warnings(owning(policy("one", models=["*-2024"])))
    assert "narrowed to what `gpt-4o-mini*` also covers" in found["policies[2].may.models[0]"]


def test_what_is_within_the_bounds_is_in_order() -> None:
    settings = owning(policy("one", models=["gpt-4o-mini", "gpt-4o-mini-2024*"]))
    assert problems(settings) == []
    assert not [key for key in warnings(settings) if key.startswith("policies[2]")]


def test_a_policy_of_no_team_is_a_problem() -> None:
    settings = guarded(config(team("red")), [owned("blue", policy("one"))])
    assert ("policies[2].name", "there is no team `blue`") in problems(settings)


def test_a_teams_policy_that_observes_is_told_to_permit_nothing() -> None:
    assert "permits nothing" in warnings(owning(policy("one", mode="observe")))["policies[2].may"]
