"""What the client's side may fail with. Messages are for the person at the terminal and never hold a token."""

from collections.abc import Mapping
from typing import Final

_SHOWN: Final = 200
"""Characters of a provider's own words that are shown."""


class SignInFailed(Exception):
    """Somebody can't sign in, or what signed them in can't be used; the message says why and the way out."""


class Unreachable(SignInFailed):
    """A server did not answer: the same may succeed later."""


class SignInEnded(SignInFailed):
    """What signed somebody in is no longer good: only a new sign-in helps."""


def refusal(issuer: str, answer: Mapping[str, object]) -> str:
    """What a provider says when it refuses (RFC 6749, sections 4.1.2.1 and 5.2), as a message."""
    error, more = answer.get("error"), answer.get("error_description")
    said = error if isinstance(error, str) and error else "no reason given"
    if isinstance(more, str) and more:
        said += f" ({more[:_SHOWN]})"
    return f"{issuer} refuses: {said[: 2 * _SHOWN]}"
