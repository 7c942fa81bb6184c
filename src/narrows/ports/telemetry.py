"""Counting, for `/metrics`. Labels have few values: names from the configuration and codes, never a caller's text."""

from collections.abc import Sequence
from typing import Final, Protocol

from narrows.model.limits import Unit
from narrows.model.record import Outcome
from narrows.model.usage import Usage

UNITS: Final = tuple(Unit)

Units = Sequence[tuple[int, int]]
"""The units that a call's budgets count, each once, however many count it: its place in UNITS, since a Unit is slow to
look up, and where its amount stands."""


class Telemetry(Protocol):
    """What the engine reports. Every method is cheap and never raises."""

    def ended(
        self, connection: str, operation: str, outcome: Outcome, code: str, duration: int, usage: Usage | None
    ) -> None:
        """A call ended; `code` is the refusal's code or "" and `duration` is in microseconds."""

    def observed(self, policy: str, code: str) -> None:
        """A rule or policy in observe mode would have refused."""

    def stranger(self, code: str) -> None:
        """An unauthenticated request was refused."""

    def dead(self, code: str) -> None:
        """A credential was used that was authentic and holds no more, or not where it was used."""

    def overhead(self, microseconds: int) -> None:
        """Time from a request's body being complete to its being sent upstream."""

    def streams(self, change: int) -> None:
        """A stream began (+1) or ended (-1)."""

    def settled(
        self, connection: str, cost: int | None, units: Units, held: Sequence[int], settled: Sequence[int]
    ) -> None:
        """A call held so much of budgets, and came to so much; `cost` is in millionths of a dollar, None: it has no
        price. No units: it held nothing of a budget."""

    def unknown(self, connection: str, units: Units, held: Sequence[int]) -> None:
        """A call ended and nobody knows what it came to: it goes on holding what it held."""

    def limited(self, policy: str, code: str) -> None:
        """A limit on many calls, or on cost, refused a call; `policy` is "" for the gateway's own limits."""

    def soft(self, policy: str, rule: str) -> None:
        """A call passed the soft threshold of a budget; `rule` is how the configuration writes it."""

    def implausible(self, connection: str) -> None:
        """An upstream reported usage that can't be, which was not believed."""
