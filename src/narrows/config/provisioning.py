"""The settings of what a provider tells by itself: its directory (SCIM), sign-outs, and security events."""

from typing import Annotated, Literal

from msgspec import Meta

from narrows.config.setting import Globs, Setting
from narrows.model.secret import Secret

Ends = Annotated[
    Literal["person", "session"],
    Meta(
        description="What ends when a session does. person: everything that was issued to them until then; session: "
        "tokens whose `sid` is that session's, and nothing of tokens that say none."
    ),
]


class Scim(Setting, frozen=True, kw_only=True):
    """SCIM 2.0: the provider keeps people and groups here up to date, at `/scim/v2/NAME` of the console."""

    token: Annotated[Secret, Meta(description="The bearer token that the provider presents; 32 characters or more.")]
    previous: Annotated[
        Secret | None, Meta(description="One that is taken, too, while the provider is given a new one.")
    ] = None
    subject: Annotated[
        Literal["userName", "externalId", "email"],
        Meta(description="What of a person is the same as the issuer's `subject_claim` in their tokens."),
    ] = "userName"
    groups: Annotated[
        Literal["directory", "both", "token"],
        Meta(
            description="Which groups people are in. directory: those of the directory, whatever tokens say; both: the "
            "directory decides on groups that it has, tokens on others; token: those of the token."
        ),
    ] = "directory"
    required: Annotated[
        bool, Meta(description="Refuse tokens of this issuer whose subject the directory does not know.")
    ] = False


class Logout(Setting, frozen=True, kw_only=True):
    """OpenID Connect Back-Channel Logout: the provider tells `/oidc/NAME/logout` of the console who has signed out."""

    clients: Annotated[
        Globs, Meta(description="The client ids that people sign in with, exactly; one must be the `aud`.")
    ]
    ends: Ends = "person"


class Events(Setting, frozen=True, kw_only=True):
    """Shared Signals (CAEP, RISC): a transmitter pushes security events to `/ssf/NAME/events` of the console."""

    issuer: Annotated[str, Meta(description="The exact `iss` of its events.")]
    jwks_uri: Annotated[str, Meta(description="The key set that its events are signed with.")]
    audience: Annotated[Globs, Meta(description="Values of which one must be the `aud` of its events, exactly.")]
    token: Annotated[
        Secret | None, Meta(description="A bearer token that it must present, too; 32 characters or more.")
    ] = None
    ends: Ends = "person"
