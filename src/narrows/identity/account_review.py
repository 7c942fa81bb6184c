"""Which credentials of programs nobody uses, or nobody answers for. Pure: what is known comes from the caller."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final, Literal

import msgspec

from narrows.ports.accounts import ServiceAccount
from narrows.ports.sightings import Use


class Fault(StrEnum):
    """What is wrong with one of them."""

    NEVER_USED = "never used"
    STALE = "stale"
    OWNER_UNNAMED = "owner not told"
    """It is no `issuer:subject`, so nothing that a provider says can be about them."""

    OWNER_UNKNOWN = "owner unknown"
    OWNER_INACTIVE = "owner deactivated"
    OWNER_CONTAINED = "owner contained"


OwnerState = Literal["known", "unnamed", "unknown", "inactive", "contained", "untold"]
"""What is known of an owner. untold: their issuer keeps no directory here, so nobody knows."""

_OWNERS: Final[Mapping[OwnerState, Fault]] = {
    "unnamed": Fault.OWNER_UNNAMED,
    "unknown": Fault.OWNER_UNKNOWN,
    "inactive": Fault.OWNER_INACTIVE,
    "contained": Fault.OWNER_CONTAINED,
}


class Held(msgspec.Struct, frozen=True):
    """A key, or a rule by which tokens are exchanged. `since` is when it could be used first; 0: nobody knows."""

    id: str
    kind: Literal["key", "exchange"]
    account: str
    owner: str
    since: int
    purpose: str | None = None
    expires: int | None = None


class Reviewed(msgspec.Struct, frozen=True):
    """One of them, its last use, and what is wrong with it."""

    held: Held
    used: Use | None
    faults: tuple[Fault, ...]


def keys(accounts: Sequence[ServiceAccount], now: int) -> list[Held]:
    """The keys that are in force."""
    return [
        Held(one.id, "key", one.name, one.owner, one.created, one.purpose, one.expires)
        for one in accounts
        if one.revoked is None and one.expires > now
    ]


def review(
    held: Sequence[Held],
    uses: Mapping[str, Use],
    owners: Mapping[str, OwnerState],
    now: int,
    stale: int,
) -> list[Reviewed]:
    """Each of them; `owners` tells of every owner, `stale` is in microseconds. A key's last use is its own, a rule's
    that of its account. What is younger than `stale` is neither stale nor unused."""
    last: dict[str, Use] = {}
    for use in uses.values():
        if use.principal not in last or last[use.principal].at < use.at:
            last[use.principal] = use
    found = []
    for one in held:
        used = uses.get(one.id) if one.kind == "key" else last.get(f"narrows:{one.account}")
        fault = _OWNERS.get(owners[one.owner])
        faults = [] if fault is None else [fault]
        if used is None and one.since < now - stale:
            faults.append(Fault.NEVER_USED)
        elif used is not None and used.at < now - stale:
            faults.append(Fault.STALE)
        found.append(Reviewed(one, used, tuple(faults)))
    return found
