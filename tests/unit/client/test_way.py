"""The way to the gate: over TLS, or on this machine; the caller's own agent and nothing of the proxy's."""

import pytest

from narrows.client.failure import SignInFailed
from narrows.client.way import way
from unit.upstream.scripted import Peer, serving


async def test_a_call_goes_on_as_it_came() -> None:
    seen: list[bytes] = []

    async def script(peer: Peer) -> None:
        seen.append(await peer.request())
        peer.send(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")

    async with serving(script) as server:
        gate = way(f"{server.url}/below")
        headers = [(b"user-agent", b"tool/1"), (b"authorization", b"Bearer t"), (b"narrows-session", b"s")]
        reply = await gate.send("GET", "/v1/models?limit=2", headers, b"")
        assert await reply.read_all(10) == b"{}"
        gate.close()
    assert seen[0].startswith(b"GET /below/v1/models?limit=2 HTTP/1.1\r\n")
    lines = seen[0].lower().split(b"\r\n")
    assert b"authorization: bearer t" in lines
    assert b"narrows-session: s" in lines
    assert [line for line in lines if line.startswith(b"user-agent:")] == [b"user-agent: tool/1"]


@pytest.mark.parametrize("url", ["ftp://gate", "https://", "http://192.0.2.1:1"])
def test_an_address_that_is_none_is_told(url: str) -> None:
    with pytest.raises(SignInFailed):
        way(url)


def test_authorities_that_can_not_be_read_are_told() -> None:
    with pytest.raises(SignInFailed, match="PEM"):
        way("https://gate.test", "missing.pem")
