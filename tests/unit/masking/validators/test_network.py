import pytest

from narrows.masking.validators.network import is_international_address, is_ipv6, is_mac, is_spaced_script


@pytest.mark.parametrize(
    "text",
    ["2001:db8::1", "::abc:1", "fe80::1%eth0", "::ffff:192.0.2.128", "a:b:c:d:e:f:a:b", "FE80::0202:B3FF:FE1E:8329"],
)
def test_an_address_of_version_six(text: str) -> None:
    assert is_ipv6(text)


@pytest.mark.parametrize(
    "text", ["::", "::1", "0::2", "a::b", "12:34:56", "1::2::3", ":::", "12345::1", "1:2:3:4:5:6:7:8:9", "::1.2.3.400"]
)
def test_what_is_none(text: str) -> None:
    assert not is_ipv6(text)


def test_an_address_of_a_card_is_somebodys() -> None:
    assert is_mac("00:1A:2b:3c:4d:5e")
    assert is_mac("001a.2b3c.4d5e")
    assert not is_mac("0328.0020.0004")
    assert not is_mac("00:00:00:00:00:00")
    assert not is_mac("ff-ff-ff-ff-ff-ff")


@pytest.mark.parametrize(
    "text", ["josé@example.com", "info@müller.de", "用户@例子.广告", "ñ@a.b.org", "почта@пример.рф", "иван@пример.pф"]
)
def test_an_international_address(text: str) -> None:
    assert is_international_address(text)


@pytest.mark.parametrize(
    "text",
    ["jo@example.com", "是foo@bar.com", "foo@bar.com的", "é@a", ".é@a.org", "é.@a.org", "é@-a.org", "é..b@a.org",
     "é@a..org", "'é@a.org", "é@a.o1é"],
)  # fmt: skip
def test_what_is_no_international_address(text: str) -> None:
    assert not is_international_address(text)


def test_scripts_without_spaces_end_a_link() -> None:
    assert is_spaced_script("müller")
    assert not is_spaced_script("muller")
    assert not is_spaced_script("müller的")
