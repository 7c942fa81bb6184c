"""Certificates for the tests: one authority, and servers that it vouches for."""

import ssl
from pathlib import Path

import trustme

from narrows.config.schema import Tls


class Authority:
    """A certificate authority and its bundle on disk."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        self.folder = folder
        self.ca = trustme.CA()
        self.bundle = str(folder / f"{name}.pem")
        self.ca.cert_pem.write_to_path(self.bundle)

    def server(self, *names: str) -> ssl.SSLContext:
        """A server's context for these host names or addresses."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.ca.issue_cert(*names).configure_cert(context)
        return context

    def asking(self, *names: str) -> ssl.SSLContext:
        """The same, demanding a certificate of the client."""
        context = self.server(*names)
        self.ca.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
        return context

    def client(self, name: str) -> Tls:
        """A client's certificate and key on disk."""
        issued = self.ca.issue_cert(name)
        certificate, key = self.folder / "client.pem", self.folder / "client.key"
        certificate.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
        issued.private_key_pem.write_to_path(key)
        return Tls(certificate=str(certificate), key=str(key))
