"""What tells random values from words, names in code and placeholders."""

import random
import string

import pytest

from narrows.masking.validators.secrets import is_credential, is_mixed, is_password_value, is_secret_value, is_wordy

LETTERS_AND_DIGITS = string.ascii_letters + string.digits


@pytest.mark.parametrize("text", ["authenticationProvider", "get_user_by_id", "SESSION-IDENTIFIER", "tokenizer.length"])
def test_names_in_code_are_words(text: str) -> None:
    assert is_wordy(text)
    assert not is_mixed(text + "2")


@pytest.mark.parametrize("alphabet", [LETTERS_AND_DIGITS, string.ascii_lowercase + string.digits, "0123456789abcdef"])
def test_random_values_are_no_words(alphabet: str) -> None:
    source = random.Random(7)
    values = ["".join(source.choices(alphabet, k=32)) for _ in range(500)]
    assert sum(is_mixed(value) for value in values) >= 490


def test_a_mixed_value_has_both_letters_and_digits() -> None:
    assert not is_mixed("73049182657304918265")
    assert not is_mixed("qzkwxvbnjrtplmghfdsyc")


@pytest.mark.parametrize(
    "text", ["${TOKEN_2x9}", "{{ vault_k2 }}", "process.env.K9x2", "$K9x2", "<k9x2>", "%s9k2x", "settings.k9x2"]
)
def test_a_way_to_a_secret_is_no_secret(text: str) -> None:
    assert not is_secret_value(text)


@pytest.mark.parametrize("text", ["${PASSWORD}", "$PASSWORD", "{password}", "<password>", "%s", "***", "tiger"])
def test_what_is_filled_in_later_is_no_credential(text: str) -> None:
    assert not is_credential(text)


@pytest.mark.parametrize("text", ["hunter2", "Kx8!vQ2n", "Summer2024!", "p@ss word1"])
def test_a_chosen_password_has_a_digit_or_a_sign(text: str) -> None:
    assert is_password_value(text)


@pytest.mark.parametrize("text", ["password", "Password123", "my_password", "session.token", "12345", "PASSWORD_FIELD"])
def test_placeholders_and_names_are_no_passwords(text: str) -> None:
    assert not is_password_value(text)


@pytest.mark.parametrize(
    ("text", "verdict"),
    [("p@ss", True), ("p@host.test", False), ("p@localhost", False), ("@x", False), ("aaaa", False)],
)
def test_the_host_is_no_part_of_a_password(text: str, verdict: bool) -> None:
    assert is_credential(text) is verdict
