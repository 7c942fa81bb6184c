"""Numbers that the authorities of the United Kingdom and Ireland give to people."""

from typing import Final

from narrows.masking.detector import Detector
from narrows.masking.detectors.levels import CERTAIN, DIGIT, LIKELY, NEVER, PROBABLE, WORD
from narrows.masking.validators.credentials import is_licence_number
from narrows.masking.validators.identity_uk import is_driving_licence, is_nino, is_pps, is_utr

_NINO_WORDS: Final = (
    "nino", "ni", "national insurance", "nat ins", "insurance number",
)  # fmt: skip

DETECTORS: Final[tuple[Detector, ...]] = (
    Detector(
        name="uk_nino",
        entity="UK_NINO",
        pattern=r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z][ -]?[0-9]{2}[ -]?[0-9]{2}[ -]?[0-9]{2}[ -]?[A-D]",
        not_before=WORD,
        not_after=WORD,
        validate=is_nino,
        keywords=_NINO_WORDS,
        score=PROBABLE,
        keyword_score=CERTAIN,
        examples=("AB123456C", "National Insurance number: AB 12 34 56 C"),
        counterexamples=("BG123456C", "QQ123456C", "AB123456E", "AB1234567C", "DA123456C"),
    ),
    Detector(
        # QQ is never given out, but it is how HMRC itself writes an example.
        name="uk_nino.named",
        entity="UK_NINO",
        pattern=r"[A-Z]{2}[ -]?[0-9]{2}[ -]?[0-9]{2}[ -]?[0-9]{2}[ -]?[A-D]",
        ignore_case=True,
        not_before=WORD,
        not_after=WORD,
        validate=is_nino,
        keywords=_NINO_WORDS,
        left=32,
        score=NEVER,
        keyword_score=LIKELY,
        examples=("NINO: qq 12 34 56 c", "my ni number is ab123456c"),
        counterexamples=("qq 12 34 56 c", "nino bg123456c"),
    ),
    Detector(
        name="uk_utr",
        entity="UK_UTR",
        pattern=r"[0-9]{10}|[0-9]{5} [0-9]{5}",
        not_before=DIGIT,
        not_after=DIGIT,
        validate=is_utr,
        keywords=("utr", "unique taxpayer", "unique taxpayer reference", "tax reference", "self assessment", "hmrc"),
        score=NEVER,
        keyword_score=LIKELY,
        examples=("UTR 1955839661", "unique taxpayer reference: 19558 39661"),
        counterexamples=("UTR 1955839662", "1955839661"),
    ),
    Detector(
        name="uk_passport",
        entity="UK_PASSPORT",
        pattern=r"[0-9]{9}|[A-Z]{2}[0-9]{7}",
        not_before=WORD,
        not_after=WORD,
        validate=is_licence_number,
        keywords=("uk passport", "british passport", "hm passport", "passport", "passport number", "passport no"),
        score=NEVER,
        keyword_score=PROBABLE,
        examples=("British passport 925665416", "passport no: 925665416"),
        counterexamples=("925665416", "passport 9256654"),
    ),
    Detector(
        name="uk_driving_licence",
        entity="UK_DRIVING_LICENCE",
        pattern=r"[A-Z][A-Z9]{4}[0-9][0156][0-9][0-3][0-9]{2}[A-Z9]{2}[0-9A-Z]{3}",
        not_before=WORD,
        not_after=WORD,
        validate=is_driving_licence,
        keywords=("driving licence", "licence", "driver number", "dvla", "driving license", "licence number"),
        score=LIKELY,
        keyword_score=CERTAIN,
        examples=("MORGA657054SM9IJ", "driving licence MORGA657054SM9IJ"),
        counterexamples=("MORGA697054SM9IJ", "MORGA657054SM9I"),
    ),
    Detector(
        name="ie_pps",
        entity="IE_PPS",
        pattern=r"[0-9]{7}[A-W][A-IW]?",
        ignore_case=True,
        not_before=WORD,
        not_after=WORD,
        validate=is_pps,
        keywords=("pps", "ppsn", "pps number", "pps no", "personal public service", "irish"),
        score=NEVER,
        keyword_score=LIKELY,
        examples=("PPS number 1234567FA", "PPSN: 6433435F"),
        counterexamples=("PPS number 1234567GA", "1234567FA"),
    ),
)  # fmt: skip
