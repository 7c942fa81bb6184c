"""Access that was asked for: requests and what was said of them, kept by the command line and the console.

A gate reads none of this: what it takes are the tokens that are issued for a grant, and revocations.
"""

from collections.abc import Sequence
from typing import Protocol

from narrows.model.access import Grant, GrantAct, GrantState, Request


class AccessUnavailable(Exception):
    """Requests can't be read or written; the message says why and what to do."""


class AccessRefused(Exception):
    """It can't be asked or said so; the message says why: no such request, too late, not entitled, no reason given."""


class Grants(Protocol):
    """Every method raises AccessUnavailable. What is written is durable when a method returns."""

    def ask(self, request: Request) -> Grant:
        """Keeps a request, and gives what has become of it: it may be approved by its rule. Raises AccessRefused."""

    def act(self, act: GrantAct) -> Grant:
        """Writes what somebody said, and gives what has become of the request. It counts as said when it is written,
        whatever its `at`. Raises AccessRefused."""

    def get(self, ident: str) -> Grant | None:
        """One request or grant; None where there is none of that id."""

    def list(self, states: Sequence[GrantState] = (), *, requester: str | None = None) -> Sequence[Grant]:
        """Those in one of these states, or all, oldest first; with `requester` only theirs."""
