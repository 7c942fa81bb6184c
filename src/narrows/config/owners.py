"""Whom the owner of a program's credential is: how one is written, and what can't be told from that."""

from collections.abc import Sequence
from typing import Final

from narrows.config.schema import IdentitySettings, Issuer

_ADDRESSES: Final = frozenset({"email", "preferred_username", "upn", "unique_name"})
"""Claims whose values look like addresses."""


def owner_of(written: str, issuers: Sequence[Issuer]) -> tuple[str | None, str | None]:
    """`issuer:subject`, and what is doubtful about it; None where it is nobody. A bare subject is the only issuer's.

    Issuers of workloads, whose tokens are only exchanged and where nobody signs in, vouch for no person. An e-mail
    address is taken as it is where nothing tells whose it is; offboarding can't find it, and the doubt says so.
    """
    names = IdentitySettings(issuers=tuple(issuers)).people
    people = {issuer.name: issuer for issuer in issuers if issuer.name in names}
    if not written or written != written.strip() or not written.isprintable() or "*" in written:
        return None, "names nobody: it is empty, or has a `*`, white space or a control character"
    name, colon, subject = written.partition(":")
    if colon and name in people:
        return (written, _doubt(subject, people[name])) if subject else (None, "names an issuer and nobody")
    if colon and any(issuer.name == name for issuer in issuers):
        return None, f"names {name}, which vouches for no person: its tokens are only exchanged"
    if len(people) == 1:
        (issuer,) = people.values()
        return f"{issuer.name}:{written}", _doubt(written, issuer)
    if "@" in written and not colon:
        return written, "is an address, and nothing tells whose: the account does not end when its owner leaves"
    said = (
        f"with several issuers an owner is issuer:subject, with one of {', '.join(people)}"
        if people
        else ("nobody can be told: no issuer is configured")
    )
    return None, said


def _doubt(subject: str, issuer: Issuer) -> str | None:
    if "@" in subject and issuer.subject_claim not in _ADDRESSES:
        return f"looks like an address, and {issuer.name} knows people by their `{issuer.subject_claim}`"
    return None
