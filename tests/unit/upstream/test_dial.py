"""Connecting: which address, over what, how long, and what the caller learns when it fails."""

import asyncio
import logging
import socket
import ssl
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from narrows.config.schema import Timeouts
from narrows.model.refusal import Code
from narrows.ports.http import UpstreamFailed
from narrows.upstream.connection import Connection
from narrows.upstream.dial import Dialer
from narrows.upstream.target import Target, parse_target
from narrows.upstream.tls import client_context
from unit.upstream.certificates import Authority
from unit.upstream.scripted import QUICK, Peer, always, pool_to, serving, until


class Owner:
    def released(self, connection: Connection) -> None:
        connection.abort()

    def lost(self, connection: Connection) -> None:
        pass


class Names:
    """A resolver that counts."""

    def __init__(self, *found: str) -> None:
        self.found = found
        self.asked = 0

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked += 1
        return self.found


def dialer(
    port: int, resolver: Names, timeouts: Timeouts = QUICK, tls: ssl.SSLContext | None = None, host: str = "model.test"
) -> Dialer:
    return Dialer(Target(tls is not None, host, port, host, ""), timeouts, tls, resolver=resolver)


async def call(dialer: Dialer) -> int:
    """The status of one request over a new connection."""
    connection = await dialer.dial(Owner())
    total_at = asyncio.get_running_loop().time() + 2
    try:
        reply = await connection.begin(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n", b"", total_at)
        await reply.read_all(10)
    finally:
        connection.abort()
    return reply.status


async def refusal(dialer: Dialer) -> UpstreamFailed:
    with pytest.raises(UpstreamFailed) as caught:
        await call(dialer)
    assert "model.test" not in str(caught.value)
    assert "127.0.0" not in str(caught.value)
    return caught.value


async def test_a_name_is_resolved_once_and_the_checked_address_is_used() -> None:
    async with serving(always) as server:
        names = Names("127.0.0.1")
        assert await call(dialer(server.port, names)) == 200
        assert names.asked == 1


async def test_the_next_address_is_tried_when_one_refuses() -> None:
    async with serving(always) as server:
        assert await call(dialer(server.port, Names("127.0.0.2", "::1", "127.0.0.1"))) == 200


@pytest.fixture
def blackhole() -> Iterator[int]:
    """A port whose queue is full: connecting to it never ends."""
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.9", 0))
        listener.listen(0)
        for filler in (first, second):
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


async def test_an_address_that_never_answers_leaves_time_for_the_next(blackhole: int) -> None:
    listener = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", blackhole)
    connection = await dialer(
        blackhole, Names("127.0.0.9", "127.0.0.1"), Timeouts(connect=0.2, first_byte=1, idle=1, total=1)
    ).dial(Owner())
    connection.abort()
    listener.close()
    await listener.wait_closed()


async def test_connecting_ends_in_time(blackhole: int) -> None:
    error = await refusal(dialer(blackhole, Names("127.0.0.9"), Timeouts(connect=0.05, first_byte=1, idle=1, total=1)))
    assert (error.deny.code, error.sent) == (Code.UPSTREAM_TIMEOUT, False)
    assert "did not accept a connection within 0.05 s" in str(error)


async def test_resolving_counts_as_connecting() -> None:
    async def forever(host: str, port: int) -> Sequence[str]:
        await asyncio.Event().wait()
        return []

    slow = Dialer(parse_target("http://model.test"), Timeouts(connect=0.05), None, resolver=forever)
    assert (await refusal(slow)).deny.code == Code.UPSTREAM_TIMEOUT


async def test_a_handshake_counts_as_connecting(tmp_path: Path) -> None:
    async def mute(peer: Peer) -> None:
        await peer.gone()

    async with serving(mute) as server:
        context = client_context(Authority(tmp_path).bundle)
        slow = dialer(server.port, Names("127.0.0.1"), Timeouts(connect=0.05, first_byte=1, idle=1, total=1), context)
        assert (await refusal(slow)).deny.code == Code.UPSTREAM_TIMEOUT
        await until(lambda: server.accepted == 1 and server.open == 0)


@pytest.mark.parametrize("address", ["169.254.169.254", "fd00:ec2::254", "0.0.0.0", "224.0.0.1"])
async def test_a_name_that_leads_to_a_forbidden_address_is_refused(address: str) -> None:
    error = await refusal(dialer(80, Names(address)))
    assert (error.deny.code, error.sent) == (Code.UPSTREAM_UNREACHABLE, False)
    assert "not permitted" in str(error)


@pytest.mark.parametrize("host", ["no-such-host.invalid", "x" * 64 + ".test", "a..b"])
async def test_a_name_that_does_not_resolve(host: str) -> None:
    error = await refusal(Dialer(Target(False, host, 80, host, ""), QUICK, None))
    assert error.deny.code == Code.UPSTREAM_UNREACHABLE


async def test_a_refused_connection_is_logged_once_with_what_the_caller_is_not_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "narrows.upstream")
    async with serving(always) as server:
        port = server.port
        names = Names("127.0.0.3")
        failing = dialer(port, names)
        for _ in range(3):
            assert "refused the connection" in str(await refusal(failing))
        names.found = ("127.0.0.1",)
        assert await call(failing) == 200
    messages = [record.getMessage() for record in caplog.records]
    assert len(messages) == 2
    assert "http://model.test" in messages[0]
    assert "can be reached again" in messages[1]


# TLS.


async def test_a_server_is_verified_by_its_name_not_its_address(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    async with serving(always, authority.server("model.test")) as server:
        assert await call(dialer(server.port, Names("127.0.0.1"), tls=client_context(authority.bundle))) == 200


async def test_a_server_of_an_unknown_authority_is_refused(tmp_path: Path) -> None:
    mine, other = Authority(tmp_path), Authority(tmp_path, "other")
    async with serving(always, other.server("model.test")) as server:
        for context in (client_context(mine.bundle), client_context()):
            error = await refusal(dialer(server.port, Names("127.0.0.1"), tls=context))
            assert (error.deny.code, error.sent) == (Code.UPSTREAM_UNREACHABLE, False)
            assert "certificate can't be verified" in str(error)


async def test_a_server_of_another_name_is_refused(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    async with serving(always, authority.server("other.test", "127.0.0.1")) as server:
        error = await refusal(dialer(server.port, Names("127.0.0.1"), tls=client_context(authority.bundle)))
        assert "certificate can't be verified" in str(error)


async def test_a_server_that_speaks_plain_http_is_refused(tmp_path: Path) -> None:
    async def plain(peer: Peer) -> None:
        peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await peer.gone()

    async with serving(plain) as server:
        context = client_context(Authority(tmp_path).bundle)
        error = await refusal(dialer(server.port, Names("127.0.0.1"), tls=context))
        assert error.deny.code == Code.UPSTREAM_UNREACHABLE


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
async def test_an_old_version_of_tls_is_refused(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    old = authority.server("model.test")
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version = ssl.TLSVersion.TLSv1_1
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    async with serving(always, old) as server:
        error = await refusal(dialer(server.port, Names("127.0.0.1"), tls=client_context(authority.bundle)))
        assert (error.deny.code, error.sent) == (Code.UPSTREAM_UNREACHABLE, False)


async def test_the_client_certificate_is_sent(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    subjects: list[object] = []

    async def script(peer: Peer) -> None:
        subjects.append(peer.writer.get_extra_info("peercert")["subjectAltName"])
        await always(peer)

    async with serving(script, authority.asking("127.0.0.1")) as server:
        async with pool_to(
            server.url, ca_bundle=authority.bundle, client_certificate=authority.client("gate@example.com")
        ) as pool:
            reply = await pool.send("GET", "/", [], b"")
            assert await reply.read_all(5) == b"hello"
        async with pool_to(server.url, ca_bundle=authority.bundle) as pool:
            with pytest.raises(UpstreamFailed) as caught:
                await pool.send("GET", "/", [], b"")
            assert caught.value.deny.code == Code.UPSTREAM_UNREACHABLE
    assert subjects == [(("email", "gate@example.com"),)]


async def test_large_bodies_pass_both_ways_over_tls(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    body = bytes(range(256)) * 8000

    async def echo(peer: Peer) -> None:
        while True:
            sent = (await peer.request()).partition(b"\r\n\r\n")[2]
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(sent) + sent)

    async with (
        serving(echo, authority.server("127.0.0.1")) as server,
        pool_to(server.url, ca_bundle=authority.bundle) as pool,
    ):
        for _ in range(3):
            reply = await pool.send("POST", "/", [], body)
            assert await reply.read_all(len(body)) == body
        assert server.accepted == 1


def test_a_target_and_its_tls_belong_together() -> None:
    with pytest.raises(ValueError, match="TLS context"):
        Dialer(parse_target("https://model.test"), QUICK, None)
    with pytest.raises(ValueError, match="TLS context"):
        Dialer(parse_target("http://model.test"), QUICK, client_context())
