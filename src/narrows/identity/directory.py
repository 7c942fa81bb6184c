"""Groups from a directory that a provider keeps here: whose credentials they change, and which they are.

A person is looked up when a credential of theirs is verified, and what is remembered of them ends when the directory
says something else, so a change decides the next call. Whoever can't read the directory lets nobody of it in.
"""

from collections.abc import Collection, Mapping
from typing import Final

import msgspec

from narrows.config.provisioning import Scim
from narrows.config.schema import IdentitySettings
from narrows.identity.jws import invalid
from narrows.model.directory import Listing
from narrows.model.principal import Identity, Principal
from narrows.model.refusal import Code
from narrows.model.verdict import Deny
from narrows.ports.clock import Clock
from narrows.ports.directory import DirectoryUnavailable, DirectoryWatch

BLIND: Final = 30_000_000
"""Microseconds for which what was read before holds, where the directory can't be read."""


class Changes(msgspec.Struct, frozen=True):
    """Of whom something is known that was not known before: people by `issuer:subject`, and everybody of issuers."""

    people: Collection[str] = ()
    issuers: Collection[str] = ()

    def concern(self, principal: Principal) -> bool:
        """Whether they are about somebody."""
        return principal.issuer in self.issuers or principal.key in self.people


class Memberships:
    """Says which groups people of a directory are in. `generation` grows with every change."""

    def __init__(self, issuers: Mapping[str, Scim], watch: DirectoryWatch, clock: Clock) -> None:
        self.generation = 0
        self._issuers = issuers
        self._watch = watch
        self._clock = clock
        self._valid_until = 0

    def poll(self) -> Changes:
        """Looks for changes. Raises DirectoryUnavailable, but not where it has been unreadable for so long that
        nobody of it is let in any more: then it is everybody who has changed."""
        try:
            news = self._watch.news()
        except DirectoryUnavailable:
            if self._fresh():
                raise
            return self._everybody()
        self._valid_until = self._clock.now() + BLIND
        if news is None:
            return self._everybody()
        # A group that comes or goes says something of people in it, who are named, and of tokens that name it.
        issuers = [name for name, scim in self._issuers.items() if scim.groups == "both" and f"{name}:" in news]
        if news:
            self.generation += 1
        return Changes(news, issuers)

    def joined(self, identity: Identity) -> Identity | Deny:
        """The identity with the groups that it has now; refused where the directory says that it is nobody's."""
        principal = identity.principal
        scim = self._issuers.get(principal.issuer)
        if scim is None or principal.kind != "user":
            return identity
        try:
            if not self._fresh():
                return _unavailable()
            listing = self._watch.listing(
                principal.issuer, principal.subject, principal.groups if scim.groups == "both" else ()
            )
        except DirectoryUnavailable:
            return _unavailable()
        if listing is None and scim.required:
            return invalid(f"the directory of {principal.issuer!r} does not know this person")
        if listing is not None and not listing.active:
            return Deny(Code.IDENTITY_CONTAINED, "the provider has deactivated this person")
        groups = _groups(scim, principal, listing)
        if groups == principal.groups:
            return identity
        return msgspec.structs.replace(identity, principal=msgspec.structs.replace(principal, groups=groups))

    def close(self) -> None:
        """Closes the directory."""
        self._watch.close()

    def _fresh(self) -> bool:
        return self._clock.now() < self._valid_until

    def _everybody(self) -> Changes:
        self.generation += 1
        return Changes((), tuple(self._issuers))


def memberships(settings: IdentitySettings, watch: DirectoryWatch, clock: Clock) -> Memberships | None:
    """For the issuers that keep a directory here; None where none does."""
    issuers = {issuer.name: issuer.scim for issuer in settings.issuers if issuer.scim is not None}
    if not issuers:
        watch.close()
        return None
    return Memberships(issuers, watch, clock)


def _groups(scim: Scim, principal: Principal, listing: Listing | None) -> frozenset[str]:
    if scim.groups == "token":
        return principal.groups
    if scim.groups == "directory":
        return frozenset() if listing is None else listing.groups
    if listing is None:
        return principal.groups
    return (principal.groups - listing.known) | listing.groups


def _unavailable() -> Deny:
    return Deny(Code.IDENTITY_UNAVAILABLE, "the directory can't be read", retry_after=5)
