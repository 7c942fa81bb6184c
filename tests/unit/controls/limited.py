"""A ledger, prices and plans for the tests of controls that count."""

from collections.abc import Awaitable, Generator, Sequence
from threading import get_ident
from typing import Generic, TypeVar

import msgspec

from narrows.accounting.accounts import Accounts
from narrows.accounting.amounts import Terms
from narrows.accounting.counters import Counters
from narrows.model.limits import AgentCap, Budget, Concurrency, CostCap, Limits, Per, Rate, Scope, Unit, Window
from narrows.model.plan import Plan
from narrows.model.price import Price, Rates
from narrows.model.reservation import Answer, Counter, Granted, Refused, Settled, Standing, Wanted
from narrows.ports.ledger import LedgerUnavailable

SECOND = 1_000_000
NOW = 1_000 * SECOND

PRICE = Price(((0, Rates(1_000_000, 2_000_000, 500_000, 1_000_000, 1_000_000, 2_000_000)),))
"""A millionth of a dollar for a token of the prompt, two for one of the output."""


class Shelf:
    """A ledger of one window that never ends. `failing`: it is away."""

    def __init__(self) -> None:
        self.used: dict[str, int] = {}
        self.held: dict[str, Wanted] = {}
        self.settled: list[Settled] = []
        self.asked: list[Wanted] = []
        self.others: tuple[str, ...] = ()
        self.counted = 0
        self.failing = False
        self.late = False

    def sums(self, counter: Counter) -> tuple[int, int]:
        """What is used and what is held."""
        held = sum(
            amount
            for wanted in self.held.values()
            for one, amount in zip(wanted.counters, wanted.amounts, strict=True)
            if one.name == counter.name
        )
        return self.used.get(counter.name, 0), held

    def reserve(self, wanted: Sequence[Wanted]) -> Sequence[Answer] | Awaitable[Sequence[Answer]]:
        """All or none."""
        if self.failing:
            raise LedgerUnavailable("it is away")
        answers = [self._one(one) for one in wanted]
        return _Late(answers) if self.late else answers

    def _one(self, wanted: Wanted) -> Answer:
        self.asked.append(wanted)
        over: list[Counter] = []
        soft: list[Counter] = []
        for counter, amount in zip(wanted.counters, wanted.amounts, strict=True):
            used, held = self.sums(counter)
            limit = counter.limit
            assert limit.limit is not None
            if used + held + amount > limit.limit:
                if not limit.observe:
                    return Refused(counter, used, held, amount, (wanted.now or wanted.at) + 3 * SECOND, self.others)
                over.append(counter)
            if (
                isinstance(limit, Budget)
                and limit.soft is not None
                and used + held < limit.soft <= used + held + amount
            ):
                soft.append(counter)
        self.held[wanted.id] = wanted
        return Granted(tuple(over), tuple(soft))

    def count(self, wanted: Sequence[Wanted]) -> Sequence[Answer] | Awaitable[Sequence[Answer]]:
        """All or none, at once."""
        if self.failing:
            raise LedgerUnavailable("it is away")
        answers = []
        for one in wanted:
            self.counted += 1
            counted = msgspec.structs.replace(one, id=f"counted {self.counted}")
            answers.append(self._one(counted))
            self.settle([Settled(counted.id, counted.amounts)])
        return _Late(answers) if self.late else answers

    def free(self, counter: Counter, at: int) -> int | None:
        """As it says to one who is refused."""
        return at + 3 * SECOND

    def has_room(self, counters: tuple[Counter, ...], at: int) -> bool:
        """By the sums as they are."""
        return all(sum(self.sums(one)) < (one.limit.limit or 0) for one in counters)

    def settle(self, settled: Sequence[Settled]) -> None:
        """Posts what each came to."""
        for one in settled:
            self.settled.append(one)
            if one.unknown:
                continue
            wanted = self.held.pop(one.id, None)
            if wanted is None or not one.amounts:
                continue
            for counter, most, amount in zip(wanted.counters, wanted.amounts, one.amounts, strict=True):
                assert 0 <= amount <= most
                self.used[counter.name] = self.used.get(counter.name, 0) + amount

    def standing(self, counters: Sequence[Counter], at: int) -> Sequence[Standing]:
        """As they are."""
        return [Standing(one, *self.sums(one), at + 90 * SECOND) for one in counters]

    def taken(self, counters: Sequence[Counter], at: int) -> Sequence[int]:
        """The same."""
        return [number for one in self.standing(counters, at) for number in (one.used + one.held, one.resets)]


T = TypeVar("T")


class _Late(Generic[T]):
    """An answer that is there when somebody waits for it."""

    def __init__(self, answer: T) -> None:
        self._answer = answer

    def __await__(self) -> Generator[None, None, T]:
        yield from ()
        return self._answer


class Stopwatch:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.time = NOW

    def now(self) -> int:
        return self.time

    def monotonic(self) -> int:
        return self.time


def accounts(
    ledger: Shelf,
    terms: Terms | None = None,
    *,
    clock: Stopwatch | None = None,
    events: list[str] | None = None,
) -> Accounts:
    """The world of a control; what costs money has `PRICE`."""
    what = Terms(price=PRICE) if terms is None else terms
    told = [] if events is None else events
    return Accounts(
        ledger,
        Counters(),
        lambda connection, model, tier: what,
        clock or Stopwatch(),
        get_ident(),
        get_ident,
        told.append,
        prices="v1",
    )


def budget(
    unit: Unit,
    limit: int,
    scope: Scope = Scope.USER,
    *,
    soft: int | None = None,
    observe: bool = False,
    unpriced: bool = False,
    policy: str = "research",
) -> Budget:
    """A budget of a day."""
    return Budget(policy, unit, Window(Per.DAY), scope, limit, soft, observe, unpriced)


def rate(unit: Unit, limit: int, *, observe: bool = False, policy: str = "research") -> Rate:
    """A rate for a minute."""
    return Rate(policy, unit, limit, 60 * SECOND, observe)


def limited(*limits: Budget | Rate | Concurrency | AgentCap | CostCap) -> Plan:
    """A plan with these limits."""
    return Plan(
        "r",
        limits=Limits(
            tuple(one for one in limits if isinstance(one, Budget)),
            tuple(one for one in limits if isinstance(one, Rate)),
            tuple(one for one in limits if isinstance(one, Concurrency)),
            tuple(one for one in limits if isinstance(one, AgentCap)),
            tuple(one for one in limits if isinstance(one, CostCap)),
        ),
    )
