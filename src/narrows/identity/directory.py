"""Groups from a directory that a provider keeps here: whose credentials they change, and which they are.

A person is looked up when a credential of theirs is verified, and what is remembered of them ends when the directory
says something else, so a change decides the next call. Whoever can't read the directory lets nobody of it in.
"""

from collections.abc import Mapping
from typing import Final
from weakref import WeakValueDictionary

import msgspec

from narrows.config.provisioning import Scim
from narrows.config.schema import IdentitySettings
from narrows.identity.cache import Source, Verified
from narrows.identity.jws import invalid
from narrows.model.directory import Listing
from narrows.model.principal import Principal
from narrows.model.refusal import Code
from narrows.model.verdict import Deny
from narrows.ports.clock import Clock
from narrows.ports.directory import DirectoryUnavailable, DirectoryWatch

BLIND: Final = 30_000_000
"""Microseconds for which what was read before holds, where the directory can't be read."""


class _Tenant:
    """The people of one issuer, all together."""

    def __init__(self, scim: Scim) -> None:
        self.scim = scim
        self.changes = 0
        self.valid_until = 0


class _Person:
    """One of them, while something is remembered of them."""

    __slots__ = ("__weakref__", "changes")

    def __init__(self) -> None:
        self.changes = 0


class Joined:
    """What vouches for an identity together with a directory. A `Source` of cached identities: its `generation` grows
    with each change of either, and it is valid while both are."""

    __slots__ = ("_person", "_source", "_tenant")

    def __init__(self, source: Source, tenant: _Tenant, person: _Person) -> None:
        self._source = source
        self._tenant = tenant
        self._person = person

    @property
    def generation(self) -> int:
        """Grows with each change."""
        return self._source.generation + self.changes

    @property
    def changes(self) -> int:
        """Those of the directory alone."""
        return self._tenant.changes + self._person.changes

    @property
    def valid_until(self) -> int:
        """The microsecond from which on what is remembered holds no more."""
        return min(self._source.valid_until, self._tenant.valid_until)


class Memberships:
    """Says which groups people of a directory are in. `generation` grows with every change."""

    def __init__(self, issuers: Mapping[str, Scim], watch: DirectoryWatch, clock: Clock) -> None:
        self.generation = 0
        self._tenants = {name: _Tenant(scim) for name, scim in issuers.items()}
        self._people: WeakValueDictionary[str, _Person] = WeakValueDictionary()
        self._watch = watch
        self._clock = clock

    def poll(self) -> None:
        """Ends what is remembered of people of whom something has changed. Raises DirectoryUnavailable; after a while
        of that nobody is let in."""
        news = self._watch.news()
        until = self._clock.now() + BLIND
        for name, tenant in self._tenants.items():
            tenant.valid_until = until
            # A group that comes or goes says something of people in it, who are named, and of tokens that name it.
            if news is None or (tenant.scim.groups == "both" and f"{name}:" in news):
                tenant.changes += 1
        for key in news or ():
            person = self._people.get(key)
            if person is not None:
                person.changes += 1
        if news is None or news:
            self.generation += 1

    def joined(self, verified: Verified) -> Verified | Deny:
        """The identity with the groups that it has now; refused where the directory says that it is nobody's."""
        principal = verified.identity.principal
        tenant = self._tenants.get(principal.issuer)
        if tenant is None or principal.kind != "user":
            return verified
        scim = tenant.scim
        try:
            if self._clock.now() >= tenant.valid_until:
                return _unavailable()
            asked = principal.groups if scim.groups == "both" else ()
            listing = self._watch.listing(principal.issuer, principal.subject, asked)
        except DirectoryUnavailable:
            return _unavailable()
        if listing is None and scim.required:
            return invalid(f"the directory of {principal.issuer!r} does not know this person")
        if listing is not None and not listing.active:
            return Deny(Code.IDENTITY_CONTAINED, "the provider has deactivated this person", whose=verified.identity)
        groups = groups_of(scim, principal, listing)
        identity = verified.identity
        if groups != principal.groups:
            own = msgspec.structs.replace(principal, groups=groups)
            identity = msgspec.structs.replace(identity, principal=own)
        source = Joined(verified.source, tenant, self._people.setdefault(principal.key, _Person()))
        return Verified(identity, verified.until, source, verified.generation + source.changes)

    def close(self) -> None:
        """Closes the directory."""
        self._watch.close()


def memberships(settings: IdentitySettings, watch: DirectoryWatch, clock: Clock) -> Memberships | None:
    """For the issuers that keep a directory here; None where none does."""
    issuers = {issuer.name: issuer.scim for issuer in settings.issuers if issuer.scim is not None}
    if not issuers:
        watch.close()
        return None
    return Memberships(issuers, watch, clock)


def groups_of(scim: Scim, principal: Principal, listing: Listing | None) -> frozenset[str]:
    """The groups that somebody has whose credential says these, by what the directory says of them."""
    if scim.groups == "token":
        return principal.groups
    if scim.groups == "directory":
        return frozenset() if listing is None else listing.groups
    if listing is None:
        return principal.groups
    return (principal.groups - listing.known) | listing.groups


def _unavailable() -> Deny:
    return Deny(Code.IDENTITY_UNAVAILABLE, "the directory can't be read", retry_after=5)
