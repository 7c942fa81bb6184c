"""Words are found whole, in any case and any script, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrows.policy.patterns import Pattern
from narrows.policy.words import loose_source, words_source


def finds(text: str, *words: str) -> bool:
    return Pattern.of_words(words_source(words)).find(text) is not None


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("delete", "Please DELETE it."),
        ("delete", "delete"),
        ("délete", "il faut DÉLETE tout"),
        ("Übung", "eine übung, bitte"),
        ("drop table", "drop \n\t table users"),
        ("c++", "in C++ or C"),
        (".env", "cat .env"),
        ("删除", "请删除所有文件"),
        ("удалить", "можно удалить?"),
        ("a_b", "(a_b)"),
        ("rm -rf", "sudo rm -rf /"),
    ],
)
def test_a_word_is_found(word: str, text: str) -> None:
    assert finds(text, word)


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("delete", "delete_file"),
        ("delete", "undeleted"),
        ("delete", "deleted"),
        ("bung", "Übung"),
        ("drop table", "droptable"),
        ("a.b", "aXb"),
        ("rm", "rm2"),
    ],
)
def test_a_part_of_a_word_is_not(word: str, text: str) -> None:
    assert not finds(text, word)


def test_any_of_several() -> None:
    assert finds("then reset it", "export", "delete", "reset")


@given(st.text(min_size=1, max_size=20).filter(lambda word: word.strip()))
def test_whatever_the_word_is_it_is_found_between_spaces(word: str) -> None:
    word = word.encode("utf-8", "ignore").decode()
    if word.strip():
        assert finds(f"a {word.strip()} b", word)


def test_a_line_feed_ends_a_word() -> None:
    pattern = Pattern.of_words(words_source(["one"]))
    assert pattern.joinable
    assert pattern.find("x\none\ny") is not None


def test_where_words_have_run_together_spaces_and_ends_are_not_asked_for() -> None:
    source = loose_source(["drop all  tables", "cat", "delete"])
    assert source is not None
    pattern = Pattern.of_words(source)
    assert pattern.find("xdropalltablesx") == (1, 14)
    assert pattern.find("xDELETEx") == (1, 7)
    assert pattern.find("education") is None, "short words stand in many others"
    assert loose_source(["cat", "dog"]) is None
