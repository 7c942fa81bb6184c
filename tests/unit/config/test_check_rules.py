"""Rules that say nothing, two things, or look for nothing are problems with a key."""

from typing import Any

import pytest

from narrows.config.check_rules import KINDS, RuleChecks
from narrows.config.rules import Matching
from unit.policy.world import policy, settings


def problems(**sections: Any) -> list[tuple[str, str]]:
    checks = RuleChecks()
    checks.rules("policies[0]", settings(policy("a", **sections)).policies[0])
    return [(problem.key.removeprefix("policies[0]."), problem.message) for problem in checks.problems]


@pytest.mark.parametrize("section", ["prompts", "responses"])
@pytest.mark.parametrize(
    ("entry", "place", "said"),
    [
        ({}, "[0]", "says nothing"),
        ({"deny": {"words": ["x"]}, "flag": {"words": ["x"]}}, "[0]", "says deny and flag"),
        ({"deny": {"name": "n"}}, "[0].deny", "looks for nothing"),
        ({"flag": {"words": ["x", "  "]}}, "[0].flag.words[1]", "is empty"),
    ],
)
def test_what_is_wrong_is_told_with_its_key(section: str, entry: dict[str, Any], place: str, said: str) -> None:
    ((key, message),) = problems(**{section: [entry]})
    assert (key, message) == (f"{section}{place}", said)


def test_names_are_shared_by_prompts_and_replies() -> None:
    rule = {"deny": {"words": ["x"], "name": "n"}}
    ((key, message),) = problems(prompts=[rule], responses=[rule])
    assert key == "responses[0].deny.name"
    assert message == "another rule of this policy is already called n"


def test_what_looks_for_something_is_fine() -> None:
    entries = [{"deny": {"pattern": "x"}}, {"flag": {"words": ["x"]}}, {"deny": {"entities": ["X"]}}]
    assert problems(prompts=[*entries, {"allow": {"labels": ["topic:*"]}}], responses=entries) == []


def test_every_kind_is_a_setting() -> None:
    assert set(KINDS) <= set(Matching.__struct_fields__)


def test_packs_are_not_for_what_is_allowed() -> None:
    assert problems(prompts=[{"flag": {"packs": ["*"]}}, {"deny": {"packs": ["*"]}}]) == []
    ((key, message),) = problems(prompts=[{"allow": {"packs": ["template-tokens"]}}])
    assert (key, message) == ("prompts[0].allow.packs", "packs are of what is not wanted")


def test_a_rule_is_not_called_like_what_could_not_be_read() -> None:
    ((key, _),) = problems(prompts=[{"deny": {"words": ["x"], "name": "unread"}}])
    assert key == "prompts[0].deny.name"
