"""Detectors that use every feature of a row, and texts to try them on. Shared by the tests of the engine."""

# ruff: noqa: RUF001 — letters that look alike are what this is about

import functools
from collections.abc import Callable
from typing import Final

from narrows.masking.detector import Detector
from narrows.masking.engine import Engine
from narrows.masking.section import Section
from narrows.masking.wordlist import WordList


def luhn(text: str) -> bool:
    digits = [int(character) for character in text if character.isdigit()]
    total = sum(d if place % 2 == 0 else d * 2 - 9 * (d > 4) for place, d in enumerate(reversed(digits)))
    return 12 <= len(digits) <= 19 and total % 10 == 0


def detector(name: str, pattern: str, **more: object) -> Detector:
    make: Callable[..., Detector] = Detector
    return make(name=name, entity=more.pop("entity", name.upper()), pattern=pattern, **more)


KEY: Final = "KEY-----"
DETECTORS: Final = (
    detector("us_ssn", r"\d{3}-\d{2}-\d{4}", not_before="0-9A-Za-z", not_after="0-9"),
    detector("credit_card", r"\d(?:[ -]?\d){11,18}", validate=luhn, not_before="0-9", score=0.9),
    detector(
        "email_address",
        r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,4}",
        not_before="A-Za-z0-9._%+-",
    ),
    detector("github_token", r"ghp_[A-Za-z0-9]{36}"),
    detector(
        "password",
        r"[^\s\"]{4,30}",
        lead=r"(?:password|pwd)\s{0,3}[:=]\s{0,3}",
        ignore_case=True,
        stop_words=("example",),
        not_before="<",
        score=0.5,
    ),
    detector(
        "us_bank_number",
        r"\d{8,12}",
        not_before="0-9",
        not_after="0-9",
        score=0.0,
        keyword_score=0.6,
        keywords=("account", "bank account", "口座", "λογαριασμός"),
        left=30,
    ),
    detector("code", r"[A-Z]{2}\d{3,5}", score=0.2, keyword_score=0.9, keywords=("code",), left=20, right=12),
    detector(
        "private_key",
        rf"-----BEGIN [A-Z ]{{0,20}}{KEY}",
        body=r"A-Za-z0-9+/=\s-",
        until=rf"-----END [A-Z ]{{0,20}}{KEY}",
    ),
    detector("jwt", r"eyJ[A-Za-z0-9_-]{8,40}\.eyJ", body="A-Za-z0-9_.-"),
    detector("hex", r"[0-9a-f]{16,24}", min_entropy=2.5, score=0.4),
    detector("phrase", r"[a-z]{2,8}(?: [a-z]{2,8}){3}", lead=r"seed[: ]{1,3}", not_after="a-z"),
)

NAMES: Final = ("Blue Falcon", "Falcon Heavy Two", "Zebra", "機密 計画", "O'Brien", "Zürich")

PIECES: Final = (
    "order 12 of 1234 4111 1111 1111 1111 paid",
    "4111111111111111 12/27",
    "id4111111111111111",
    "4111 1111 1111 1111 123",
    "ann.lee@example.co.uk, ",
    "ssn 078-05-1120.",
    "ghp_" + "a1B2" * 9,
    " password: hunter22",
    " pwd=example1 ",
    "account 123456789 ",
    "口座 1234567890 ",
    "ΛΟΓΑΡΙΑΣΜΌΣ 12345678",
    "AB123 code ",
    "code AB1234",
    "XY999",
    "-----BEGIN RSA PRIVATE " + KEY + "\nMIIabc\ndef=",
    "\n-----END RSA PRIVATE " + KEY,
    "A" * 3000,
    "eyJhbGciOiJIUzI1NiIs.eyJ",
    "seed: able baker cargo dog ",
    " nothing here ",
    "12-34-",
    "é€",
    "@",
    "ghp_short ",
    "\n",
    "x" * 700,
    "\u3000",
    "４１１１ 1111 ",
    "1111 1111",
    "Blue Falcon",
    " falcon heavy",
    " two",
    "Zebra",
    "Zebras",
    "機密計画",
    "O’Brien",
    "\u200b",
    "\u200b" * 17,
    "ﬁ",
    "½",
    "0f3a9c1b7d25e640",
    "[US_SSN]",
    "[TODO]",
    "********1234",
    "*",
    "**",
    "[",
    "[PASS",
    "WORD]",
    "中文字符测试",
    "п",
    "pа",
    "0",
    "4",
    "-",
    "_",
    " ",
    ":",
    "= ",
    "\x00",
    "\x01",
    "\x02",
    "?",
)
"""Fragments that make matches, near-matches and their surroundings when they are put together at random."""


@functools.cache
def _compiled() -> bytes:
    return Section(DETECTORS).dump()


def section() -> Section:
    """A section of the detectors, whose gates are compiled once for all tests of a process."""
    return Section(DETECTORS, load=lambda _: _compiled())


def engine() -> Engine:
    return Engine([section()], [WordList("names", "PROJECT", NAMES)])
