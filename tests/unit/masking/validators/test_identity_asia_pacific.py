import pytest

from narrows.masking.validators.identity_asia_pacific import (
    is_aadhaar,
    is_abn,
    is_acn,
    is_australian_medicare,
    is_checked_rrn,
    is_chinese_resident_id,
    is_ird,
    is_israeli_id,
    is_my_number,
    is_nric,
    is_pan,
    is_rrn,
    is_south_african_id,
    is_tckn,
    is_tfn,
    is_thai_id,
)
from unit.masking.validators.mistakes import neighbours_swapped, overlooked


@pytest.mark.parametrize(
    ("check", "number"),
    [(is_tfn, "123 456 782"), (is_tfn, "37118629"), (is_abn, "83914571673"), (is_abn, "51 824 753 556"),
     (is_aadhaar, "499118665246"), (is_south_african_id, "8001015009087"),
     (is_israeli_id, "123456782"), (is_chinese_resident_id, "11010519491231002X"), (is_nric, "S1234567D"),
     (is_nric, "T1234567J"), (is_nric, "F1234567N"), (is_nric, "G1234567X"), (is_nric, "M1234567K")],
)  # fmt: skip
def test_a_wrong_digit_is_caught(check: object, number: str) -> None:
    assert overlooked(check, number) == []  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("check", "number"),
    [(is_australian_medicare, "2123 45670 1"), (is_ird, "49091850"), (is_ird, "136410132"), (is_tckn, "10000000146"),
     (is_thai_id, "1-2345-45678-78-1"), (is_my_number, "123456789018"),
     (is_acn, "004 085 616"), (is_checked_rrn, "971013-9019902")],
)  # fmt: skip
def test_only_one_check_digit_fits(check: object, number: str) -> None:
    last = number.rindex(" ") - 1 if check is is_australian_medicare else len(number) - 1
    fitting = [digit for digit in "0123456789" if check(number[:last] + digit + number[last + 1 :])]  # type: ignore[operator]
    assert fitting == [number[last]]


def test_an_aadhaar_number_catches_swapped_digits_and_is_no_palindrome() -> None:
    assert not any(is_aadhaar(swapped) for swapped in neighbours_swapped("499118665246"))
    assert not is_aadhaar("199118665246")


def test_a_pan_names_the_kind_of_holder() -> None:
    assert is_pan("ABCPE1234F")
    assert not is_pan("ABCDE1234F")
    assert not is_pan("ABCPE0000F")


def test_a_korean_number_of_today_has_no_check_digit() -> None:
    assert is_rrn("201105-3123456")
    assert not is_rrn("201305-3123456")
    assert not is_checked_rrn("971013-9019903")


def test_a_chinese_number_holds_a_birthday() -> None:
    assert is_chinese_resident_id("360426199101010071")
    assert not is_chinese_resident_id("11010519491331002X")
