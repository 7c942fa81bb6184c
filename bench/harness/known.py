"""A ledger that knows many principals: each has used some of the budgets that the limits of a profile set."""

from pathlib import Path

from narrows.accounting.windows import Calendar
from narrows.model.limits import Per, Window
from narrows.stores.sqlite.ledgerfile import LedgerFile

_PART = 50_000
_LONG = 400 * 86_400 * 1_000_000


def fill(store: Path, principals: int, at: int) -> None:
    """Writes `ledger.db` into a data directory that no gate has used, as of a time in microseconds."""
    store.mkdir(mode=0o700, parents=True, exist_ok=True)
    day = Calendar().bounds(Window(Per.DAY), at)[0]
    file = LedgerFile(store)
    try:
        for start in range(0, principals, _PART):
            names = [f"research|usd|day|UTC|user|corp:person-{n}" for n in range(start, min(start + _PART, principals))]
            keys = [(name, day) for name in names]
            file.write(0, b"", dict.fromkeys(keys, 1_000), dict.fromkeys(keys, at + _LONG), (), {})
    finally:
        file.close()
