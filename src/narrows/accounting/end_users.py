"""What end users are called in counters, records and messages.

Their names are what callers say: e-mail addresses, as a rule. Where a policy masks prompts, the name of an end user
would tell what its mask hides, so a keyed digest stands in its place: the same person of the same caller is the same
digest, and nobody can tell who it is without the key and the name. Pure.
"""

from hashlib import blake2b
from typing import Final

NOBODY: Final = "(none)"
"""The end user of calls that name none."""

_SIGN: Final = "~"
_DIGEST: Final = 10


class Pseudonyms:
    """Names end users by digests under one key."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of(self, principal: str, name: str) -> str:
        """What the end user whom this caller (`issuer:subject`) names so is called."""
        data = f"{len(principal)}:{principal}{name}".encode("utf-8", "surrogatepass")
        return _SIGN + blake2b(data, digest_size=_DIGEST, key=self._key, person=b"end user").hexdigest()

    def __repr__(self) -> str:
        return "Pseudonyms([secret])"


def subject(principal: str, name: str | None, hidden: Pseudonyms | None = None) -> str:
    """Whose sum an end user's is: a caller's own, without a further `/`, so that no two callers' end users are ever
    called the same."""
    if name is None:
        called = NOBODY
    elif hidden is not None:
        called = hidden.of(principal, name)
    else:
        called = name.replace("%", "%25").replace("/", "%2F")
    return f"{principal}/{called}"
