"""All rows for secrets in one table: what the tables of this folder that are called `secrets_…` hold."""

from itertools import chain
from typing import Final

from narrows.masking.detector import Detector
from narrows.masking.detectors import (
    secrets_ai,
    secrets_cloud,
    secrets_credentials,
    secrets_data,
    secrets_delivery,
    secrets_generic,
    secrets_hosting,
    secrets_identity,
    secrets_messaging,
    secrets_observability,
    secrets_payment,
    secrets_saas,
    secrets_source,
)

DETECTORS: Final[tuple[Detector, ...]] = tuple(
    chain.from_iterable(
        table.DETECTORS
        for table in (
            secrets_cloud,
            secrets_hosting,
            secrets_source,
            secrets_delivery,
            secrets_data,
            secrets_payment,
            secrets_messaging,
            secrets_ai,
            secrets_observability,
            secrets_saas,
            secrets_identity,
            secrets_generic,
            secrets_credentials,
        )
    )
)
