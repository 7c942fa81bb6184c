"""Secrets that carry their own description."""

import base64
import json

import pytest

from narrows.masking.validators.secrets_encoded import (
    is_aws_access_key,
    is_basic_credential,
    is_discord_token,
    is_jwt,
    is_prefixed_json,
)


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("header", "verdict"),
    [
        ({"alg": "HS256"}, True),
        ({"typ": "JWT", "alg": "none"}, True),
        ({"enc": "A128GCM"}, True),
        ({"k": 1}, False),
        ([1], False),
    ],
)
def test_a_jwt_names_its_algorithm(header: object, verdict: bool) -> None:
    assert is_jwt(f"{encoded(header)}.eyJ9.x") is verdict


@pytest.mark.parametrize("text", ["", ".", "eyJ.eyJ", "ey" + "J" * 9_000 + ".x", "\u00e9.x"])
def test_what_is_no_jwt_is_no_error(text: str) -> None:
    assert not is_jwt(text)


@pytest.mark.parametrize(
    ("plain", "verdict"),
    [
        (b"gate:n0t-real", True),
        (b"gate:", False),
        (b"nothing", False),
        (b"\xff:\xfe", False),
        (b":pw", True),
        (b"a:\x00", False),
    ],
)
def test_a_basic_credential_is_a_user_and_a_password(plain: bytes, verdict: bool) -> None:
    assert is_basic_credential(base64.b64encode(plain).decode()) is verdict


def access_key(account: int) -> str:
    return "AKIA" + base64.b32encode(((account << 7) | 1 << 47).to_bytes(6, "big") + b"\x12\x34\x56\x78").decode()


def test_an_access_key_holds_an_account_number_of_twelve_digits() -> None:
    assert is_aws_access_key(access_key(123_456_789_012))
    assert not is_aws_access_key(access_key(10**12))
    assert is_aws_access_key("AKIA" + "IOSFODNN7EXAMPLE")
    assert not is_aws_access_key("AKIA" + "10SF0DNN7EXAMPL1")
    assert not is_aws_access_key("AKIASHORT")


def test_a_discord_token_begins_with_a_snowflake() -> None:
    first = base64.b64encode(b"108734918265730491").decode().rstrip("=")
    assert is_discord_token(f"{first}.Gabcde.{'x' * 38}")
    assert not is_discord_token(f"{base64.b64encode(b'not-a-snowflake!').decode().rstrip('=')}.Gabcde.x")
    assert not is_discord_token("MTA.G.x")


def test_a_prefixed_token_holds_json() -> None:
    assert is_prefixed_json(f"sntrys_{encoded({'iat': 1})}_tail")
    assert not is_prefixed_json("sntrys_eyJub3QganNvbg_tail")
    assert not is_prefixed_json("plain")
