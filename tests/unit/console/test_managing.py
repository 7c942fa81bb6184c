import pytest

from narrows.console.managing import team_of, written
from narrows.console.problems import Problem, Refused
from unit.console.teams import teams


def test_a_policy_is_kept_under_the_name_in_the_address() -> None:
    policy = {"who": {"users": ["ana"]}, "may": {"connections": ["openai"], "operations": ["models"]}}
    assert written(policy, "one").startswith("name: one\n")
    with pytest.raises(Refused) as refused:
        written({**policy, "name": "two"}, "one")
    assert refused.value.errors[0].field == "policy.name"
    with pytest.raises(Refused) as refused:
        written({**policy, "who": {"users": ["x" * 70_000]}}, "one")
    assert "larger" in refused.value.errors[0].message


def test_a_team_that_there_is_not_is_unknown() -> None:
    with pytest.raises(Refused) as refused:
        team_of(teams(), "green")
    assert refused.value.problem is Problem.TEAM_UNKNOWN
