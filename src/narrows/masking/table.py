"""The shipped table: every detector, in the order that breaks ties between labels."""

from typing import Final

from narrows.masking.detector import Detector
from narrows.masking.detectors import groups, secrets_table

SECRETS: Final[tuple[Detector, ...]] = secrets_table.DETECTORS
DETECTORS: Final[tuple[Detector, ...]] = (*groups.DETECTORS, *SECRETS)
"""Every row. Of two findings as sure and as long as each other the earlier row names it."""
