"""What stood at a moment: revocations, grants, tokens and keys, judged by their times as a gate judged them then. Pure.

Now is a moment like any other. What is kept of a key is only when it was made, when it ends and when it was revoked: of
one that was rotated, the earlier end.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from narrows.identity.revocations import SKEW, Revocations
from narrows.model.access import Grant, GrantState, IssuedToken
from narrows.model.principal import Credential, Principal
from narrows.model.revocation import Lifted, Revocation, Revoked
from narrows.policy.access import standing as judged
from narrows.ports.accounts import ServiceAccount
from narrows.ports.revocations import Kept

_ENDS_GRANTS: Final = frozenset({Revoked.GRANT, Revoked.USER})


class Moment:
    """A moment, and the revocations that stood then."""

    def __init__(self, at: int, revocations: Iterable[Kept]) -> None:
        self.at: Final = at
        self.standing: Final = standing_at(revocations, at)
        self._known = Revocations(_Fixed(self.standing), _Still(at))
        self._known.poll()

    def found(self, principal: Principal, credential: Credential) -> Revocation | None:
        """The revocation that ended this credential."""
        return self._known.found(principal, credential)

    def fresh(self, principal: Principal, kind: str, **more: str) -> Revocation | None:
        """The revocation that ended whatever of this kind was issued to them just then."""
        credential = Credential(kind, "", self.at, self.at + SKEW + 1, **more)  # type: ignore[arg-type]
        return self.found(principal, credential)

    def token(self, token: IssuedToken) -> bool:
        """Whether a token that Narrows issued was good for something."""
        grant = token.source if token.origin == "grant" else None
        credential = Credential(token.origin.value, token.id, token.expires, token.created, token.login, grant)
        return token.created <= self.at < token.expires and self.found(token.principal, credential) is None

    def key(self, key: ServiceAccount) -> bool:
        """Whether a key of a service account was in force; what revocations say is not asked."""
        return key.created <= self.at < min(key.expires, key.expires if key.revoked is None else key.revoked)

    def grants(self, kept: Iterable[Grant]) -> Sequence[Grant]:
        """Those that had been asked for, as they stood."""
        ended = [one for one in self.standing if one.kind in _ENDS_GRANTS]
        users: Mapping[str, Sequence[Revocation]] = _by_subject(one for one in ended if one.kind is Revoked.USER)
        revoked = {one.subject for one in ended if one.kind is Revoked.GRANT}
        return [self._grant(grant, users, revoked) for grant in kept if grant.request.at <= self.at]

    def _grant(self, grant: Grant, users: Mapping[str, Sequence[Revocation]], revoked: set[str]) -> Grant:
        request = grant.request
        acts = [act for act in grant.acts if act.at <= self.at]
        out = any(one.before is None or one.before >= request.at for one in users.get(request.requester, ()))
        return judged(request, acts, self.at, revoked=request.id in revoked, contained=out)


def standing_at(revocations: Iterable[Kept], at: int) -> tuple[Revocation, ...]:
    """Those that had been made by then and that nobody had lifted."""
    return tuple(
        one.revocation for one in revocations if one.revocation.at <= at and (one.lifted is None or one.lifted.at > at)
    )


def open_grants(grants: Iterable[Grant]) -> Sequence[Grant]:
    """Those that are active, or wait."""
    return [grant for grant in grants if grant.state in (GrantState.ACTIVE, GrantState.PENDING)]


class _Fixed:
    """Revocations that nobody makes or lifts any more."""

    def __init__(self, standing: Sequence[Revocation]) -> None:
        self._standing = standing

    def news(self) -> Sequence[Revocation | Lifted] | None:
        """All is to be read."""
        return None

    def standing(self) -> Sequence[Revocation]:
        """All of them."""
        return self._standing

    def close(self) -> None:
        """Nothing is open."""


class _Still:
    """A clock that stands."""

    def __init__(self, at: int) -> None:
        self._at = at

    def now(self) -> int:
        """The moment."""
        return self._at

    def monotonic(self) -> int:
        """The moment, too."""
        return self._at


def _by_subject(revocations: Iterable[Revocation]) -> Mapping[str, Sequence[Revocation]]:
    found: dict[str, list[Revocation]] = {}
    for one in revocations:
        found.setdefault(one.subject, []).append(one)
    return found
