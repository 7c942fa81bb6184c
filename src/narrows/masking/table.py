"""The shipped table: every detector, in the order that breaks ties between labels. Adding a domain is one line here."""

from itertools import chain
from typing import Final

from narrows.masking.detector import Detector
from narrows.masking.detectors import (
    groups,
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

SECRETS: Final[tuple[Detector, ...]] = tuple(
    chain.from_iterable(
        domain.DETECTORS
        for domain in (
            secrets_credentials,
            secrets_cloud,
            secrets_source,
            secrets_hosting,
            secrets_payment,
            secrets_messaging,
            secrets_ai,
            secrets_delivery,
            secrets_data,
            secrets_observability,
            secrets_identity,
            secrets_saas,
            secrets_generic,
        )
    )
)
"""Secrets of machines: what an issuer's format tells first, what only looks like one last."""

DETECTORS: Final[tuple[Detector, ...]] = (*groups.DETECTORS, *SECRETS)
"""All of them."""
