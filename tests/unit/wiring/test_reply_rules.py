"""Rows for rules on replies: what they find, and what is wrong told with its place."""

# ruff: noqa: RUF001 — letters that look alike are what some of this is about

import pytest

from narrows.config.problem import ConfigError, Problem
from narrows.masking.engine import Engine
from narrows.masking.masker import Masker
from narrows.masking.plan import Plan, Rule
from narrows.model.plan import ROW
from narrows.policy.reply_rules import Wanted
from narrows.wiring.reply_rules import NO_ROWS, TOGETHER, compile_rows

NAME = f"{ROW}A1"


def found(text: str, *, pattern: str | None = None, words: tuple[str, ...] = ()) -> bool:
    rows = compile_rows([Wanted(NAME, "k", pattern, words)])
    engine = Engine([] if rows.section is None else [rows.section], rows.lists)
    return bool(Masker(engine, Plan((Rule(frozenset((NAME,))),))).mask(text).findings)


def problems(*rows: Wanted) -> tuple[Problem, ...]:
    with pytest.raises(ConfigError) as caught:
        compile_rows(rows)
    return caught.value.problems


def test_nothing_wanted_is_nothing_compiled() -> None:
    rows = compile_rows([])
    assert (rows.section, rows.lists) == (NO_ROWS.section, NO_ROWS.lists)


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        (r"(?i)project\s+nautilus", "of PROJECT \n Nautilus.", True),
        (r"\bcat\b", "a cat.", True),
        (r"\bcat\b", "concatenate", False),
        (r"key-\w+", f"key-{'a' * 9000}", True),
        (r"a{3,}b", "aab", False),
    ],
)
def test_patterns(pattern: str, text: str, expected: bool) -> None:
    assert found(text, pattern=pattern) is expected


@pytest.mark.parametrize(
    ("word", "text", "expected"),
    [
        ("pine", "a Pine.", True),
        ("pine", "pine", True),
        ("pine", "“pine”", True),
        ("pine", "—pine…", True),
        ("pine", "épine", False),
        ("pine", "pineé", False),
        ("pine", "pines", False),
        ("pine", "snake_pine", False),
        ("pine", "日本pine", False),
        ("pine", "ｐｉｎｅ", True),
        ("kill switch", "KILL \n switch", True),
        ("kill switch", "killswitch", False),
        ("C++", "in C++.", True),
        ("C++", "in C.", False),
        ("C++", "ABC++", False),
        ("C++", "C++x", True),
        ("$foo", "a$foo", True),
        ("Übernahme", "die ÜBERNAHME!", True),
        ("Übernahme", "Übernahmen", False),
        ("東京", "私は東京に", True),
    ],
)
def test_words_are_whole_in_every_script(word: str, text: str, expected: bool) -> None:
    assert found(text, words=(word,)) is expected


def test_what_was_compiled_before_is_read() -> None:
    rows = [Wanted(NAME, "k", pattern="nautilus"), Wanted(f"{ROW}B2", "k", words=("one", "C++"))]
    first = compile_rows(rows).section
    assert first is not None
    kept = {first.key: first.dump()}
    again = compile_rows(rows, kept.pop).section
    assert again is not None
    assert not kept, "it was asked for once"
    assert again.dump() == first.dump()


def test_more_words_than_one_row_holds() -> None:
    words = tuple(f"word{number}x" for number in range(3 * TOGETHER))
    assert all(found(f"a {word} b", words=words) for word in (words[0], words[TOGETHER], words[-1]))
    assert not found("a word b", words=words)


def test_what_is_wrong_names_the_setting() -> None:
    told = problems(
        Wanted(f"{ROW}1", "one", pattern="a*"),
        Wanted(f"{ROW}2", "two", pattern="(?=x)y"),
        Wanted(f"{ROW}3", "three", pattern="ab+|cd+"),
        Wanted(f"{ROW}4", "four", pattern="a{1,900}b{1,900}c{1,900}"),
        Wanted(f"{ROW}5", "five", pattern="(a"),
        Wanted(f"{ROW}6", "six", words=("Größe/Maß",)),
        Wanted(f"{ROW}7", "seven", pattern="fine"),
    )
    assert [problem.key for problem in told] == ["one", "two", "three", "four", "five", "six"]
    assert not any(ROW.lower() in problem.message.lower() for problem in told), "its own names tell nobody anything"
