"""From a host name to the addresses it may be reached at.

A name is resolved once for each connect and the connection is made to the checked address itself, so that a second
answer of the resolver can't lead elsewhere. Loopback and private addresses are where models run and are permitted;
addresses that only ever lead to a machine's own metadata or to nothing are not.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""Addresses of a host name, best first. Raises OSError when there are none."""

_METADATA: Final = frozenset(
    ip_address(text)
    for text in (
        "169.254.169.254",  # most clouds
        "100.100.100.200",  # Alibaba
        "168.63.129.16",  # Azure's wire server
        "192.0.0.192",  # Oracle
        "fd00:ec2::254",  # AWS
        "fd20:ce::254",  # Google
    )
)
_THIS_NETWORK: Final = ip_network("0.0.0.0/8")
_NAT64: Final = ip_network("64:ff9b::/96")


class AddressRefused(OSError):
    """No address of the host may be connected to."""


async def resolve(host: str, port: int) -> Sequence[str]:
    """The system's resolver."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def only_here(resolver: Resolver) -> Resolver:
    """A resolver whose names may only mean this machine."""

    async def resolved(host: str, port: int) -> Sequence[str]:
        return [address for address in await resolver(host, port) if ip_address(address).is_loopback]

    return resolved


def is_remote(host: str) -> bool:
    """Whether the host is an address of another machine; a name is judged by what it resolves to."""
    try:
        return not ip_address(host).is_loopback
    except ValueError:
        return False


async def addresses(host: str, port: int, resolver: Resolver) -> Sequence[str]:
    """The permitted addresses of a host. Raises AddressRefused, or OSError from the resolver."""
    try:
        candidates: Sequence[str] = [str(ip_address(host))]
    except ValueError:
        candidates = await resolver(host, port)
    permitted = [address for address in candidates if permits(address)]
    if not permitted:
        raise AddressRefused("no address of the host is permitted (link-local, metadata, multicast or unspecified)")
    return permitted


def permits(address: str) -> bool:
    """Whether a connection may be made to this IP address."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return all(_is_permitted(each) for each in (parsed, *_embedded(parsed)))


def _is_permitted(address: IPv4Address | IPv6Address) -> bool:
    return not (
        address in _METADATA
        or address.is_link_local
        or address.is_multicast
        or address.is_unspecified
        or (address.version == 4 and (address in _THIS_NETWORK or address.is_reserved))
    )


def _embedded(address: IPv4Address | IPv6Address) -> list[IPv4Address]:
    """The IPv4 addresses that an IPv6 address leads to: mapped, compatible, NAT64, 6to4 and Teredo."""
    if isinstance(address, IPv4Address):
        return []
    inner = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in _NAT64 or (int(address) >> 32 == 0 and int(address) > 1):
        inner.append(IPv4Address(int(address) & 0xFFFFFFFF))
    return [each for each in inner if each is not None]
