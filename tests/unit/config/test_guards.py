from narrows.config.guards import filed, guarded, of_owned, settled
from narrows.config.problem import Problem
from narrows.config.teams import owned
from unit.config.teams import config, policy, team


def test_guards_come_behind_the_files_policies_and_before_the_teams_own() -> None:
    whole = guarded(config(team("red"), team("blue")), [owned("blue", policy("one"))])
    assert [each.name for each in whole.policies] == ["file", "team:red", "team:blue", "blue/one"]
    assert [each.name for each in filed(whole)] == ["file"]
    assert [each.name for each in guarded(whole).policies] == ["file", "team:red", "team:blue"]


def test_without_teams_nothing_is_another() -> None:
    plain = config()
    assert guarded(plain, [owned("red", policy("one"))]) is plain


def test_a_problem_of_what_holds_for_a_team_is_told_of_the_teams_settings() -> None:
    whole = guarded(config(team("red"), team("blue")))

    def key(said: str) -> str:
        return settled(whole, Problem(said, "is wrong")).key

    assert key("policies[2].who.groups[0]") == "teams[1].bounds.who.groups[0]"
    assert key("policies[1].may.models") == "teams[0].bounds.may.models"
    assert key("policies[1].limits.budgets[2]") == "teams[0].limits.budgets[2]"
    assert key("policies[0].who") == "policies[0].who"
    assert key("policies[9].who") == "policies[9].who"
    assert key("gate.listen") == "gate.listen"


def test_a_problem_of_a_teams_policy_is_told_as_its_own() -> None:
    whole = guarded(config(team("red")), [owned("red", policy("one"))])
    found = of_owned(whole, Problem("policies[2].may.models[0]", "is wrong"))
    assert found == ("red/one", Problem("may.models[0]", "is wrong"))
    assert of_owned(whole, Problem("policies[1].may", "is wrong")) is None
    assert of_owned(whole, Problem("store", "is wrong")) is None
