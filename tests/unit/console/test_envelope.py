"""What is around every reply, whatever went wrong within."""

import asyncio
import logging
from typing import Any

import httpx
import pytest

from narrows.console.envelope import Envelope
from unit.console.world import Numbers, World

PATHS = ["/healthz", "/nothing", "/api/v1/whoami", "/openapi.json", "/api/v1/approvals"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("who", [None, "ana", "t-wrong"])
async def test_every_reply_is_closed_to_browsers_and_caches(world: World, path: str, who: str | None) -> None:
    reply = await world.call("GET", path, who)
    assert reply.headers["cache-control"] == "no-store"
    assert reply.headers["x-content-type-options"] == "nosniff"
    assert reply.headers["x-frame-options"] == "DENY"
    assert "default-src 'none'" in reply.headers["content-security-policy"]
    assert reply.headers["x-request-id"].startswith("req_")
    assert "strict-transport-security" not in reply.headers
    assert not [name for name in reply.headers if name.startswith("access-control")]


async def test_an_origin_is_not_let_in(world: World) -> None:
    asked = {"origin": "https://evil.example", "access-control-request-method": "GET"}
    reply = await world.call("OPTIONS", "/api/v1/approvals", None, headers=asked)
    assert not [name for name in reply.headers if name.startswith("access-control")]


async def test_each_request_has_its_id_and_problems_name_it(world: World) -> None:
    first, second = await world.call("GET", "/nothing"), await world.call("GET", "/nothing")
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    assert first.json()["request_id"] == first.headers["x-request-id"]
    assert first.json()["instance"] == f"urn:narrows:request:{first.headers['x-request-id']}"


async def broken(scope: Any, receive: Any, send: Any) -> None:
    raise ValueError("the secret is 5f2b9c")


async def cut(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    raise ValueError("the secret is 5f2b9c")


async def get(app: Any, scheme: str = "http") -> httpx.Response:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=f"{scheme}://console") as client:
        return await client.get("/")


async def test_whatever_breaks_within_is_a_problem_that_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "narrows.console"):
        reply = await get(Envelope(broken, Numbers()))
    assert (reply.status_code, reply.json()["code"]) == (500, "internal")
    assert reply.headers["content-type"] == "application/problem+json"
    assert "5f2b9c" not in reply.text
    assert [record.getMessage() for record in caplog.records] == ["a request failed: ValueError"]


async def test_a_reply_that_has_begun_is_cut() -> None:
    app = Envelope(cut, Numbers())
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    with pytest.raises(ValueError, match="secret"):
        await app({"type": "http", "scheme": "http"}, None, send)
    assert [message["type"] for message in sent] == ["http.response.start"]


async def test_over_tls_a_browser_is_told_to_stay_there() -> None:
    reply = await get(Envelope(broken, Numbers()), "https")
    assert reply.headers["strict-transport-security"] == "max-age=31536000"


async def test_it_serves_nothing_but_http() -> None:
    with pytest.raises(RuntimeError, match="websocket"):
        await Envelope(broken, Numbers())({"type": "websocket"}, None, None)


async def test_what_takes_too_long_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(60)

    monkeypatch.setattr("narrows.console.envelope.LONGEST", 0.05)
    reply = await get(Envelope(slow, Numbers()))
    assert (reply.status_code, reply.json()["code"]) == (408, "request_timeout")
