"""Counting, for `/metrics`. Labels have few values: names from the configuration and codes, never a caller's text."""

from typing import Protocol

from narrows.model.record import Outcome
from narrows.model.usage import Usage


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

    def overhead(self, microseconds: int) -> None:
        """Time from a request's body being complete to its being sent upstream."""

    def streams(self, change: int) -> None:
        """A stream began (+1) or ended (-1)."""
