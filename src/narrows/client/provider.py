"""An OpenID provider's own description: where its endpoints are (OpenID Connect Discovery 1.0, RFC 8414)."""

from urllib.parse import urlsplit

import msgspec

from narrows.client.failure import SignInFailed
from narrows.client.web import Web, checked


class Provider(msgspec.Struct, frozen=True):
    """What of it matters here. Endpoints that a provider lacks are None."""

    issuer: str
    token_endpoint: str
    jwks_uri: str
    authorization_endpoint: str | None = None
    device_authorization_endpoint: str | None = None
    revocation_endpoint: str | None = None
    code_challenge_methods_supported: tuple[str, ...] | None = None
    authorization_response_iss_parameter_supported: bool = False

    def endpoints(self) -> tuple[str | None, ...]:
        """Every address in it."""
        return (
            self.token_endpoint,
            self.jwks_uri,
            self.authorization_endpoint,
            self.device_authorization_endpoint,
            self.revocation_endpoint,
        )


def read_provider(web: Web, issuer: str) -> Provider:
    """The description of the provider whose `iss` is exactly `issuer`. Raises SignInFailed."""
    address = issuer.removesuffix("/") + "/.well-known/openid-configuration"
    document = web.get(address)
    try:
        provider = msgspec.convert(document, Provider)
    except msgspec.ValidationError as error:
        raise SignInFailed(f"{address} is not usable: {error}") from None
    if provider.issuer != issuer:
        raise SignInFailed(f"{address} is of another issuer than {issuer}")
    for endpoint in provider.endpoints():
        if endpoint is not None:
            checked(endpoint)
            if urlsplit(issuer).scheme == "https" and urlsplit(endpoint).scheme != "https":
                raise SignInFailed(f"{address} names an endpoint that is less protected than the issuer")
    return provider
