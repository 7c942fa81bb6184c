"""The tables of this folder in one, but for those of secrets, and the names that policies give to sets of entities.

A group is a set of entities, not of detectors: a policy never has to know that two rows find cards. What belongs to
`SECRETS` is known only with the tables of secrets, so `groups` is given them.
"""

from collections.abc import Iterable
from itertools import chain
from typing import Final

from narrows.masking.detector import Detector
from narrows.masking.detectors import (
    addresses,
    contact,
    devices,
    health,
    identity_americas,
    identity_asia_pacific,
    identity_germanic,
    identity_latin,
    identity_nordic,
    identity_uk,
    identity_us,
    network,
    payment,
    personal,
    telephones,
)

DETECTORS: Final[tuple[Detector, ...]] = tuple(
    chain.from_iterable(
        table.DETECTORS
        for table in (
            payment,
            contact,
            telephones,
            addresses,
            network,
            personal,
            health,
            devices,
            identity_us,
            identity_uk,
            identity_germanic,
            identity_latin,
            identity_nordic,
            identity_americas,
            identity_asia_pacific,
        )
    )
)
"""Every row but those of secrets."""

PERSONAL_SECRETS: Final = frozenset(("PASSWORD", "PIN", "CREDIT_CARD_CVV"))
"""What a person keeps to themself; it belongs to SECRETS beside the keys of machines."""

NOT_PERSONAL: Final = frozenset(
    ("URL", "SWIFT_CODE", "ABA_ROUTING_NUMBER", "AU_ABN", "AU_ACN", "BR_CNPJ", "IT_VAT_CODE", "PASSWORD")
)
"""Entities that name a page, a bank or an enterprise, or nobody at all. All others are PII.

Addresses of machines are PII (GDPR, recital 30); a link as such is not, and masking all links would break most prompts.
"""

COUNTRIES: Final = frozenset(
    detector.entity[:2] for detector in DETECTORS if detector.entity[2] == "_" and detector.entity != "IP_ADDRESS"
)
"""The countries that have entities of their own, as Presidio abbreviates them: `UK`, not `GB`."""

EUROPEAN_UNION: Final = frozenset(("AT", "BE", "DE", "DK", "ES", "FI", "FR", "IE", "IT", "NL", "PL", "PT", "SE"))


def groups(secrets: Iterable[Detector] = ()) -> dict[str, frozenset[str]]:
    """The entities of each group: PII, PAYMENT, HEALTH, CONTACT, NETWORK, SECRETS, EU, and one for each country."""
    entities = _entities(DETECTORS)
    countries = {
        country: frozenset(name for name in entities if name.startswith(f"{country}_")) for country in COUNTRIES
    }
    countries["US"] |= {"ABA_ROUTING_NUMBER", "MEDICAL_LICENSE"}
    return {
        "PII": entities - NOT_PERSONAL,
        "PAYMENT": _entities(payment.DETECTORS) | {"PIN"},
        "HEALTH": _entities(health.DETECTORS),
        "CONTACT": _entities((*contact.DETECTORS, *telephones.DETECTORS, *addresses.DETECTORS)),
        "NETWORK": _entities(network.DETECTORS),
        "SECRETS": _entities(secrets) | PERSONAL_SECRETS,
        "EU": frozenset().union(*(countries[country] for country in EUROPEAN_UNION)),
        **countries,
    }


def _entities(detectors: Iterable[Detector]) -> frozenset[str]:
    return frozenset(detector.entity for detector in detectors)
