"""`narrows keys report`: which keys and rules of exchange nobody uses, or nobody answers for."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from narrows.cli.account_rules import AccountRules
from narrows.cli.failure import FAILED, Failure
from narrows.cli.moments import iso, show_moment
from narrows.cli.terminal import Row, complain, print_json, print_table
from narrows.config.owners import owner_of
from narrows.identity.account_review import Held, OwnerState, Reviewed, keys, review
from narrows.identity.revocations import Name, about, owned_by
from narrows.model.revocation import Revoked
from narrows.ports.accounts import ServiceAccount
from narrows.ports.clock import Clock
from narrows.ports.directory import Directory, DirectoryUnavailable
from narrows.ports.revocations import RevocationsUnavailable
from narrows.ports.sightings import SightingsUnavailable, Use
from narrows.stores.sqlite.gatefile import GateView
from narrows.stores.sqlite.people import SqlitePeople
from narrows.stores.sqlite.revocations import SqliteRevocations

_UNREADABLE: Final = (DirectoryUnavailable, RevocationsUnavailable)


def report(
    store: Path, accounts: Sequence[ServiceAccount], rules: AccountRules, clock: Clock, stale: int
) -> list[Reviewed]:
    """Every key that is in force and every rule of exchange. Raises Failure."""
    now = clock.now()
    exchanged = [
        Held(rule.name, "exchange", rule.account, owner_of(rule.owner, rules.issuers)[0] or rule.owner, 0, rule.purpose)
        for rule in rules.access.exchange
    ]
    held = [*keys(accounts, now), *exchanged]
    uses = last_uses(store)
    try:
        owners = _owners({one.owner for one in held}, store, rules, clock)
    except _UNREADABLE as problem:
        raise Failure(str(problem), FAILED) from None
    return review(held, uses, owners, now, stale)


def last_uses(store: Path) -> Mapping[str, Use]:
    """The last use of each credential, as gates saw it. Raises Failure."""
    try:
        return GateView(store).uses()
    except SightingsUnavailable as problem:
        raise Failure(str(problem), FAILED) from None


def show(found: Sequence[Reviewed], *, everything: bool, as_json: bool) -> None:
    """Prints what has a fault, or everything."""
    shown = [one for one in found if one.faults or everything]
    if as_json:
        for one in shown:
            print_json(_row(one))
    elif shown:
        columns = ("id", "account", "owner", "last used", "from", "expires", "found")
        print_table(columns, [_cells(one) for one in shown])
    if not as_json and not everything:
        complain(f"{len(shown)} of {len(found)} keys and rules of exchange need somebody's attention.")


def _owners(names: Iterable[str], store: Path, rules: AccountRules, clock: Clock) -> dict[str, OwnerState]:
    """What is known of each owner."""
    revocations = SqliteRevocations(store, clock)
    directory = SqlitePeople(store, clock)
    try:
        contained = {
            name
            for one in revocations.standing()
            if one.kind is Revoked.USER and one.before is None
            for name in about(one)
        }
        return {name: _state(name, contained, directory, rules) for name in names}
    finally:
        directory.close()
        revocations.close()


def _state(name: str, contained: set[Name], directory: Directory, rules: AccountRules) -> OwnerState:
    if owned_by(name) in contained:
        return "contained"
    full = owner_of(name, rules.issuers)[0] if rules.configured else name
    issuer, colon, subject = (full or name).partition(":")
    if full is None or not colon or not subject:
        return "unnamed"
    if not directory.count_people(issuer):
        # No provider keeps its people here, so nobody can be missed.
        return "untold"
    people = directory.people_with(issuer, "subject", subject)
    if not people:
        return "unknown"
    return "known" if any(person.active for person in people) else "inactive"


def _row(one: Reviewed) -> Row:
    held, used = one.held, one.used
    return {
        "id": held.id,
        "kind": held.kind,
        "account": held.account,
        "owner": held.owner,
        "purpose": held.purpose,
        "expires": None if held.expires is None else iso(held.expires),
        "last_used": None if used is None else iso(used.at),
        "address": None if used is None else used.address,
        "found": [fault.value for fault in one.faults],
    }


def _cells(one: Reviewed) -> tuple[object, ...]:
    held, used = one.held, one.used
    return (
        held.id,
        held.account,
        held.owner,
        "never" if used is None else show_moment(used.at),
        None if used is None else used.address,
        None if held.expires is None else show_moment(held.expires),
        ", ".join(one.faults),
    )
