"""TLS to the client: versions, replies, broken transfers, and a new certificate without a restart."""

import asyncio
import logging
import os
import socket
import ssl
import warnings
from pathlib import Path

import pytest
import trustme

from e2e.edge.conftest import Serve
from e2e.edge.wire import GOOD, Witness, read_answer, read_answers
from narrows.config.schema import Tls
from narrows.ports.http import Exchange


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def write_pair(authority: trustme.CA, folder: Path, name: str) -> Tls:
    """Issues a certificate for `name` into the folder's two files."""
    issued = authority.issue_cert(name, "127.0.0.1")
    certificate, key = folder / "gate.pem", folder / "gate.key"
    certificate.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    key.write_bytes(issued.private_key_pem.bytes())
    return Tls(certificate=str(certificate), key=str(key))


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(context)
    return context


async def served_names(port: int, authority: trustme.CA, *, sni: str | None = None) -> set[str]:
    """The names in the certificate that a new connection is shown."""
    context = trusting(authority)
    context.check_hostname = False
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname=sni or "")
    certificate = writer.get_extra_info("peercert")
    writer.close()
    return {value for kind, value in certificate["subjectAltName"] if kind == "DNS"}


async def test_requests_are_served_over_tls(
    serve: Serve, witness: Witness, authority: trustme.CA, tmp_path: Path
) -> None:
    server = await serve(witness, tls=write_pair(authority, tmp_path, "gate.test"))
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", server.port, ssl=trusting(authority), server_hostname="gate.test"
    )
    for _ in range(3):
        writer.write(GOOD)
        assert (await read_answer(reader)).body == b"/first 5"
    assert witness.heads[0].tls is True
    writer.write(b"GET /x HTTP/1.1\r\nHost : gate\r\n\r\n")
    assert read_answers(await asyncio.wait_for(reader.read(), 5))[0].status == 400
    writer.close()


async def test_old_versions_are_refused(serve: Serve, witness: Witness, authority: trustme.CA, tmp_path: Path) -> None:
    server = await serve(witness, tls=write_pair(authority, tmp_path, "gate.test"))
    context = trusting(authority)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionError)):
        await asyncio.open_connection("127.0.0.1", server.port, ssl=context, server_hostname="gate.test")


async def test_plain_http_to_a_tls_port_is_closed(
    serve: Serve, witness: Witness, authority: trustme.CA, tmp_path: Path
) -> None:
    server = await serve(witness, tls=write_pair(authority, tmp_path, "gate.test"))
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(GOOD)
    assert b"200" not in await asyncio.wait_for(reader.read(), 5)
    assert witness.heads == []
    writer.close()


async def test_a_handshake_that_stalls_is_ended(
    serve: Serve, witness: Witness, authority: trustme.CA, tmp_path: Path
) -> None:
    server = await serve(witness, tls=write_pair(authority, tmp_path, "gate.test"), header_timeout=0.2)
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()


@pytest.mark.parametrize("sni", ["gate.test", None], ids=["named", "unnamed"])
async def test_new_connections_get_the_new_certificate(
    serve: Serve, witness: Witness, authority: trustme.CA, tmp_path: Path, sni: str | None
) -> None:
    server = await serve(witness, tls=write_pair(authority, tmp_path, "old.test"), tls_poll=0.02)
    old_reader, old_writer = await asyncio.open_connection(
        "127.0.0.1", server.port, ssl=trusting(authority), server_hostname="old.test"
    )
    assert await served_names(server.port, authority, sni=sni) == {"old.test"}

    write_pair(authority, tmp_path, "new.test")
    async with asyncio.timeout(5):
        while await served_names(server.port, authority, sni=sni) != {"new.test"}:
            await asyncio.sleep(0.02)

    old_writer.write(GOOD)
    assert (await read_answer(old_reader)).status == 200
    old_writer.close()


@pytest.mark.parametrize("damage", ["garbage", "missing", "other key", "encrypted key"])
async def test_a_broken_new_pair_is_logged_and_the_old_one_stays(
    serve: Serve,
    witness: Witness,
    authority: trustme.CA,
    tmp_path: Path,
    damage: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    tls = write_pair(authority, tmp_path, "old.test")
    server = await serve(witness, tls=tls)
    if damage == "garbage":
        Path(tls.certificate).write_text("not a certificate")
    elif damage == "missing":
        Path(tls.key).unlink()
    elif damage == "other key":
        Path(tls.key).write_bytes(authority.issue_cert("other.test").private_key_pem.bytes())
    else:
        Path(tls.key).write_text("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n")

    with caplog.at_level(logging.ERROR):
        assert server.reload_tls() is False
    assert "the old one stays" in caplog.text
    assert await served_names(server.port, authority) == {"old.test"}

    write_pair(authority, tmp_path, "new.test")
    assert server.reload_tls() is True
    assert await served_names(server.port, authority) == {"new.test"}


async def test_a_server_does_not_start_with_a_broken_pair(serve: Serve, witness: Witness, tmp_path: Path) -> None:
    tls = Tls(certificate=str(tmp_path / "none.pem"), key=str(tmp_path / "none.key"))
    with pytest.raises(OSError, match="No such file"):
        await serve(witness, tls=tls)


async def test_a_client_that_goes_cancels_the_call(serve: Serve, authority: trustme.CA, tmp_path: Path) -> None:
    entered, over = asyncio.Event(), asyncio.Event()

    async def handler(exchange: Exchange) -> None:
        entered.set()
        try:
            await asyncio.sleep(30)
        finally:
            over.set()

    server = await serve(handler, tls=write_pair(authority, tmp_path, "gate.test"))
    _, writer = await asyncio.open_connection(
        "127.0.0.1", server.port, ssl=trusting(authority), server_hostname="gate.test"
    )
    writer.write(GOOD)
    await entered.wait()
    writer.transport.abort()
    await asyncio.wait_for(over.wait(), 5)


async def test_a_cut_stream_to_http_1_0_is_no_clean_end(serve: Serve, authority: trustme.CA, tmp_path: Path) -> None:
    async def handler(exchange: Exchange) -> None:
        exchange.start(200, [])
        exchange.send(b"half")
        await asyncio.sleep(0.05)
        exchange.abort()

    server = await serve(handler, tls=write_pair(authority, tmp_path, "gate.test"))

    def client() -> BaseException | None:
        context = trusting(authority)
        with (
            socket.create_connection(("127.0.0.1", server.port), 5) as plain,
            context.wrap_socket(plain, server_hostname="gate.test", suppress_ragged_eofs=False) as secure,
        ):
            secure.sendall(b"GET /x HTTP/1.0\r\nHost: gate\r\n\r\n")
            try:
                while secure.recv(4096):
                    pass
            except OSError as error:
                return error
            return None

    assert await asyncio.to_thread(client) is not None


def test_the_poll_looks_at_more_than_the_second(authority: trustme.CA, tmp_path: Path) -> None:
    """Two pairs written in one second, even with the same time stamp, differ for the poll."""
    from narrows.edge.tls import Certificates

    tls = write_pair(authority, tmp_path, "one.test")
    certificates = Certificates(tls)
    status = Path(tls.certificate).stat()
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    other = write_pair(authority, fresh, "two.test")
    for old, new in ((tls.certificate, other.certificate), (tls.key, other.key)):
        os.utime(new, ns=(status.st_atime_ns, status.st_mtime_ns))
        Path(new).replace(old)
    before = certificates._newest
    certificates.poll()
    assert certificates._newest is not before
