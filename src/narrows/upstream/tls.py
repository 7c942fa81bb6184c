"""The TLS context towards a server. Verification is always on: there is no setting that turns it off."""

import ssl

from narrows.config.tls import Tls


class TlsUnusable(ValueError):
    """A certificate file can't be used; the message names the file."""


def client_context(ca_bundle: str | None = None, client_certificate: Tls | None = None) -> ssl.SSLContext:
    """A context for TLS 1.2 and newer that verifies chain and name, against the system's authorities or, if given,
    only those of `ca_bundle` (PEM). Raises TlsUnusable."""
    try:
        context = ssl.create_default_context(cafile=ca_bundle)
    except (OSError, ssl.SSLError):
        raise TlsUnusable(f"{ca_bundle} is not a readable PEM file of certificates") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    if client_certificate is not None:
        files = f"{client_certificate.certificate} and {client_certificate.key}"
        try:
            # A key with a passphrase would make OpenSSL ask on the terminal; an empty answer fails instead.
            context.load_cert_chain(client_certificate.certificate, client_certificate.key, password="")
        except (OSError, ssl.SSLError):
            raise TlsUnusable(f"{files} are not a readable PEM certificate and its key") from None
    return context
