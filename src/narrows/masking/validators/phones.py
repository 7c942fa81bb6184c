"""What makes digits a telephone number: a country's code, a plausible length, and not being a date."""

import re
from itertools import accumulate
from typing import Final

from narrows.masking.validators.calendars import is_date
from narrows.masking.validators.checksums import digits_of, is_uniform

_COUNTRY_CODES: Final = (
    "1 7 20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84"
    " 86 90 91 92 93 94 95 98 211 212 213 216 218 220 221 222 223 224 225 226 227 228 229 230 231 232 233 234 235 236"
    " 237 238 239 240 241 242 243 244 245 246 247 248 249 250 251 252 253 254 255 256 257 258 260 261 262 263 264 265"
    " 266 267 268 269 290 291 297 298 299 350 351 352 353 354 355 356 357 358 359 370 371 372 373 374 375 376 377 378"
    " 379 380 381 382 383 385 386 387 389 420 421 423 500 501 502 503 504 505 506 507 508 509 590 591 592 593 594 595"
    " 596 597 598 599 670 672 673 674 675 676 677 678 679 680 681 682 683 685 686 687 688 689 690 691 692 800 808 850"
    " 852 853 855 856 870 878 880 881 882 883 886 888 960 961 962 963 964 965 966 967 968 970 971 972 973 974 975 976"
    " 977 979 992 993 994 995 996 998"
)
COUNTRY_CODES: Final = frozenset(_COUNTRY_CODES.split())
"""Assigned country and network codes: ITU-T E.164, list of assigned codes (Operational Bulletin)."""

EXTENSION: Final = re.compile(r"(?i:\s{0,2}(?:x|ext|#)\W{0,2}[0-9]{1,6})$")
GROUPS: Final = re.compile(r"[0-9]+")

NATIONAL_MAXIMUM: Final = {
    "1": 11, "7": 11, "20": 12, "27": 11, "30": 12, "31": 11, "32": 11, "33": 11, "34": 11, "36": 11, "39": 13,
    "40": 11, "41": 11, "44": 12, "45": 10, "46": 12, "47": 10, "48": 11, "52": 13, "55": 13, "61": 11, "65": 10,
    "81": 12, "82": 12, "86": 13, "90": 12, "91": 12, "351": 12, "353": 12, "358": 13, "420": 12,
}  # fmt: skip
"""Digits of the longest number of a country, its code included: ITU-T E.129, national numbering plans."""

FEWEST_DIGITS: Final = 6
MOST_DIGITS: Final = 15
"""E.164 §6: at most fifteen digits with the country code."""


def is_international_phone(text: str) -> bool:
    """An assigned country code behind `+`, `00` or `011`, and seven to fifteen digits in all: ITU-T E.164, E.123.

    Where a group's end already makes the longest number of the country, further groups are not of it.
    """
    plain = EXTENSION.sub("", text).replace("(0)", " ")
    groups = GROUPS.findall(plain)
    if "+" not in text:
        prefix = "011" if groups[0].startswith("011") else "00"
        groups[0] = groups[0].removeprefix(prefix)
    number = "".join(groups)
    if not 7 <= len(number) <= MOST_DIGITS or is_uniform(number):
        return False
    if "." in plain and len(groups) == 2 and len(number) < 10:
        return False  # A signed decimal; with a full number it is the form of EPP, RFC 5733.
    code = next((number[:length] for length in (1, 2, 3) if number[:length] in COUNTRY_CODES), None)
    if code is None:
        return False
    if "+" not in text and number[len(code)] == "0" and "(0)" not in text and code != "39":
        return False  # Behind a country's code there is no trunk prefix, but in Italy.
    maximum = NATIONAL_MAXIMUM.get(code, MOST_DIGITS)
    return len(number) <= maximum or maximum not in accumulate(map(len, groups))


def is_national_phone(text: str) -> bool:
    """Six to fifteen digits that are no date, no span of years, no IPv4 address and not one digit throughout.

    Where dots separate them there are three groups or more, and they are neither a version nor thousands.
    """
    plain = EXTENSION.sub("", text)
    number = digits_of(plain)
    if not FEWEST_DIGITS <= len(number) <= MOST_DIGITS or is_uniform(number):
        return False
    groups = GROUPS.findall(plain)
    if len(groups) == 2 and all(_is_year(group) for group in groups):
        return False
    if "." in plain and (len(groups) < 3 or _is_dotted_number(groups)):
        return False
    return not _is_written_date(groups)


def is_area_phone(text: str) -> bool:
    """The same with an area in brackets: seven digits and more, and the area no year, as in a citation's pages."""
    groups = GROUPS.findall(text)
    return sum(map(len, groups)) > FEWEST_DIGITS and not _is_year(groups[0]) and is_national_phone(text)


def is_trunk_phone(text: str) -> bool:
    """Nine to twelve digits that begin with the trunk prefix 0 and an area, which never begins with another."""
    number = digits_of(EXTENSION.sub("", text))
    return 9 <= len(number) <= 12 and number[0] == "0" and number[1] != "0" and is_national_phone(text)


def is_grouped_phone(text: str) -> bool:
    """A number in groups, or ten or eleven digits: for words that people use of other numbers too."""
    return is_national_phone(text) and (not text.isdigit() or len(text) in (10, 11))


def _is_year(group: str) -> bool:
    return len(group) == 4 and group[:2] in ("19", "20")


def _is_dotted_number(groups: list[str]) -> bool:
    widths = [len(group) for group in groups]
    quad = len(groups) == 4 and max(widths) <= 3 and all(int(group) <= 255 for group in groups)
    return quad or min(widths[1:]) < 2 or (widths[0] == 1 and set(widths[1:]) == {3})


def _is_written_date(groups: list[str]) -> bool:
    """Whether the first three groups are a year, a month and a day in one of the usual orders."""
    if len(groups) < 3 or len(groups[1]) > 2:
        return False
    first, second, third = (int(group) for group in groups[:3])
    widths = (len(groups[0]), len(groups[2]))
    if widths == (4, 2):
        return 1900 <= first <= 2099 and is_date(first, second, third)
    if widths[0] <= 2 and widths[1] == 4:
        return 1900 <= third <= 2099 and (is_date(third, second, first) or is_date(third, first, second))
    return False
