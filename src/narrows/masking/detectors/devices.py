"""Numbers of vehicles and telephones."""

from typing import Final

from narrows.masking.detector import Detector
from narrows.masking.detectors.levels import CERTAIN, DIGIT, LIKELY, NEVER, PLAUSIBLE, WORD
from narrows.masking.validators.devices import has_vin_check_digit, is_imei, is_luhn_imei, is_vin_shape

_VEHICLE_WORDS: Final = (
    "vin", "vin number", "vehicle", "vehicle identification", "chassis", "car", "fahrgestellnummer", "fahrzeug", "fin",
    "numéro de série", "bastidor", "telaio", "chassi",
)  # fmt: skip

DETECTORS: Final[tuple[Detector, ...]] = (
    Detector(
        name="vin",
        entity="VIN",
        pattern=r"[A-HJ-NPR-Z0-9]{17}",
        not_before=WORD,
        not_after=WORD,
        validate=has_vin_check_digit,
        keywords=_VEHICLE_WORDS,
        score=PLAUSIBLE,
        keyword_score=CERTAIN,
        examples=("1M8GDM9AXKP042788", "VIN 1HGCM82633A004352"),
        counterexamples=("1M8GDM9A1KP042788", "11111111111111111", "1M8GDM9AXKP0427888"),
    ),
    Detector(
        name="vin.named",
        entity="VIN",
        pattern=r"[A-HJ-NPR-Z0-9]{17}",
        ignore_case=True,
        not_before=WORD,
        not_after=WORD,
        validate=is_vin_shape,
        keywords=_VEHICLE_WORDS,
        score=NEVER,
        keyword_score=LIKELY,
        examples=("VIN: WVWZZZ1JZXW000001", "Fahrgestellnummer wba3a5c50df586789"),
        counterexamples=("WVWZZZ1JZXW000001", "vin 12345678901234567", "vin IVWZZZ1JZXW000001"),
    ),
    Detector(
        name="imei",
        entity="IMEI",
        pattern=r"[0-9]{15}|[0-9]{2}-[0-9]{6}-[0-9]{6}-[0-9]|[0-9]{2} [0-9]{6} [0-9]{6} [0-9]",
        not_before=r"0-9A-Za-z.",
        not_after=DIGIT,
        validate=is_imei,
        keywords=("imei",),
        score=PLAUSIBLE,
        keyword_score=CERTAIN,
        examples=("490154203237518", "35-209900-176148-1"),
        counterexamples=("490154203237519", "790154203237518", "4901542032375180"),
    ),
    Detector(
        name="imei.named",
        entity="IMEI",
        pattern=r"[0-9](?:[ -]?[0-9]){14}",
        not_before=DIGIT,
        not_after=DIGIT,
        validate=is_luhn_imei,
        keywords=("imei", "imei number", "imeisv", "device", "phone imei", "handset"),
        score=NEVER,
        keyword_score=LIKELY,
        examples=("IMEI: 65-019432-237518-3",),
        counterexamples=("65-019432-237518-3", "imei 650194322375180"),
    ),
)
