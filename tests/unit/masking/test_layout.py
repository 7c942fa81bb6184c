from narrows.masking import keywords
from narrows.masking.detector import Detector
from narrows.masking.layout import GATE_SIZE, Layout, lay_out
from narrows.masking.patterns import parse, render
from narrows.masking.rows import compile_row
from narrows.masking.shapes import HITS, Shapes
from unit.masking.samples import detector


def layout(*detectors: Detector) -> Layout:
    rows = [compile_row(one) for one in detectors]
    groups = [keywords.group(one.keywords) for one in detectors if one.keywords]
    places = iter(range(len(groups)))
    return lay_out(rows, groups, [next(places) if one.keywords else -1 for one in detectors], Shapes())


def numbers(made: Layout, part: int) -> list[int]:
    return [number for number, _ in made.parts[part]]


def gates(made: Layout, number: int) -> list[list[int]]:
    return [numbers(made, part) for part in made.behind[number]]


SIX = "[0-9](?:[^0-9A-Za-z]{0,3}[0-9]){5}"
FIXED = detector("fixed", "ghp_[a-z]{9}")
NUMBER = detector("number", "[0-9]{9}")
WIDE = detector("wide", "[a-z]{4,9}", not_after="a-z")
NAMED = detector("named", "[0-9]{9}", keywords=("account",), score=0.0)
SURER = detector("surer", "[0-9]{9}", keywords=("account",), score=0.5)


def test_a_number_is_looked_for_only_where_digits_are() -> None:
    made = layout(FIXED, NUMBER, WIDE)
    shape = 3 + HITS.index(SIX)  # Shapes are numbered behind the rows; there are no keywords.
    assert numbers(made, 0) == [0, 2, shape]
    assert gates(made, shape) == [[1]]


def test_a_rarer_shape_is_looked_for_only_where_the_commoner_is_that_stands_in_it() -> None:
    made = layout(NUMBER, detector("few", "[a-z]{2}[0-9]{4}[a-z]"), detector("one", "[a-z]{2}[0-9][a-z]{9}"))
    six, two, one = (3 + HITS.index(shape) for shape in (SIX, "[A-Za-z]{2}[0-9]{2}", "[0-9]"))
    assert numbers(made, 0) == [one]
    assert gates(made, one) == [[2, two, six]]
    assert gates(made, two) == [[1]]
    assert gates(made, six) == [[0]]


def test_what_begins_with_few_fixed_characters_is_looked_for_behind_them() -> None:
    word = detector("word", "[a-z0-9]{20}", lead="(?:abcd|efgh)[a-z ]{0,40}=")
    rare = detector("rare", "[a-z0-9]{20}", lead="abcdefg[a-z ]{0,40}=", keywords=("key",))
    made = layout(FIXED, word, rare)
    begun = 3 + 1 + len(HITS)
    assert numbers(made, 0) == [0, 2, begun]
    assert gates(made, begun) == [[1]]
    assert dict(made.parts[0])[begun] == render(parse("(?:abcd|efgh)"))


def test_what_needs_a_keyword_is_brought_by_it() -> None:
    made = layout(FIXED, NAMED)
    assert gates(made, 3 + HITS.index(SIX)) == [[2]]  # The keyword alone, and that only where digits are.
    assert gates(made, 2) == [[1]]
    assert not made.unsought


def test_what_a_keyword_only_makes_surer_is_looked_for_itself() -> None:
    made = layout(SURER)
    assert gates(made, 2 + HITS.index(SIX)) == [[0, 1]]
    assert 1 not in made.behind


def test_no_gate_looks_for_the_keywords_of_fixed_characters() -> None:
    made = layout(detector("fixed", "ghp_[a-z]{9}", keywords=("token",), score=0.0))
    assert made.unsought == {0}
    assert made.behind == {}


def test_large_gates_are_parted() -> None:
    """Rows from keywords, and both in as many as needed."""
    made = layout(*(detector(f"number{index}", f"(?:[0-9]{{6}}-){{{index + 1}}}") for index in range(GATE_SIZE + 1)))
    shape = GATE_SIZE + 1 + HITS.index(SIX)
    assert [len(gate) for gate in gates(made, shape)] == [GATE_SIZE, 1]
    some = (detector(f"number{index}", "[0-9]{7}", keywords=(f"word{index}",), score=0.5) for index in range(40))
    made = layout(*some)
    rows, groups = gates(made, 80 + HITS.index(SIX))
    assert (rows, groups) == (list(range(40)), list(range(40, 80)))


def test_the_end_of_a_text_is_looked_at_by_its_tail() -> None:
    crossing = detector("crossing", "[0-9]{2}(?: [0-9]{2}){3}")
    words = detector("words", "(?:[a-z]{2,9} ){3}")
    made = layout(FIXED, crossing, words)
    assert [(tail, numbers(made, part)) for tail, _, part in made.live] == [(0, [1]), (None, [2])]
