from narrows.config.teams import is_guard, owned, team_of
from unit.config.teams import policy, team


def test_what_holds_for_a_team_has_the_form_of_a_policy_with_its_bounds() -> None:
    red = team("red", limits={"prompt_tokens": 5}, mask=[{"entities": ["US_SSN"]}])
    guard = red.guard
    assert guard.name == "team:red"
    assert is_guard(guard.name)
    assert team_of(guard.name) is None
    assert (guard.who, guard.may) == (red.bounds.who, red.bounds.may)
    assert guard.limits.prompt_tokens == 5
    assert guard.mask == red.mask
    assert guard.mode == "enforce"
    assert guard.media == "refuse"


def test_a_policy_of_a_team_is_called_after_both() -> None:
    one = owned("red", policy("nightly"))
    assert one.name == "red/nightly"
    assert team_of(one.name) == "red"
    assert not is_guard(one.name)
    assert team_of("nightly") is None
