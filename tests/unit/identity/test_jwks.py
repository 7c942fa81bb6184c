"""Key sets over time: discovery, rotation, rate limits, outages."""

import asyncio
import json

import pytest

from narrows.identity.jwks import KeySource, KeyTiming
from narrows.upstream.fetch import DocumentFetcher
from unit.identity.world import ISSUER, Provider, StillClock, issuer, key_set, signing_key

TIMING = KeyTiming(refresh=300.0, cooldown=10.0, outage=3600.0, fetch=5.0)
DISCOVERY = f"{ISSUER}/.well-known/openid-configuration"
JWKS = f"{ISSUER}/jwks"


class World:
    def __init__(self, **settings: object) -> None:
        self.clock = StillClock()
        self.provider = Provider()
        self.fetcher = self.provider.fetcher
        self.source = KeySource(issuer(**settings), self.fetcher, self.clock, TIMING)

    async def has(self, kid: str | None) -> bool:
        keys = await self.source.holding(kid, "ES256")
        return keys is not None and bool(keys.candidates(kid, "ES256"))


async def test_discovery_leads_to_the_keys() -> None:
    world = World()
    assert await world.has("one")
    assert world.fetcher.asked == [DISCOVERY, JWKS]
    assert world.source.generation == 1


async def test_keys_arrive_over_a_real_connection() -> None:
    provider = Provider()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1].decode()
        body = provider.fetcher.documents[ISSUER + path].replace(ISSUER.encode(), address.encode())
        writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % len(body) + body)
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    fetcher = DocumentFetcher()
    source = KeySource(issuer(issuer=address), fetcher, StillClock(), TIMING)
    keys = await source.holding("one", "ES256")
    assert keys is not None
    assert keys.candidates("one", "ES256")
    fetcher.close()
    server.close()
    await server.wait_closed()
    assert await KeySource(issuer(issuer=address), fetcher, StillClock(), TIMING).holding("one", "ES256") is None
    fetcher.close()


async def test_an_issuer_with_a_slash_is_discovered_below_it() -> None:
    world = World(issuer=f"{ISSUER}/")
    document = {"issuer": f"{ISSUER}/", "jwks_uri": JWKS}
    world.fetcher.documents[DISCOVERY] = json.dumps(document).encode()
    assert await world.has("one")


async def test_a_configured_jwks_uri_needs_no_discovery() -> None:
    world = World(jwks_uri=JWKS)
    assert await world.has("one")
    assert world.fetcher.asked == [JWKS]


@pytest.mark.parametrize(
    "document",
    [
        b"<html>",
        b"[]",
        json.dumps({"jwks_uri": JWKS}).encode(),
        json.dumps({"issuer": "https://other.example", "jwks_uri": JWKS}).encode(),
        json.dumps({"issuer": f"{ISSUER}/", "jwks_uri": JWKS}).encode(),
        json.dumps({"issuer": ISSUER}).encode(),
        json.dumps({"issuer": ISSUER, "jwks_uri": 5}).encode(),
        json.dumps({"issuer": ISSUER, "jwks_uri": "http://idp.example.com/jwks"}).encode(),
        json.dumps({"issuer": ISSUER, "jwks_uri": "file:///etc/passwd"}).encode(),
        json.dumps({"issuer": ISSUER, "jwks_uri": "https://["}).encode(),
    ],
)
async def test_a_discovery_document_that_is_wrong_gives_no_keys(document: bytes) -> None:
    world = World()
    world.fetcher.documents[DISCOVERY] = document
    assert await world.source.holding("one", "ES256") is None
    assert world.source.failing


async def test_a_rotated_key_is_found_at_once_and_voids_the_generation() -> None:
    world = World()
    assert await world.has("one")
    world.clock.advance(11)
    world.provider.rotate("two")
    assert await world.has("two")
    assert not await world.has("one")
    assert world.source.generation == 2


async def test_keys_rotated_just_after_a_periodic_fetch_are_learnt_at_once() -> None:
    world = World()
    await world.source.begin()
    world.provider.rotate("two")
    assert await world.has("two")
    assert world.fetcher.asked.count(JWKS) == 2


async def test_unknown_kids_cause_one_fetch_a_cooldown() -> None:
    world = World()
    assert await world.has("one")
    for number in range(50):
        assert not await world.has(f"garbage-{number}")
    assert world.fetcher.asked.count(JWKS) == 2
    world.clock.advance(10)
    for number in range(50):
        assert not await world.has(f"garbage-{number}")
    assert world.fetcher.asked.count(JWKS) == 3


async def test_many_callers_share_one_fetch() -> None:
    world = World()
    world.fetcher.gate = asyncio.Event()
    callers = [asyncio.create_task(world.has("one")) for _ in range(20)]
    await asyncio.sleep(0)
    callers[0].cancel()
    await asyncio.sleep(0)
    world.fetcher.gate.set()
    results = await asyncio.gather(*callers, return_exceptions=True)
    assert isinstance(results[0], asyncio.CancelledError)
    assert results[1:] == [True] * 19
    assert world.fetcher.asked == [DISCOVERY, JWKS]


async def test_an_unchanged_set_keeps_its_generation() -> None:
    world = World()
    await world.source.begin()
    await world.source.begin()
    assert world.source.generation == 1
    assert len(world.fetcher.asked) == 4


async def test_keys_outlive_an_outage_for_a_bounded_time() -> None:
    world = World()
    assert await world.has("one")
    world.fetcher.down = True
    world.clock.advance(3599)
    await world.source.begin()
    assert world.source.failing
    assert await world.has("one")
    world.clock.advance(1)
    assert not await world.has("one")
    world.fetcher.down = False
    world.clock.advance(10)
    assert await world.has("one")
    assert world.source.generation == 2


async def test_a_provider_that_withdraws_every_key_is_believed() -> None:
    world = World()
    assert await world.has("one")
    world.fetcher.documents[JWKS] = b'{"keys": []}'
    await world.source.begin()
    assert not await world.has("one")
    assert world.source.current() is not None
    assert world.source.generation == 2


async def test_a_broken_set_is_an_outage_and_not_a_withdrawal() -> None:
    world = World()
    assert await world.has("one")
    world.fetcher.documents[JWKS] = b"<html>"
    await world.source.begin()
    assert world.source.failing
    assert await world.has("one")


async def test_keys_are_due_periodically_and_sooner_while_failing() -> None:
    world = World()
    assert world.source.due()
    await world.source.begin()
    world.clock.advance(299)
    assert not world.source.due()
    world.clock.advance(1)
    assert world.source.due()
    world.fetcher.down = True
    await world.source.begin()
    assert not world.source.due()
    world.clock.advance(10)
    assert world.source.due()


async def test_a_provider_that_never_answers_is_given_up() -> None:
    world = World()
    world.fetcher.gate = asyncio.Event()
    source = KeySource(issuer(), world.fetcher, world.clock, KeyTiming(fetch=0.01))
    assert await source.holding("one", "ES256") is None
    assert source.failing
    assert not source.due()


async def test_close_ends_a_fetch_and_answers_who_waits() -> None:
    world = World()
    world.fetcher.gate = asyncio.Event()
    caller = asyncio.create_task(world.has("one"))
    flight = world.source.begin()
    await asyncio.sleep(0)
    await world.source.close()
    assert flight.cancelled()
    assert await caller is False


async def test_a_fetcher_that_breaks_its_word_is_an_outage(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    assert await world.has("one")
    world.fetcher.documents = None  # type: ignore[assignment]
    await world.source.begin()
    assert world.source.failing
    assert await world.has("one")
    assert "fetching its keys failed" in caplog.text


async def test_an_outage_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    world.fetcher.down = True
    await world.source.begin()
    await world.source.begin()
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert warnings == ["identity provider corp: its keys can't be fetched: connection refused"]


async def test_several_keys_stay_in_force_while_a_provider_rotates() -> None:
    world = World()
    world.fetcher.documents[JWKS] = key_set(signing_key("ES256", "one"), signing_key("ES256", "two"))
    assert await world.has("one")
    assert await world.has("two")
    assert world.fetcher.asked.count(JWKS) == 1
