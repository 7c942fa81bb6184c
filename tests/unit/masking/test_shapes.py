import random
import re

import pytest

from narrows.masking.patterns import parse, render
from narrows.masking.shapes import HITS, TAILS, Shape, Shapes

SIX = Shape("[0-9](?:[^0-9]{0,3}[0-9]){5}")


@pytest.mark.parametrize(
    "pattern",
    ["[0-9]{6}", "[0-9]{3}-[0-9]{3}", "a[0-9]{2,9}[0-9]{2}(?: ?[0-9]){2,4}", "[0-9]{6}|[0-9]{2}(?:xyz[0-9]){4}"],
)
def test_six_digits_close_together_are_in_every_match(pattern: str) -> None:
    assert SIX.is_in_every(parse(pattern))


@pytest.mark.parametrize(
    "pattern",
    [
        "[0-9]{5,9}",
        "[0-9]{3}wxyz[0-9]{3}",
        "[0-9a-f]{40}",
        "[0-9]{6}|[a-z]{9}",
        "(?:[0-9]{6})?",
        "[0-9]{3}x{0,4}[0-9]{3}",
    ],
)
def test_some_match_avoids_them(pattern: str) -> None:
    assert not SIX.is_in_every(parse(pattern))


def test_the_end_of_every_match_has_the_shape_or_not() -> None:
    ending = Shape("[0-9][^0-9a-z]{0,2}")
    for ends in ("[0-9]{2,4}", "ab[0-9]-{0,2}", "[0-9](?: ?[0-9]){3}"):
        assert ending.ends_every(parse(ends))
    for other in ("[0-9][a-z]?", "[0-9]-{0,3}", "(?:[0-9]x)?"):
        assert not ending.ends_every(parse(other))


def test_a_shape_that_begins_again_within_itself_is_still_found() -> None:
    assert Shape("aab").is_in_every(parse("a{2,5}b"))
    assert not Shape("aab").is_in_every(parse("a{1,5}b"))
    assert Shape("a(?:b|c){2}d?").is_in_every(parse("xabcx"))


def _drawn(drawn: random.Random, depth: int) -> str:
    if depth == 0:
        return drawn.choice(["1", "[0-9]", "[0-9a]", "a", "[^0-9]", "-"])
    parts = [_drawn(drawn, depth - 1) for _ in range(drawn.randint(1, 3))]
    low = drawn.randint(0, 3)
    return drawn.choice(
        ["".join(parts), f"(?:{'|'.join(parts)})", f"(?:{parts[0]}){{{low},{low + drawn.randint(0, 3)}}}"]
    )


def test_what_is_proved_holds_for_every_text() -> None:
    """Patterns at random against texts at random: a match without the shape refutes the proof."""
    drawn, proved = random.Random(3), 0
    shape, looked_for = Shape("[0-9](?:[^0-9]{0,1}[0-9]){1}"), re.compile("[0-9][^0-9]?[0-9]")
    for _ in range(2000):
        tree = parse(_drawn(drawn, 3))
        pattern = re.compile(render(tree))
        whole, ended = shape.is_in_every(tree), shape.ends_every(tree)
        proved += whole + ended
        for _ in range(20 if whole or ended else 0):
            text = "".join(drawn.choices("1a-", k=drawn.randint(0, 9)))
            if pattern.fullmatch(text):
                assert not whole or looked_for.search(text)
                assert not ended or re.search(looked_for.pattern + r"\Z", text)
    assert proved > 200


def test_each_pattern_gets_the_rarest_shape_it_has() -> None:
    shapes = Shapes()
    for pattern, shape in (
        ("[0-9]{4}(?:[ -]?[0-9]{4}){3}", "[0-9](?:[^0-9A-Za-z]{0,3}[0-9]){5}"),
        ("[a-z]{2}[0-9]{2}[u-z]{9}", "[A-Za-z]{2}[0-9]{2}"),
        ("[u-z]{2}[0-9][u-z]{9}", "[0-9]"),
        ("[a-z]{2}_[a-f0-9]{40}", "[A-Za-z0-9]{24}"),
        ("[A-Za-z0-9._]{30}", "[A-Za-z0-9+/_=.~-]{20}"),
    ):
        assert HITS[shapes.hit(parse(pattern)) or 0] == shape
    assert shapes.hit(parse("[a-z]{2,9}")) is None


def test_the_tail_of_what_goes_on_behind_a_number() -> None:
    shapes = Shapes()
    assert shapes.tail(parse("[0-9]{1,4}(?: [0-9]{0,4}){0,2}")) == 0
    assert shapes.tail(parse("[0-9]{1,4} [a-z]{0,40}")) == 1
    assert shapes.tail(parse("[a-z]{1,40}")) is None
    assert all(re.compile(tail) for tail in TAILS)


def test_a_shape_is_within_the_rarest_that_stands_wherever_it_does() -> None:
    shapes, among = Shapes(), range(len(HITS))
    for shape, within in (
        ("[0-9](?:[^0-9A-Za-z]{0,3}[0-9]){5}", "[0-9]"),
        ("[A-Za-z0-9]{48}", "[A-Za-z0-9]{24}"),
        ("[A-Z0-9]{16}", "[A-Z0-9]{8}"),
        ("[A-Za-z0-9]{24}", "[A-Za-z0-9_-]{24}"),
    ):
        found = shapes.within(HITS.index(shape), among)
        assert found is not None
        assert HITS[found] == within
    assert shapes.within(HITS.index("@"), among) is None
    assert shapes.within(HITS.index("[0-9]"), among) is None
    assert shapes.within(HITS.index("[A-Za-z0-9]{24}"), [HITS.index("[0-9]")]) is None
