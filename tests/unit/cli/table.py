"""A small table of detectors in place of the shipped one, which takes seconds to compile."""

from typing import Final

from narrows.masking.detector import Detector
from narrows.masking.detectors import contact, identity_us

TABLE: Final[tuple[Detector, ...]] = (*identity_us.DETECTORS, *contact.DETECTORS)

PLACES: Final = (
    "narrows.wiring.masking.SHIPPED",
    "narrows.wiring.detectors.SHIPPED",
    "narrows.cli.mask.SHIPPED",
    "narrows.cli.detectors.SHIPPED",
)
"""Where it is taken from."""
