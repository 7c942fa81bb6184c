"""Certificates from files."""

from pathlib import Path

import pytest
import trustme

from narrows.config.schema import Tls
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
