"""The upstream's secret: how it is sent, and that every echo of it is recognised."""

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrows.config.schema import ConnectionCredential
from narrows.model.secret import Secret
from narrows.upstream.credential import CredentialInvalid, UpstreamCredential

KEY = 'sk-Pr0j/a+b&c"d<e\\f-0123456789'
BEARER = UpstreamCredential(ConnectionCredential(bearer=Secret(KEY)))


@pytest.mark.parametrize(
    ("config", "header"),
    [
        (ConnectionCredential(bearer=Secret("abc")), (b"authorization", b"Bearer abc")),
        (ConnectionCredential(x_api_key=Secret("abc")), (b"x-api-key", b"abc")),
        (ConnectionCredential(header="X-Token", value=Secret("Token abc")), (b"x-token", b"Token abc")),
        (
            ConnectionCredential(username="me", password=Secret("påss:word")),
            (b"authorization", b"Basic " + base64.b64encode("me:påss:word".encode())),
        ),
        (ConnectionCredential(none=True), None),
    ],
)
def test_each_way_to_send_it(config: ConnectionCredential, header: tuple[bytes, bytes] | None) -> None:
    assert UpstreamCredential(config).header == header


@pytest.mark.parametrize(
    "config",
    [
        ConnectionCredential(),
        ConnectionCredential(bearer=Secret("")),
        ConnectionCredential(bearer=Secret("hush\n")),
        ConnectionCredential(bearer=Secret("hush\r\nevil: 1")),
        ConnectionCredential(bearer=Secret(" hush")),
        ConnectionCredential(x_api_key=Secret("hüsh")),
        ConnectionCredential(header="X-Token"),
        ConnectionCredential(header="X Token", value=Secret("hush")),
        ConnectionCredential(username="me"),
        ConnectionCredential(username="m:e", password=Secret("hush")),
        ConnectionCredential(username="me", password=Secret("")),
    ],
)
def test_a_credential_that_can_not_be_sent_is_refused_without_showing_it(config: ConnectionCredential) -> None:
    with pytest.raises(CredentialInvalid) as caught:
        UpstreamCredential(config)
    assert "hush" not in str(caught.value)


def test_it_does_not_print() -> None:
    assert KEY not in repr(BEARER)


ECHOES = {
    "as it is": KEY,
    "in other case": KEY.lower(),
    "in a sentence": f"Incorrect API key provided: {KEY}. Find yours at",
    "in JSON": json.dumps({"error": KEY}),
    "in JSON, every character escaped": "".join(f"\\u{ord(letter):04x}" for letter in KEY),
    "in JSON, slashes escaped": json.dumps(KEY).replace("/", "\\/"),
    "in a URL": quote(KEY, safe=""),
    "in a URL, every character escaped": "".join(f"%{ord(letter):02X}" for letter in KEY),
    "in HTML": KEY.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;"),
    "in HTML, by number": "".join(f"&#{ord(letter)};" for letter in KEY),
    "in hexadecimal": KEY.encode().hex(),
    "in HEXADECIMAL": KEY.encode().hex().upper(),
    "its first half": KEY[: len(KEY) // 2] + "...",
    "its second half": "..." + KEY[len(KEY) // 2 :],
    "in base64": base64.b64encode(KEY.encode()).decode(),
    "in base64 for URLs": base64.urlsafe_b64encode(KEY.encode()).decode(),
    "in base64 in a URL": quote(base64.b64encode(KEY.encode()).decode(), safe=""),
}


@pytest.mark.parametrize("form", ECHOES)
def test_an_echo_is_recognised(form: str) -> None:
    assert BEARER.leaks(ECHOES[form].encode())


@given(st.binary(max_size=20), st.binary(max_size=20))
def test_base64_is_recognised_wherever_the_secret_stands_in_it(before: bytes, after: bytes) -> None:
    assert BEARER.leaks(b'{"echo":"' + base64.b64encode(before + KEY.encode() + after) + b'"}')


def test_basic_is_recognised_as_it_was_sent_and_by_its_password() -> None:
    credential = UpstreamCredential(ConnectionCredential(username="user", password=Secret("hunter22")))
    assert credential.header is not None
    assert credential.leaks(b"you sent " + credential.header[1])
    assert credential.leaks(b"wrong password hunter22")
    assert not credential.leaks(b"user is unknown")


def test_a_scheme_in_a_header_is_no_part_of_the_secret() -> None:
    credential = UpstreamCredential(ConnectionCredential(header="x-auth", value=Secret("Token abcdef123")))
    assert credential.leaks(b"abcdef123 is wrong")
    assert not credential.leaks(b"Token is wrong")


@pytest.mark.parametrize(
    "data",
    [b"", b"invalid api key", b"sk-", KEY[:10].encode(), b'{"error":{"message":"model not found \\u00e9 50% &amp;"}}'],
)
def test_what_does_not_hold_it_is_no_leak(data: bytes) -> None:
    assert not BEARER.leaks(data)


def test_without_a_credential_nothing_leaks() -> None:
    assert not UpstreamCredential(ConnectionCredential(none=True)).leaks(b"anything")


def test_an_echo_is_the_whole_secret_and_no_word() -> None:
    long = UpstreamCredential(ConnectionCredential(bearer=Secret("sk-0123456789abcdef")))
    assert long.echoes(b'{"text":"sk-0123456789abcdef"}')
    assert not long.echoes(b"sk-0123456789abcde")
    assert not UpstreamCredential(ConnectionCredential(bearer=Secret("EMPTY"))).echoes(b"EMPTY")
