"""What somebody has in hand, and the revocations that end it: one thing, or all of it at once. Does no I/O of its own.

Containing a person ends everything that is theirs: what they show, what was issued to them, and the service accounts
that they own. The gate finds all of it by the person's name; accounts are named besides, so that whoever reads the list
of revocations sees them, and so that an account that is given another owner meanwhile stays ended. Owners are often
written as a mail address: those of the person that their provider has told are contained with them, so that the gate
finds what is owned by one of these, too, whenever it was made.
"""

import re
import secrets
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from narrows.identity.cache import digest_of
from narrows.identity.claims import token_id
from narrows.identity.documents import strict_object
from narrows.identity.jws import Compact, take_apart
from narrows.identity.revocations import owned_by
from narrows.identity.token_form import ACCESS_TOKEN, SERVICE_ACCOUNT, id_within
from narrows.model.access import GrantState
from narrows.model.approval import Review
from narrows.model.directory import Person
from narrows.model.principal import SERVICE_ACCOUNTS, Principal
from narrows.model.revocation import Revocation, Revoked
from narrows.policy.access import names_of
from narrows.ports.access import Grants
from narrows.ports.accounts import ServiceAccount, ServiceAccounts
from narrows.ports.directory import Directory
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
    their accounts, that stand. `addresses` are what they are called besides."""

    addresses: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    tokens: tuple[str, ...] = ()
    grants: tuple[str, ...] = ()
    requests: tuple[str, ...] = ()
    approvals: tuple[str, ...] = ()


def holdings(
    who: str,
    accounts: ServiceAccounts,
    tokens: Tokens,
    grants: Grants,
    asked: Sequence[Review],
    now: int,
    directory: Directory | None = None,
) -> Holdings:
    """What `issuer:subject` has in hand; `asked` are the questions that stand. Raises what the ports raise."""
    wanted = grants.list((), requester=who)
    addresses = addresses_shown(
        who, [*(each.principal for each in tokens.of(who)), *(each.request.principal for each in wanted)], directory
    )
    owned = [each for each in accounts.list() if owns(who, each, addresses)]
    keys = [each for each in owned if each.revoked is None and each.expires > now]
    names = tuple(sorted({each.name for each in keys}))
    holders = (who, *(f"{SERVICE_ACCOUNTS}:{name}" for name in names))
    return Holdings(
        addresses=addresses,
        accounts=names,
        keys=tuple(each.id for each in keys),
        tokens=tuple(each.id for holder in holders for each in tokens.of(holder, live_at=now)),
        grants=tuple(each.request.id for each in wanted if each.state is GrantState.ACTIVE),
        requests=tuple(each.request.id for each in wanted if each.state is GrantState.PENDING),
        approvals=tuple(each.ticket.id for each in asked if each.ticket.requester in holders),
    )


def owns(who: str, account: ServiceAccount, addresses: Sequence[str] = ()) -> bool:
    """Whether the person answers for it; owners may be written without their issuer, or as an address of theirs."""
    issuer, _, subject = who.partition(":")
    others = (name for each in addresses for name in (each, f"{issuer}:{each}"))
    return owned_by(account.owner) in {owned_by(name) for name in (who, subject, *others)}


def addresses_of(person: Person) -> tuple[str, ...]:
    """The mail addresses of a person by which they may be written as an owner, as their provider sent them."""
    sent = person.resource.get("emails")
    mails = [one.get("value") for one in sent if isinstance(one, dict)] if isinstance(sent, list) else []
    return _told([person.user_name, *mails], person.subject)


def addresses_shown(who: str, shown: Sequence[Principal], directory: Directory | None) -> tuple[str, ...]:
    """What a person is called besides, by the directory, and by what they have shown."""
    issuer, _, subject = who.partition(":")
    people = [] if directory is None else directory.people_with(issuer, "subject", subject)
    said = [name for one in shown for name in names_of(one)]
    return _told([*(address for one in people for address in addresses_of(one)), *said], subject)


def _told(names: Sequence[object], subject: str) -> tuple[str, ...]:
    """Those that are addresses: any other name may be somebody else's subject."""
    found = {
        owned_by(name): name
        for name in names
        if isinstance(name, str) and "@" in name and len(name) <= LONGEST and name.isprintable()
    }
    found.pop(owned_by(subject), None)
    return tuple(sorted(found.values()))


def containing(
    who: str, held: Holdings, by: str, reason: str, now: int, ids: Ids | None = None
) -> Sequence[Revocation]:
    """The revocations that contain a person (`issuer:subject`). Raises RevocationRefused."""
    new = ids or new_id
    containment, why = f"con_{new()}", _reason(reason)
    issuer = who.partition(":")[0]
    people = (who, *(f"{issuer}:{address}" for address in held.addresses))
    named = [*((Revoked.USER, name) for name in people), *((Revoked.ACCOUNT, name) for name in held.accounts)]
    return [Revocation(f"rev_{new()}", kind, subject, now, by, why, containment=containment) for kind, subject in named]


def revoking(kind: Revoked, subject: str, by: str, reason: str, now: int, ids: Ids | None = None) -> Revocation:
    """The revocation of one thing. Raises RevocationRefused."""
    before = now if kind in _ISSUED_UNTIL_NOW else None
    return Revocation(f"rev_{(ids or new_id)()}", kind, subject, now, by, _reason(reason), before=before)


def named(kind: Revoked, subject: str, issuers: Sequence[str]) -> str:
    """What is meant by a name that somebody has typed: one without its issuer is of the only one there is. `issuers`
    may be empty: nobody knows which there are. Whoever gives the credential itself, as it was found somewhere, means
    its id: the credential is not kept, nor said again. Raises RevocationRefused."""
    subject = subject.strip()
    subject = _id_of(kind, subject) or subject
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


def _id_of(kind: Revoked, text: str) -> str | None:
    """The id of the credential that a text is; None where it is none that can be told. Raises RevocationRefused."""
    found: tuple[Revoked, str] | None = None
    key, token = id_within(SERVICE_ACCOUNT, text), id_within(ACCESS_TOKEN, text)
    signed = take_apart(text) if text.count(".") == 2 else None
    if key is not None:
        found = Revoked.KEY, key
    elif token is not None:
        found = Revoked.TOKEN, f"tok_{token}"
    elif isinstance(signed, Compact):
        found = Revoked.TOKEN, token_id(strict_object(signed.payload) or {}, digest_of(text))
    elif text.startswith((ACCESS_TOKEN, SERVICE_ACCOUNT)):
        raise RevocationRefused("this looks like a credential, and is mistyped; give its id, or all of it")
    if found is None:
        return None
    if kind is not found[0] and kind is not Revoked.TOKEN:
        raise RevocationRefused(f"this is a {found[0].value} itself, and no name of a {kind.value}")
    return found[1]


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
