import pytest

from narrows.masking.validators.calendars import is_birth_date, is_date, is_day_and_month, is_ddmmyy, is_yymmdd


@pytest.mark.parametrize(
    ("date", "real"),
    [
        ((2024, 2, 29), True),
        ((2023, 2, 29), False),
        ((1900, 2, 29), False),
        ((2000, 2, 29), True),
        ((0, 2, 29), True),
        ((1999, 4, 31), False),
        ((1999, 13, 1), False),
        ((1999, 0, 1), False),
        ((1999, 1, 0), False),
    ],
)
def test_the_calendar(date: tuple[int, int, int], *, real: bool) -> None:
    assert is_date(*date) is real


def test_six_digits_in_either_order() -> None:
    assert is_yymmdd("991231")
    assert not is_yymmdd("311299")
    assert is_ddmmyy("311299")
    assert is_day_and_month(2, 29)


@pytest.mark.parametrize(
    "text",
    [
        "2/16/1942",
        "16.2.1942",
        "1985-03-14",
        "31/12/59",
        "12 March 1985",
        "March 12th, 1985",
        "3. März 1970",
        "12-Mar-85",
    ],
)
def test_a_birth_date_in_the_usual_orders(text: str) -> None:
    assert is_birth_date(text)


@pytest.mark.parametrize("text", ["31/31/1985", "12/12/3000", "1 2 3 4", "12 Smith 1985", "32 March 1985", "March"])
def test_what_is_no_birth_date(text: str) -> None:
    assert not is_birth_date(text)
