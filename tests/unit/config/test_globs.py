"""A glob covers a whole string, `*` is its only wildcard, and matching is linear."""

import time

import pytest

from narrows.config.globs import Glob, meets, within


@pytest.mark.parametrize(
    ("glob", "value", "matches"),
    [
        ("gpt-4o", "gpt-4o", True),
        ("gpt-4o", "gpt-4o-mini", False),
        ("gpt-4o", "GPT-4o", False),
        ("gpt-4o*", "gpt-4o", True),
        ("gpt-4o*", "xgpt-4o", False),
        ("*", "", True),
        ("*", "any\nthing", True),
        ("**", "x", True),
        ("*-mini", "gpt-4o-mini", True),
        ("*-mini", "gpt-4o-mini-2", False),
        ("a*b*c", "abc", True),
        ("a*b*c", "acb", False),
        ("a*b*c", "a-b-b-c", True),
        ("ab*ba", "aba", False),
        ("ab*ba", "abba", True),
        ("", "", True),
        ("", "x", False),
        ("a?c", "abc", False),
        ("a?c", "a?c", True),
        ("[ab]", "a", False),
        ("a.c", "abc", False),
        ("org/*", "org/model/v1", True),
        ("*é*", "caf\u00e9", True),
        ("*é*", "cafe\u0301", False),
    ],
)
def test_matching(glob: str, value: str, matches: bool) -> None:
    assert Glob(glob).matches(value) is matches


def test_an_adversarial_glob_takes_linear_time() -> None:
    glob = Glob("*" + "a*" * 50 + "b")
    started = time.process_time()
    assert not glob.matches("a" * 200_000)
    assert time.process_time() - started < 1.0


@pytest.mark.parametrize(
    ("glob", "prefix"),
    [("gpt*", "gpt"), ("*", ""), ("**", ""), ("gpt", None), ("g*t", None), ("*t", None), ("g*p*", None)],
)
def test_prefix(glob: str, prefix: str | None) -> None:
    assert Glob(glob).prefix == prefix


@pytest.mark.parametrize(
    ("glob", "other", "whole", "part"),
    [
        ("gpt-4o", "gpt-4o", True, True),
        ("gpt-4o", "gpt-*", True, True),
        ("gpt-*", "gpt-4o", False, True),
        ("gpt-4*", "gpt-*", True, True),
        ("a*", "*b", False, True),
        ("a*c", "*b*", False, True),
        ("a*", "b*", False, False),
        ("*a", "*b", False, False),
        ("", "*", True, True),
        ("", "a", False, False),
        ("*", "*", True, True),
        ("**", "*", True, True),
    ],
)
def test_one_glob_within_another_and_two_that_meet(glob: str, other: str, whole: bool, part: bool) -> None:
    assert within(glob, other) is whole
    assert meets(glob, other) is part
    assert meets(other, glob) is part
