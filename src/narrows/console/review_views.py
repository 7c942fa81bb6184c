"""An access review as the API shows it, and `narrows review access`, too: one row for each identity. Pure."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

import msgspec

from narrows.console.views import moment
from narrows.identity.radius import Radius
from narrows.model.access import GrantState
from narrows.model.limit_words import amount
from narrows.model.limits import Per, Unit
from narrows.policy.reach import Way


class Mark(StrEnum):
    """What a reviewer should look at."""

    CONTAINED = "contained"
    DEACTIVATED = "deactivated"
    """The directory says so."""

    OWNERLESS = "ownerless"
    """A service account for which nobody answers: nobody is named, or the owner is unknown, deactivated or
    contained."""

    STALE = "stale"
    """It was not seen for so long as was asked for."""

    NEVER_SEEN = "never seen"
    UNBOUNDED = "unbounded"
    """It reaches something, and no budget binds what it could spend."""

    OBSERVED = "only observed"
    """Somewhere everything passes, as policies only observe."""


class Seen(msgspec.Struct, frozen=True):
    """What is known of an identity beside its blast radius. `last` is when it was seen last; `orphaned`: nobody answers
    for it."""

    last: int | None = None
    orphaned: bool = False


class ReviewView(msgspec.Struct, frozen=True):
    """An identity in a review. `reach` is what it reaches by itself, in words, by any way in that is open; `most` what
    it could spend in a calendar month, null: nothing binds that. `grants`, `keys` and `tokens` are those in force.
    `groups_from` says how its groups are known: see `GET /api/v1/who/{identity}`."""

    id: str
    kind: str
    owner: str | None
    groups: tuple[str, ...]
    groups_from: str
    reach: tuple[str, ...]
    most: str | None
    grants: tuple[str, ...]
    keys: tuple[str, ...]
    tokens: tuple[str, ...]
    owns: tuple[str, ...]
    last_seen_at: datetime | None
    marks: tuple[Mark, ...]


class ReviewPage(msgspec.Struct, frozen=True):
    """Identities by their names. `next`: ask with `after` set to it for those behind; null: these were the last."""

    items: tuple[ReviewView, ...]
    next: str | None


def review_view(found: Radius, seen: Seen, stale: int) -> ReviewView:
    """A row; `stale` is in microseconds."""
    principal = found.known.principal
    month = next(one for one in found.most if (one.unit, one.per) == (Unit.USD, Per.MONTH))
    own = [held for held in found.held if held.principal == found.id]
    return ReviewView(
        id=found.id,
        kind=principal.kind,
        owner=principal.owner,
        groups=tuple(sorted(f"{principal.issuer}:{group}" for group in principal.groups)),
        groups_from=found.known.source,
        reach=tuple(_words(way) for way in found.reached),
        most=None if month.limit is None else amount(Unit.USD, month.limit),
        grants=tuple(one.request.id for one in found.grants if one.state is GrantState.ACTIVE),
        keys=tuple(held.id for held in own if held.kind == "key"),
        tokens=tuple(held.id for held in own if held.kind != "key"),
        owns=tuple(one.name for one in found.owns),
        last_seen_at=None if seen.last is None else moment(seen.last),
        marks=tuple(_marks(found, seen, stale, bounded=month.limit is not None)),
    )


def _marks(found: Radius, seen: Seen, stale: int, *, bounded: bool) -> Sequence[Mark]:
    reached = found.reached
    told = {
        Mark.CONTAINED: found.contained,
        Mark.DEACTIVATED: found.known.active is False,
        Mark.OWNERLESS: seen.orphaned,
        Mark.STALE: seen.last is not None and seen.last < found.at - stale,
        Mark.NEVER_SEEN: seen.last is None,
        Mark.UNBOUNDED: bool(reached) and not bounded,
        Mark.OBSERVED: any(not way.enforced for way in reached),
    }
    return [mark for mark, holds in told.items() if holds]


def _words(way: Way) -> str:
    models = f" of {', '.join(way.named)}" if way.named else ""
    return f"{way.connection}: {', '.join(way.operations)}{models}"
