"""A set of globs answers as each of them would alone, in an order that depends on the set only."""

import pytest

from narrows.config.globs import Glob
from narrows.policy.globs import GlobSet, narrowed

GLOBS = ("gpt-4o", "gpt-4o*", "gpt*", "*", "*-mini", "g*t*", "claude-3", "**", "", "claude*")


@pytest.mark.parametrize("value", ["gpt-4o", "gpt-4o-mini", "gpt", "", "claude-3", "x", "g-t", "GPT-4o"])
def test_it_answers_as_its_globs(value: str) -> None:
    globs = GlobSet(GLOBS)
    matched = {globs.texts[index] for index in globs.matched(value)}
    assert matched == {text for text in GLOBS if Glob(text).matches(value)}
    assert globs.covers(value)


def test_an_empty_set_covers_nothing() -> None:
    assert not GlobSet(()).covers("")
    assert GlobSet(()).matched("x") == ()


def test_nothing_matched() -> None:
    globs = GlobSet(("a", "b*", "*c", "*d*"))
    assert globs.matched("zzz") == ()
    assert not globs.covers("zzz")


def test_two_spellings_of_one_glob_both_match() -> None:
    assert sorted(GlobSet(("a*", "a**", "*", "**")).matched("ab")) == [0, 1, 2, 3]


def test_equal_answers_are_equal_tuples() -> None:
    globs = GlobSet(("gpt*", "gpt-4*", "*mini", "exact"))
    assert globs.matched("gpt-4o-mini") == globs.matched("gpt-4-mini")


def test_repeated_globs_are_one() -> None:
    assert GlobSet(("a*", "a*", "b")).texts == ("a*", "b")


def test_one_that_covers_everything() -> None:
    assert GlobSet(("a", "**")).everything
    assert not GlobSet(("a*", "*a", "")).everything
    assert not GlobSet(()).everything


def test_what_is_left_within_bounds() -> None:
    assert narrowed(["gpt-*", "o3"], ["gpt-4o-mini*"]) == ("gpt-4o-mini*",)
    assert narrowed(["gpt-4o-mini-2024"], ["gpt-4o-mini*", "o*"]) == ("gpt-4o-mini-2024",)
    assert narrowed(["*-mini"], ["gpt-*"]) == ("*-mini",)
