"""What it does to what people hold when their provider says something of them. Pure.

Whom it deactivates is contained: nothing of theirs, nor of what they own, is let in until it activates them again. What
they own may name them by a mail address, so these are contained with them. When
somebody's name in tokens changes, what was issued to the old one ends, and somebody else may have that name.
"""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Final

from narrows.identity.containment import addresses_of
from narrows.model.directory import Lift, Person
from narrows.model.revocation import Revocation, Revoked
from narrows.ports.directory import Effects

SKEW: Final = 60_000_000
"""Microseconds by which a provider's clock may be ahead of ours."""

DEACTIVATED: Final = "deactivated by the provider"
DELETED: Final = "deleted by the provider"
RENAMED: Final = "the provider gave this name up"
BACK: Final = "activated by the provider"


def said_by(issuer: str) -> str:
    """Who a provider is, as who revoked something."""
    return f"{issuer}:"


def containment_of(person: str, source: str) -> str:
    """The containment of a person (`issuer:subject`) that one source of a provider's made; always the same one, so that
    it finds what it has to lift."""
    return f"con_{source}_{hashlib.sha256(person.encode()).hexdigest()[:20]}"


def effects(before: Person | None, after: Person | None, ident: str, at: int) -> Effects:
    """What a change of a person does. `ident` tells its revocations from all others."""
    return Effects(tuple(_revoked(before, after, ident, at)), tuple(_lifted(before, after)))


def _revoked(before: Person | None, after: Person | None, ident: str, at: int) -> Iterator[Revocation]:
    if before is not None and after is None:
        yield from _contained(before, ident, at, DELETED)
    if after is None:
        return
    renamed = before is not None and before.subject != after.subject
    if before is not None and renamed:
        yield Revocation(
            f"rev_{ident}n", Revoked.USER, before.key, at, said_by(before.issuer), RENAMED, before=at + SKEW
        )
    if after.active:
        return
    if before is None or before.active or renamed:
        yield from _contained(after, ident, at, DEACTIVATED)
    else:
        known = addresses_of(before)
        yield from _called(after, [one for one in addresses_of(after) if one not in known], ident, at, DEACTIVATED)


def _contained(person: Person, ident: str, at: int, reason: str) -> Iterator[Revocation]:
    who = containment_of(person.key, "scim")
    yield Revocation(f"rev_{ident}c", Revoked.USER, person.key, at, said_by(person.issuer), reason, containment=who)
    yield from _called(person, addresses_of(person), ident, at, reason)


def _called(person: Person, addresses: Sequence[str], ident: str, at: int, reason: str) -> Iterator[Revocation]:
    who, by = containment_of(person.key, "scim"), said_by(person.issuer)
    for number, address in enumerate(addresses):
        subject = f"{person.issuer}:{address}"
        yield Revocation(f"rev_{ident}a{number}", Revoked.USER, subject, at, by, reason, containment=who)


def _lifted(before: Person | None, after: Person | None) -> Iterator[Lift]:
    # Of whom it was said that they are active it need not be asked what stands: nothing of this source does.
    if after is None:
        return
    names: list[str] = []
    if after.active and (before is None or not before.active or before.subject != after.subject):
        called = () if before is None else addresses_of(before)
        names = [after.key, *(f"{after.issuer}:{each}" for each in sorted({*called, *addresses_of(after)}))]
    elif before is not None and not before.active and not after.active and before.subject == after.subject:
        left = addresses_of(after)
        names = [f"{after.issuer}:{each}" for each in addresses_of(before) if each not in left]
    for name in names:
        yield Lift(name, containment_of(after.key, "scim"), said_by(after.issuer), BACK)
