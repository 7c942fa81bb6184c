"""Who clauses: which of them a principal satisfies, found from the principal's own values, not by trying each clause.

Owns the meaning of `who`: every key a clause names must match, a key matches if any of its values does; users and
groups are `issuer:name` throughout. Knows no permissions, limits or rules.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from narrows.config.who import Who
from narrows.model.principal import Principal
from narrows.policy.globs import GlobSet

USERS: Final = "users"
GROUPS: Final = "groups"
SERVICE_ACCOUNTS: Final = "service_accounts"
ATTRIBUTES: Final = "attributes."
CREDENTIAL: Final = "credential"

Clause = tuple[tuple[str, tuple[str, ...]], ...]
"""A clause in its one spelling: (key, globs) sorted by key; an attribute's key is `attributes.issuer:claim`."""


def qualify(value: str, issuers: Sequence[str]) -> str | None:
    """`issuer:name` for a name written in a policy: as it is, or with the only issuer put before it.

    None where that can't be told: no issuer, or several and none named.
    """
    issuer, colon, _ = value.partition(":")
    if colon and issuer in issuers:
        return value
    return f"{issuers[0]}:{value}" if len(issuers) == 1 else None


def normalise(who: Who, issuers: Sequence[str]) -> Clause:
    """The clause with every name qualified. A name that no issuer can have is left out, so its key never matches."""
    keys: list[tuple[str, tuple[str, ...]]] = []
    for key, values in ((USERS, who.users), (GROUPS, who.groups)):
        if values is not None:
            keys.append((key, _qualified(values, issuers)))
    if who.service_accounts is not None:
        keys.append((SERVICE_ACCOUNTS, tuple(sorted(set(who.service_accounts)))))
    if who.credential is not None:
        keys.append((CREDENTIAL, tuple(sorted(set(who.credential)))))
    for claim, values in (who.attributes or {}).items():
        keys.append((f"{ATTRIBUTES}{qualify(claim, issuers)}", tuple(sorted(set(values)))))
    return tuple(sorted(keys))


def _qualified(values: Sequence[str], issuers: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted({name for value in values if (name := qualify(value, issuers)) is not None}))


def facts(principal: Principal, credential: str | None) -> Iterator[tuple[str, str]]:
    """What a clause may match of a principal, as (key, value). `credential` is the kind of what it presented; None:
    that is not known, and then nothing that asks for one matches."""
    if credential is not None:
        # Whether a provider's token can be read or only asked about makes no difference to anybody.
        yield CREDENTIAL, "oidc" if credential == "opaque" else credential
    if principal.kind == "service_account":
        yield SERVICE_ACCOUNTS, principal.subject
    else:
        yield USERS, principal.key
    for group in principal.groups:
        yield GROUPS, f"{principal.issuer}:{group}"
    for claim, values in principal.attributes.items():
        for value in values:
            yield f"{ATTRIBUTES}{principal.issuer}:{claim}", value


class WhoIndex:
    """Finds the satisfied clauses. Work grows with what the principal has and with the clauses these touch."""

    __slots__ = ("_globs", "_needs", "_targets", "clauses")

    def __init__(self, clauses: Sequence[Clause]) -> None:
        self.clauses = tuple(clauses)
        by_key: dict[str, dict[str, list[int]]] = {}
        for number, clause in enumerate(clauses):
            for key, values in clause:
                for value in values:
                    by_key.setdefault(key, {}).setdefault(value, []).append(number)
        self._needs = tuple(len(clause) for clause in clauses)
        self._globs = {key: GlobSet(values) for key, values in by_key.items()}
        self._targets = {
            key: tuple(tuple(values[text]) for text in self._globs[key].texts) for key, values in by_key.items()
        }

    def satisfied(self, principal: Principal, credential: str | None = None) -> tuple[int, ...]:
        """Numbers of the clauses the principal satisfies with this kind of credential, ascending."""
        met: dict[int, set[str]] = {}
        for key, value in facts(principal, credential):
            globs = self._globs.get(key)
            if globs is None:
                continue
            for index in globs.matched(value):
                for number in self._targets[key][index]:
                    met.setdefault(number, set()).add(key)
        return tuple(sorted(number for number, keys in met.items() if len(keys) == self._needs[number]))
