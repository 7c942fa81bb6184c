"""The credential a request presents, from its headers alone."""

from narrows.model.refusal import Code
from narrows.model.verdict import Deny
from narrows.ports.http import Headers

_BEARER = b"bearer "
_USUAL = b"Bearer "


def presented(headers: Headers) -> str | Deny:
    """The token of `Authorization: Bearer` or `x-api-key`; both are fine if they say the same."""
    authorization = headers.get(b"authorization")
    key = headers.get(b"x-api-key")
    token = key
    if authorization is not None:
        if not authorization.startswith(_USUAL) and authorization[:7].lower() != _BEARER:
            return Deny(
                Code.CREDENTIAL_INVALID, "the Authorization header is not of the Bearer scheme", param="authorization"
            )
        token = authorization[7:].strip()
        if key is not None and key != token:
            return Deny(
                Code.CREDENTIAL_INVALID,
                "Authorization and x-api-key carry two different credentials",
                param="x-api-key",
            )
    if not token:
        return Deny(Code.CREDENTIAL_MISSING, "no credential: send Authorization: Bearer <token> or x-api-key: <token>")
    try:
        return token.decode("ascii")
    except UnicodeDecodeError:
        return Deny(Code.CREDENTIAL_INVALID, "the credential has characters that no token has")
