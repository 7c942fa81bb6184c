"""Certificates from files."""

import contextlib
import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme

from narrows.config.tls import GateTls, Tls
from narrows.edge.tls import MINIMUM, Certificates, load_pair


def write(folder: Path) -> Tls:
    issued = trustme.CA().issue_cert("gate.test")
    certificate, key = folder / "gate.pem", folder / "gate.key"
    issued.cert_chain_pems[0].write_to_path(certificate)
    issued.private_key_pem.write_to_path(key)
    return Tls(certificate=str(certificate), key=str(key))


def test_a_pair_becomes_a_context(tmp_path: Path) -> None:
    assert load_pair(write(tmp_path)).minimum_version is MINIMUM


def test_poll_reloads_only_what_changed(tmp_path: Path) -> None:
    certificates = Certificates(write(tmp_path))
    first = certificates._newest
    certificates.poll()
    assert certificates._newest is first
    write(tmp_path)
    certificates.poll()
    assert certificates._newest is not first


def test_a_broken_pair_leaves_the_old_one_and_is_tried_again_when_it_changes(tmp_path: Path) -> None:
    certificates = Certificates(write(tmp_path))
    first = certificates._newest
    key = tmp_path / "gate.key"
    key.write_text("broken")
    certificates.poll()
    assert certificates._newest is first
    write(tmp_path)
    certificates.poll()
    assert certificates._newest is not first


def test_no_pair_no_server(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        Certificates(Tls(certificate=str(tmp_path / "a"), key=str(tmp_path / "b")))


def asking(folder: Path, authority: trustme.CA) -> GateTls:
    """A pair, and whose client certificates are taken."""
    pair = write(folder)
    bundle = folder / "clients.pem"
    authority.cert_pem.write_to_path(bundle)
    return GateTls(certificate=pair.certificate, key=pair.key, client_ca=str(bundle))


def shaken(server: ssl.SSLContext, shown: trustme.LeafCert | None, session: ssl.SSLSession | None = None) -> Any:
    """A handshake in memory; gives both sides. Raises ssl.SSLError."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    if shown is not None:
        shown.configure_cert(client)
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    near = client.wrap_bio(down, up, session=session)
    far = server.wrap_bio(up, down, server_side=True)
    done: set[ssl.SSLObject] = set()
    for _ in range(20):
        for side in (near, far):
            with contextlib.suppress(ssl.SSLWantReadError):
                side.do_handshake()
                done.add(side)
    assert done == {near, far}
    # What the server says after the handshake arrives with the first bytes.
    far.write(b"x")
    assert near.read(1) == b"x"
    return near, far


def test_a_client_certificate_is_asked_for_and_may_be_missing(tmp_path: Path) -> None:
    authority = trustme.CA()
    context = Certificates(asking(tmp_path, authority)).context
    assert shaken(context, None)[1].getpeercert(binary_form=True) is None
    leaf = authority.issue_cert("ana@example.com")
    shown = shaken(context, leaf)[1].getpeercert(binary_form=True)
    assert shown == ssl.PEM_cert_to_DER_cert(leaf.cert_chain_pems[0].bytes().decode())


def test_a_certificate_that_nobody_vouches_for_ends_the_connection(tmp_path: Path) -> None:
    context = Certificates(asking(tmp_path, trustme.CA())).context
    with pytest.raises(ssl.SSLError):
        shaken(context, trustme.CA().issue_cert("eve@example.com"))


def test_without_a_client_ca_none_is_asked_for(tmp_path: Path) -> None:
    context = Certificates(write(tmp_path)).context
    assert shaken(context, trustme.CA().issue_cert("ana@example.com"))[1].getpeercert(binary_form=True) is None


def test_another_client_ca_is_in_force_for_new_connections_at_once(tmp_path: Path) -> None:
    first, second = trustme.CA(), trustme.CA()
    settings = asking(tmp_path, first)
    certificates = Certificates(settings)
    second.cert_pem.write_to_path(tmp_path / "clients.pem")
    certificates.poll()
    assert shaken(certificates.context, second.issue_cert("ana@example.com"))[1].getpeercert(binary_form=True)
    with pytest.raises(ssl.SSLError):
        shaken(certificates.context, first.issue_cert("ana@example.com"))


def test_no_session_goes_on_that_a_certificate_began(tmp_path: Path) -> None:
    authority = trustme.CA()
    near, _ = shaken(Certificates(asking(tmp_path, authority)).context, authority.issue_cert("ana@example.com"))
    assert near.session is None or not near.session.has_ticket
