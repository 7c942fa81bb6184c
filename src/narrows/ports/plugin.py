"""What all plug-ins have in common: they are asked about texts, and may fail."""

from typing import Protocol


class PluginFailed(Exception):
    """A plug-in gave no answer that can be used. The message says why, and nothing of what it was asked."""


class Plugged(Protocol):
    """One configured plug-in, as the gate uses it."""

    @property
    def name(self) -> str:
        """Its name in the configuration."""

    @property
    def required(self) -> bool:
        """Whether a call is refused where it fails."""

    @property
    def timeout(self) -> float:
        """Seconds that the texts of one request, or of one event of a reply, may take."""

    def enter(self) -> None:
        """A call begins that may ask. Safe in a thread."""

    def leave(self) -> None:
        """It has ended. One that is no longer configured stops when the last call has left. Safe in a thread."""
