"""The ledger: what budgets, rates and limits on what runs at once have left, and who holds how much of it.

Three methods change something: `reserve`, `count` and `settle`. Each takes many at once, so that a ledger in a database
can take all of one turn of the event loop in one transaction, and each may answer later: at once where the ledger's
owner is this process. **Asking is what does it**: an answer that nobody waits for changes nothing of that. Ids are made
by the caller, so whatever is asked twice is done once; who has lost an answer asks again, or lets it go with `settle`,
which concerns all that was asked before it. Whether something is granted is decided where the sums are kept.

The others tell what is known *here*, at once, and decide nothing: a shared database answers them from a copy, which may
be a moment late. They serve headers, messages, thresholds, and the refusal of what would be refused by `count` in any
case. A copy that says too little lets such calls come as far as `count`; one that says too much refuses a call that had
room a moment ago. So what a copy says that is older than some seconds is not told: `LedgerUnavailable`, or room.
"""

from collections.abc import Awaitable, Sequence
from typing import Protocol

from narrows.model.reservation import Answer, Counter, Settled, Standing, Wanted


class LedgerUnavailable(Exception):
    """What is left can't be known or kept now; nothing may be forwarded that a limit counts."""


class Ledger(Protocol):
    """Counts. A sum never passes its limit by what was granted, and is never below zero."""

    def reserve(self, wanted: Sequence[Wanted]) -> Sequence[Answer] | Awaitable[Sequence[Answer]]:
        """Holds each of them whole or not at all, in their order. An id that is held, or has settled lately, is granted
        again without being counted again. Raises LedgerUnavailable, at once or late; then it may be held all the
        same."""

    def count(self, wanted: Sequence[Wanted]) -> Sequence[Answer] | Awaitable[Sequence[Answer]]:
        """Holds each and settles it at what it held, in one step: what counts calls, and nothing that outlives the
        process. An id that was granted lately is granted again without being counted again; it says nothing of one
        that is reserved. Raises as `reserve`."""

    def settle(self, settled: Sequence[Settled]) -> Awaitable[None] | None:
        """Posts what each came to and frees the rest. An id that is not held is left out. Nobody has to wait: it is
        taken at once, and tried again until it is done. None, or an awaitable that is done when the sums are so.
        Neither raises."""

    def standing(self, counters: Sequence[Counter], at: int) -> Sequence[Standing]:
        """What is known here of counters at that time, for headers and messages. Raises LedgerUnavailable."""

    def taken(self, counters: Sequence[Counter], at: int) -> Sequence[int]:
        """`standing` in plain numbers, two for each counter: what is used and held together, and `resets`. Raises
        LedgerUnavailable."""

    def has_room(self, counters: tuple[Counter, ...], at: int) -> bool:
        """Whether each of them has room for one more, as far as is known here. Raises LedgerUnavailable."""

    def free(self, counter: Counter, at: int) -> int | None:
        """The Unix time in microseconds at which it has room for one more if nothing else is asked for, as far as is
        known here; None: never, or nobody knows. Raises LedgerUnavailable."""
