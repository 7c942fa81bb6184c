"""Who asks: from a presented credential to a verified identity."""

from typing import Protocol

from narrows.model.principal import Identity
from narrows.model.verdict import Deny


class Authenticator(Protocol):
    """Verifies credentials. Nothing it raises or returns ever holds the credential."""

    def digest(self, token: str) -> bytes:
        """By what a credential is remembered: a hash of all of it, the same for every authenticator."""

    def recall(self, digest: bytes) -> Identity | None:
        """An identity verified before and still in force: not expired, same key set, not revoked. Never waits."""

    async def verify(self, token: str) -> Identity | Deny:
        """Verifies a credential in full; may fetch keys or ask an introspection endpoint."""


class FetchFailed(Exception):
    """A document could not be fetched; the message says why, without secrets."""


class Fetcher(Protocol):
    """Fetches small documents (discovery, key sets, introspection, groups) over verified TLS, without redirects."""

    async def get(self, url: str) -> bytes:
        """The body of a 200 reply, at most 1 MiB. Raises FetchFailed."""

    async def post_form(self, url: str, form: dict[str, str], authorization: str | None) -> bytes:
        """The body of a 200 reply to a form. Raises FetchFailed."""

    async def post_json(self, url: str, body: bytes, authorization: str) -> bytes:
        """The body of a 200 reply to a JSON text, at most 1 MiB. Raises FetchFailed."""
