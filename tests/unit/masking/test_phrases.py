"""A set of phrases as bytes holds what it was built of, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrows.masking.phrases import BEGUN, ENTRY, Phrases, PhrasesUnreadable, build

words = st.text(st.characters(), min_size=1, max_size=6).filter(lambda word: " " not in word)
some = st.lists(st.lists(words, min_size=1, max_size=4), max_size=20)


@given(phrases=some, others=some)
def test_it_tells_entries_and_what_begins_them(phrases: list[list[str]], others: list[list[str]]) -> None:
    made = Phrases(build(phrases))
    entries = {" ".join(phrase) for phrase in phrases}
    begun = {" ".join(phrase[:count]) for phrase in phrases for count in range(1, len(phrase))}
    assert len(made) == len(entries)
    assert made.most_words == max(map(len, phrases), default=0)
    for phrase in {" ".join(other) for other in others} | entries | begun:
        assert made.find(phrase) == ENTRY * (phrase in entries) + BEGUN * (phrase in begun)
    asked = {word.encode("utf-8", "surrogatepass") for other in others for word in other}
    assert made.holds_any(asked) == any(word.decode("utf-8", "surrogatepass") in entries | begun for word in asked)


def test_it_is_small_and_the_same_each_time() -> None:
    phrases = [[f"word{number}"] for number in range(20_000)]
    data = build(phrases)
    assert len(data) < 13 * len(phrases)
    assert data == build(reversed(phrases))
    assert b"word1" not in data


@pytest.mark.parametrize("cut", [0, 5, 24, 100, -1])
def test_what_is_no_set_is_refused(cut: int) -> None:
    data = build([["a"], ["b", "c"]])
    with pytest.raises(PhrasesUnreadable):
        Phrases(data[:cut])
