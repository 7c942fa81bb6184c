"""A repetition is told from what is new, in bounded memory."""

import pytest

from narrows.dialects import repeats as module
from narrows.dialects.repeats import Repeats

LONG = "x" * 200


@pytest.mark.parametrize("text", ["short", LONG, "naïve 🙂"])
def test_a_text_is_new_once(text: str) -> None:
    repeats = Repeats()
    assert [repeats.say(text), repeats.say(text), repeats.say(text + "y")] == [True, False, True]


@pytest.mark.parametrize("text", ["short", LONG, "naïve 🙂"])
def test_the_sum_of_deltas_is_no_news(text: str) -> None:
    repeats = Repeats()
    for character in text:
        repeats.grow((0, "content", 0), character)
        repeats.grow((0, "content", 1), "-")
    assert not repeats.say(text)
    assert not repeats.say("-" * len(text))
    assert repeats.say(text + "-")
    repeats.grow((0, "content", 0), "!")
    assert not repeats.say(text + "!")


def test_which_fields_of_which_items_spoke() -> None:
    repeats = Repeats()
    repeats.grow((3, "reasoning", 0), "x")
    assert repeats.spoken(3, "reasoning")
    assert repeats.spoken(None, "reasoning")
    assert not repeats.spoken(2, "reasoning")
    assert not repeats.spoken(3, "content")


def test_what_is_forgotten_counts_as_new_and_memory_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 3)
    repeats = Repeats()
    for number in range(10):
        repeats.grow((number, "content", 0), str(number))
    assert not repeats.say("2")
    assert repeats.say("9")
    assert repeats.say("9")
