"""Exchanging an ID token for a token of Narrows at the console (RFC 8693), where access tokens can't be verified, and
handing that back (RFC 7009)."""

from typing import Final

import msgspec

from narrows.client.failure import SignInEnded, SignInFailed, refusal
from narrows.client.granted import received
from narrows.client.tokens import Tokens
from narrows.client.web import Web
from narrows.model.secret import Secret

GRANT: Final = "urn:ietf:params:oauth:grant-type:token-exchange"
ID_TOKEN: Final = "urn:ietf:params:oauth:token-type:id_token"  # noqa: S105 - the name of a kind
PATH: Final = "/oauth/token"
RETURN: Final = "/oauth/revoke"

_OVER: Final = frozenset({"credential_revoked", "identity_contained"})
"""With these the same sign-in leads nowhere any more."""


def exchange(web: Web, console: str | None, id_token: Secret, now: int) -> Tokens:
    """The console's token for an ID token. Raises SignInFailed; SignInEnded where asking again is of no use."""
    if console is None:
        raise SignInFailed("the gate does not say where its console is, which exchanges ID tokens (`console.url`)")
    form = {"grant_type": GRANT, "subject_token": id_token.reveal(), "subject_token_type": ID_TOKEN}
    answer, name = web.post(console + PATH, form), f"the console at {console}"
    # RFC 8693 has one error for every token that is not taken; what it is about, the console says beside it.
    if answer.status == 400 and (answer.body or {}).get("code") in _OVER:
        raise SignInEnded(refusal(name, answer.body or {}))
    given = received(answer, name, now)
    return msgspec.structs.replace(given, refresh=None, id_token=None)


def hand_back(web: Web, console: str | None, token: Secret) -> None:
    """Ends a token of the console's. Raises SignInFailed where it is not known to have ended."""
    if console is None:
        raise SignInFailed("the gate does not say where its console is, which gave the token (`console.url`)")
    answer = web.post(console + RETURN, {"token": token.reveal(), "token_type_hint": "access_token"})
    if answer.status != 200:
        raise SignInFailed(f"the console at {console} did not end the token ({answer.status}); it ends by itself")
