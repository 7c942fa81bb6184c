"""Who is at the other end: address, proxy, certificate."""

import hashlib
from ipaddress import ip_network
from typing import Any

from narrows.edge.peers import origin_of


class Transport:
    def __init__(self, **known: Any) -> None:
        self.known = known

    def get_extra_info(self, name: str) -> Any:
        return self.known.get(name)


class Tls:
    def __init__(self, certificate: bytes | None) -> None:
        self.certificate = certificate

    def getpeercert(self, *, binary_form: bool) -> bytes | None:
        assert binary_form
        return self.certificate


def origin(*trusted: str, **known: Any) -> Any:
    return origin_of(Transport(**known), tuple(ip_network(text) for text in trusted))  # type: ignore[arg-type]


def test_what_a_plain_connection_says() -> None:
    found = origin("10.0.0.0/8", peername=("192.0.2.7", 4711))
    assert (found.peer, found.tls, found.certificate, found.listed) == ("192.0.2.7", False, None, False)
    assert origin("10.0.0.0/8", peername=("10.1.1.1", 4711)).listed
    assert origin().peer == ""
    assert origin(peername="/run/gate.sock").peer == ""


def test_what_tls_proves() -> None:
    assert origin(peername=("192.0.2.7", 1), ssl_object=Tls(None)).certificate is None
    found = origin(peername=("192.0.2.7", 1), ssl_object=Tls(b"der"))
    assert (found.tls, found.certificate) == (True, hashlib.sha256(b"der").hexdigest())
