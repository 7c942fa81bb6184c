import pytest

from narrows.masking.patterns import PatternRefused
from narrows.masking.rows import compile_row, entropy
from unit.masking.samples import detector


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"pattern": "a?"}, "empty"),
        ({"pattern": "a{900}b{900}c{900}"}, "the most is 2000"),
        ({"pattern": "a{400}b{900}", "lead": "x{257}"}, "the most is 256"),
        ({"pattern": "a", "lead": "x?"}, "its lead matches the empty text"),
        ({"pattern": "a", "entity": "lower"}, "no name of an entity"),
        ({"pattern": "a", "left": 129}, "context"),
        ({"pattern": "a", "right": -1}, "context"),
        ({"pattern": "a", "keywords": ("x",), "keyword_score": 0.5}, "less sure"),
        ({"pattern": "a", "body": "a", "not_after": "b"}, "body"),
        ({"pattern": "a", "until": "b"}, "without a body"),
        ({"pattern": "a", "body": "a", "until": "b"}, "its body has not"),
        ({"pattern": "a", "body": "a", "until": "a?"}, "empty"),
        ({"pattern": "a", "not_before": "z-a"}, "detector x"),
    ],
)
def test_a_detector_that_can_not_be_matched_is_refused_by_name(more: dict[str, object], why: str) -> None:
    pattern = str(more.pop("pattern"))
    with pytest.raises(PatternRefused, match=why) as refused:
        compile_row(detector("x", pattern, **more))
    assert "detector x" in str(refused.value)


def test_it_knows_what_can_reach_over_a_separator() -> None:
    assert compile_row(detector("x", r"\d{3} \d{3}")).crossing
    assert compile_row(detector("x", r"[^\"]{3}")).crossing
    assert compile_row(detector("x", r"\d{3}", keywords=("a",), right=5)).crossing
    assert not compile_row(detector("x", r"\d{3}", lead="a ")).crossing


def test_its_highest_score_counts_keywords_only_if_it_has_some() -> None:
    assert compile_row(detector("x", "a", score=0.3)).best == 0.3
    assert compile_row(detector("x", "a", score=0.3, keyword_score=0.7, keywords=("k",))).best == 0.7


def test_entropy_is_in_bits_a_character() -> None:
    assert entropy("") == 0
    assert entropy("aaaa") == 0
    assert entropy("abcd") == pytest.approx(2.0)
    assert entropy("aabb") == pytest.approx(1.0)
