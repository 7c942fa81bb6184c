"""What statements of providers mean here: sign-outs, and the events of CAEP and RISC (OpenID Shared Signals).

An event ends what was issued until then, or contains somebody until the provider says otherwise. What is only told, and
asks for nothing, is heard and changes nothing. Of whom an event is told is read from its subject (RFC 9493).
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Literal

import msgspec

from narrows.config.schema import Issuer
from narrows.console.offboarding import containment_of, said_by
from narrows.identity.events import Statement, usable
from narrows.model.directory import Lift
from narrows.model.revocation import Revocation, Revoked
from narrows.ports.directory import Effects

Json = dict[str, Any]
Meaning = Literal["end", "contain", "release", "nothing"]

_CAEP: Final = "https://schemas.openid.net/secevent/caep/event-type/"
_RISC: Final = "https://schemas.openid.net/secevent/risc/event-type/"
_OAUTH: Final = "https://schemas.openid.net/secevent/oauth/event-type/"

SOURCE: Final = "events"
"""The source of containments that events make."""

SECOND: Final = 1_000_000

MEANINGS: Final[Mapping[str, Meaning]] = {
    f"{_CAEP}session-revoked": "end",
    f"{_CAEP}token-claims-change": "end",
    f"{_CAEP}credential-change": "end",
    f"{_CAEP}assurance-level-change": "end",
    f"{_CAEP}device-compliance-change": "end",
    f"{_CAEP}risk-level-change": "end",
    f"{_RISC}account-disabled": "contain",
    f"{_RISC}account-purged": "contain",
    f"{_RISC}account-enabled": "release",
    f"{_RISC}account-credential-change-required": "end",
    f"{_RISC}credential-compromise": "end",
    f"{_RISC}identifier-changed": "end",
    f"{_RISC}identifier-recycled": "end",
    f"{_RISC}sessions-revoked": "end",
    f"{_OAUTH}tokens-revoked": "end",
    f"{_OAUTH}token-revoked": "end",
}
"""What each event asks for; every other one asks for nothing."""

_ONLY: Final[Mapping[str, tuple[str, frozenset[str]]]] = {
    f"{_CAEP}credential-change": ("change_type", frozenset({"revoke", "update", "delete"})),
    f"{_CAEP}assurance-level-change": ("change_direction", frozenset({"decrease"})),
    f"{_CAEP}device-compliance-change": ("current_status", frozenset({"not-compliant"})),
    f"{_CAEP}risk-level-change": ("current_level", frozenset({"HIGH"})),
}
"""Events that ask for something only where one of their members says one of these."""


class Subjects(msgspec.Struct, frozen=True):
    """Of whom an event is told: people by their subjects in tokens, sign-ins by their `sid`."""

    people: frozenset[str] = frozenset()
    logins: frozenset[str] = frozenset()


class Heard(msgspec.Struct, frozen=True):
    """What is to be done about a statement. `told` names its events, `unknown`: that are about nobody who is known."""

    effects: Effects
    told: tuple[str, ...]
    unknown: tuple[str, ...] = ()


FindsPeople = Callable[[str], frozenset[str]]
"""The subjects of people whom a directory knows by an address or a name."""


def logout(issuer: Issuer, session: str | None, subject: str | None, at: int, ident: str, now: int) -> Effects:
    """What a sign-out ends; `at` is when the provider says that it was."""
    ends = "person" if issuer.logout is None else issuer.logout.ends
    person = subject if _names_people(issuer) and (ends == "person" or session is None) else None
    told = Subjects(_one(person), _one(session))
    return Effects(tuple(_ended(issuer, told, at, f"{ident}o", now, "signed out at the provider")))


def heard(issuer: Issuer, statement: Statement, find: FindsPeople, ident: str, now: int) -> Heard:
    """What the events of a statement do."""
    revoked: list[Revocation] = []
    lifted: list[Lift] = []
    unknown: list[str] = []
    for number, (kind, event) in enumerate(sorted(statement.events.items())):
        meaning = _meaning(kind, event)
        if meaning == "nothing":
            continue
        told = _subjects(issuer, kind, event.get("subject", statement.claims.get("sub_id")), find)
        if not told.people and not told.logins:
            unknown.append(kind)
        mark, reason = f"{ident}e{number}_", f"the provider said {kind.rpartition('/')[2]}"
        at = _when(event, statement.at)
        if meaning == "end":
            revoked += _ended(issuer, told, at, mark, now, reason)
        elif meaning == "contain":
            revoked += _contained(issuer, told, mark, now, reason)
        else:
            lifted += [_lifted(issuer, person, reason) for person in sorted(told.people)]
    return Heard(Effects(tuple(revoked), tuple(lifted)), tuple(sorted(statement.events)), tuple(unknown))


def _meaning(kind: str, event: Json) -> Meaning:
    only = _ONLY.get(kind)
    if only is not None and event.get(only[0]) not in only[1]:
        return "nothing"
    return MEANINGS.get(kind, "nothing")


def _when(event: Json, made: int) -> int:
    """When it happened, where that is said; never later than it was told. Drafts of CAEP wrote milliseconds."""
    value = event.get("event_timestamp")
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        return made
    return min(made, round(value * (1000 if value > 1e11 else SECOND)))


def _ended(issuer: Issuer, told: Subjects, at: int, mark: str, now: int, reason: str) -> Iterator[Revocation]:
    by = said_by(issuer.name)
    for number, login in enumerate(sorted(told.logins)):
        yield Revocation(f"rev_{mark}s{number}", Revoked.LOGIN, f"{issuer.name}:{login}", now, by, reason)
    for number, person in enumerate(sorted(told.people)):
        yield Revocation(f"rev_{mark}p{number}", Revoked.USER, f"{issuer.name}:{person}", now, by, reason, before=at)


def _contained(issuer: Issuer, told: Subjects, mark: str, now: int, reason: str) -> Iterator[Revocation]:
    by = said_by(issuer.name)
    for number, person in enumerate(sorted(told.people)):
        key = f"{issuer.name}:{person}"
        whole = containment_of(key, SOURCE)
        yield Revocation(f"rev_{mark}c{number}", Revoked.USER, key, now, by, reason, containment=whole)


def _lifted(issuer: Issuer, person: str, reason: str) -> Lift:
    key = f"{issuer.name}:{person}"
    return Lift(key, containment_of(key, SOURCE), said_by(issuer.name), reason)


def _names_people(issuer: Issuer) -> bool:
    """Whether a `sub` is what tokens are known by here."""
    return issuer.subject_claim == "sub"


def _subjects(issuer: Issuer, kind: str, subject: Any, find: FindsPeople) -> Subjects:
    """Of a subject identifier (RFC 9493), a complex one of Shared Signals, or one of the drafts before them."""
    if not isinstance(subject, dict):
        return Subjects()
    shape = subject.get("format", subject.get("subject_type"))
    members = {name: part for name, part in subject.items() if isinstance(part, dict)}
    if shape in (None, "complex") and members:
        ends = "person" if issuer.events is None else issuer.events.ends
        person = _people(issuer, members.get("user"), find)
        session = members.get("session")
        logins = _logins(session)
        return Subjects(frozenset() if logins and ends == "session" else person, logins)
    if shape == "opaque" and kind.endswith("/session-revoked"):
        # Of a session, or of a person: the identifier does not say which.
        return Subjects(_people(issuer, subject, find), _logins(subject))
    return Subjects(_people(issuer, subject, find))


def _logins(part: Any) -> frozenset[str]:
    ident = part.get("id") if isinstance(part, dict) else None
    return _one(ident if isinstance(ident, str) and usable(ident) else None)


def _one(name: str | None) -> frozenset[str]:
    return frozenset() if name is None else frozenset({name})


def _people(issuer: Issuer, part: Any, find: FindsPeople) -> frozenset[str]:
    if not isinstance(part, dict):
        return frozenset()
    shape = str(part.get("format", part.get("subject_type", ""))).replace("-", "_")
    if shape == "aliases":
        others = part.get("identifiers")
        named = [one for one in others if isinstance(one, dict)] if isinstance(others, list) else []
        # One within another would have no end.
        return frozenset().union(*(_people(issuer, one, find) for one in named if one.get("format") != "aliases"))
    if shape == "email":
        return _addressed(issuer, part.get("email"), find)
    if shape == "account":
        return _addressed(issuer, str(part.get("uri", "")).removeprefix("acct:"), find)
    value = part.get("id") if shape == "opaque" else None
    if shape in ("iss_sub", "id_token_claims") and _same(part.get("iss"), issuer.issuer):
        value = part.get("sub")
    if not isinstance(value, str) or not usable(value):
        return frozenset()
    return frozenset({value}) if _names_people(issuer) else find(value)


def _addressed(issuer: Issuer, address: Any, find: FindsPeople) -> frozenset[str]:
    if not isinstance(address, str) or not usable(address):
        return frozenset()
    own = {address} if issuer.subject_claim in ("email", "preferred_username", "upn") else set()
    return find(address) | own


def _same(said: Any, issuer: str) -> bool:
    """Whether an issuer is meant; Google ends its own with a slash here."""
    return isinstance(said, str) and said.rstrip("/") == issuer.rstrip("/")
