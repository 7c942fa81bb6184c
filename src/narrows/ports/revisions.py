"""The policies of the past: told by a gate when they come into force, and read back by others."""

from typing import Protocol

from narrows.model.revision import InForce


class Revisions(Protocol):
    """The gate's side. What is told is written soon, not at once, and nothing of it raises."""

    def came(self, revision: InForce) -> None:
        """It is in force from now on."""


class PastRevisions(Protocol):
    """The side of everybody else, read-only. Raises SightingsUnavailable."""

    def in_force(self, at: int) -> InForce | None:
        """What was in force at that time, as far as is kept; None: nothing is kept of it."""
