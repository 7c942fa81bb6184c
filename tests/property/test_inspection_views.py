"""What decides that a text is not looked at any further: it never misses what the patterns themselves (RE2) match."""

import argparse
import random
from functools import cache
from pathlib import Path

import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from narrows.inspection.spans import options
from narrows.inspection.triggers import FEWEST_DIGITS, Group
from narrows.inspection.views import Viewer
from narrows.masking.folding import fold_character

CHARACTERS = (
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 \n\r\t.,:;_-+=/\\|*`~'\"<>()[]{}&%$@!#"
    "\u00e9\u00a0\u00ad\u00b7\u017f\u0250\u0336\u03b1\u0430\u043e\u200b\u200c\u2022\u202f\u212a\u3000\u3042\u5220\uac00"
    "\ufe01\ufeff\uff41\ud800\udfff\U0001d400\U0001f600\U000e0064\U000e0155"
)
PIECES = (
    "eht",
    "gur",
    "xn--a",
    "chr(",
    "%64",
    "\\x64",
    "&#1",
    "a_b_c_d",
    "AbCdEf",
    "d e l e t e",
    ".- -. -- ..",
    "0x64, ",
)


@cache
def viewer() -> Viewer:
    return Viewer(fold_character)


@cache
def patterns() -> tuple[tuple[str, Group, "re2._Regexp"], ...]:
    return tuple(
        (row.kind, row.group, re2.compile(row.trigger.encode(), options())) for row in viewer()._rows
    )  # fmt: skip


def missed(text: str) -> list[str]:
    data = text.encode("utf-8", "surrogatepass")
    hits = viewer()._triggers.hits(text)
    digits = sum(character in "0123456789" for character in text) >= FEWEST_DIGITS
    return [
        kind
        for index, (kind, group, pattern) in enumerate(patterns())
        if (group is not Group.DIGITS or digits) and index not in hits and pattern.search(data) is not None
    ]


@settings(max_examples=400)
@given(st.lists(st.one_of(st.text(CHARACTERS, max_size=12), st.sampled_from(PIECES)), max_size=8).map("".join))
def test_no_trigger_is_missed(text: str) -> None:
    assert missed(text) == []


@settings(max_examples=200)
@given(st.text(max_size=40))
def test_no_trigger_is_missed_in_any_text(text: str) -> None:
    assert missed(text) == []


def test_no_trigger_is_missed_in_source_code() -> None:
    chance = random.Random(7)
    source = Path(argparse.__file__).read_text(encoding="utf-8")
    for _ in range(400):
        at = chance.randrange(len(source) - 400)
        assert missed(source[at : at + chance.randrange(20, 400)]) == []
