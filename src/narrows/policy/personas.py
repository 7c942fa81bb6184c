"""A principal as someone writes it down, for explanations and test cases: the same names as in policies."""

from collections.abc import Mapping, Sequence
from typing import Literal

from narrows.model.principal import SERVICE_ACCOUNTS, Principal


class PersonaError(ValueError):
    """The names do not describe one principal of the configured issuers."""


def persona(
    issuers: Sequence[str],
    *,
    user: str | None = None,
    groups: Sequence[str] = (),
    attributes: Mapping[str, Sequence[str]] | None = None,
    service_account: str | None = None,
) -> Principal:
    """The principal with these names: bare, or `issuer:name`, all of one issuer. Raises PersonaError."""
    if service_account is not None:
        if user is not None or groups or attributes:
            raise PersonaError("a service account has no user, groups or attributes")
        return Principal(SERVICE_ACCOUNTS, service_account, kind="service_account")
    if not issuers:
        raise PersonaError("no issuer is configured, so there are only service accounts")
    claims = attributes or {}
    named = {issuer for value in (user or "", *groups, *claims) if (issuer := _issuer(value, issuers)) is not None}
    if len(named) > 1:
        raise PersonaError(f"one identity has one issuer, not {' and '.join(sorted(named))}")
    if not named and len(issuers) > 1:
        raise PersonaError(f"with several issuers write `issuer:name`, such as {issuers[0]}:{user or 'alice'}")
    issuer = named.pop() if named else issuers[0]
    return Principal(
        issuer,
        _bare(user or "someone", issuer),
        groups=frozenset(_bare(group, issuer) for group in groups),
        attributes={_bare(claim, issuer): tuple(values) for claim, values in claims.items()},
    )


def usual_credential(principal: Principal) -> Literal["service_account", "oidc"]:
    """The kind of credential that such a principal presents where nothing else is said."""
    return "service_account" if principal.kind == "service_account" else "oidc"


def _issuer(value: str, issuers: Sequence[str]) -> str | None:
    issuer, colon, _ = value.partition(":")
    return issuer if colon and issuer in issuers else None


def _bare(value: str, issuer: str) -> str:
    return value.removeprefix(f"{issuer}:")
