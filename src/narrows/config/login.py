"""The settings of a sign-in: with which client people sign in at an issuer, and whether their ID tokens are taken."""

from typing import Annotated

import msgspec
from msgspec import Meta

from narrows.config.setting import Globs, Seconds, Setting


class Login(Setting, frozen=True, kw_only=True):
    """How people sign in at an issuer with `narrows login`. All of it is public: the gate tells it to whoever asks."""

    client_id: Annotated[str, Meta(description="The public client that is registered for it at the issuer.")]
    scopes: Annotated[Globs, Meta(description="What is asked for.")] = ("openid", "profile", "offline_access")
    resource: Annotated[
        str | None, Meta(description="The resource that tokens are asked for (RFC 8707), where the issuer wants one.")
    ] = None
    redirect_uri: Annotated[
        str,
        Meta(
            description="Where the browser goes after it: this machine, at a random port unless one is given. For "
            "issuers that want a port, or `localhost`."
        ),
    ] = "http://127.0.0.1/callback"
    parameters: Annotated[
        dict[str, str],
        Meta(description="Further parameters of the request to sign in, such as `audience` for Auth0."),
    ] = msgspec.field(default_factory=dict)
    public_client_secret: Annotated[
        str | None,
        Meta(
            description="The secret of a client that is public nevertheless, as Google's for desktop applications. The "
            "gate tells it to whoever asks."
        ),
    ] = None
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
