"""A small table of detectors in place of the shipped one, which takes seconds to compile."""

from typing import Final

from narrows.masking.detector import Detector
from narrows.masking.detectors import contact, identity_us

TABLE: Final[tuple[Detector, ...]] = (*identity_us.DETECTORS, *contact.DETECTORS)

PLACES: Final = (
    "narrows.wiring.masking.DETECTORS",
    "narrows.wiring.detectors.DETECTORS",
    "narrows.cli.mask.DETECTORS",
    "narrows.cli.detectors.DETECTORS",
)
"""Where it is taken from."""
