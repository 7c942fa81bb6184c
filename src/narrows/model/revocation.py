"""Revocations: what no longer holds, since when, and by whom. Times are Unix time in microseconds."""

from enum import StrEnum

import msgspec


class Revoked(StrEnum):
    """What a revocation is about, and what its `subject` says."""

    TOKEN = "token"  # noqa: S105 - a kind, not a secret
    """A credential, by its id in records: a `jti`, `sha256:…`, `tok_…`."""

    GRANT = "grant"
    """A grant and every token issued for it: `grt_…`."""

    KEY = "key"
    """A key of a service account, by its id."""

    LOGIN = "login"
    """A sign-in at a provider and all its tokens: `issuer:sid`."""

    SESSION = "session"
    """A session of calls, by its id in records."""

    USER = "user"
    """A person: `issuer:subject`."""

    ACCOUNT = "account"
    """A service account, by its name."""

    GROUP = "group"
    """Everybody whose credential says that they are in it: `issuer:group`."""


class Revocation(msgspec.Struct, frozen=True):
    """One of them. `id` is `rev_…`; several with the same `containment` (`con_…`) were made, and are lifted, together.

    `by` is `issuer:subject`, `local:USER` on the machine itself, or `issuer:` for what the provider itself said.
    `before`: it ends what was issued until then, and whoever signs in again is let in; None: nothing is let in until it
    is lifted.
    """

    id: str
    kind: Revoked
    subject: str
    at: int
    by: str
    reason: str
    before: int | None = None
    containment: str | None = None

    @property
    def by_provider(self) -> bool:
        """Whether the identity provider itself said so, and its clock says when."""
        return self.by.endswith(":")


class Lifted(msgspec.Struct, frozen=True):
    """A revocation that no longer holds; what had ended by itself meanwhile stays ended."""

    id: str
    at: int
    by: str
    reason: str


class Stopped(msgspec.Struct, frozen=True):
    """What a gate has done about a revocation: which calls it cut, which held calls and questions it ended."""

    revocation: str
    gate: str
    at: int
    calls: tuple[str, ...] = ()
    tickets: tuple[str, ...] = ()
