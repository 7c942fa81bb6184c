"""TLS to whoever connects, for each part that listens."""

from typing import Annotated

from msgspec import Meta

from narrows.config.setting import Setting


class Tls(Setting, frozen=True, kw_only=True):
    """TLS to the client. The files are read again when they change."""

    certificate: Annotated[str, Meta(description="PEM file with the certificate and its chain.")]
    key: Annotated[str, Meta(description="PEM file with the private key.")]


class GateTls(Tls, frozen=True, kw_only=True):
    """TLS to the client. The files are read again when they change."""

    client_ca: Annotated[
        str | None,
        Meta(
            description="PEM file of the CAs of client certificates. With it clients are asked for one, and may come "
            "without; credentials that are bound to a certificate are good for nothing else."
        ),
    ] = None
