"""Tokens that Narrows issues: kept by whoever issues them, looked up by the gate.

The two sides are two protocols because the gate never writes them. A token that was issued is never changed; what ends
one early is a revocation.
"""

from collections.abc import Sequence
from typing import Protocol

from narrows.model.access import IssuedToken


class TokensUnavailable(Exception):
    """The tokens can't be read or written; the message says why and what to do."""


class TokenRefused(Exception):
    """A token can't be issued as asked; the message says why."""


class Tokens(Protocol):
    """The issuing side, for the command line and the console. Every method raises TokensUnavailable."""

    def keep(self, token: IssuedToken) -> None:
        """Keeps a new token; when it returns, it is durable."""

    def get(self, ident: str) -> IssuedToken | None:
        """The token of this id; None where there is none."""

    def of(self, principal: str, *, live_at: int | None = None) -> Sequence[IssuedToken]:
        """Those issued to `issuer:subject`, oldest first; with `live_at` only those that had not ended by then."""

    def issued_for(self, source: str, *, live_at: int | None = None) -> Sequence[IssuedToken]:
        """Those issued for a grant, by its id, or by another source."""


class TokenWatch(Protocol):
    """The gate's side: read-only. Every method raises TokensUnavailable."""

    def replaced(self) -> bool:
        """Whether the tokens are others than when it was asked last: their file was put back from a copy, say. What was
        looked up before is void then. True when it is asked for the first time. Cheap enough to ask several times a
        second."""

    def find(self, digest: bytes) -> IssuedToken | None:
        """The token with this SHA-256; None where there is none. What was kept a moment ago is found."""

    def close(self) -> None:
        """Lets go of what it holds open."""
