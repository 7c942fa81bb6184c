# ruff: noqa: RUF001 — letters that look alike are what this is about
import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrows.masking import folding
from narrows.masking.fields import ENTITY
from narrows.masking.folding import MOST_DROPPED, Folded, Folder, encode, fold_character
from narrows.masking.patterns import EDGE, WALL

FOLDER = Folder(frozenset({"PIN"}))
ODD = st.text(
    alphabet=st.sampled_from("a1 [PIN]*\u200b\u0301ﬁ½４п中\U0001f600\U000e0041\x00\x01\x02?\U0010ffff\u2028é")
)


def folded(text: str) -> str:
    whole = FOLDER.whole(text)
    return whole.text[whole.begin : whole.end]


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("４１１１", "4111"),
        ("٣४", "34"),
        ("pаypаl", "paypal"),
        ("ΑΒ\u2013\u2019", "AB-'"),
        ("a\u200b\u202eb\U000e0041c", "abc"),
        ("ﬁn ㏂", "fin a.m."),
        ("𝟒𝓪", "4a"),
        ("a\u00a0b\u3000c\u2028d", "a b c\nd"),
        ("e\u0301é", "eé"),
        ("中文", "中文"),
        ("\x00\x01\x02", "\x7f\x7f\x7f"),
    ],
)
def test_look_alikes_become_plain(text: str, seen: str) -> None:
    assert folded(text) == seen


def test_ascii_is_its_own_folding_and_needs_no_map() -> None:
    whole = FOLDER.whole("plain text")
    assert (whole.text, whole.offsets) == (EDGE + "plain text" + EDGE, None)


@given(ODD)
def test_passing_over_ascii_changes_nothing(text: str) -> None:
    """A text that is nearly all ASCII is folded in another way than one that is not."""
    plain = "and so on, in plain words. " * 40
    assert folded(plain + text) == plain + folded(text)


@given(st.text(alphabet="aZ9?\x00\x01\x02é。4\u200bﬁ\U0010ffff[]*") | st.text())
def test_what_folds_one_to_one_is_told_without_a_map(text: str) -> None:
    folder = Folder(frozenset({"US_SSN"}))
    line = folder.line(text)
    whole = folder.whole(text)
    if line is None:
        assert whole.offsets is not None
        return
    assert f"{EDGE}{line}{EDGE}" == whole.text
    lined = folder.lined(text, line)
    for name in Folded.__slots__:
        assert name == "_folder" or getattr(lined, name) == getattr(whole, name)


def test_a_text_with_stand_ins_has_its_walls_though_its_line_is_known() -> None:
    folder = Folder(frozenset({"US_SSN"}))
    text = "an [US_SSN] of 4"
    line = folder.line(text)
    assert line == "an [US_SSN] of 4"
    assert folder.lined(text, line).text == f"{EDGE}an {WALL} of 4{EDGE}"


def test_what_is_not_odd_is_its_own_folding() -> None:
    for code in range(0x110000):
        character = chr(code)
        if folding._ODD.match(character) is None:
            assert fold_character(character) == character


@given(st.text(alphabet="中文字かなé한,。4\u200b\U0010ffff\ufffd\x00\x01aЖ…ﬁ", min_size=1).map(lambda text: text * 3))
def test_replacing_odd_characters_one_by_one_is_translating(text: str) -> None:
    folder = Folder()
    assert folder.translated(text) == text.translate(folder.table)
    padded = "中" * 600 + text
    assert folder.translated(padded) == padded.translate(folder.table)


def test_a_long_run_of_dropped_characters_ends_a_match() -> None:
    assert folded("a" + "\u200b" * MOST_DROPPED + "b") == "ab"
    assert folded("a" + "\u200b" * (MOST_DROPPED + 9) + "b") == f"a{EDGE}b"


def test_a_stand_in_is_one_wall() -> None:
    whole = FOLDER.whole("a[PIN]b")
    assert whole.text == f"{EDGE}a{WALL}b{EDGE}"
    assert whole.span(3, 4) == (6, 7)
    assert folded("[TODO]") == "[TODO]"


def test_a_span_reaches_back_to_the_source() -> None:
    whole = FOLDER.whole("x４\u200b1\u200by")
    start = whole.text.index("41")
    assert whole.span(start, start + 2) == (1, 4)


def test_part_of_an_expanded_character_is_all_of_it() -> None:
    whole = FOLDER.whole("aﬁb")
    inside = whole.text.index("i")
    assert whole.round_down(inside) == inside - 1
    assert whole.round_up(inside) == inside + 1


@given(ODD)
def test_bytes_and_characters_have_the_same_places(text: str) -> None:
    whole = FOLDER.whole(text)
    data = encode(whole.text)
    assert len(data) == len(whole.text)
    for character, byte in zip(whole.text, data, strict=True):
        assert byte == (ord(character) if character.isascii() else 0xFF)


@given(st.characters(exclude_categories=["Cs"]))
def test_folding_is_stable_and_never_gives_a_reserved_character(character: str) -> None:
    once = fold_character(character)
    assert "".join(map(fold_character, once)) == once
    assert not set(once) & {EDGE, WALL, "\x02", "\U0010ffff"}


@given(ODD, st.lists(st.integers(0, 60), max_size=8))
def test_every_split_gives_the_same_folding_and_the_same_map(text: str, cuts: list[int]) -> None:
    whole, parts = FOLDER.whole(text), Folded(FOLDER)
    marks = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    for left, right in pairwise(marks):
        parts.extend(text[left:right])
    parts.finish()
    assert parts.text == whole.text
    places = range(whole.begin, whole.end + 1)
    assert [parts.place(index) for index in places] == [whole.place(index) for index in places]


@given(ODD, st.integers(0, 40), st.integers(0, 5))
def test_releasing_the_beginning_leaves_the_rest_as_it_was(text: str, at: int, context: int) -> None:
    whole, part = FOLDER.whole(text), FOLDER.whole(text)
    index = part.round_down(min(part.end, part.begin + at))
    gone = part.place(index)
    kept = part.release(index, context)
    assert part.source == text[gone:]
    assert part.text == whole.text[kept:]
    for place in range(part.begin, part.end):
        assert part.place(place) == whole.place(place + kept) - gone


def test_a_normalised_text_folds_like_its_parts() -> None:
    assert folded(unicodedata.normalize("NFKC", "４½ﬁ")) == folded("４½ﬁ")


def test_what_field_rules_put_in_place_of_a_value_is_a_wall() -> None:
    hashed = f"[{ENTITY}:{'b' * 20}]"
    assert folded(f"a [{ENTITY}] b {hashed}") == f"a {WALL} b {WALL}"


def test_no_more_characters_are_remembered_than_the_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "MOST_LEARNT", 140)
    text = "".join(map(chr, range(0xC0, 0x300))) + "\u0301ﬁ½４"
    folder, known = Folder(), Folder()
    for _ in range(2):
        assert folder.whole(text).text == "".join((EDGE, *map(fold_character, text), EDGE))
    assert len(folder.table) == 140
    monkeypatch.undo()
    assert known.whole(text).text == folder.whole(text).text


@pytest.mark.parametrize(
    "text", ["a [US_SSN] b", "x[US_SSN:", "********1234 [", "**[US_SSN]", "[x] *y [US_", "*" * 9 + "ab12"]
)
def test_stand_ins_are_known_however_the_text_is_cut(text: str) -> None:
    folder = Folder(frozenset({"US_SSN"}))
    whole = folder.whole(text)
    for size in (1, 2, 3, 5):
        folded = Folded(folder)
        for at in range(0, len(text), size):
            folded.extend(text[at : at + size])
        folded.finish()
        assert (folded.text, folded.walls, folded.source) == (whole.text, whole.walls, whole.source)
