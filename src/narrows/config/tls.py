"""TLS to whoever connects, for each part that listens."""

from typing import Annotated

from msgspec import Meta

from narrows.config.setting import Setting


class Tls(Setting, frozen=True, kw_only=True):
    """TLS to the client. The files are read again when they change."""

    certificate: Annotated[str, Meta(description="PEM file with the certificate and its chain.")]
    key: Annotated[str, Meta(description="PEM file with the private key.")]
