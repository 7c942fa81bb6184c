"""The shipped packs together: names, patterns, and what they find in ordinary text."""

import pydoc_data.topics
import re

import re2

from narrows.policy.packs.rule import Side
from narrows.policy.packs.shipped import PACKS, label, named, selected
from narrows.policy.patterns import Pattern

RULES = [rule for pack in PACKS for rule in pack.rules]


def test_names_are_unique_and_written_alike() -> None:
    names = [*(pack.name for pack in PACKS), *(rule.id for rule in RULES)]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", name) for name in names)
    assert all(named(pack.name) is pack for pack in PACKS)
    assert named("nothing") is None


def test_every_pattern_is_one_that_a_policy_may_have() -> None:
    for rule in RULES:
        for pattern in rule.patterns:
            Pattern(pattern)


def test_python_s_own_documentation_has_nothing_of_the_kind() -> None:
    """700 KB of prose and code, most of it on rules, instructions and overriding."""
    found = {}
    for name, page in pydoc_data.topics.topics.items():
        for rule in RULES:
            for pattern in rule.patterns:
                match = re2.search(pattern.encode(), page.encode())
                if match is not None:
                    found[name, rule.id] = match.group()
    assert found == {}


def test_rules_are_selected_by_pack_by_rule_and_by_glob() -> None:
    def names(name: str, side: Side = Side.PROMPT) -> list[str]:
        return [label(pack, rule) for pack, rule in selected(name, side)]

    assert names("template-tokens") == names("template-tokens/*") == ["template-tokens/chat-template-tokens@1"]
    assert names("invisible-text/bidi-overrides") == ["invisible-text/bidi-overrides@1"]
    assert names("reply-links") == names("bidi-overrides") == []
    assert len(names("*")) + len(names("*", Side.RESPONSE)) == len(RULES)


def test_texts_joined_are_searched_at_once() -> None:
    """Whatever a pattern wants at the ends of a text, a line feed will do."""
    prompts = [rule for rule in RULES if rule.side is Side.PROMPT]
    assert [source for rule in prompts for source in rule.patterns if not Pattern(source).joinable] == []
