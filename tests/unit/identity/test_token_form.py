"""The form of what Narrows issues: made, read again, and told from what is mistyped or of another kind."""

import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrows.identity.token_form import ACCESS_TOKEN, SERVICE_ACCOUNT, id_within, new_credential, new_id

KINDS = (SERVICE_ACCOUNT, ACCESS_TOKEN)


def made(prefix: str, seed: int = 7) -> tuple[str, str]:
    ident = new_id(lambda size: bytes([seed]) * size)
    return ident, new_credential(prefix, ident, lambda size: bytes([seed]) * size).reveal()


@pytest.mark.parametrize("prefix", KINDS)
@given(seed=st.binary(min_size=24, max_size=24))
def test_what_is_made_is_read_again(prefix: str, seed: bytes) -> None:
    ident = new_id(lambda size: seed[:size])
    text = new_credential(prefix, ident, lambda size: seed[:size]).reveal()
    assert text.startswith(f"{prefix}{ident}_")
    assert len(text) == 59
    assert id_within(prefix, text) == ident


def test_one_kind_is_not_another() -> None:
    assert id_within(ACCESS_TOKEN, made(SERVICE_ACCOUNT)[1]) is None
    assert id_within(SERVICE_ACCOUNT, made(ACCESS_TOKEN)[1]) is None


@given(at=st.integers(0, 58), letter=st.sampled_from("0aAzZ_9- \n"))
def test_one_wrong_character_is_noticed(at: int, letter: str) -> None:
    _, text = made(ACCESS_TOKEN)
    wrong = text[:at] + letter + text[at + 1 :]
    assert (id_within(ACCESS_TOKEN, wrong) is None) == (wrong != text)


@given(st.text(max_size=80))
def test_any_text_may_be_asked_about(text: str) -> None:
    assert id_within(ACCESS_TOKEN, text) is None
    assert id_within(ACCESS_TOKEN, ACCESS_TOKEN + text) is None


def test_no_two_are_alike() -> None:
    assert len({new_id(secrets.token_bytes) for _ in range(200)}) == 200
    secret = new_credential(ACCESS_TOKEN, "a" * 12, secrets.token_bytes)
    assert secret.reveal() not in repr(secret)
