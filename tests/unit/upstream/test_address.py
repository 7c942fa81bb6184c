"""Which addresses may be connected to."""

from collections.abc import Sequence

import pytest

from narrows.upstream.address import AddressRefused, addresses, is_remote, only_here, permits, resolve


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "::1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "fd12:3456::1",
        "8.8.8.8",
        "2606:4700::1111",
        "::ffff:10.1.2.3",
        "64:ff9b::8.8.8.8",
    ],
)
def test_loopback_private_and_public_addresses_are_permitted(address: str) -> None:
    assert permits(address)


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "169.254.0.1",
        "fe80::1",
        "fe80::1%eth0",
        "fd00:ec2::254",
        "fd20:ce::254",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "0.0.0.0",
        "0.1.2.3",
        "::",
        "224.0.0.1",
        "ff02::1",
        "255.255.255.255",
        "240.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:0.0.0.0",
        "::169.254.169.254",
        "64:ff9b::169.254.169.254",
        "2002:a9fe:a9fe::1",
        "not an address",
        "",
    ],
)
def test_link_local_metadata_and_meaningless_addresses_are_not(address: str) -> None:
    assert not permits(address)


def answering(*found: str) -> tuple[list[str], object]:
    asked: list[str] = []

    async def resolver(host: str, port: int) -> Sequence[str]:
        asked.append(host)
        return found

    return asked, resolver


async def test_only_the_permitted_addresses_of_a_name_are_left() -> None:
    asked, resolver = answering("169.254.169.254", "10.0.0.1", "fe80::1", "10.0.0.2")
    assert await addresses("model.internal", 80, resolver) == ["10.0.0.1", "10.0.0.2"]  # type: ignore[arg-type]
    assert asked == ["model.internal"]


async def test_a_name_that_leads_nowhere_else_is_refused() -> None:
    _, resolver = answering("169.254.169.254")
    with pytest.raises(AddressRefused):
        await addresses("model.internal", 80, resolver)  # type: ignore[arg-type]


async def test_an_address_is_not_resolved_but_checked() -> None:
    asked, resolver = answering("10.0.0.1")
    assert await addresses("127.0.0.1", 80, resolver) == ["127.0.0.1"]  # type: ignore[arg-type]
    with pytest.raises(AddressRefused):
        await addresses("169.254.169.254", 80, resolver)  # type: ignore[arg-type]
    assert asked == []


@pytest.mark.parametrize("spelling", ["2852039166", "0xa9fea9fe", "0251.0376.0251.0376"])
async def test_odd_spellings_of_an_address_are_seen_through(spelling: str) -> None:
    with pytest.raises(OSError, match=r"permitted|[Nn]ame|node"):
        await addresses(spelling, 80, resolve)


async def test_the_system_resolves_localhost() -> None:
    assert set(await resolve("localhost", 80)) <= {"127.0.0.1", "::1"}


async def test_a_name_may_be_made_to_mean_this_machine_alone() -> None:
    async def resolver(host: str, port: int) -> Sequence[str]:
        return ["192.0.2.1", "127.0.0.1", "::1"]

    assert await only_here(resolver)("name", 80) == ["127.0.0.1", "::1"]


@pytest.mark.parametrize(
    ("host", "remote"),
    [
        ("127.0.0.1", False),
        ("127.9.9.9", False),
        ("::1", False),
        ("192.0.2.1", True),
        ("2001:db8::1", True),
        ("x.example", False),
    ],
)
def test_only_an_address_of_another_machine_is_remote(host: str, remote: bool) -> None:
    assert is_remote(host) is remote
