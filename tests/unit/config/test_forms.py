"""Addresses, URLs and names of a form of their own; what is wrong is told without repeating the value."""

import pytest

from narrows.config.forms import entity, field, header_name, host_name, listen_address, network, url
from narrows.dialects.jsonpath import parse


@pytest.mark.parametrize(
    "value",
    [
        "https://api.openai.com",
        "http://127.0.0.1:8000/base",
        "https://[::1]:9/x",
        "https://idp.example.com/realms/a",
        "http://model_server:80",
    ],
)
def test_urls(value: str) -> None:
    assert url(value) is None


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("api.openai.com", "https://"),
        ("ftp://x", "https://"),
        ("", "https://"),
        ("https://", "no valid URL"),
        ("https:///path", "no valid URL"),
        ("https://a b", "no valid URL"),
        ("https://x\r\nHost: y", "no valid"),
        ("https://ex\u00e4mple.com", "no valid URL"),
        ("https://x:99999", "no valid URL"),
        ("https://x:0", "port"),
        ("https://[::1", "no valid URL"),
        ("https://-x.com", "host name"),
        ("https://user:canary@x", "user or password"),
        ("https://x/?key=canary", "no query"),
        ("https://x/#f", "no query"),
    ],
)
def test_no_urls(value: str, said: str) -> None:
    wrong = url(value) or ""
    assert said in wrong
    assert "canary" not in wrong


def test_a_query_may_be_allowed() -> None:
    assert url("https://x/jwks?kid=1", query=True) is None


@pytest.mark.parametrize("value", ["127.0.0.1:8080", "0.0.0.0:0", "[::1]:8080", "localhost:65535", "[::]:1"])
def test_listen_addresses(value: str) -> None:
    assert listen_address(value) is None


@pytest.mark.parametrize(
    "value",
    [
        "8080",
        "127.0.0.1",
        "127.0.0.1:",
        ":8080",
        "::1:8080",
        "127.0.0.1:65536",
        "127.0.0.1:x",
        "[127.0.0.1]:80",
        "a b:80",
        "x:-1",
        "x:\u0661",
    ],
)
def test_no_listen_addresses(value: str) -> None:
    assert listen_address(value) is not None


@pytest.mark.parametrize("value", ["10.0.0.0/8", "127.0.0.1", "fd00::/8"])
def test_networks(value: str) -> None:
    assert network(value) is None


@pytest.mark.parametrize("value", ["10.0.0.1/8", "10.0.0.0/33", "example.com", "", "10"])
def test_no_networks(value: str) -> None:
    assert network(value) is not None


@pytest.mark.parametrize(
    ("value", "good"),
    [
        ("api.example.com", True),
        ("API.example.com", True),
        ("a" * 64, False),
        ("https://x", False),
        ("x:80", False),
        ("a..b", False),
        ("x/", False),
        ("", False),
    ],
)
def test_host_names(value: str, good: bool) -> None:
    assert (host_name(value) is None) is good


@pytest.mark.parametrize(
    ("value", "good"),
    [
        ("x-trace-id", True),
        ("OpenAI-Beta", True),
        ("a b", False),
        ("a:b", False),
        ("a\r\n", False),
        ("", False),
        ("\u00e4", False),
    ],
)
def test_header_names(value: str, good: bool) -> None:
    assert (header_name(value) is None) is good


@pytest.mark.parametrize(
    ("value", "good"), [("US_SSN", True), ("A1", True), ("", False), ("us_ssn", False), ("1A", False)]
)
def test_entities(value: str, good: bool) -> None:
    assert (entity(value) is None) is good
    assert (entity("A" * 48) is None, entity("A" * 49) is None) == (True, False)


@pytest.mark.parametrize(
    "path",
    [
        "$.a", "$.a.b[*].c", "$['a b'][0]", "$.*", "$[*]", "$", "$.", "$a", "$..a", "$.a[", "$.a['b", "$.a[-1]",
        "$.a b", "$.é", "$.a\n", "$.a[1234567]",
    ],
)  # fmt: skip
def test_json_paths_are_those_that_can_be_followed(path: str) -> None:
    try:
        parse(path)
    except ValueError:
        assert field(path) is not None
    else:
        assert field(path) is None


@pytest.mark.parametrize(
    ("name", "good"), [("password", True), ("account no", True), ("a.b", True), ("", False), ("a ", False)]
)
def test_names_of_members(name: str, good: bool) -> None:
    assert (field(name) is None) is good
