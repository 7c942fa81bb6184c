"""Windows around what gives a disguise away."""

import re
from types import SimpleNamespace

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from narrows.inspection import spans
from narrows.inspection.spans import MARGIN, STRIDE, WINDOWS, Decoded, Marks, Rewriting, few, replaced, search_for

MARKS = Marks("%[0-9a-f]{2}")


def test_windows_lie_around_marks_at_spaces() -> None:
    text = "word " * 100 + "%64" + " word" * 100
    ((start, end),) = MARKS.windows(text)
    assert "%64" in text[start:end]
    assert end - start <= 2 * MARGIN + STRIDE + 8
    assert text[start - 1] == " "
    assert text[end] == " "


def test_marks_far_apart_have_their_own_windows() -> None:
    text = ("%64" + "x " * 400) * 40
    windows = MARKS.windows(text)
    assert len(windows) == 40
    assert sum(end - start for start, end in windows) <= 40 * (2 * MARGIN + STRIDE + 8)


@given(st.text(alphabet="%64 é字\U0001f600\n", max_size=1_500))
def test_windows_are_in_order_apart_and_hold_every_mark(text: str) -> None:
    windows = MARKS.windows(text)
    edges = [edge for window in windows for edge in window]
    assert edges == sorted(edges)
    assert all(0 <= start < end <= len(text) for start, end in windows)
    at = text.find("%64")
    while at >= 0:
        assert any(start <= at and at + 3 <= end for start, end in windows)
        at = text.find("%64", at + 1)


def test_a_rewriting_leaves_out_what_stays_as_it_is() -> None:
    find = Rewriting("x", str.upper, str.lower)
    assert list(find("a x b")) == [Decoded(0, 5, "A X B")]
    assert list(find("nothing")) == []


def test_few_puts_the_rest_together() -> None:
    many = [Decoded(at, at + 1, str(at)) for at in range(40)]
    assert few(many[:WINDOWS]) == many[:WINDOWS]
    kept = few(many)
    assert kept[:-1] == many[: WINDOWS - 1]
    assert kept[-1] == Decoded(15, 40, "\n".join(str(at) for at in range(15, 40)))


@given(st.text(alphabet="ab<>*-'+ \n", max_size=60))
def test_looking_for_signs_first_replaces_what_a_pattern_alone_replaces(text: str) -> None:
    pattern = re.compile(r"<[^<>]*>|\*{1,2}|(?<=a)'\s?'(?=b)")
    assert replaced(text, re.compile("[<*']"), pattern, _in_capitals) == pattern.sub(_in_capitals, text)


def _in_capitals(match: re.Match[str]) -> str:
    return match.group().upper()


def test_a_search_gives_the_first_match_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    direct = search_for("a(?:b|\\pL)+")
    monkeypatch.setattr(spans, "re2", SimpleNamespace(compile=re2.compile, Options=re2.Options))
    public = search_for("a(?:b|\\pL)+")
    data = "x abé ab".encode()
    for search in (direct, public):
        assert list(search(data, 0, len(data))) == [(2, 6)]
        assert list(search(data, 3, len(data))) == [(7, 9)]
        assert list(search(data, 0, 4)) == [(2, 4)]
        assert list(search(data, 0, 2)) == [(-1, -1)]
