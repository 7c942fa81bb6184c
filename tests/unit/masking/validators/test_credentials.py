import pytest

from narrows.masking.validators.credentials import (
    is_account_number,
    is_licence_number,
    is_mixed_password,
    is_password,
    is_spoken_password,
)


@pytest.mark.parametrize(
    "text", ["hunter2", "swordfish", "Tr0ub4dor&3", "correct horse", "S3cr3t!", "p@ss(word", "a.b!c1"]
)
def test_a_password(text: str) -> None:
    assert is_password(text)


@pytest.mark.parametrize(
    "text",
    ["str", "None", "required.", "******", "xxxx", "${PASS}", "{{ pw }}", "<secret>", "getpass.getpass()", "os.environ",
     "config['pw']", "CPAN::cwd()", "/home/me", "input(", "ab"],
)  # fmt: skip
def test_what_is_no_password(text: str) -> None:
    assert not is_password(text)


def test_what_a_sentence_says_is_a_password_has_a_digit_or_a_sign() -> None:
    assert is_spoken_password("hunter2")
    assert is_spoken_password("S3cr3t!")
    assert not is_spoken_password("incorrect")
    assert not is_spoken_password("short.")
    assert not is_spoken_password("wrong!")
    assert not is_spoken_password("pwd)")


def test_an_account_number_has_eight_digits_and_not_all_the_same() -> None:
    assert is_account_number("12-3456-78")
    assert not is_account_number("20-00-00")
    assert not is_account_number("00000000")


def test_a_licence_number_has_four_digits() -> None:
    assert is_licence_number("F1628")
    assert not is_licence_number("is123")


@pytest.mark.parametrize(
    ("text", "valid"),
    [("Summer2024!", True), ("letmein1", True), ("sha256sum", False), ("12345678", False), ("correctly", False),
     ("a=b1c2d3", False)],
)  # fmt: skip
def test_what_follows_the_word_directly_mixes_letters_and_digits(text: str, *, valid: bool) -> None:
    assert is_mixed_password(text) is valid
