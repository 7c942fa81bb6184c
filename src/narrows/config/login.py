"""The settings of a sign-in: with which client people sign in at an issuer, and whether their ID tokens are taken."""

from typing import Annotated

from msgspec import Meta

from narrows.config.setting import Globs, Seconds, Setting


class Login(Setting, frozen=True, kw_only=True):
    """How people sign in at an issuer with `narrows login`."""

    client_id: Annotated[str, Meta(description="The public client that is registered for it at the issuer.")]
    scopes: Annotated[Globs, Meta(description="What is asked for.")] = ("openid", "profile", "offline_access")
    id_tokens: Annotated[
        bool,
        Meta(
            description="Whether an ID token of that client is exchanged for a token of Narrows, for issuers whose "
            "access tokens can't be verified."
        ),
    ] = False
    longest: Annotated[
        Seconds | None, Meta(description="How long such a token lasts at most; never longer than the ID token.")
    ] = None
