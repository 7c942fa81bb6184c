"""What a plan limits beside the size of one call: sums over time, rates, calls at once, agents, the cost of a call.

Amounts are integers: millionths of a dollar, tokens, millionths of a compute unit, calls. Times are microseconds.
"""

from enum import StrEnum
from typing import Final

import msgspec

MICRO: Final = 1_000_000
"""Money and compute units are counted in millionths, so that no sum is ever rounded."""


NOTHING_RUN: Final = frozenset({"models", "count_tokens"})
"""Operations that run no model."""

NOTHING_GENERATED: Final = frozenset({"embeddings", "moderations"})
"""Operations that read, and write nothing."""


class Unit(StrEnum):
    """What a limit counts."""

    USD = "usd"
    """Millionths of a dollar."""

    TOKENS = "tokens"
    """Of prompt and reply together."""

    PROMPT_TOKENS = "prompt tokens"
    OUTPUT_TOKENS = "output tokens"

    COMPUTE = "units"
    """Millionths of a compute unit, by the weights of the connection."""

    CALLS = "calls"

    @property
    def scale(self) -> int:
        """How many of what is counted make one of what the configuration writes."""
        return MICRO if self in (Unit.USD, Unit.COMPUTE) else 1


class Scope(StrEnum):
    """Whose sum it is: each subject of a scope has its own."""

    USER = "user"
    """Each identity, service accounts too."""

    GROUP = "group"
    """Each group that the policy's `who` names and the caller is in."""

    SERVICE_ACCOUNT = "service account"
    """Each service account; people are not counted."""

    END_USER = "end user"
    """Each person whom a caller names as the one it asks for; whoever is not named is one of them."""

    CONNECTION = "connection"
    MODEL = "model"
    """Each model of each connection, by the name the upstream knows."""

    GATEWAY = "gateway"
    """All calls that the limit applies to, together."""


class Per(StrEnum):
    """How long a window is."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Window(msgspec.Struct, frozen=True):
    """The time over which a budget sums. A calendar window begins with its minute, hour, day, Monday or month in `zone`
    (an IANA name); a rolling one ends now, and its month has 30 days."""

    per: Per
    rolling: bool = False
    zone: str = "UTC"


class Budget(msgspec.Struct, frozen=True):
    """A limit on a sum over a window, for each subject of its scope. It outlives the process.

    `policy` is "" for the gateway's own. `soft` is the amount from which on an event is raised. `unpriced`: a model
    without a price passes and costs nothing; else it is refused where this counts money. `groups` are the groups that
    the policy names, as globs of `issuer:group`.
    """

    policy: str
    unit: Unit
    window: Window
    scope: Scope
    limit: int
    soft: int | None = None
    observe: bool = False
    unpriced: bool = False
    groups: tuple[str, ...] = ()


class Rate(msgspec.Struct, frozen=True):
    """A limit on calls or tokens of one identity in any stretch of time of so many microseconds. It is forgotten when
    the process ends."""

    policy: str
    unit: Unit
    limit: int
    period: int
    observe: bool = False


class Concurrency(msgspec.Struct, frozen=True):
    """A limit on calls of one identity that run at once."""

    policy: str
    limit: int
    observe: bool = False


class AgentCap(msgspec.Struct, frozen=True):
    """A limit on agents of one identity that are active: that run a call, or began one within `window`
    microseconds. `declared`: a call that does not name its agent is refused; `limit` None: any number."""

    policy: str
    limit: int | None
    window: int
    declared: bool = False
    observe: bool = False


class CostCap(msgspec.Struct, frozen=True):
    """A limit on what one call may cost, in millionths of a dollar. `unpriced` as in Budget."""

    policy: str
    limit: int
    observe: bool = False
    unpriced: bool = False


Counted = Budget | Rate | Concurrency | AgentCap
"""What a counter counts for."""


class Limits(msgspec.Struct, frozen=True):
    """All that applies to a call, of every matching policy and of the gateway itself."""

    budgets: tuple[Budget, ...] = ()
    rates: tuple[Rate, ...] = ()
    concurrency: tuple[Concurrency, ...] = ()
    agents: tuple[AgentCap, ...] = ()
    costs: tuple[CostCap, ...] = ()


NO_LIMITS: Final = Limits()
"""Of a plan that limits none of it. Plans without limits hold this very object."""
