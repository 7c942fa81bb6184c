"""Calls whose outcome nobody knows, and what they hold: read beside a running gate, or without one.

Opens everything read-only and takes no lock. It tells what the gate's ledger tells: its file as far as that goes, then
the log.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec

from narrows.stores.sqlite import schema
from narrows.stores.sqlite.directory import DataDirectory, DataDirectoryError
from narrows.stores.sqlite.ledgerfile import FILE_NAME, LedgerUnreadable, connect, state
from narrows.stores.sqlite.replay import Fold, Replay


class Pending(msgspec.Struct, frozen=True):
    """A call that reserved, and was closed without it being known what it came to. Times are Unix microseconds: when it
    began, when it was closed, and when it settles at what it holds. `held` is by the names of budgets' counters."""

    call: str
    at: int
    since: int
    until: int
    held: dict[str, int]


def pending(directory: Path, unknown: int, now: int) -> list[Pending]:
    """Those that have not settled yet, the oldest first. `unknown`: microseconds after which one settles. Raises
    DataDirectoryError."""
    try:
        fold, place = _kept(directory / FILE_NAME)
        for _ in Replay(DataDirectory(directory)).run(fold, place):
            pass
    except (sqlite3.Error, schema.SchemaUnknown, LedgerUnreadable, msgspec.DecodeError) as error:
        raise DataDirectoryError(f"{directory}: what calls hold can't be read: {error}") from None
    found = [
        Pending(
            call, held.at, held.unknown, held.unknown + unknown, dict(zip(held.names, held.amounts, strict=True))
        )
        for call, held in fold.held.items()
        if held.unknown is not None and held.unknown + unknown > now
    ]  # fmt: skip
    return sorted(found, key=lambda one: (one.since, one.call))


def _kept(path: Path) -> tuple[Fold, int]:
    """What the ledger's file says; without one, nothing at the beginning of the log."""
    if not path.exists():
        return Fold(), 0
    with closing(connect(path, readonly=True)) as connection:
        place, _, held = state(connection)
    return Fold(held), place
