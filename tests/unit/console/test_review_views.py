"""A row of a review says what a reviewer should look at."""

import pytest

from narrows.console.review_views import Mark, Seen, review_view
from narrows.identity.at_moment import Moment
from narrows.identity.radius import Book, Known, radius
from narrows.model.principal import Principal
from narrows.model.revocation import Revocation, Revoked
from narrows.ports.revocations import Kept
from unit.console.test_who_views import ANA, RULES

NOW = 1_000


def row(seen: Seen, known: Known, *revoked: Revocation) -> tuple[Mark, ...]:
    found = radius(known, RULES, Book(), Moment(NOW, [Kept(1, one) for one in revoked]))
    return review_view(found, seen, 100).marks


@pytest.mark.parametrize(
    ("seen", "active", "expected"),
    [
        (Seen(NOW), None, ()),
        (Seen(NOW - 100), True, ()),
        (Seen(NOW - 101), True, (Mark.STALE,)),
        (Seen(), False, (Mark.DEACTIVATED, Mark.NEVER_SEEN)),
        (Seen(NOW, orphaned=True), None, (Mark.OWNERLESS,)),
    ],
)
def test_marks(seen: Seen, active: bool | None, expected: tuple[Mark, ...]) -> None:
    assert row(seen, Known(ANA, "directory", active=active)) == expected


def test_whoever_is_contained_reaches_nothing() -> None:
    contained = Revocation("rev_1", Revoked.USER, ANA.key, 1, "local:op", "why")
    found = radius(Known(ANA, "directory"), RULES, Book(), Moment(NOW, [Kept(1, contained)]))
    shown = review_view(found, Seen(NOW), 100)
    assert (shown.marks, shown.reach) == ((Mark.CONTAINED,), ())


def test_what_is_reached_is_said_in_words() -> None:
    found = radius(Known(ANA, "credential"), RULES, Book(), Moment(NOW, ()))
    shown = review_view(found, Seen(NOW), 100)
    assert (shown.reach, shown.most) == (("openai: chat of *",), "155 usd")
    nobody = radius(Known(Principal("corp", "bo"), "nothing"), RULES, Book(), Moment(NOW, ()))
    assert review_view(nobody, Seen(NOW), 100).most == "0 usd"
