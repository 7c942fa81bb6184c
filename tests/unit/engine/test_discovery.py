"""Whoever asks is told where people sign in, and nothing else; nothing of it is recorded."""

import msgspec
import pytest

from narrows.engine.discovery import WELL_KNOWN
from unit.engine.world import World

DOCUMENT = b'{"issuers": []}'


def world() -> World:
    made = World()
    made.snapshots.current = msgspec.structs.replace(made.snapshots.current, public=DOCUMENT)
    return made


@pytest.mark.parametrize("token", [None, "mallory", "alice"])
async def test_anybody_gets_the_document(token: str | None) -> None:
    here = world()
    exchange = await here.call(b"", token=token, path=WELL_KNOWN, method="GET")
    assert (exchange.status, exchange.data) == (200, DOCUMENT)
    assert exchange.headers[b"content-type"] == b"application/json"
    assert exchange.headers[b"cache-control"] == b"no-store"
    assert here.journal.entries == []
    here.strangers.flush()
    assert here.journal.counts == []


async def test_it_can_only_be_read() -> None:
    here = world()
    exchange = await here.call(b"{}", path=WELL_KNOWN, method="POST")
    assert (exchange.status, exchange.headers[b"allow"]) == (405, b"GET, HEAD")
    assert DOCUMENT not in exchange.data
    assert not exchange.body_read


@pytest.mark.parametrize("path", ["/.well-known/narrows/", "/.well-known", "/openai/.well-known/narrows"])
async def test_a_path_that_only_looks_like_it_needs_a_credential(path: str) -> None:
    exchange = await world().call(b"", token=None, path=path, method="GET")
    assert exchange.status == 401
