import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrows.masking import standins

ENTITIES = frozenset({"US_SSN", "PIN"})


def test_every_stand_in_is_found_again() -> None:
    made = [
        standins.redacted("US_SSN"),
        standins.hashed("PIN", bytes(range(64))),
        standins.partial("US_SSN", "078-05-1120"),
        standins.token("PIN", bytes(range(64))),
    ]
    assert made == ["[US_SSN]", "[PIN:bbbcbdbfbgbhbjbkbmbn]", "********1120", "[PIN:bbbcbdbfbgbh]"]
    for text in made:
        assert standins.find(f"a {text}b", ENTITIES) == [(2, 2 + len(text))]
        assert standins.length(f"a {text}b]", 2) == len(text)
    assert [text for text in made if standins.is_token(text)] == made[-1:]
    assert [match.group() for match in standins.tokens(" ".join(made))] == made[-1:]


def test_too_short_a_value_shows_nothing() -> None:
    assert standins.partial("PIN", "1234 5678") == "[PIN]"
    assert standins.partial("PIN", "1234 56789") == "********6789"


@pytest.mark.parametrize(
    "text",
    ["[TODO]", "[US_SSN", "[us_ssn]", "[US_SSN:4111111111111111]", "[PIN:bcdf]", "*******1234", "********123", "[]"],
)
def test_brackets_and_stars_alone_protect_nothing(text: str) -> None:
    assert standins.find(text, ENTITIES) == []


@given(st.text(alphabet="[]*:A_bcP1USNI", max_size=40), st.integers(0, 40))
def test_what_could_begin_a_stand_in_is_known_at_every_cut(text: str, cut: int) -> None:
    begun = standins.unfinished(text[:cut])
    assert all(start >= begun or end <= cut for start, end in standins.find(text, ENTITIES))
    assert len(text[:cut]) - begun <= standins.LONGEST


@given(st.text(alphabet="[]:A_bc", max_size=40), st.integers(0, 40))
def test_what_could_begin_a_token_is_known_at_every_cut(text: str, cut: int) -> None:
    text = text.replace("cc", "bcdfghjkmnpq")
    begun = standins.begun_token(text[:cut])
    assert all(match.start() >= begun or match.end() <= cut for match in standins.tokens(text))
    assert len(text[:cut]) - begun <= standins.LONGEST
