"""What `revoke`, `contain` and `revocations` share: the files beside the store, waiting until the gate says what it has
stopped, and how that is shown. It must not know how their commands are written."""

import contextlib
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

from narrows.cli.configuration import find_store, written_issuers
from narrows.cli.failure import FAILED, Failure
from narrows.cli.moments import SECOND, iso
from narrows.cli.terminal import Row, complain, harmless, say
from narrows.model.revocation import Lifted, Revocation, Stopped
from narrows.ports.access import AccessUnavailable
from narrows.ports.accounts import AccountsUnavailable
from narrows.ports.approvals import ApprovalsUnavailable
from narrows.ports.directory import DirectoryUnavailable
from narrows.ports.revocations import Kept, RevocationRefused, RevocationsUnavailable
from narrows.ports.sightings import SightingsUnavailable
from narrows.ports.tokens import TokensUnavailable
from narrows.stores.sqlite.control import ControlDb
from narrows.stores.sqlite.decisions import SqliteDecisions
from narrows.stores.sqlite.directory import DataDirectory, DataDirectoryError
from narrows.stores.sqlite.gatefile import GateView
from narrows.stores.sqlite.grants import SqliteGrants
from narrows.stores.sqlite.people import SqlitePeople
from narrows.stores.sqlite.revocations import SqliteRevocations
from narrows.stores.sqlite.tokens import SqliteTokens
from narrows.wiring.clock import SystemClock

PATIENCE: Final = 2.0
"""Seconds for which a gate may take to say what it has stopped."""

LOOK: Final = 0.01
_SHOWN: Final = 20
"""Ids that are shown of each kind."""


class Books(msgspec.Struct, frozen=True, eq=False):
    """The files beside a store. `issuers` are the names of the configured ones; empty: nobody knows."""

    store: Path
    issuers: tuple[str, ...]
    clock: SystemClock
    revocations: SqliteRevocations
    accounts: ControlDb
    tokens: SqliteTokens
    grants: SqliteGrants
    decisions: SqliteDecisions
    directory: SqlitePeople
    gate: GateView


@contextlib.contextmanager
def opened(config: Path | None, data: Path | None) -> Iterator[Books]:
    """The files, for reading and writing; what keeps them from that becomes a message."""
    store, clock = find_store(config, data, make=True), SystemClock()
    try:
        with contextlib.ExitStack() as stack:
            yield Books(
                store,
                written_issuers(config) if data is None else (),
                clock,
                stack.enter_context(contextlib.closing(SqliteRevocations(store, clock))),
                stack.enter_context(contextlib.closing(ControlDb(store, clock))),
                stack.enter_context(contextlib.closing(SqliteTokens(store, clock))),
                stack.enter_context(contextlib.closing(SqliteGrants(store, clock))),
                stack.enter_context(contextlib.closing(SqliteDecisions(store, clock))),
                stack.enter_context(contextlib.closing(SqlitePeople(store, clock))),
                GateView(store),
            )
    except (
        AccessUnavailable,
        AccountsUnavailable,
        ApprovalsUnavailable,
        DataDirectoryError,
        DirectoryUnavailable,
        RevocationRefused,
        RevocationsUnavailable,
        SightingsUnavailable,
        TokensUnavailable,
    ) as problem:
        raise Failure(str(problem), FAILED) from None


def enforced(books: Books, made: Sequence[Revocation]) -> Sequence[Stopped] | None:
    """What the gate has stopped by these; None: no gate runs here now. Raises Failure where one does not answer."""
    names = {one.id for one in made}
    runs = DataDirectory(books.store).locked()
    end = time.monotonic() + PATIENCE
    while runs:
        found = books.gate.stopped(names)
        if {each.revocation for each in found} >= names:
            return found
        if time.monotonic() >= end:
            raise Failure(
                f"it is written, and the gate of {books.store} has not said within {PATIENCE:g} s that it is in force: "
                "look at its log",
                FAILED,
            )
        time.sleep(LOOK)
    return None


def told(stopped: Sequence[Stopped] | None, since: int, now: int) -> None:
    """Says what was stopped, where, and how soon."""
    if stopped is None:
        complain("No gate runs on this store now; it is in force from its next start.")
        return
    for gate in dict.fromkeys(each.gate for each in stopped):
        theirs = [each for each in stopped if each.gate == gate]
        calls = [call for each in theirs for call in each.calls]
        tickets = [ticket for each in theirs for ticket in each.tickets]
        say(harmless(f"in force at {gate} within {(now - since) / SECOND:.2f} s"))
        say(f"  calls cut: {_ids(calls)}")
        say(f"  questions made void: {_ids(tickets)}")


def _ids(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return harmless(f"{len(names)} ({', '.join(names[:_SHOWN])}{more})") if names else "0"


def row(one: Revocation, lifted: Lifted | None = None, stopped: Sequence[Stopped] = ()) -> Row:
    """A revocation for `--json`."""
    return {
        "id": one.id,
        "kind": one.kind.value,
        "subject": one.subject,
        "state": "standing" if lifted is None else "lifted",
        "at": iso(one.at),
        "by": one.by,
        "reason": one.reason,
        "before": None if one.before is None else iso(one.before),
        "containment": one.containment,
        "lifted": None if lifted is None else {"at": iso(lifted.at), "by": lifted.by, "reason": lifted.reason},
        "stopped": [
            {"gate": each.gate, "at": iso(each.at), "calls": list(each.calls), "approvals": list(each.tickets)}
            for each in stopped
            if each.revocation == one.id
        ],
    }


def kept(books: Books, reference: str) -> Sequence[Kept]:
    """The revocation of this id, or those of this containment. Raises Failure."""
    found = [each for each in books.revocations.all() if reference in (each.revocation.id, each.revocation.containment)]
    if not found:
        raise Failure(f"there is no revocation or containment '{reference}'; `narrows revocations list` shows them")
    return found
