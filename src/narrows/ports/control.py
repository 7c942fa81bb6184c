"""A control is one governance feature; its guard is that feature's state for one call.

Hooks are synchronous unless they must wait: an awaitable per hook costs half the throughput.
"""

from typing import Protocol

from narrows.model.call import Call
from narrows.model.record import Outcome
from narrows.model.reply import Event
from narrows.model.usage import Usage
from narrows.model.verdict import Deny, Verdict


class Guard(Protocol):
    """The state of one control in one call. A hook that raises refuses the call."""

    def on_request(self, call: Call) -> Verdict:
        """Judges the request; `Proceed(call)` carries a changed call on."""

    def on_event(self, event: Event) -> Deny | None:
        """Judges one event of the reply before it leaves; may change its deltas' texts. A Deny stops the reply."""

    def on_finish(self) -> Deny | None:
        """The upstream's reply is complete; the last chance to stop before the caller learns that."""

    def on_end(self, outcome: Outcome, usage: Usage | None) -> None:
        """Called exactly once, however the call ended."""


class Control(Protocol):
    """A configured control; it lives as long as its snapshot."""

    @property
    def name(self) -> str:
        """Its name in logs and metrics."""

    def begin(self, call: Call) -> Guard | None:
        """A guard for this call, or None when the control has nothing to do in it."""
