"""A control is one governance feature; its guard is that feature's state for one call.

Hooks are synchronous: an awaitable per hook costs half the throughput. A guard that must wait, for a plug-in, an
approval or a store, says so with a `Wait`; a call whose guards need not wait never pays for those that do.
"""

from collections.abc import Awaitable, Callable
from typing import Generic, Literal, Protocol, TypeVar, final, runtime_checkable

import msgspec

from narrows.model.call import Call
from narrows.model.plan import Plan
from narrows.model.record import Outcome
from narrows.model.reply import Event
from narrows.model.usage import Usage
from narrows.model.verdict import Deny, Verdict

T = TypeVar("T")


@final
class Wait(msgspec.Struct, Generic[T], frozen=True):
    """A hook's answer that is not known yet. `until` is called once, on the event loop, and gives it.

    The call is refused if it takes longer than `seconds`, or raises. When the caller goes away it is cancelled, and
    `on_end` follows; so what it holds is released by one of the two.
    """

    until: Callable[[], Awaitable[T]]
    seconds: float


class Guard(Protocol):
    """The state of one control in one call. A hook that raises refuses the call."""

    def on_request(self, call: Call) -> Verdict | Wait[Verdict]:
        """Judges the request; `Proceed(call)` carries a changed call on. May run in a thread."""

    def on_event(self, event: Event) -> Deny | Wait[Deny | None] | None:
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


@runtime_checkable
class Wordless(Protocol):
    """A control whose guards look at nothing that a reply says of itself: its id, the model's name, words of the API.
    Where all are such, whoever reads the reply need not tell."""

    @property
    def wordless(self) -> Literal[True]:
        """Says so."""


@runtime_checkable
class Guardless(Protocol):
    """A control that is done once it has judged the request: it is asked in every call, keeps nothing of one and has no
    part in its reply or ending. So it needs no guard, and no `begin`: it is asked itself."""

    @property
    def guardless(self) -> Literal[True]:
        """Says so."""

    def on_request(self, call: Call) -> Verdict | Wait[Verdict]:
        """As a guard's."""


@runtime_checkable
class Fitting(Protocol):
    """What a control may do besides: most of what it has to do is the same for all calls under a plan."""

    def under(self, plan: Plan) -> Control | None:
        """The control for calls under this plan, whose `begin` gives what this one's would; None where that is None for
        all of them. Asked once for many calls, so it keeps nothing of one."""
