"""Numbers that the authorities of the United States give to people."""

from typing import Final

from narrows.masking.detector import Detector
from narrows.masking.detectors.levels import DIGIT, LIKELY, NEVER, PLAUSIBLE, WORD
from narrows.masking.validators.credentials import is_licence_number
from narrows.masking.validators.identity_us import is_itin, is_ssn

_SSN_WORDS: Final = (
    "ssn", "ssns", "ssn#", "social", "social security", "social security number", "socialsecurity", "ss#", "ss number",
    "soc sec", "social sec", "taxpayer", "tin", "ssid",
)  # fmt: skip

_ITIN_WORDS: Final = (
    "itin", "tin", "taxpayer", "taxpayer id", "tax id", "individual taxpayer", "tax identification", "taxid",
)  # fmt: skip

DETECTORS: Final[tuple[Detector, ...]] = (
    Detector(
        name="us_ssn",
        entity="US_SSN",
        pattern=r"[0-9]{3}-[0-9]{2}-[0-9]{4}",
        not_before=DIGIT,
        not_after=DIGIT,
        validate=is_ssn,
        keywords=_SSN_WORDS,
        score=LIKELY,
        keyword_score=0.99,
        examples=("Here's my SSN: 054-28-6917", "853-37-1694"),
        counterexamples=("000-12-3456", "666-12-3456", "912-12-3456", "123-00-4567", "123-45-0000", "1123-45-6789"),
    ),
    Detector(
        name="us_ssn.spaced",
        entity="US_SSN",
        pattern=r"[0-9]{3}[ .][0-9]{2}[ .][0-9]{4}",
        not_before=r"0-9.,",
        not_after=DIGIT,
        validate=is_ssn,
        keywords=_SSN_WORDS,
        score=PLAUSIBLE,
        keyword_score=LIKELY,
        examples=("054 28 6917", "SSN 054.28.6917"),
        counterexamples=("054 28 69170", "666 12 3456"),
    ),
    Detector(
        name="us_ssn.named",
        entity="US_SSN",
        pattern=r"[0-9]{9}|[0-9]{3}[ .-]{1,3}[0-9]{2}[ .-]{1,3}[0-9]{4}",
        not_before=DIGIT,
        not_after=DIGIT,
        validate=is_ssn,
        keywords=_SSN_WORDS,
        score=NEVER,
        keyword_score=LIKELY,
        examples=("ssn 054286917", "social security number: 054 - 28 - 6917"),
        counterexamples=("054286917", "ssn 000286917"),
    ),
    Detector(
        name="us_itin",
        entity="US_ITIN",
        pattern=r"9[0-9]{2}[ -][0-9]{2}[ -][0-9]{4}",
        not_before=DIGIT,
        not_after=DIGIT,
        validate=is_itin,
        keywords=_ITIN_WORDS,
        score=PLAUSIBLE,
        keyword_score=LIKELY,
        examples=("912-70-1234", "ITIN 999 88 1234"),
        counterexamples=("812-70-1234", "912-93-1234", "912-49-1234"),
    ),
    Detector(
        name="us_itin.named",
        entity="US_ITIN",
        pattern=r"9[0-9]{8}",
        not_before=DIGIT,
        not_after=DIGIT,
        validate=is_itin,
        keywords=_ITIN_WORDS,
        score=NEVER,
        keyword_score=LIKELY,
        examples=("ITIN: 912701234",),
        counterexamples=("912701234", "ITIN 912931234"),
    ),
    Detector(
        # Nine digits, and since 2021 a letter and eight: US Department of State.
        name="us_passport",
        entity="US_PASSPORT",
        pattern=r"[A-Z]?[0-9]{8,9}",
        ignore_case=True,
        not_before=WORD,
        not_after=WORD,
        validate=is_licence_number,
        keywords=("passport", "passport number", "passport no", "passport#", "travel document", "passports"),
        score=NEVER,
        keyword_score=LIKELY,
        examples=("passport number 912803456", "US passport: A12345678"),
        counterexamples=("912803456", "passport 1234567"),
    ),
    Detector(
        # Each state has a form of its own, from seven digits to letters and digits in fifteen places: AAMVA.
        name="us_driver_license",
        entity="US_DRIVER_LICENSE",
        pattern=(
            r"[A-Z]{0,3}-?[0-9]{1,4}(?:[ -]?[0-9A-Z]{1,4}){1,4}"
            r"|[A-Z]{2,5}\*{0,3}[A-Z]{0,2}[0-9]{3}[0-9A-Z]{2,4}"
        ),
        ignore_case=True,
        not_before=r"0-9A-Za-z+.,/-",
        not_after=r"0-9A-Za-z",
        validate=is_licence_number,
        keywords=(
            "driver license", "drivers license", "driver's license", "driver\u2019s license", "driving license",
            "driver licence", "drivers licence", "driver's licence", "driver\u2019s licence", "driving licence",
            "driverslicense", "driverlicense", "license number", "licence number",
            "license no", "dl#", "dl:", "dl no", "dln",
            "driver's permit", "driving permit", "learner's permit",
        ),
        score=NEVER,
        keyword_score=PLAUSIBLE,
        examples=(
            "my driver's license number is 2270-66-1551",
            "driver license F162823540116",
            "DL# D1234567",
            "drivers license: S123-4567-8901",
        ),
        counterexamples=("F162823540116", "the MIT license 2024", "driver's license is lost"),
    ),
)  # fmt: skip
