"""What no longer holds: the revocations that stand, in memory, and whom they are about.

They are read when a process starts and followed while it lives. `generation` changes whenever what is said here may
have changed, so whoever remembers a verified identity need only compare two numbers. When they could not be read for
too long, everybody is refused: nobody knows who should be.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final
from unicodedata import normalize

from narrows.model.principal import SERVICE_ACCOUNTS, Credential, Principal
from narrows.model.refusal import Code
from narrows.model.revocation import Lifted, Revocation, Revoked
from narrows.model.verdict import Deny
from narrows.ports.clock import Clock
from narrows.ports.revocations import RevocationsUnavailable, RevocationWatch

SECOND: Final = 1_000_000
BLIND: Final = 30 * SECOND
"""Everybody is refused when revocations could not be read for so long."""

SKEW: Final = 60 * SECOND
"""How far a provider's clock may be ahead of ours (the most that `leeway` tolerates): so much longer what it issued
counts as issued before. What the provider itself revokes is told by its own clock."""

OWNER: Final = "owner"
"""The kind of name by which a person is found as the owner of a service account."""

_WHOLE: Final = frozenset({Revoked.USER, Revoked.ACCOUNT, Revoked.GROUP})
"""What is contained, not only revoked, while it stands without `before`."""

_FOREIGN: Final = frozenset({"oidc", "opaque"})
"""Credentials that say by another clock when they were issued."""

Name = tuple[str, str]
"""A kind, and what it is about."""

_NONE: Final[Mapping[str, Revocation]] = MappingProxyType({})


class Revocations:
    """Those that stand. `poll` keeps it fresh. Implements `narrows.ports.revocations.Standing`."""

    def __init__(self, watch: RevocationWatch, clock: Clock) -> None:
        self.generation = 0
        self.sessions: dict[str, Revocation] = {}
        self.told: Callable[[Sequence[Revocation]], None] = _nobody
        """Is told whenever something has changed, once it is in force, with what was not known before."""

        self._watch = watch
        self._clock = clock
        self._kept: dict[str, Revocation] = {}
        self._named: dict[Name, dict[str, Revocation]] = {}
        self._valid_until = 0
        self._blind = True
        self._anew = False
        """All is to be read, and has not been since that was known."""

    def poll(self) -> None:
        """Takes into force what was made and lifted. Raises RevocationsUnavailable; after a while of that everybody is
        refused."""
        try:
            news = self._watch.news()
            self._anew = self._anew or news is None
            standing = self._watch.standing() if self._anew else None
        except RevocationsUnavailable:
            if not self._blind and self._clock.now() >= self._valid_until:
                self._blind = True
                self.generation += 1
            raise
        self._valid_until = self._clock.now() + BLIND
        if standing is not None:
            self._anew = False
            self._settle(self._replaced(standing))
        elif news:
            self._settle(self._changed(news))
        elif self._blind:
            self._settle(())

    def refusal(self, principal: Principal, credential: Credential) -> Deny | None:
        """Whether this credential of this identity is refused now."""
        if self._blind:
            return Deny(Code.IDENTITY_UNAVAILABLE, "what has been revoked can't be read", retry_after=5)
        found = self.found(principal, credential)
        return None if found is None else denied(found)

    def found(self, principal: Principal, credential: Credential, session: str | None = None) -> Revocation | None:
        """The revocation that ends this credential, or this session."""
        if not self._kept or credential.kind == "gate":
            return None
        if session is not None and session in self.sessions:
            return self.sessions[session]
        issued, foreign = credential.issued, credential.kind in _FOREIGN
        for name in _names(principal, credential):
            for one in self._named.get(name, _NONE).values():
                if one.before is None or issued <= _until(one, one.before, foreign=foreign):
                    return one
        return None

    def _replaced(self, standing: Sequence[Revocation]) -> list[Revocation]:
        """Keeps these and no others; gives those that are new."""
        before, self._kept, self._named, self.sessions = self._kept, {}, {}, {}
        for one in standing:
            self._add(one)
        return [one for name, one in self._kept.items() if name not in before]

    def _changed(self, news: Sequence[Revocation | Lifted]) -> list[Revocation]:
        """Keeps what was made and not what was lifted; gives what is new. It costs as much as there is of news, however
        much stands."""
        made: dict[str, Revocation] = {}
        for one in news:
            if isinstance(one, Lifted):
                made.pop(one.id, None)
                self._drop(one.id)
            elif one.id not in self._kept:
                made[one.id] = one
                self._add(one)
        return list(made.values())

    def _add(self, one: Revocation) -> None:
        self._kept[one.id] = one
        for name in about(one):
            self._named.setdefault(name, {})[one.id] = one
        if one.kind is Revoked.SESSION:
            self.sessions[one.subject] = one

    def _drop(self, ident: str) -> None:
        one = self._kept.pop(ident, None)
        if one is None:
            return
        for name in frozenset(about(one)):
            others = self._named[name]
            del others[ident]
            if not others:
                del self._named[name]
        if one.kind is Revoked.SESSION:
            del self.sessions[one.subject]
            left = self._named.get((Revoked.SESSION, one.subject), _NONE)
            self.sessions.update((each.subject, each) for each in left.values())

    def _settle(self, made: Sequence[Revocation]) -> None:
        self._blind = False
        self.generation += 1
        self.told(made)


def denied(one: Revocation) -> Deny:
    """What a caller is told; the revocation's id is what an administrator can look up."""
    if one.kind is Revoked.SESSION:
        return Deny(Code.SESSION_REVOKED, "the session was revoked", rule=one.id)
    if one.before is None and one.kind in _WHOLE:
        return Deny(
            Code.IDENTITY_CONTAINED, "the identity is contained, and no credential of it is accepted", rule=one.id
        )
    what = {
        Revoked.LOGIN: "the sign-in that the credential belongs to was ended",
        Revoked.GRANT: "the grant that the credential was issued for was revoked",
    }
    return Deny(Code.CREDENTIAL_REVOKED, what.get(one.kind, "the credential was revoked"), rule=one.id)


def holders(principal: Principal) -> Iterator[Name]:
    """The names by which an identity is found, whatever it presents."""
    if principal.kind == "service_account":
        yield Revoked.ACCOUNT, principal.subject
    else:
        yield Revoked.USER, principal.key
    if principal.owner is not None:
        yield owned_by(principal.owner)
    for group in principal.groups:
        yield Revoked.GROUP, f"{principal.issuer}:{group}"


def _until(one: Revocation, before: int, *, foreign: bool) -> int:
    """The last moment at which something must have been issued that this ends, by the clock of who issued it."""
    if foreign:
        return before if one.by_provider else before + SKEW
    # A provider's clock may be behind ours; what we issued after it told us is of a sign-in of later.
    return min(before + SKEW, max(before, one.at)) if one.by_provider else before


def _names(principal: Principal, credential: Credential) -> Iterator[Name]:
    yield from holders(principal)
    yield Revoked.TOKEN, credential.id
    if credential.kind == "service_account":
        yield Revoked.KEY, credential.id
    if credential.grant is not None:
        yield Revoked.GRANT, credential.grant
    if credential.login is not None:
        yield Revoked.LOGIN, f"{principal.issuer}:{credential.login}"


def about(one: Revocation) -> Iterator[Name]:
    """The names of all whom a revocation is about."""
    yield one.kind, one.subject
    if one.kind is Revoked.USER and not (one.before is not None and one.by_provider):
        # Whoever signs out, or has to sign in again, still owns what they own.
        yield owned_by(one.subject)
        issuer, _, subject = one.subject.partition(":")
        if issuer != SERVICE_ACCOUNTS:
            # Owners that were written without their issuer.
            yield owned_by(subject)


def owned_by(owner: str) -> Name:
    """The name by which what this person owns is found. Owners are written by hand: the case of letters, and how
    accents are encoded, tell nobody apart."""
    return OWNER, normalize("NFC", owner).casefold()


def _nobody(_made: Sequence[Revocation]) -> None:
    """Nobody is told."""
