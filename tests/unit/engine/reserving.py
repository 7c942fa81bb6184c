"""A control that holds something for a call, as one for budgets does, and says what it saw when the call ended."""

from typing import Any

import msgspec

from narrows.model.call import Call
from narrows.model.record import Outcome
from narrows.model.refusal import Code
from narrows.model.reply import Event
from narrows.model.reservation import Reservation, Reserved, Stage
from narrows.model.usage import Usage
from narrows.model.verdict import Deny, Proceed, Verdict
from unit.engine.world import World

RECORD = Reserved(("p|usd|day|UTC|user|corp:alice",), (500,), "v1")
HEADERS = ((b"x-ratelimit-remaining-requests", b"9"),)


class Reserving:
    """The control. `ends` is what was so when each guard was released: stage, outcome, usage. `stops_at`: the event of
    a reply at which what is held is used up; `deny`: nothing can be held."""

    name = "reserve"

    def __init__(self, stops_at: int | None = None, deny: Deny | None = None) -> None:
        self.stops_at, self.deny = stops_at, deny
        self.calls: list[Call] = []
        self.reservations: list[Reservation] = []
        self.ends: list[tuple[Stage, Outcome, Usage | None]] = []

    def begin(self, call: Call) -> "Holding":
        return Holding(self)

    def into(self, world: World) -> "Reserving":
        """Puts it behind the world's own controls."""
        now = world.snapshots.current
        world.snapshots.current = world.apart.snapshot = msgspec.structs.replace(
            now, controls=(*now.controls, self), reply_controls=(self, *now.reply_controls)
        )
        return self


class Holding:
    """Its guard: 500 are held, what is sent comes to 7."""

    def __init__(self, control: Reserving) -> None:
        self.control = control
        self.reservation = Reservation(RECORD, HEADERS)
        self.seen = 0

    def on_request(self, call: Call) -> Verdict:
        self.control.calls.append(call)
        if self.control.deny is not None:
            return self.control.deny
        self.control.reservations.append(self.reservation)
        return Proceed(None, None, self.reservation)

    def on_event(self, event: Event) -> Deny | None:
        self.seen += 1
        if self.seen == self.control.stops_at:
            return Deny(Code.BUDGET_EXCEEDED, "The reply has used up what was reserved.", headers=HEADERS)
        return None

    def on_finish(self) -> Any: ...

    def on_end(self, outcome: Outcome, usage: Usage | None) -> None:
        held = self.reservation
        self.control.ends.append((held.stage, outcome, usage))
        if held.stage is Stage.ANSWERED:
            held.settled, held.cost = (7,), 7
        elif held.stage is not Stage.SENT:
            held.settled = (0,)
