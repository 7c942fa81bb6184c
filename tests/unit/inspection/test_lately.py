"""What is remembered of texts seen lately, and how much."""

import pytest

from narrows.inspection.lately import ENTRIES, WEIGHT, Lately, digest


def test_what_was_put_is_there_under_the_same_text_only() -> None:
    lately: Lately[str] = Lately()
    lately.put(digest("one"), "first", 5)
    assert lately.get(digest("".join(["o", "ne"]))) == "first"
    assert lately.get(digest("One")) is None


def test_digests_tell_texts_apart_that_utf_8_can_not_write() -> None:
    assert digest("\ud800") != digest("\ud801")
    assert len(digest("x" * 10_000)) == 16


def test_it_keeps_as_many_as_a_generation_holds_and_never_more_than_two() -> None:
    lately: Lately[int] = Lately()
    for number in range(5 * ENTRIES):
        lately.put(digest(str(number)), number, 0)
        assert len(lately) <= 2 * ENTRIES
    assert all(lately.get(digest(str(number))) == number for number in range(4 * ENTRIES, 5 * ENTRIES))
    assert lately.get(digest("0")) is None


def test_its_weight_is_bounded_too() -> None:
    lately: Lately[int] = Lately()
    weight = WEIGHT // 16
    for number in range(100):
        lately.put(digest(str(number)), number, weight)
        assert len(lately) <= 32
    lately.put(digest("heavy"), 0, weight + 1)
    assert lately.get(digest("heavy")) is None


@pytest.mark.parametrize("others", [ENTRIES // 2, 3 * ENTRIES])
def test_what_is_asked_for_again_stays(others: int) -> None:
    lately: Lately[int] = Lately()
    lately.put(digest("system"), 1, 0)
    for number in range(others):
        lately.put(digest(str(number)), number, 0)
        assert lately.get(digest("system")) == 1
