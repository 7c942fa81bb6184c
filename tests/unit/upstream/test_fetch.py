"""Fetching documents: verified, small, without redirects."""

import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from narrows.config.schema import Timeouts
from narrows.ports.identity import FetchFailed
from narrows.upstream.fetch import DOCUMENT_LIMIT, DocumentFetcher
from narrows.upstream.tls import TlsUnusable
from unit.upstream.certificates import Authority
from unit.upstream.scripted import Peer, answering, serving

DOCUMENT = b'HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{"keys":[]}'


@asynccontextmanager
async def fetcher(**settings: object) -> AsyncIterator[DocumentFetcher]:
    made = DocumentFetcher(**settings)  # type: ignore[arg-type]
    try:
        yield made
    finally:
        made.close()


async def test_a_document_is_fetched_with_its_path_and_query() -> None:
    seen: list[bytes] = []

    async def script(peer: Peer) -> None:
        seen.append(await peer.request())
        peer.send(DOCUMENT)
        await peer.gone()

    async with serving(script) as server, fetcher() as fetch:
        assert await fetch.get(f"{server.url}/.well-known/jwks.json?v=1") == b'{"keys":[]}'
    assert seen[0].startswith(b"GET /.well-known/jwks.json?v=1 HTTP/1.1\r\n")


async def test_paths_are_fetched_as_they_are() -> None:
    seen: list[bytes] = []

    async def script(peer: Peer) -> None:
        while True:
            seen.append((await peer.request()).split(b" ")[1])
            peer.send(DOCUMENT)

    async with serving(script) as server, fetcher() as fetch:
        for path in ("", "/", "/a/", "/a"):
            await fetch.get(server.url + path)
        assert server.accepted == 1
    assert seen == [b"/", b"/", b"/a/", b"/a"]


async def test_a_form_is_posted_with_its_authorization() -> None:
    seen: list[bytes] = []

    async def script(peer: Peer) -> None:
        for _ in range(2):
            seen.append(await peer.request())
            peer.send(DOCUMENT)

    async with serving(script) as server, fetcher() as fetch:
        url = f"{server.url}/introspect"
        assert await fetch.post_form(url, {"token": "a b&c=ü"}, "Basic Y2xpZW50") == b'{"keys":[]}'
        await fetch.post_form(url, {"token": "x"}, None)
    assert b"\r\nauthorization: Basic Y2xpZW50\r\n" in seen[0]
    assert b"\r\ncontent-type: application/x-www-form-urlencoded\r\n" in seen[0]
    assert seen[0].endswith(b"\r\n\r\ntoken=a+b%26c%3D%C3%BC")
    assert b"authorization" not in seen[1]


async def test_json_is_posted_with_its_authorization() -> None:
    seen: list[bytes] = []

    async def script(peer: Peer) -> None:
        seen.append(await peer.request())
        peer.send(DOCUMENT)

    async with serving(script) as server, fetcher() as fetch:
        body = b'{"securityEnabledOnly":true}'
        assert await fetch.post_json(f"{server.url}/ask", body, "Bearer x") == b'{"keys":[]}'
    assert seen[0].startswith(b"POST /ask HTTP/1.1\r\n")
    assert b"\r\nauthorization: Bearer x\r\n" in seen[0]
    assert b"\r\ncontent-type: application/json\r\n" in seen[0]
    assert seen[0].endswith(b"\r\n\r\n" + body)


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", "status 404"),
        (b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n", "status 201"),
        (b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n", "redirect"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (DOCUMENT_LIMIT + 1), "larger than"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (DOCUMENT_LIMIT + 1), "larger than"),
        (b"garbage\r\n\r\n", "not valid HTTP"),
        (b"", "did not begin to answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", "silent"),
    ],
)
async def test_what_is_no_document_fails(reply: bytes, reason: str) -> None:
    quick = Timeouts(connect=1, first_byte=0.3, idle=0.3, total=2)
    async with serving(answering(reply)) as server, fetcher(timeouts=quick) as fetch:
        with pytest.raises(FetchFailed, match=reason):
            await fetch.get(server.url)


@pytest.mark.parametrize(
    "url",
    [
        "http://192.0.2.1/jwks",
        "http://[2001:db8::1]/jwks",
        "file:///etc/passwd",
        "https://user:hush@idp.test/",
        "https://169.254.169.254/latest/meta-data",
        "https://idp.test/#hush",
        "https://idp.test/a b",
        "https://idp.test/?a\r\nb: c",
        "",
    ],
)
async def test_a_url_that_must_not_be_fetched(url: str) -> None:
    async def resolver(host: str, port: int) -> Sequence[str]:
        return ["169.254.169.254"]

    async with fetcher(resolver=resolver) as fetch:
        with pytest.raises(FetchFailed) as caught:
            await fetch.get(url)
        assert "hush" not in str(caught.value)


@pytest.mark.parametrize(("address", "works"), [("127.0.0.1", True), ("192.0.2.1", False), ("10.0.0.1", False)])
async def test_plain_http_is_accepted_from_this_machine_only(address: str, works: bool) -> None:
    async def resolver(host: str, port: int) -> Sequence[str]:
        return [address]

    async with serving(answering(DOCUMENT)) as server, fetcher(resolver=resolver) as fetch:
        url = f"http://idp.test:{server.port}/"
        if works:
            assert await fetch.get(url) == b'{"keys":[]}'
        else:
            with pytest.raises(FetchFailed, match="not permitted"):
                await fetch.get(url)


async def test_https_is_verified(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    context: ssl.SSLContext = authority.server("127.0.0.1")
    async with serving(answering(DOCUMENT), context) as server:
        async with fetcher(ca_bundle=authority.bundle) as fetch:
            assert await fetch.get(server.url) == b'{"keys":[]}'
        async with fetcher() as fetch:
            with pytest.raises(FetchFailed, match="certificate can't be verified"):
                await fetch.get(server.url)


def test_a_bundle_that_can_not_be_read_is_found_at_once() -> None:
    with pytest.raises(TlsUnusable):
        DocumentFetcher("/absent.pem")


async def test_connections_to_only_so_many_servers_are_kept() -> None:
    async with fetcher(timeouts=Timeouts(connect=0.5)) as fetch:
        for port in range(1, 40):
            with pytest.raises(FetchFailed):
                await fetch.get(f"http://127.0.0.1:{port}/")
        assert len(fetch._pools) <= 16
