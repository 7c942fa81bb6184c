"""Whose request it is: the peer's address, or the one that listed proxies vouch for. Pure."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address


def parse_networks(names: Sequence[str]) -> tuple[Network, ...]:
    """The networks of `gate.trusted_proxies`. Raises ValueError for what is none."""
    return tuple(ip_network(name, strict=False) for name in names)


def is_trusted(address: str, trusted: Sequence[Network]) -> bool:
    """Whether an address belongs to a listed proxy."""
    parsed = _parse(address)
    return parsed is not None and _listed(parsed, trusted)


def client_address(peer: str, forwarded_for: bytes, trusted: Sequence[Network]) -> str:
    """The rightmost address of `X-Forwarded-For` that no listed proxy has; `peer` must be a listed proxy.

    Only what a listed proxy wrote is believed: reading from the right, it stops at the first address that is not
    listed, or at the last good one before something that is no address.
    """
    best = peer
    for entry in reversed(forwarded_for.split(b",")):
        parsed = _parse(entry.strip(b" \t").decode("latin-1"))
        if parsed is None:
            break
        best = str(parsed)
        if not _listed(parsed, trusted):
            break
    return best


def _listed(address: Address, trusted: Sequence[Network]) -> bool:
    return any(address in network for network in trusted)


def _parse(text: str) -> Address | None:
    """An address, with or without a port (`192.0.2.1:80`, `[2001:db8::1]:80`); IPv4 in IPv6 becomes IPv4."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
