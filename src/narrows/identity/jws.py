"""Compact JWS, strictly: what a signed token is, and whether one of the given keys signed it.

It owns RFC 7515's rules on the three segments and the header. Algorithms come from the caller's allow-list and keys
from the caller's key set: nothing in a token can choose or bring its own (`none`, `jku`, `x5u`, `jwk` have no effect).
"""

from collections.abc import Set as AbstractSet
from typing import Final

import msgspec
from joserfc.errors import JoseError
from joserfc.jws import JWSRegistry
from joserfc.util import urlsafe_b64decode

from narrows.identity.documents import Json, strict_object
from narrows.identity.keys import KeySet, VerifyingKey
from narrows.model.refusal import Code
from narrows.model.verdict import Deny

TOKEN_TYPES: Final = frozenset({"jwt", "at+jwt", "application/jwt", "application/at+jwt"})
"""Values of `typ` an access token may have (RFC 7519, RFC 9068), in lower case."""


class Compact(msgspec.Struct, frozen=True):
    """A token taken apart, nothing in it verified yet. `signed` is what the signature is over."""

    header: Json
    payload: bytes
    signed: bytes
    signature: bytes

    @property
    def algorithm(self) -> str:
        """The header's `alg`, or "" where it is no string."""
        value = self.header.get("alg")
        return value if isinstance(value, str) else ""

    @property
    def kid(self) -> str | None:
        """The header's `kid`; `check_header` has refused one that is no string."""
        return self.header.get("kid")


def invalid(message: str) -> Deny:
    """A credential that can't be verified."""
    return Deny(Code.CREDENTIAL_INVALID, message)


def take_apart(token: str) -> Compact | Deny:
    """The segments of a token; base64url must be canonical and the header an object without duplicates."""
    parts = token.split(".")
    if len(parts) != 3 or not token.isascii():
        return invalid("the token is not three base64url segments")
    try:
        header, payload, signature = (urlsafe_b64decode(part.encode()) for part in parts)
    except ValueError:
        return invalid("the token is not three base64url segments")
    fields = strict_object(header)
    if fields is None:
        return invalid("the token's header is not a JSON object with unique members")
    return Compact(fields, payload, f"{parts[0]}.{parts[1]}".encode(), signature)


def check_header(token: Compact, algorithms: AbstractSet[str], types: AbstractSet[str] = TOKEN_TYPES) -> Deny | None:
    """Refuses what the header says, before any key is looked at; `types` are what it may be."""
    header = token.header
    if not token.algorithm or token.algorithm not in algorithms:
        return invalid("the token's signature algorithm is not allowed for its issuer")
    if "crit" in header or "b64" in header:
        return invalid("the token's header has critical extensions, and none is supported")
    if "kid" in header and not isinstance(header["kid"], str):
        return invalid("the token's `kid` is not a string")
    kind = header.get("typ", "JWT")
    if not isinstance(kind, str) or kind.lower() not in types:
        what = "an access token" if types is TOKEN_TYPES else "what it should be"
        return invalid(f"the token's `typ` is not that of {what}")
    return None


def check_signature(token: Compact, keys: KeySet) -> Deny | None:
    """Refuses a token that no key of the set signed."""
    candidates = keys.candidates(token.kid, token.algorithm)
    if not candidates:
        return invalid("the issuer's key set has no key for the token's `kid` and algorithm")
    if len(candidates) > 1 and token.kid is not None:
        return invalid("several keys of the issuer share the token's `kid`")
    if not any(_signed_by(key, token) for key in candidates):
        return invalid("the token's signature is not valid")
    return None


def check(token: Compact, keys: KeySet, algorithms: AbstractSet[str]) -> Deny | None:
    """Header and signature; None when the token is authentic."""
    return check_header(token, algorithms) or check_signature(token, keys)


def _signed_by(key: VerifyingKey, token: Compact) -> bool:
    # Taken from the table instead of get_alg(), which warns of EdDSA's older name on every call.
    algorithm = JWSRegistry.algorithms[token.algorithm]
    try:
        return algorithm.verify(token.signed, token.signature, key.key)
    except (JoseError, ValueError):
        return False
