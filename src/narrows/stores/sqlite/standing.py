"""What every budget's counter stands at: read beside a running gate, or without one.

Opens everything read-only and takes no lock. It tells what the gate's ledger tells: its file as far as that goes, then
the log.
"""

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

import msgspec

from narrows.accounting.book import Book
from narrows.accounting.counters import Named, parse
from narrows.model.limits import Budget
from narrows.model.reservation import Counter, Standing
from narrows.stores.sqlite import schema
from narrows.stores.sqlite.directory import DataDirectory, DataDirectoryError
from narrows.stores.sqlite.ledgerfile import FILE_NAME, LedgerUnreadable, connect, state
from narrows.stores.sqlite.replay import Fold, Held, Replay

Kept = dict[str, dict[int, int]]
"""What has settled, by counter and the start of its bucket."""


def standings(
    directory: Path, limits: Callable[[Named], Budget | None], unknown: int, now: int
) -> list[tuple[Named, Budget, Standing]]:
    """Every counter that has something used or held now and that `limits` knows a budget for, in the order of names.
    `unknown`: microseconds after which a call whose outcome is unknown settles. Raises DataDirectoryError."""
    try:
        fold, kept = _told(directory, unknown, now)
    except (sqlite3.Error, schema.SchemaUnknown, LedgerUnreadable, msgspec.DecodeError) as error:
        raise DataDirectoryError(f"{directory}: what budgets stand at can't be read: {error}") from None
    book = Book(lambda name: kept.get(name, {}))
    names = set(kept)
    for call, held in fold.held.items():
        known = [name for name in held.names if _named(name) is not None]
        if len(known) == len(held.names):
            book.restore(call, held.at, held.names, held.amounts)
            names.update(known)
    found = []
    for name in sorted(names):
        named = _named(name)
        budget = None if named is None else limits(named)
        if named is None or budget is None:
            continue
        (standing,) = book.standing([Counter(name, budget, named.subject)], now)
        if standing.used or standing.held:
            found.append((named, budget, standing))
    return found


def _named(name: str) -> Named | None:
    try:
        return parse(name)
    except ValueError:
        return None


def _told(directory: Path, unknown: int, now: int) -> tuple[Fold, Kept]:
    """What calls hold, and what has settled."""
    held, kept, place = _written(directory / FILE_NAME)
    fold = Fold(held)
    for _ in Replay(DataDirectory(directory)).run(fold, place):
        pass
    fold.due(now - unknown)
    for (name, bucket), amount in fold.sums.items():
        buckets = kept.setdefault(name, {})
        buckets[bucket] = buckets.get(bucket, 0) + amount
    return fold, kept


def _written(path: Path) -> tuple[Mapping[str, Held], Kept, int]:
    """What the ledger's file says, all of one moment; without one, nothing at the beginning of the log."""
    if not path.exists():
        return {}, {}, 0
    with closing(connect(path, readonly=True)) as connection:
        while True:
            place, _, held = state(connection)
            kept: Kept = {}
            for name, bucket, settled in connection.execute("SELECT counter, bucket, settled FROM sums").fetchall():
                kept.setdefault(name, {})[bucket] = settled
            # Sums, holds and place move together: if the place is still the same, so is all that was read.
            if state(connection)[0] == place:
                return held, kept, place
