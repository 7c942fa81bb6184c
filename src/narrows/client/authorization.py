"""The authorization code flow with PKCE, as values: one attempt, the address to open, the code that came back.

RFC 6749 section 4.1, RFC 7636 (S256 alone), RFC 8252 (loopback redirect), RFC 9207 (`iss` of the answer) and OpenID
Connect Core 3.1.2. Does no I/O; randomness comes from the caller.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable
from typing import Final
from urllib.parse import parse_qs, urlencode

import msgspec

from narrows.client.failure import SignInFailed, refusal
from narrows.client.gate import Issuer
from narrows.client.provider import Provider

_BYTES: Final = 32
_FIELDS: Final = 32
Random = Callable[[int], bytes]


class Attempt(msgspec.Struct, frozen=True):
    """What one attempt to sign in must find again in its answer, and nobody else knows."""

    redirect_uri: str
    state: str
    nonce: str
    verifier: str

    @property
    def challenge(self) -> str:
        """RFC 7636, section 4.2."""
        return _base64url(hashlib.sha256(self.verifier.encode("ascii")).digest())


def begin(redirect_uri: str, random: Random) -> Attempt:
    """A new attempt, with 256 random bits in each of its parts."""
    return Attempt(redirect_uri, *(_base64url(random(_BYTES)) for _ in range(3)))


def authorization_url(attempt: Attempt, issuer: Issuer, provider: Provider) -> str:
    """What a browser must open. Raises SignInFailed."""
    if provider.authorization_endpoint is None:
        raise SignInFailed(f"{issuer.issuer} has no way to sign in with a browser; try --device")
    methods = provider.code_challenge_methods_supported
    if methods is not None and "S256" not in methods:
        raise SignInFailed(f"{issuer.issuer} does not support PKCE with S256")
    parameters = {
        **issuer.parameters,
        "response_type": "code",
        "client_id": issuer.client_id,
        "redirect_uri": attempt.redirect_uri,
        "scope": " ".join(issuer.scopes),
        "state": attempt.state,
        "nonce": attempt.nonce,
        "code_challenge": attempt.challenge,
        "code_challenge_method": "S256",
    }
    if issuer.resource is not None:
        parameters["resource"] = issuer.resource
    mark = "&" if "?" in provider.authorization_endpoint else "?"
    return f"{provider.authorization_endpoint}{mark}{urlencode(parameters)}"


def is_answer(query: str, attempt: Attempt) -> bool:
    """Whether a query that reached the redirect address answers this attempt. Anything on this machine, and any web
    page, can send something there: only the provider knows the state. Compared in constant time."""
    try:
        states = parse_qs(query, keep_blank_values=True, max_num_fields=_FIELDS).get("state", [])
    except ValueError:
        return False
    return len(states) == 1 and hmac.compare_digest(states[0].encode(), attempt.state.encode())


def code_of(query: str, issuer: Issuer, provider: Provider) -> str:
    """The code in an answer, which `is_answer` has accepted. Raises SignInFailed."""
    found = parse_qs(query, keep_blank_values=True, max_num_fields=_FIELDS)
    if any(len(values) > 1 for values in found.values()):
        raise SignInFailed(f"the answer of {issuer.issuer} repeats a parameter")
    single = {name: values[0] for name, values in found.items()}
    named = single.get("iss")
    if named != provider.issuer and (named is not None or provider.authorization_response_iss_parameter_supported):
        raise SignInFailed(f"the answer is not one of {issuer.issuer}: somebody may have mixed up two providers")
    if "error" in single:
        raise SignInFailed(refusal(issuer.issuer, single))
    code = single.get("code")
    if not code:
        raise SignInFailed(f"the answer of {issuer.issuer} has no code")
    return code


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
