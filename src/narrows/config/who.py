"""The setting that says whom something is about: policies and rules of access name people and accounts alike."""

from typing import Annotated, Literal

from msgspec import Meta

from narrows.config.setting import Globs, Setting

CredentialKind = Literal["grant", "exchange", "login", "oidc", "service_account"]


class Who(Setting, frozen=True, kw_only=True):
    """Matches if every key it names matches; a key matches if any of its values does. Globs are allowed."""

    users: Annotated[Globs | None, Meta(description="Subjects: `issuer:subject`, or bare with a single issuer.")] = None
    groups: Annotated[Globs | None, Meta(description="Groups: `issuer:group`, or bare with a single issuer.")] = None
    attributes: Annotated[dict[str, Globs] | None, Meta(description="Claims and the values they may have.")] = None
    service_accounts: Annotated[Globs | None, Meta(description="Service accounts by name.")] = None
    credential: Annotated[
        Annotated[tuple[CredentialKind, ...], Meta(min_length=1)] | None,
        Meta(
            description="What was presented. oidc: a token of an issuer; service_account: a key; grant, exchange, "
            "login: a token of Narrows, issued for access that was asked for, for a workload's token, or at a sign-in."
        ),
    ] = None
