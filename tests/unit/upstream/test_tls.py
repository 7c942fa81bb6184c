"""The context: what it always demands, and unusable files."""

import ssl
from pathlib import Path

import pytest

from narrows.config.schema import Tls
from narrows.upstream.tls import TlsUnusable, client_context
from unit.upstream.certificates import Authority


def test_verification_is_on(tmp_path: Path) -> None:
    for bundle in (None, Authority(tmp_path).bundle):
        context = client_context(bundle)
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname
        assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


def test_a_bundle_replaces_the_systems_authorities(tmp_path: Path) -> None:
    assert len(client_context(Authority(tmp_path).bundle).get_ca_certs()) == 1


@pytest.mark.parametrize("content", [None, "", "no certificate"])
def test_a_bundle_that_can_not_be_used_names_the_file(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(TlsUnusable, match=r"ca\.pem"):
        client_context(str(path))


def test_a_client_certificate_needs_its_own_key(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    mine = authority.client("me@example.com")
    client_context(authority.bundle, mine)
    other = tmp_path / "other.key"
    authority.ca.issue_cert("you@example.com").private_key_pem.write_to_path(other)
    for key in (str(other), str(tmp_path / "absent.key"), mine.certificate):
        with pytest.raises(TlsUnusable, match=r"client\.pem"):
            client_context(authority.bundle, Tls(certificate=mine.certificate, key=key))


def test_a_key_with_a_passphrase_is_refused_and_not_asked_for(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization

    authority = Authority(tmp_path)
    mine = authority.client("me@example.com")
    key = serialization.load_pem_private_key(Path(mine.key).read_bytes(), None)
    Path(mine.key).write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"passphrase"),
        )
    )
    with pytest.raises(TlsUnusable):
        client_context(authority.bundle, mine)
