"""The ledger: what budgets, rates and limits on what runs at once have left, and who holds how much of it.

Answers come at once where the ledger's owner is this process; one that shares a database answers later. Ids are made by
the caller, so whatever is asked twice is done once.
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
        again without being counted again. Raises LedgerUnavailable, at once or late."""

    def count(self, counters: tuple[Counter, ...], at: int) -> Answer | Awaitable[Answer]:
        """Holds one of each and settles it, in one step: what counts calls, and nothing that outlives the process.
        Raises LedgerUnavailable, at once or late."""

    def settle(self, settled: Sequence[Settled]) -> None:
        """Posts what each came to and frees the rest, without waiting. An id that is not held is left out. Never
        raises."""

    def standing(self, counters: Sequence[Counter], at: int) -> Sequence[Standing]:
        """What is known here of counters at that time, for headers and messages; elsewhere it may be later by a
        moment."""

    def taken(self, counters: Sequence[Counter], at: int) -> Sequence[int]:
        """`standing` in plain numbers, two for each counter: what is used and held together, and `resets`. Raises
        LedgerUnavailable."""

    def has_room(self, counters: tuple[Counter, ...], at: int) -> bool:
        """Whether each of them has room for one more, as far as is known here."""
