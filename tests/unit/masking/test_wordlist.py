# ruff: noqa: RUF001 — letters that look alike are what this is about
import pytest

from narrows.masking.engine import Engine
from narrows.masking.masker import Masker
from narrows.masking.patterns import PatternRefused
from narrows.masking.plan import Plan, Rule
from narrows.masking.wordlist import MOST_WORDS, WordList


def masked(text: str, *entries: str, allow: frozenset[str] = frozenset()) -> str:
    engine = Engine([], [WordList("names", "PROJECT", entries)])
    return Masker(engine, Plan((Rule(None, allow=allow),))).mask(text).text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Zebra, zebra; ZEBRAS", "[PROJECT], [PROJECT]; ZEBRAS"),
        ("the blue-falcon flies", "the [PROJECT] flies"),
        ("blue    falcon", "blue    falcon"),
        ("blue falcon heavy two", "[PROJECT] heavy two"),
        ("falcon heavy two three", "[PROJECT] three"),
        ("falcon heavy three", "falcon heavy three"),
        ("a_zebra_b", "a_[PROJECT]_b"),
        ("機密計画です", "[PROJECT]です"),
        ("機密 計画", "[PROJECT]"),
        ("Ｚｅｂｒａ", "[PROJECT]"),
        ("o'brien", "[PROJECT]"),
    ],
)
def test_an_entry_is_found_word_by_word(text: str, expected: str) -> None:
    assert masked(text, "Zebra", "Blue Falcon", "Falcon Heavy Two", "機密計画", "O’Brien") == expected


def test_the_longest_entry_wins() -> None:
    assert masked("a b c d", "a", "a b c", "b c d") == "[PROJECT] d"


def test_an_allowed_value_stays() -> None:
    assert masked("Zebra zebu", "zebra", "zebu", allow=frozenset({"zebra"})) == "Zebra [PROJECT]"


@pytest.mark.parametrize("entry", ["", "--", " ".join(["x"] * (MOST_WORDS + 1)), "x" * 65])
def test_an_entry_must_have_words(entry: str) -> None:
    with pytest.raises(PatternRefused, match="names"):
        WordList("names", "PROJECT", [entry])


def test_its_entity_must_be_a_name() -> None:
    with pytest.raises(PatternRefused, match="no name"):
        WordList("names", "my project", ["x"])


def test_many_entries_are_all_found_and_nothing_else() -> None:
    entries = [f"project {number:05d} north" for number in range(20_000)]
    words = WordList("names", "PROJECT", entries)
    mask = Masker(Engine([], [words])).mask
    for number in range(0, 20_000, 997):
        assert mask(f"see project {number:05d} north.").text == "see [PROJECT]."
        assert mask(f"see project {number:05d} south.").text == f"see project {number:05d} south."
    assert mask("project 20000 north").findings == ()
