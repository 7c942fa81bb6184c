"""The document in which a gate tells its clients where people sign in: made of the settings, once a snapshot."""

from typing import Any

import msgspec

from narrows.config.login import Login
from narrows.config.schema import Config, Issuer


def document(config: Config) -> bytes:
    """JSON: `issuers`, those at which `narrows login` can sign in, and `console`, where the console is reached."""
    issuers = [_issuer(issuer, issuer.login) for issuer in config.identity.issuers if issuer.login is not None]
    console = config.console.url or config.notify.console
    return msgspec.json.encode({"issuers": issuers, "console": None if console is None else console.rstrip("/")})


def _issuer(issuer: Issuer, login: Login) -> dict[str, Any]:
    """What a client needs of it. `tokens`: `access` tokens are sent to the gate as they are, `id` tokens are exchanged
    at the console; `opaque`: access tokens need be no JWTs."""
    told = {
        "name": issuer.name,
        "issuer": issuer.issuer,
        "client_id": login.client_id,
        "audience": issuer.audience,
        "scopes": login.scopes,
        "redirect_uri": login.redirect_uri,
        "tokens": "id" if login.id_tokens else "access",
        "opaque": issuer.introspection is not None,
    }
    if login.resource is not None:
        told["resource"] = login.resource
    if login.parameters:
        told["parameters"] = login.parameters
    if login.public_client_secret is not None:
        told["client_secret"] = login.public_client_secret
    return told
