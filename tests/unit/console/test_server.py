"""The server on a socket: it listens where it is told, reads no unbounded head, and ends when it is asked to."""

import asyncio
import contextlib
import socket
import ssl
from typing import Any

import httpx
import pytest
import trustme

from narrows.console.server import LARGEST_HEAD, HttpServer


async def app(scope: Any, receive: Any, send: Any) -> None:
    body = f"{scope['client'][0]} {scope['scheme']}".encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


async def fetched(server: HttpServer, scheme: str = "http", verify: Any = True, **headers: str) -> httpx.Response:
    async with httpx.AsyncClient(verify=verify) as client:
        return await client.get(f"{scheme}://127.0.0.1:{server.port}/", headers=headers)


async def test_it_serves_on_a_port_of_the_systems_choice_and_says_nothing_of_itself() -> None:
    server = HttpServer(app, "127.0.0.1", 0)
    with pytest.raises(RuntimeError, match="not started"):
        _ = server.port
    await server.start()
    reply = await fetched(server)
    assert reply.text == "127.0.0.1 http"
    assert "server" not in reply.headers
    port = server.port
    await server.stop()
    await server.stop()
    with pytest.raises(OSError, match="Connect call failed"):
        await asyncio.open_connection("127.0.0.1", port)


async def test_an_address_that_is_taken_is_an_error() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        server = HttpServer(app, "127.0.0.1", taken.getsockname()[1])
        with pytest.raises(OSError, match="in use"):
            await server.start()
        await server.stop()


@pytest.mark.parametrize(
    ("trusted", "seen"), [((), "127.0.0.1"), (("127.0.0.0/8",), "192.0.2.9"), (("10.0.0.0/8",), "127.0.0.1")]
)
async def test_addresses_are_taken_from_listed_proxies_alone(trusted: tuple[str, ...], seen: str) -> None:
    server = HttpServer(app, "127.0.0.1", 0, trusted_proxies=trusted)
    await server.start()
    reply = await fetched(server, **{"x-forwarded-for": "198.51.100.1, 192.0.2.9"})
    assert reply.text.split()[0] == seen
    await server.stop()


async def test_tls_is_the_contexts() -> None:
    authority, server_context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(server_context)
    client_context = ssl.create_default_context()
    authority.configure_trust(client_context)
    server = HttpServer(app, "127.0.0.1", 0, context=server_context)
    await server.start()
    assert (await fetched(server, "https", client_context)).text == "127.0.0.1 https"
    await server.stop()


async def test_a_head_has_a_limit() -> None:
    server = HttpServer(app, "127.0.0.1", 0)
    await server.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"GET / HTTP/1.1\r\nhost: x\r\nx: " + b"a" * (2 * LARGEST_HEAD))
    await writer.drain()
    assert (await reader.readline()).startswith(b"HTTP/1.1 4")
    writer.close()
    await server.stop()


@pytest.mark.parametrize(
    "head", [b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nhost: x\r\nhost: y\r\n\r\n", b"\x16\x03"]
)
async def test_what_is_no_request_is_refused(head: bytes) -> None:
    server = HttpServer(app, "127.0.0.1", 0)
    await server.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(head + b"\r\n\r\n")
    assert (await asyncio.wait_for(reader.readline(), 5)).startswith(b"HTTP/1.1 400")
    writer.close()
    await server.stop()


@pytest.mark.parametrize("begun", [b"", b"GET / HTTP/1.1\r\nhost: x\r\n"])
async def test_who_does_not_send_a_request_does_not_stay(monkeypatch: pytest.MonkeyPatch, begun: bytes) -> None:
    monkeypatch.setattr("narrows.console.server.HEAD", 0.2)
    server = HttpServer(app, "127.0.0.1", 0)
    await server.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(begun)
    assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()
    await server.stop()


async def test_nor_who_drips_a_second_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("narrows.console.server.HEAD", 0.3)
    server = HttpServer(app, "127.0.0.1", 0)
    await server.start()
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
    assert (await reader.readline()).startswith(b"HTTP/1.1 200")
    await reader.readuntil(b"http")
    before = asyncio.get_running_loop().time()
    with contextlib.suppress(ConnectionError):
        for byte in b"GET / HTTP/1.1\r\nhost: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa":
            writer.write(bytes([byte]))
            await writer.drain()
            if reader.at_eof():
                break
            await asyncio.sleep(0.05)
    assert await asyncio.wait_for(reader.read(), 5) == b""
    assert asyncio.get_running_loop().time() - before < 2
    writer.close()
    await server.stop()
