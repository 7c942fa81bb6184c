from narrows.masking import keywords
from narrows.masking.detector import Detector
from narrows.masking.layout import GATE_SIZE, Layout, lay_out
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


def gates(made: Layout, shape: str) -> list[list[int]]:
    return [numbers(made, part) for part in made.shaped[HITS.index(shape)]]


SIX = "[0-9](?:[^0-9]{0,3}[0-9]){5}"
FIXED = detector("fixed", "ghp_[a-z]{9}")
NUMBER = detector("number", "[0-9]{9}")
WIDE = detector("wide", "[a-z]{4,9}", not_after="a-z")
NAMED = detector("named", "[0-9]{9}", keywords=("account",), score=0.0)
SURER = detector("surer", "[0-9]{9}", keywords=("account",), score=0.5)


def test_a_number_is_looked_for_only_where_digits_are() -> None:
    made = layout(FIXED, NUMBER, WIDE)
    shape = 3 + HITS.index(SIX)  # Shapes are numbered behind the rows; there are no keywords.
    assert numbers(made, 0) == [0, 2, shape]
    assert gates(made, SIX) == [[1]]


def test_a_rarer_shape_is_looked_for_only_where_the_commoner_is_that_stands_in_it() -> None:
    made = layout(NUMBER, detector("few", "[a-z]{2}[0-9]{4}[a-z]"), detector("one", "[a-z]{2}[0-9][a-z]{9}"))
    six, four, one = (3 + HITS.index(shape) for shape in (SIX, "[0-9](?:[^0-9]{0,3}[0-9]){3}", "[0-9]"))
    assert numbers(made, 0) == [one]
    assert gates(made, "[0-9]") == [[2, 3 + HITS.index("[A-Za-z]{2}[0-9]{2}"), six]]
    assert gates(made, SIX) == [[0]]
    assert four not in numbers(made, 0)  # Nothing has that shape and no rarer one.


def test_what_needs_a_keyword_is_brought_by_it() -> None:
    made = layout(FIXED, NAMED)
    assert gates(made, SIX) == [[2]]  # The keyword alone, and that only where digits are.
    assert [numbers(made, part) for part in made.brought[0]] == [[1]]
    assert not made.unsought


def test_what_a_keyword_only_makes_surer_is_looked_for_itself() -> None:
    made = layout(SURER)
    assert made.brought == {}
    assert gates(made, SIX) == [[0, 1]]


def test_no_gate_looks_for_the_keywords_of_fixed_characters() -> None:
    made = layout(detector("fixed", "ghp_[a-z]{9}", keywords=("token",), score=0.0))
    assert made.unsought == {0}
    assert made.brought == {}


def test_large_gates_are_parted() -> None:
    made = layout(*(detector(f"number{index}", f"(?:[0-9]{{6}}-){{{index + 1}}}") for index in range(GATE_SIZE + 1)))
    assert [len(gate) for gate in gates(made, SIX)] == [GATE_SIZE, 1]


def test_the_end_of_a_text_is_looked_at_by_its_tail() -> None:
    crossing = detector("crossing", "[0-9]{2}(?: [0-9]{2}){3}")
    words = detector("words", "(?:[a-z]{2,9} ){3}")
    made = layout(FIXED, crossing, words)
    assert [(tail, numbers(made, part)) for tail, _, part in made.live] == [(0, [1]), (None, [2])]
