"""End users are told apart, and where their names are hidden nobody can tell who they are."""

from hypothesis import given
from hypothesis import strategies as st

from narrows.accounting.end_users import NOBODY, Pseudonyms, subject

KEY = bytes(32)
HIDDEN = Pseudonyms(KEY)
NAMES = st.text(max_size=20)


def test_names_stand_as_they_are_unless_they_are_hidden() -> None:
    assert subject("narrows:portal", "ann@example.com") == "narrows:portal/ann@example.com"
    assert subject("narrows:portal", "a/b%2F") == "narrows:portal/a%2Fb%252F"
    assert subject("narrows:portal", None) == f"narrows:portal/{NOBODY}"
    assert subject("narrows:portal", None, HIDDEN) == f"narrows:portal/{NOBODY}"


def test_a_hidden_name_is_a_digest_under_the_key() -> None:
    called = subject("narrows:portal", "ann@example.com", HIDDEN)
    caller, _, digest = called.rpartition("/")
    assert caller == "narrows:portal"
    assert digest.startswith("~")
    assert len(digest) == 21
    assert called == subject("narrows:portal", "ann@example.com", Pseudonyms(KEY))
    assert called != subject("narrows:portal", "ann@example.com", Pseudonyms(b"\1" * 32))
    assert "ann" not in called + repr(HIDDEN)


@given(st.tuples(NAMES, NAMES), st.tuples(NAMES, NAMES))
def test_no_two_end_users_are_one(one: tuple[str, str], other: tuple[str, str]) -> None:
    for hidden in (None, HIDDEN):
        if one != other and (hidden is not None or "/" not in one[0] + other[0]):
            assert subject(*one, hidden) != subject(*other, hidden) or NOBODY in (one[1], other[1])


def test_any_name_can_be_hidden() -> None:
    assert HIDDEN.of("a", "\ud800") != HIDDEN.of("a", "\ud801")
