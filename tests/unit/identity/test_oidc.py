"""Signed tokens of one issuer: the order of the checks, rotation, outages."""

from typing import Any

import pytest

from narrows.identity.cache import Verified, digest_of
from narrows.identity.documents import Json
from narrows.identity.jwks import KeySource, KeyTiming
from narrows.identity.oidc import TokenVerifier, judge
from narrows.model.principal import Credential, Principal
from narrows.model.refusal import Code
from narrows.model.verdict import Deny
from unit.identity.world import ISSUER, START, Provider, StillClock, compact, issuer, payload, signing_key


class World:
    def __init__(self, **settings: Any) -> None:
        self.clock = StillClock()
        self.provider = Provider()
        configured = issuer(**settings)
        keys = KeySource(configured, self.provider.fetcher, self.clock, KeyTiming())
        self.verifier = TokenVerifier(configured, keys, self.clock)

    async def outcome(self, token: str) -> Verified | Deny:
        return await self.verifier.verify(compact(token), payload(token), digest_of(token))

    async def denied(self, token: str) -> Deny:
        found = await self.outcome(token)
        assert isinstance(found, Deny)
        return found


async def test_a_right_token_is_an_identity() -> None:
    world = World(attributes=("department",))
    found = await world.outcome(world.provider.token(jti="t-1", department="lab"))
    assert isinstance(found, Verified)
    assert found.identity.principal == Principal(
        "corp", "alice", groups=frozenset({"research"}), attributes={"department": ("lab",)}
    )
    assert found.identity.credential == Credential("oidc", "t-1", START + 600.0, issued=START * 1_000_000)
    assert found.until == (START + 630) * 1_000_000
    assert found.generation == found.source.generation == 1


async def test_expired_is_said_of_authentic_tokens_only() -> None:
    world = World()
    assert (await world.denied(world.provider.token(exp=START - 60))).code is Code.CREDENTIAL_EXPIRED
    world.provider.key = signing_key("ES256", "forged")
    forged = world.provider.token({"kid": "one"}, exp=START - 60)
    assert (await world.denied(forged)).message == "the token's signature is not valid"


async def test_nothing_is_fetched_for_a_header_that_is_refused() -> None:
    world = World()
    assert "algorithm" in (await world.denied(world.provider.token({"alg": "none"}))).message
    assert world.provider.fetcher.asked == []


async def test_without_any_keys_the_identity_is_unavailable() -> None:
    world = World()
    world.provider.fetcher.down = True
    denied = await world.denied(world.provider.token())
    assert denied.code is Code.IDENTITY_UNAVAILABLE
    assert denied.meaning.status == 503
    assert "'corp'" in denied.message
    world.provider.fetcher.down = False
    assert (await world.denied(world.provider.token())).code is Code.IDENTITY_UNAVAILABLE
    world.clock.advance(10)
    assert isinstance(await world.outcome(world.provider.token()), Verified)


async def test_an_unknown_key_is_unavailable_while_the_provider_is_down() -> None:
    """It may be a new one; with the provider up it is a bad token."""
    world = World()
    known = world.provider.token()
    assert isinstance(await world.outcome(known), Verified)
    world.provider.fetcher.down = True
    world.provider.rotate("two")
    world.clock.advance(10)
    assert (await world.denied(world.provider.token())).code is Code.IDENTITY_UNAVAILABLE
    assert isinstance(await world.outcome(known), Verified)
    world.provider.fetcher.down = False
    world.clock.advance(10)
    assert isinstance(await world.outcome(world.provider.token()), Verified)
    assert (await world.denied(world.provider.token({"kid": "three"}))).code is Code.CREDENTIAL_INVALID


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"iss": f"{ISSUER}/"}, "issuer"),
        ({"aud": "other"}, "audience"),
        ({"cnf": {"x5t#S256": "x"}}, "`cnf`"),
        ({"nbf": START + 31}, "`nbf`"),
        ({"sub": 5}, "`sub`"),
        ({"groups": 5}, "`groups`"),
    ],
)
def test_the_first_claim_that_is_wrong_is_named(change: Json, says: str) -> None:
    found = judge(Provider().claims(**change), issuer(), START * 1_000_000)
    assert isinstance(found, Deny)
    assert says in found.message
