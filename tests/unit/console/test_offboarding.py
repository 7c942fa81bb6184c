"""What it does to people's credentials when their provider says something of them."""

from typing import Any

import msgspec

from narrows.console.offboarding import SKEW, containment_of, effects
from narrows.model.directory import Lift, Person
from narrows.model.revocation import Revocation
from narrows.ports.directory import Effects

ANN = Person("per_1", "corp", "ann", "ann", active=True, created=1, changed=1, resource={})
OUT = msgspec.structs.replace(ANN, active=False)
CONTAINED = containment_of("corp:ann", "scim")


def done(before: Person | None, after: Person | None) -> Effects:
    return effects(before, after, "42", 1000)


def said(found: Effects) -> list[tuple[str, int | None, str | None]]:
    return [(one.subject, one.before, one.containment) for one in found.revoked]


def person(**changes: Any) -> Person:
    return msgspec.structs.replace(ANN, **changes)


def test_who_is_deactivated_or_deleted_is_contained_once() -> None:
    for before, after in ((ANN, OUT), (None, OUT), (ANN, None), (OUT, None)):
        found = done(before, after)
        assert said(found) == [("corp:ann", None, CONTAINED)]
        assert found.lifted == ()
        (one,) = found.revoked
        assert isinstance(one, Revocation)
        assert (one.id, one.by, one.at) == ("rev_42c", "corp:", 1000)
    assert done(OUT, person(active=False, resource={"title": "x"})) == Effects()


def test_who_is_active_again_is_let_in() -> None:
    lift = (Lift("corp:ann", CONTAINED, "corp:", "activated by the provider"),)
    assert done(OUT, ANN) == done(None, ANN) == Effects((), lift)
    assert done(ANN, person(resource={"title": "x"})) == Effects()


def test_a_name_that_is_given_up_ends_what_was_issued_to_it() -> None:
    found = done(ANN, person(subject="ann2"))
    assert said(found) == [("corp:ann", 1000 + SKEW, None)]
    assert [one.subject for one in found.lifted] == ["corp:ann2"]
    out = done(OUT, person(subject="ann2", active=False))
    assert said(out) == [("corp:ann", 1000 + SKEW, None), ("corp:ann2", None, containment_of("corp:ann2", "scim"))]
    assert len({one.id for one in out.revoked}) == 2


def test_containments_of_two_sources_are_two() -> None:
    assert containment_of("corp:ann", "scim") != containment_of("corp:ann", "ssf")
    assert containment_of("corp:ann", "scim") == CONTAINED


def test_what_names_its_owner_by_an_address_ends_with_them() -> None:
    """And comes back with them, whichever of their addresses were told meanwhile."""
    mail = {"emails": [{"value": "ann@example.com", "primary": True}, {"type": "x"}, "no", {"value": "annie"}]}
    inside = person(user_name="Ann@corp.test", resource=mail)
    out = msgspec.structs.replace(inside, active=False)
    names = ["corp:ann", "corp:Ann@corp.test", "corp:ann@example.com"]
    for before, after in ((inside, out), (None, out), (inside, None)):
        found = done(before, after)
        assert said(found) == [(name, None, CONTAINED) for name in names]
        assert len({one.id for one in found.revoked}) == 3
    married = msgspec.structs.replace(out, resource={"emails": [{"value": "ann.lee@example.com"}]})
    meanwhile = done(out, married)
    assert said(meanwhile) == [("corp:ann.lee@example.com", None, CONTAINED)]
    assert [one.subject for one in meanwhile.lifted] == ["corp:ann@example.com"]
    back = done(married, msgspec.structs.replace(married, active=True))
    assert [one.subject for one in back.lifted] == ["corp:ann", "corp:Ann@corp.test", "corp:ann.lee@example.com"]
    assert {one.containment for one in back.lifted} == {CONTAINED}
    assert done(inside, msgspec.structs.replace(inside, resource={})) == Effects()


def test_an_address_that_is_their_name_is_contained_once() -> None:
    found = done(None, person(subject="ann@example.com", user_name="Ann@Example.com", active=False))
    assert [one.subject for one in found.revoked] == ["corp:ann@example.com"]
