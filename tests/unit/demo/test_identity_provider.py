"""The development identity provider: discovery, keys, tokens that verify, and its limits."""

import itertools
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from narrows.demo.identity_provider import TOKEN_SECONDS, DevelopmentProvider
from unit.demo.exchange import ask

ISSUER = "http://127.0.0.1:9"


@pytest.fixture
def provider() -> DevelopmentProvider:
    numbers = itertools.count()
    return DevelopmentProvider(ISSUER, "narrows", now=lambda: 1_700_000_000.5, new_id=lambda: str(next(numbers)))


async def test_discovery_names_its_own_addresses(provider: DevelopmentProvider) -> None:
    reply = await ask(provider, "GET", "/.well-known/openid-configuration")
    assert reply.json["issuer"] == ISSUER
    assert reply.json["jwks_uri"] == f"{ISSUER}/jwks"
    assert b"DEVELOPMENT" in reply.headers[b"x-warning"]


async def claims(provider: DevelopmentProvider, form: bytes) -> dict[str, Any]:
    reply = await ask(provider, "POST", "/token", form)
    assert reply.status == 200
    keys = KeySet.import_key_set((await ask(provider, "GET", "/jwks")).json)
    return dict(jwt.decode(reply.json["access_token"], keys, algorithms=["ES256"]).claims)


async def test_a_token_verifies_under_the_published_keys(provider: DevelopmentProvider) -> None:
    alice = await claims(provider, b"user=alice")
    assert (alice["iss"], alice["aud"], alice["sub"]) == (ISSUER, "narrows", "alice")
    assert alice["groups"] == ["research"]
    assert alice["exp"] - alice["iat"] == TOKEN_SECONDS
    bob = await claims(provider, b"grant_type=password&username=bob")
    assert (bob["sub"], bob["groups"]) == ("bob", ["support"])
    assert bob["jti"] != alice["jti"]


async def test_the_published_keys_are_public(provider: DevelopmentProvider) -> None:
    assert all("d" not in key for key in (await ask(provider, "GET", "/jwks")).json["keys"])


@pytest.mark.parametrize("form", [b"", b"user=mallory", b"user=", b"\xff\xff", b"a=1&" * 50, b"x" * 20_000])
async def test_nobody_else_gets_a_token(provider: DevelopmentProvider, form: bytes) -> None:
    reply = await ask(provider, "POST", "/token", form)
    assert reply.status == 400
    assert "access_token" not in reply.json


@pytest.mark.parametrize("host", ["evil.example", "evil.example:9", "127.0.0.1.evil.example:9", ""])
async def test_it_serves_loopback_names_only(provider: DevelopmentProvider, host: str) -> None:
    reply = await ask(provider, "POST", "/token", b"user=alice", host=host)
    assert reply.status == 403
    assert "access_token" not in reply.json


@pytest.mark.parametrize("host", ["localhost", "localhost:9", "[::1]:9", "127.0.0.1"])
async def test_every_loopback_name_will_do(provider: DevelopmentProvider, host: str) -> None:
    assert (await ask(provider, "POST", "/token", b"user=alice", host=host)).status == 200


async def test_other_routes_are_not_found(provider: DevelopmentProvider) -> None:
    assert (await ask(provider, "GET", "/token")).status == 404
