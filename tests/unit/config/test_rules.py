"""The settings of rules: their bounds, and what is given of an entry."""

from typing import Any, get_args

import msgspec
import pytest

from narrows.config.rules import PromptMatch, PromptRule, ReplyRule, RoleName
from narrows.model.text import Role


def test_roles_are_those_of_texts() -> None:
    assert set(get_args(RoleName)) == {role.value for role in Role}


def test_what_is_given_is_found_whatever_it_does() -> None:
    match = PromptMatch(words=("x",))
    assert PromptRule(flag=match).rules == PromptRule(allow=match).rules == (match,)
    assert PromptRule().rules == ReplyRule().rules == ()


@pytest.mark.parametrize(
    "plain",
    [
        {"deny": {"words": []}},
        {"deny": {"words": [""]}},
        {"deny": {"words": ["x" * 201]}},
        {"deny": {"words": ["x"] * 1001}},
        {"deny": {"threshold": 1.1, "entities": ["X"]}},
        {"deny": {"in": ["developer"], "words": ["x"]}},
        {"block": {"words": ["x"]}},
    ],
)
def test_what_is_out_of_bounds_is_refused(plain: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(plain, PromptRule)


@pytest.mark.parametrize("key", ["in", "history", "views"])
def test_replies_have_no_settings_of_prompts(key: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"deny": {"words": ["x"], key: True}}, ReplyRule)


def test_packs_are_not_looked_for_by_the_rule_itself() -> None:
    assert not PromptMatch(packs=("*",)).looks_itself
    assert PromptMatch(packs=("*",), words=("x",)).looks_itself
    assert PromptMatch(labels=("x",)).looks_itself
