"""Dates inside identifiers and texts, by the Gregorian calendar. It knows no clock, so no date is "in the future"."""

import re
from typing import Final

MONTH_DAYS: Final = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

FIRST_YEAR: Final = 1880
LAST_YEAR: Final = 2039
"""Years in which somebody who is written about can have been born, with room for a program that runs for long."""

NUMBERS: Final = re.compile(r"[0-9]+")

MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            "jan janv januar january janvier enero gennaio januari janeiro ene gen tammikuuta",
            "feb februar february fevrier février febrero febbraio februari fevereiro fev fév",
            "mar mär mrz märz marz maerz march mars marzo maart março marco mrt",
            "apr april avril abril aprile avr abr",
            "may mai mayo maggio mei maio mag maj",
            "jun juni june juin junio giugno junho giu",
            "jul juli july juillet julio luglio julho lug juil",
            "aug august août aout agosto augustus augusti ago aoû aou",
            "sep sept september septembre septiembre settembre setembro set",
            "oct okt october oktober octobre octubre ottobre outubro out ott",
            "nov november novembre noviembre novembro",
            "dec dez dic december dezember décembre decembre diciembre dicembre dezembro déc",
        ),
        1,
    )
    for name in names.split()
}
"""Month names and their short forms in the languages of the keywords, with their accents and without."""


def is_date(year: int, month: int, day: int) -> bool:
    """Whether the Gregorian calendar has that day. Year 0 to 99 stands for a year whose century is not known."""
    if not 1 <= month <= 12 or day < 1:
        return False
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0 or year == 0)
    return day <= MONTH_DAYS[month - 1] + (month == 2 and leap)


def is_day_and_month(month: int, day: int) -> bool:
    """Whether some year has that day."""
    return is_date(2000, month, day)


def is_yymmdd(text: str) -> bool:
    """Whether six digits are a date, of whatever century."""
    return is_date(int(text[:2]), int(text[2:4]), int(text[4:6]))


def is_ddmmyy(text: str) -> bool:
    """The same with the day first."""
    return is_date(int(text[4:6]), int(text[2:4]), int(text[:2]))


def is_birth_date(text: str) -> bool:
    """Whether a written date is one of the calendar: numbers in any of the usual orders, or with the month's name.

    Two digits at the end are a year of some century; of two orders that are both possible either will do.
    """
    numbers = [int(number) for number in NUMBERS.findall(text)]
    names = [MONTHS[word] for word in re.findall(r"[^\W\d_]+", text.lower()) if word in MONTHS]
    if len(numbers) == 2 and len(names) == 1:
        first, second = numbers
        return _is_born(second, names[0], first) or _is_born(first, names[0], second)
    if len(numbers) != 3:
        return False
    first, second, third = numbers
    return _is_born(first, second, third) or _is_born(third, second, first) or _is_born(third, first, second)


def _is_born(year: int, month: int, day: int) -> bool:
    return (0 <= year <= 99 or FIRST_YEAR <= year <= LAST_YEAR) and is_date(year, month, day)
