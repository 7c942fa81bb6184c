"""A repetition is told from what is new, in bounded memory."""

import pytest

from narrows.dialects import repeats as module
from narrows.dialects.repeats import Repeats

LONG = "x" * 200
TEXTS = pytest.mark.parametrize("text", ["short", LONG, "naïve 🙂"])


@TEXTS
def test_a_text_is_new_once(text: str) -> None:
    repeats = Repeats()
    assert repeats.new(0, [text, text + "y"]) == [True, True]
    assert repeats.new(0, [text, text + "y", "z"]) == [False, False, True]


@TEXTS
def test_another_item_may_say_the_same(text: str) -> None:
    repeats = Repeats()
    assert repeats.new(0, [text]) == [True]
    assert repeats.new(1, [text]) == [True]
    repeats.grow(2, ("content", 0), text)
    assert repeats.new(2, [text]) == [False]
    assert repeats.new(3, [text]) == [True]


@TEXTS
def test_a_text_that_stands_there_twice_is_said_twice(text: str) -> None:
    repeats = Repeats()
    assert repeats.new(0, [text]) == [True]
    assert repeats.new(0, [text, text]) == [False, True]
    assert repeats.new(0, [text, text]) == [False, False]
    for position in range(2):
        repeats.grow(1, ("content", position), text)
    assert repeats.new(1, [text, text, text]) == [False, False, True]


@TEXTS
def test_the_sum_of_deltas_is_no_news(text: str) -> None:
    repeats = Repeats()
    for character in text:
        repeats.grow(0, ("content", 0), character)
        repeats.grow(0, ("content", 1), "-")
    assert repeats.new(0, [text, "-" * len(text), text + "-"]) == [False, False, True]
    repeats.grow(0, ("content", 0), "!")
    assert repeats.new(0, [text + "!"]) == [False]


def test_which_fields_of_which_items_spoke() -> None:
    repeats = Repeats()
    repeats.grow(3, ("reasoning", 0), "x")
    assert repeats.spoken(3, "reasoning")
    assert not repeats.spoken(2, "reasoning")
    assert not repeats.spoken(3, "content")


def test_an_item_keeps_the_number_it_had_first() -> None:
    repeats = Repeats()
    assert [repeats.number("a", 4), repeats.number("a", 5), repeats.number("b", 5)] == [4, 4, 5]
    assert [repeats.number(None, 7), repeats.number("", 8), repeats.number(3, 9)] == [7, 8, 9]
    assert [repeats.number(None, None), repeats.number("b", None)] == [0, 5]


def test_without_an_index_items_are_numbered_as_they_appear() -> None:
    repeats = Repeats()
    assert [repeats.number(name, None) for name in ("a", "b", "a", "c", "b")] == [0, 1, 0, 2, 1]


def test_what_is_forgotten_counts_as_new_and_memory_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 3)
    repeats = Repeats()
    for number in range(10):
        repeats.grow(0, ("content", number), str(number))
    assert repeats.new(0, ["2", "9"]) == [False, True]
    assert repeats.new(1, ["a", "b", "c", "d"]) == [True] * 4
    assert repeats.new(1, ["a", "b", "c", "d"]) == [False, False, True, True]
