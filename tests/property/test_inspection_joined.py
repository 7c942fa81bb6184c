"""Joined texts: everything near a joint is there, and its places are right."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from narrows.inspection.joined import MARGIN, join
from narrows.model.text import Role, Text

VALUES = st.lists(
    st.one_of(st.text(alphabet="ab c", max_size=6), st.integers(1, 900).map(lambda size: "xyz " * size)), max_size=8
)


def texts(values: list[str]) -> list[Text]:
    return [Text(Role.USER, f"$[{index}]", value) for index, value in enumerate(values)]


@given(VALUES)
def test_places_lead_back_to_the_same_characters(values: list[str]) -> None:
    for joined in join(texts(values)):
        for start in range(0, len(joined.text), 7):
            places = joined.places(start, start + 9)
            source = "".join(values[int(place.path[2:-1])][place.start : place.end] for place in places)
            assert source.replace(" ", "") == joined.text[start : start + 9].replace(" ", "")


@given(VALUES, st.integers(1, MARGIN))
def test_what_lies_across_a_joint_is_in_a_joined_text(values: list[str], reach: int) -> None:
    found = [joined.text for joined in join(texts(values))]
    for before, after in pairwise(values):
        if before and after:
            assert any(before[-reach:] + after[:reach] in text for text in found)


@given(VALUES)
def test_what_is_joined_is_bounded(values: list[str]) -> None:
    total = sum(len(joined.text) for joined in join(texts(values)))
    assert total <= sum(2 * (min(len(value), 4 * MARGIN) + 1) for value in values)
