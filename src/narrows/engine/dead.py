"""Uses of credentials that are authentic and hold no more: expired, revoked, or of somebody who is contained.

Whoever uses one is known, so it is on record with its source, as the refusal of a known caller; but nobody can fill the
record with it: of one credential from one address that is done once a minute, and the others are counted.
"""

import logging
from typing import Final

from narrows.model.call import Source
from narrows.model.principal import Identity
from narrows.model.refusal import Code
from narrows.model.verdict import Deny

OVER: Final = frozenset(
    {
        Code.CREDENTIAL_EXPIRED,
        Code.CREDENTIAL_REVOKED,
        Code.CREDENTIAL_BOUND,
        Code.IDENTITY_CONTAINED,
        Code.SESSION_REVOKED,
    }
)
"""The refusals of what holds no more, or not where it is used."""

_MINUTE: Final = 60_000_000
_MOST: Final = 10_000
"""Credentials and addresses that are told apart in one minute."""

_log = logging.getLogger("narrows.credentials")


class DeadUses:
    """Which uses have been put on record in the running minute."""

    __slots__ = ("_minute", "_seen")

    def __init__(self) -> None:
        self._minute = 0
        self._seen: set[tuple[str, str, Code]] = set()

    def first(self, now: int, whose: Identity, source: Source, deny: Deny) -> bool:
        """Whether this use is to be put on record; `now` in Unix microseconds. Then it is logged, too."""
        minute = now // _MINUTE
        if minute != self._minute:
            self._minute = minute
            self._seen.clear()
        key = (whose.credential.id, source.address, deny.code)
        if key in self._seen or len(self._seen) >= _MOST:
            return False
        self._seen.add(key)
        _log.warning(
            "%s: the credential %s of %s was used from %s (%r)",
            deny.code.value, whose.credential.id, whose.principal.key, source.address, source.agent,
        )  # fmt: skip
        return True
