"""Credentials that are bound: good only together with a client certificate, or from the network they were used from
first.

A network is one IPv4 address, or the /64 of an IPv6 one: what a provider gives one customer. Whoever uses a credential
first binds it, whatever becomes of that call.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_address

from narrows.model.principal import Credential, Identity
from narrows.model.refusal import Code
from narrows.model.verdict import Deny
from narrows.ports.sightings import Sightings

SUBNET = 64
"""Bits of an IPv6 address that say whose it is."""


class Bindings:
    """Judges bound credentials, for one gate."""

    __slots__ = ("_sightings",)

    def __init__(self, sightings: Sightings) -> None:
        self._sightings = sightings

    def refusal(self, identity: Identity, address: str, certificate: str | None) -> Deny | None:
        """Whether this credential is refused here. `certificate` is the SHA-256, in hex, of the one that the client
        showed; None: it showed none."""
        credential = identity.credential
        deny = _without(credential, certificate)
        if deny is None and credential.network:
            here = network_of(address)
            if here is None or self._sightings.bind(credential.id, here) != here:
                deny = "The credential is bound to the network that it was used from first, and this is another."
        return None if deny is None else Deny(Code.CREDENTIAL_BOUND, deny, whose=identity)


def _without(credential: Credential, certificate: str | None) -> str | None:
    if credential.certificate is None or credential.certificate == certificate:
        return None
    if certificate is None:
        return "The credential is bound to a client certificate, and the client showed none."
    return "The credential is bound to another client certificate."


def network_of(address: str) -> str | None:
    """The network of an address; None where it is none."""
    try:
        found = ip_address(address)
    except ValueError:
        return None
    known = found if isinstance(found, IPv4Address) else found.ipv4_mapped
    if known is not None:
        return str(IPv4Network(known))
    return str(IPv6Network((int(found), SUBNET), strict=False))
