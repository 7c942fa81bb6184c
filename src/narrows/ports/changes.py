"""Changes of what teams manage: made and decided on one side, followed by the gate on the other."""

from collections.abc import Sequence
from typing import Protocol

from narrows.model.change import Change, ChangeAct, Standing


class ChangesUnavailable(Exception):
    """Changes can't be read or written; the message says why."""


class ChangeRefused(Exception):
    """It can't be changed or said so; the message says why: not what is in force any more, not entitled, too late."""


class Changes(Protocol):
    """The writing side, for the command line and the console. Every method raises ChangesUnavailable; what is written
    is durable when a method returns."""

    def make(self, changes: Sequence[Change]) -> Sequence[Standing]:
        """Keeps them, all or none. Raises ChangeRefused where one does not build on what is in force."""

    def act(self, act: ChangeAct) -> Standing:
        """Writes what somebody said of a change; it counts as said when it is written. Raises ChangeRefused."""

    def get(self, ident: str) -> Standing | None:
        """One change."""

    def list(self) -> Sequence[Standing]:
        """Every change, oldest first."""

    def current(self, scope: str, kind: str, target: str) -> Change | None:
        """The last change that took effect, also where it removed; None: there never was one."""

    def in_force(self) -> Sequence[Change]:
        """What there is now, by scope and name."""


class ChangeWatch(Protocol):
    """The gate's side: read-only. Every method raises ChangesUnavailable."""

    def news(self) -> Sequence[Change] | None:
        """What there is now, if it may be something else than when it was asked last; else None. Cheap enough to ask
        several times a second."""
