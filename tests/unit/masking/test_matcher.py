import pytest

from narrows.masking.matcher import NOWHERE, Matcher, TooLarge, _public


def test_the_leftmost_longest_match_is_found_within_the_bounds() -> None:
    matcher = Matcher("a|ab|abc")
    assert matcher.search(b"xxabcabc", 0, 8) == (2, 5)
    assert matcher.search(b"xxabcabc", 3, 8) == (5, 8)
    assert matcher.search(b"xxabcabc", 0, 4) == (2, 4)
    assert matcher.search(b"xx", 0, 2) == NOWHERE


def test_a_match_at_a_place_is_the_longest_that_fits() -> None:
    matcher = Matcher("[0-9]{2,4}")
    assert matcher.longest(b"a12345", 1, 6) == (1, 5)
    assert matcher.longest(b"a12345", 1, 4) == (1, 4)
    assert matcher.longest(b"a12345", 1, 2) == NOWHERE
    assert matcher.longest(b"a12345", 0, 6) == NOWHERE


def test_bytes_that_are_no_utf8_match_as_bytes() -> None:
    assert Matcher(r"[\x61\xff]{2}").search(b"b\xffa", 0, 3) == (1, 3)


def test_a_pattern_that_is_too_large_is_refused() -> None:
    with pytest.raises(TooLarge, match="RE2"):
        Matcher("(?:[a-z]{500}[0-9]{500}){900}").compile()


def test_the_public_methods_give_the_same_answers() -> None:
    import re2

    compiled = re2.compile(b"[0-9]{2}")
    search, at = _public(compiled.search), _public(compiled.match)
    assert search(b"a12", 0, 3) == [(1, 3)]
    assert at(b"a12", 0, 3) == [NOWHERE]


def test_a_loop_asks_the_same() -> None:
    for matcher in (Matcher("a|ab"), Matcher("a|ab")):
        search, longest = matcher.asks()
        assert search(b"xxab", 0, 4) == [matcher.search(b"xxab", 0, 4)] == [(2, 4)]
        assert longest(b"xxab", 2, 3) == [matcher.longest(b"xxab", 2, 3)] == [(2, 3)]
        assert matcher.asks() == (search, longest)
