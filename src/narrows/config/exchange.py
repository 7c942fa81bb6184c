"""The settings of tokens that are exchanged, of sign-ins with an ID token, and of service accounts: who gets a token of
Narrows for another issuer's, and what any credential of a program must have."""

from typing import Annotated, Final, Literal

from msgspec import Meta

from narrows.config.setting import Globs, Name, Seconds, Setting
from narrows.model.secret import Secret

LONGEST: Final = 86_400.0
"""Seconds that a token which was exchanged may last at most."""

LONGEST_KEY: Final = 366 * 86_400.0
"""Seconds that a key of a service account may last at most."""


class Reach(Setting, frozen=True, kw_only=True):
    """What a token is good for at most; policies must permit it, too. Without `models`: nothing that names a model."""

    connections: Annotated[Globs, Meta(description="Connections, as globs.")]
    models: Annotated[Globs | None, Meta(description="Models, as globs; needed for operations that name one.")] = None
    operations: Annotated[Globs, Meta(description="Operations, as globs.")]


class Exchange(Setting, frozen=True, kw_only=True):
    """A rule by which a workload's token of another issuer is exchanged for one of Narrows. The first that matches
    decides."""

    name: Annotated[Name, Meta(description="Its name in records.")]
    issuer: Annotated[str, Meta(description="Whose tokens: the name of an issuer under `identity.issuers`.")]
    claims: Annotated[
        dict[str, Globs],
        Meta(
            min_length=1,
            description="Claims and the values they must have, as globs; every claim must match. Dots reach into "
            "objects; of a claim that is a list, one value must match.",
        ),
    ]
    account: Annotated[Name, Meta(description="The service account that the token is for; policies match its name.")]
    owner: Annotated[str, Meta(description="Who answers for it: `issuer:subject`, or bare with a single issuer.")]
    purpose: Annotated[str | None, Meta(description="What it is for.")] = None
    may: Annotated[Reach, Meta(description="What the token is good for; policies must permit it, too.")]
    longest: Annotated[
        float, Meta(gt=0, le=LONGEST, description="How long the token lasts.", extra={"unit": "duration"})
    ] = 3600.0


class Accounts(Setting, frozen=True, kw_only=True):
    """What every service account must have."""

    longest: Annotated[
        float,
        Meta(gt=0, le=LONGEST_KEY, description="How long a key may last at most.", extra={"unit": "duration"}),
    ] = LONGEST_KEY
    purpose: Annotated[
        Literal["optional", "required"], Meta(description="Whether keys and rules of exchange must say what for.")
    ] = "optional"


class Graph(Setting, frozen=True, kw_only=True):
    """How Microsoft Graph is asked for the groups of somebody who is in more than a token of Entra can hold."""

    tenant: Annotated[str, Meta(description="The tenant's id or domain.")]
    client_id: Annotated[str, Meta(description="An application that may read group memberships.")]
    client_secret: Annotated[Secret, Meta(description="Its secret.")]
    kinds: Annotated[
        Literal["security", "all"],
        Meta(description="Which groups count; all: those of Microsoft 365, and directory roles, too."),
    ] = "security"
    cache: Annotated[Seconds, Meta(description="How long an answer is used.")] = 300.0
    url: Annotated[str, Meta(description="Microsoft Graph; national clouds have their own.")] = (
        "https://graph.microsoft.com"
    )
    login: Annotated[str, Meta(description="Where its tokens are issued; national clouds have their own.")] = (
        "https://login.microsoftonline.com"
    )


class GroupSource(Setting, frozen=True, kw_only=True):
    """Where groups come from that a token only refers to."""

    graph: Annotated[Graph, Meta(description="Microsoft Graph, for Entra's group overage.")]
