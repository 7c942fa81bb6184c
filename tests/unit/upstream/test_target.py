"""URLs of upstreams."""

import pytest

from narrows.upstream.target import Target, TargetInvalid, parse_target


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://api.openai.com", Target(True, "api.openai.com", 443, "api.openai.com", "")),
        ("HTTPS://API.openai.com:443/", Target(True, "api.openai.com", 443, "api.openai.com", "")),
        ("http://127.0.0.1:8000/v1/", Target(False, "127.0.0.1", 8000, "127.0.0.1:8000", "/v1")),
        ("http://[::1]:8000/a/b", Target(False, "::1", 8000, "[::1]:8000", "/a/b")),
        ("https://example.com:80", Target(True, "example.com", 80, "example.com:80", "")),
        ("http://example.com.", Target(False, "example.com", 80, "example.com", "")),
    ],
)
def test_a_url_is_taken_apart(url: str, target: Target) -> None:
    assert parse_target(url) == target


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.openai.com",
        "ftp://example.com",
        "unix:///var/run/x",
        "https://",
        "https:///path",
        "https://user:password@example.com",
        "https://user@example.com",
        "https://example.com?key=password",
        "https://example.com/?",
        "https://example.com/#x",
        "https://example.com:0",
        "https://example.com:99999",
        "https://example.com:x",
        "https://[::1",
        "https://[fe80::1%25eth0]/",
        "https://exa mple.com",
        "https://example.com/a\r\nb",
        "https://example.com\\@evil.com",
        "https://exämple.com",
        "https://example.com/a/../b",
        "https://example.com/./b",
    ],
)
def test_a_url_that_can_not_be_used_is_refused_without_quoting_it(url: str) -> None:
    with pytest.raises(TargetInvalid) as caught:
        parse_target(url)
    assert "password" not in str(caught.value).replace("a user or password", "")


def test_the_origin_is_fit_for_a_log() -> None:
    assert parse_target("https://example.com/secret/path").origin == "https://example.com"
