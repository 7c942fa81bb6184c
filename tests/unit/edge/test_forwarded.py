"""Whose address counts behind listed proxies."""

import pytest

from narrows.edge.forwarded import client_address, is_trusted, parse_networks

TRUSTED = parse_networks(["10.0.0.0/8", "2001:db8::/32"])


@pytest.mark.parametrize(
    ("header", "address"),
    [
        (b"203.0.113.7", "203.0.113.7"),
        (b"1.1.1.1, 203.0.113.7", "203.0.113.7"),
        (b"1.1.1.1, 203.0.113.7, 10.0.0.2", "203.0.113.7"),
        (b"10.0.0.3, 10.0.0.2", "10.0.0.3"),
        (b"203.0.113.7:4711", "203.0.113.7"),
        (b"[2001:db9::7]:4711", "2001:db9::7"),
        (b"2001:db9::7", "2001:db9::7"),
        (b"2001:DB9:0::7", "2001:db9::7"),
        (b"::ffff:203.0.113.7", "203.0.113.7"),
        (b"1.1.1.1, ::ffff:10.0.0.2", "1.1.1.1"),
        (b"1.1.1.1, garbage", "10.0.0.1"),
        (b"1.1.1.1, garbage, 10.0.0.2", "10.0.0.2"),
        (b"1.1.1.1,", "10.0.0.1"),
        (b"", "10.0.0.1"),
        (b"\xff\xfe", "10.0.0.1"),
        (b"unknown", "10.0.0.1"),
    ],
)
def test_the_rightmost_unlisted_address_is_the_client(header: bytes, address: str) -> None:
    assert client_address("10.0.0.1", header, TRUSTED) == address


def test_only_listed_addresses_are_trusted() -> None:
    assert is_trusted("10.255.0.1", TRUSTED)
    assert is_trusted("::ffff:10.0.0.1", TRUSTED)
    assert not is_trusted("11.0.0.1", TRUSTED)
    assert not is_trusted("", TRUSTED)
    assert not is_trusted("10.0.0.1", ())


def test_what_is_no_network_is_an_error() -> None:
    with pytest.raises(ValueError, match="nonsense"):
        parse_networks(["nonsense"])
