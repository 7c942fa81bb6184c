"""What a call holds of its limits until it settles, and what a ledger says of it."""

from enum import IntEnum
from typing import Final, final

import msgspec

from narrows.model.limits import Counted
from narrows.model.usage import Usage


class Counter(msgspec.Struct, frozen=True, eq=False):
    """What one limit counts for one subject. `name` is the same for as long as the limit counts the same: it is what
    ledgers and records know it by. `subject` is whose sum it is, as messages name it."""

    name: str
    limit: Counted
    subject: str


class Wanted(msgspec.Struct, frozen=True):
    """A reservation that is asked for: all of it, or none.

    `id` is the caller's own, so that asking again after an answer was lost changes nothing. `at` is Unix time in
    microseconds and says which windows of budgets it belongs to. `amounts` are by counter; one that runs at once counts
    1. `agent` is who asks, as an agent of its identity. `now` is the moment for rates and agents, which concern when
    a call goes on, however long it has waited since `at`; 0: they are the same.
    """

    id: str
    at: int
    counters: tuple[Counter, ...]
    amounts: tuple[int, ...]
    agent: str = ""
    now: int = 0


@final
class Granted(msgspec.Struct, frozen=True):
    """It is held. `over` are the counters of limits that only observe and have no room, `soft` those that pass their
    soft threshold by this."""

    over: tuple[Counter, ...] = ()
    soft: tuple[Counter, ...] = ()


@final
class Refused(msgspec.Struct, frozen=True):
    """Nothing is held, for lack of room in `counter`. `used` and `held` are the sums there, `wanted` what was asked
    for. `free` is the Unix time in microseconds at which there is room if nothing else is asked for; None: never, or
    nobody knows. `agents` are the others that are active where these are counted."""

    counter: Counter
    used: int
    held: int
    wanted: int
    free: int | None = None
    agents: tuple[str, ...] = ()


Answer = Granted | Refused

GRANTED: Final = Granted()
"""The answer where there is nothing to add."""


class Settled(msgspec.Struct, frozen=True):
    """What a reservation came to: `amounts` by its counters, none more than was held; no amounts: nothing.

    `unknown`: nobody knows what the call came to, though it runs no more. What it holds of budgets stays held, until
    the ledger settles it at that; all else of it is over.
    """

    id: str
    amounts: tuple[int, ...] = ()
    unknown: bool = False


class Standing(msgspec.Struct, frozen=True):
    """A counter now. `resets` is the Unix time in microseconds at which its window ends; of a rolling one, at which it
    is empty if nothing else is asked for."""

    counter: Counter
    used: int
    held: int
    resets: int


class Reserved(msgspec.Struct, frozen=True):
    """What a record says of a reservation: the names of the budgets' counters and the amounts held. `prices` is the
    version of the table by which money was reckoned. `at` is the moment whose windows count it, in Unix microseconds,
    where that is not the one at which the call came; 0: it is."""

    counters: tuple[str, ...]
    amounts: tuple[int, ...]
    prices: str | None = None
    at: int = 0


class Stage(IntEnum):
    """How far a call has come with its upstream."""

    HELD = 0
    """Nothing was sent: it costs nothing."""

    SENT = 1
    """The request may have arrived."""

    FAILED = 2
    """The upstream refused it, or could not be reached: nothing was generated."""

    ANSWERED = 3
    """The upstream has begun to answer."""


@final
class Reservation(msgspec.Struct, eq=False):
    """What one call holds, from the control that reserved to the record that closes.

    The engine says how far the call has come (`stage`), whether the reply came as a stream, so that what was read of
    it is all that was generated (`streamed`), and when it ends; the control settles and says what it came to
    (`settled`, `cost`, `counted`). `headers` are the reply's, about what is left. `record` is None where no budget
    counts the call; `cost` is in millionths of a dollar, None where there is no price. `counted` are the tokens that it
    came to where the upstream's report does not say them.
    """

    record: Reserved | None
    headers: tuple[tuple[bytes, bytes], ...] = ()
    stage: Stage = Stage.HELD
    streamed: bool = False
    settled: tuple[int, ...] = ()
    cost: int | None = None
    counted: Usage | None = None
