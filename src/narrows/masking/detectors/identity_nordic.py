"""Numbers that Sweden, Finland, Norway, Denmark and Poland give to people."""

from typing import Final

from narrows.masking.detector import Detector
from narrows.masking.detectors.levels import CERTAIN, DIGIT, LIKELY, NEVER, PLAUSIBLE, WORD
from narrows.masking.validators.identity_nordic import (
    is_checked_cpr,
    is_cpr,
    is_fodselsnummer,
    is_hetu,
    is_personnummer,
    is_pesel,
)

_SWEDISH_WORDS: Final = (
    "personnummer", "personnr", "pnr", "samordningsnummer", "svensk", "swedish", "personal identity number",
    "personal number",
)  # fmt: skip

_NORWEGIAN_WORDS: Final = (
    "fødselsnummer", "fodselsnummer", "fødselsnr", "fnr", "personnummer", "d-nummer", "norwegian", "personal number",
    "national identity number",
)  # fmt: skip

_DANISH_WORDS: Final = ("cpr", "cpr-nummer", "cpr-nr", "cpr nummer", "personnummer", "cpr number", "danish")

DETECTORS: Final[tuple[Detector, ...]] = (
    Detector(
        name="se_personnummer",
        entity="SE_PERSONNUMMER",
        pattern=r"(?:18|19|20)?[0-9]{6}[+-][0-9]{4}",
        not_before=r"0-9.-",
        not_after=r"0-9-",
        validate=is_personnummer,
        keywords=_SWEDISH_WORDS,
        score=LIKELY,
        keyword_score=CERTAIN,
        examples=("811228-9874", "personnummer 19670919-9530", "880320-0016"),
        counterexamples=("811228-9875", "811328-9874", "811228-98740"),
    ),
    Detector(
        name="se_personnummer.named",
        entity="SE_PERSONNUMMER",
        pattern=r"(?:18|19|20)?[0-9]{6} ?[0-9]{4}",
        not_before=DIGIT,
        not_after=DIGIT,
        validate=is_personnummer,
        keywords=_SWEDISH_WORDS,
        score=NEVER,
        keyword_score=LIKELY,
        examples=("personnummer 8112289874", "personnr: 196709199530"),
        counterexamples=("personnummer 8112289875", "8112289874"),
    ),
    Detector(
        name="fi_personal_identity_code",
        entity="FI_PERSONAL_IDENTITY_CODE",
        pattern=r"[0-3][0-9][01][0-9]{3}[-+A-FU-Y][0-9]{3}[0-9A-FHJ-NPR-Y]",
        not_before=WORD,
        not_after=WORD,
        validate=is_hetu,
        keywords=("hetu", "henkilötunnus", "henkilotunnus", "sotu", "personbeteckning", "personal identity code"),
        score=LIKELY,
        keyword_score=CERTAIN,
        examples=("131052-308T", "HETU 131052A308T"),
        counterexamples=("131052-308U", "321052-308T", "131052-001T"),
    ),
    Detector(
        name="no_fodselsnummer.grouped",
        entity="NO_FODSELSNUMMER",
        pattern=r"[0-7][0-9][0-9]{4}[ -][0-9]{5}",
        not_before=r"0-9.,-",
        not_after=DIGIT,
        validate=is_fodselsnummer,
        keywords=_NORWEGIAN_WORDS,
        score=LIKELY,
        keyword_score=CERTAIN,
        examples=("151086 95088",),
        counterexamples=("151086 95089", "991086 95088"),
    ),
    Detector(
        name="no_fodselsnummer",
        entity="NO_FODSELSNUMMER",
        pattern=r"[0-7][0-9]{10}",
        not_before=r"0-9A-Za-z.",
        not_after=WORD,
        validate=is_fodselsnummer,
        keywords=_NORWEGIAN_WORDS,
        score=PLAUSIBLE,
        keyword_score=CERTAIN,
        examples=("15108695088", "fødselsnummer: 29029600013"),
        counterexamples=("15108695089", "151086950880"),
    ),
    Detector(
        name="dk_cpr.checked",
        entity="DK_CPR",
        pattern=r"[0-7][0-9][01][0-9]{3}-[0-9]{4}",
        not_before=r"0-9.-",
        not_after=r"0-9-",
        validate=is_checked_cpr,
        keywords=_DANISH_WORDS,
        score=LIKELY,
        keyword_score=CERTAIN,
        examples=("211062-5629", "CPR 070761-4285"),
        counterexamples=("211062-5628", "211362-5629"),
    ),
    Detector(
        name="dk_cpr",
        entity="DK_CPR",
        pattern=r"[0-7][0-9][01][0-9]{3}[ -]?[0-9]{4}",
        not_before=DIGIT,
        not_after=DIGIT,
        validate=is_cpr,
        keywords=_DANISH_WORDS,
        score=NEVER,
        keyword_score=LIKELY,
        examples=("CPR-nummer 010107-1234", "cpr 2110625629"),
        counterexamples=("010107 1234", "cpr 321062-5629"),
    ),
    Detector(
        name="pl_pesel",
        entity="PL_PESEL",
        pattern=r"[0-9]{11}",
        not_before=DIGIT,
        not_after=DIGIT,
        validate=is_pesel,
        keywords=("pesel", "pesel:", "numer pesel", "nr pesel", "polish"),
        score=NEVER,
        keyword_score=CERTAIN,
        examples=("PESEL: 44051401359", "pesel 02070803628"),
        counterexamples=("PESEL: 44051401358", "44051401359", "pesel 44059901359"),
    ),
)  # fmt: skip
