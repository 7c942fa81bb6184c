"""Addresses that have a form of their own: military ones, post office boxes, and street lines in English.

Most addresses have none; they are a plug-in's work, as names are.
"""

from typing import Final

from narrows.masking.detector import Detector
from narrows.masking.detectors.levels import LIKELY, PLAUSIBLE, PROBABLE, WORD

_NAME: Final = r"[A-Z0-9][A-Za-z0-9.'-]{0,24}"
_STREET: Final = (
    r"(?:Street|Str|St|Avenue|Ave|Av|Road|Rd|Boulevard|Blvd|Lane|Ln|Drive|Dr|Court|Ct|Place|Pl|Square|Sq|Terrace|Ter"
    r"|Trail|Trl|Parkway|Pkwy|Highway|Hwy|Crescent|Cres|Circle|Cir|Close|Mews|Gardens|Grove|Row|Alley|Broadway|Walk)"
)
_UNIT: Final = r"(?:,? {0,2}(?:Apt|Suite|Ste|Unit|Flat|Room|Floor|Apartment|#)\.? ?#? ?[0-9A-Z]{1,6})?"

DETECTORS: Final[tuple[Detector, ...]] = (
    Detector(
        # USPS Publication 28, section 225: a unit and box or a ship, then APO, FPO or DPO with its own "state".
        name="street_address.military",
        entity="STREET_ADDRESS",
        pattern=(
            r"(?:(?:PSC|CMR|Unit) [0-9]{1,5},? {0,2}Box [0-9]{1,5}"
            r"|(?:USS|USNS|USNV|USCGC) [A-Z][^\x00-@\[-`{-\x7f]{1,24})"
            r"[ ,]{0,2}\n?[ >]{0,8}(?:APO|FPO|DPO),? A[AEP] [0-9]{5}(?:-[0-9]{4})?"
        ),
        ignore_case=True,
        not_before=WORD,
        not_after=WORD,
        score=LIKELY,
        keyword_score=LIKELY,
        examples=("PSC 6293, Box 8158\nAPO AP 04336", "Unit 8505 Box 9220 DPO AE 90744", "USNS Comfort\nFPO AA 65728"),
        counterexamples=("PSC 6293", "Unit 8505 of the APO", "APO AP"),
    ),
    Detector(
        name="street_address.box",
        entity="STREET_ADDRESS",
        pattern=r"P\.? ?O\.? ?Box [0-9]{1,6}",
        ignore_case=True,
        not_before=WORD,
        not_after=WORD,
        score=PROBABLE,
        keyword_score=PROBABLE,
        examples=("P.O. Box 149", "po box 12345"),
        counterexamples=("Box 149", "PO 149"),
    ),
    Detector(
        name="street_address.line",
        entity="STREET_ADDRESS",
        pattern=rf"[0-9]{{1,5}}[A-Za-z]?,? (?:{_NAME} ){{1,4}}{_STREET}\.?{_UNIT}",
        not_before=r"0-9A-Za-z.,$/-",
        not_after=WORD,
        score=PLAUSIBLE,
        keyword_score=LIKELY,
        keywords=("address", "lives", "live", "living", "located", "residence", "resides", "street", "ship", "send"),
        examples=("10 Downing Street", "at 1600 Pennsylvania Avenue NW, 221B Baker St.", "350 Fifth Ave Suite 3301"),
        counterexamples=("in 2019 the Street", "3 of Wall Street", "Downing Street"),
    ),
)
