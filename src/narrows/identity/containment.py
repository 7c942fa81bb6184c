"""What somebody has in hand, and the revocations that end it: one thing, or all of it at once. Does no I/O of its own.

Containing a person ends everything that is theirs: what they show, what was issued to them, and the service accounts
that they own. The gate finds all of it by the person's name; accounts are named besides, so that whoever reads the list
of revocations sees them, and so that an account that is given another owner meanwhile stays ended.
"""

import re
import secrets
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from narrows.model.access import GrantState
from narrows.model.approval import Review
from narrows.model.principal import SERVICE_ACCOUNTS
from narrows.model.revocation import Revocation, Revoked
from narrows.ports.access import Grants
from narrows.ports.accounts import ServiceAccount, ServiceAccounts
from narrows.ports.revocations import RevocationRefused
from narrows.ports.tokens import Tokens

LONGEST: Final = 1_000
"""Characters of a reason, and of what is named."""

_ISSUED_UNTIL_NOW: Final = frozenset({Revoked.USER, Revoked.ACCOUNT, Revoked.GROUP, Revoked.LOGIN})
"""Of what can be issued anew, a revocation ends what was issued until now. Only containing keeps it out."""

_BY_ISSUER: Final = frozenset({Revoked.USER, Revoked.GROUP, Revoked.LOGIN})
"""What is named with its issuer."""

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")

Ids = Callable[[], str]


class Holdings(msgspec.Struct, frozen=True):
    """What a person has in hand now, by its ids; accounts by their names. `approvals` are questions of theirs, and of
    their accounts, that stand."""

    accounts: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    tokens: tuple[str, ...] = ()
    grants: tuple[str, ...] = ()
    requests: tuple[str, ...] = ()
    approvals: tuple[str, ...] = ()


def holdings(
    who: str, accounts: ServiceAccounts, tokens: Tokens, grants: Grants, asked: Sequence[Review], now: int
) -> Holdings:
    """What `issuer:subject` has in hand; `asked` are the questions that stand. Raises what the ports raise."""
    keys = [each for each in accounts.list() if owns(who, each) and each.revoked is None and each.expires > now]
    names = tuple(sorted({each.name for each in keys}))
    holders = (who, *(f"{SERVICE_ACCOUNTS}:{name}" for name in names))
    wanted = grants.list((GrantState.ACTIVE, GrantState.PENDING), requester=who)
    return Holdings(
        accounts=names,
        keys=tuple(each.id for each in keys),
        tokens=tuple(each.id for holder in holders for each in tokens.of(holder, live_at=now)),
        grants=tuple(each.request.id for each in wanted if each.state is GrantState.ACTIVE),
        requests=tuple(each.request.id for each in wanted if each.state is GrantState.PENDING),
        approvals=tuple(each.ticket.id for each in asked if each.ticket.requester in holders),
    )


def owns(who: str, account: ServiceAccount) -> bool:
    """Whether the person answers for it; owners may be written without their issuer."""
    return account.owner in (who, who.partition(":")[2])


def containing(
    who: str, held: Holdings, by: str, reason: str, now: int, ids: Ids | None = None
) -> Sequence[Revocation]:
    """The revocations that contain a person (`issuer:subject`). Raises RevocationRefused."""
    new = ids or new_id
    containment, why = f"con_{new()}", _reason(reason)
    named = [(Revoked.USER, who), *((Revoked.ACCOUNT, name) for name in held.accounts)]
    return [Revocation(f"rev_{new()}", kind, subject, now, by, why, containment=containment) for kind, subject in named]


def revoking(kind: Revoked, subject: str, by: str, reason: str, now: int, ids: Ids | None = None) -> Revocation:
    """The revocation of one thing. Raises RevocationRefused."""
    before = now if kind in _ISSUED_UNTIL_NOW else None
    return Revocation(f"rev_{(ids or new_id)()}", kind, subject, now, by, _reason(reason), before=before)


def named(kind: Revoked, subject: str, issuers: Sequence[str]) -> str:
    """What is meant by a name that somebody has typed: one without its issuer is of the only one there is. `issuers`
    may be empty: nobody knows which there are. Raises RevocationRefused."""
    subject = subject.strip()
    if not subject or len(subject) > LONGEST or _CONTROL.search(subject):
        raise RevocationRefused(f"{subject[:80]!r} is no name of a {kind.value}")
    if kind not in _BY_ISSUER:
        return subject
    issuer, colon, rest = subject.partition(":")
    if issuer == SERVICE_ACCOUNTS and colon:
        raise RevocationRefused(f"{rest!r} is a service account: `narrows revoke account {rest}` ends its credentials")
    if colon and rest and (issuer in issuers or not issuers):
        return subject
    if len(issuers) == 1:
        return f"{issuers[0]}:{subject}"
    known = f"; issuers are {', '.join(issuers)}" if issuers else ""
    raise RevocationRefused(f"{subject!r} does not say of which issuer: write issuer:{subject}{known}")


def new_id() -> str:
    """Twenty hexadecimal digits."""
    return secrets.token_hex(10)


def _reason(text: str) -> str:
    reason = text.strip()
    if not reason:
        raise RevocationRefused("say why: a reason is needed")
    if len(reason) > LONGEST or _CONTROL.search(reason.replace("\n", " ")):
        raise RevocationRefused(f"a reason has at most {LONGEST} characters, and no control characters")
    return reason
