"""What the controls that count need of the world, in one value. It lives as long as their snapshot."""

from collections.abc import Callable
from typing import Final

import msgspec

from narrows.accounting.amounts import Terms
from narrows.accounting.counters import Counters
from narrows.ports.clock import Clock
from narrows.ports.ledger import Ledger

PATIENCE: Final = 10.0
"""Seconds that a ledger elsewhere may take to answer."""

KNOWN: Final = 2_048
"""Callers whose counters are remembered, of each plan."""


class Accounts(msgspec.Struct, frozen=True, eq=False):
    """`terms` says what calls over a connection are reckoned by, of a model in a service tier; `prices` is the version
    of the table of prices. `thread` is the event loop's, which the ledger belongs to; `running` says which one asks.
    `event` is told, in words, of a budget that passes its soft threshold."""

    ledger: Ledger
    counters: Counters
    terms: Callable[[str, str | None, str | None], Terms]
    clock: Clock
    thread: int
    running: Callable[[], int]
    event: Callable[[str], None]
    prices: str | None = None
