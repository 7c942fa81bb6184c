"""What a book must come to, reckoned without one: every reservation is remembered, and added up when asked."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from narrows.accounting.counters import name
from narrows.model.limits import AgentCap, Budget, Concurrency, Per, Rate, Scope, Unit, Window
from narrows.model.reservation import Counter, Wanted

SECOND: Final = 1_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
BERLIN: Final = ZoneInfo("Europe/Berlin")
START: Final = int(datetime(2026, 10, 24, 22, 30, tzinfo=BERLIN).timestamp()) * SECOND
"""An hour and a half before a day of 25 hours, a week before a month ends."""

LENGTHS: Final = {Per.MINUTE: MINUTE, Per.DAY: DAY, Per.MONTH: 30 * DAY}
BUDGETS: Final = (
    Window(Per.MINUTE),
    Window(Per.DAY, zone="Europe/Berlin"),
    Window(Per.WEEK, zone="Europe/Berlin"),
    Window(Per.MONTH),
    Window(Per.MINUTE, rolling=True),
    Window(Per.DAY, rolling=True),
    Window(Per.MONTH, rolling=True),
)
AGENTS: Final = ("one", "two", "three", "four")
AGENT_WINDOW: Final = 5 * MINUTE
STEPS: Final = (0, 1, SECOND // 3, SECOND, 7 * SECOND, MINUTE, 20 * MINUTE, HOUR, 5 * HOUR, DAY, 3 * DAY, 20 * DAY)


def counter(number: int, limit: int, *, observe: bool = False) -> Counter:
    """One of eleven, by number: budgets, two rates, what runs at once, agents. The limit is apart from the name."""
    soft = limit // 2 + 1
    if number < len(BUDGETS):
        window = BUDGETS[number]
        of = Budget("p", Unit.TOKENS, window, Scope.USER, limit, soft, observe)
        return Counter(name("p", Unit.TOKENS, window, Scope.USER, "alice"), of, "alice")
    match number - len(BUDGETS):
        case 0:
            return Counter("rate", Rate("p", Unit.TOKENS, limit, MINUTE, observe), "alice")
        case 1:
            return Counter("odd rate", Rate("p", Unit.TOKENS, limit, 7 * SECOND + 1, observe), "alice")
        case 2:
            return Counter("at once", Concurrency("p", limit % 7, observe), "alice")
        case _:
            return Counter("agents", AgentCap("p", limit % 4, AGENT_WINDOW, observe=observe), "alice")


COUNTERS: Final = len(BUDGETS) + 4


@dataclass
class Part:
    """What one reservation holds of one counter, or what it came to."""

    of: Counter
    at: int
    amount: int
    open: bool = True


@dataclass
class Reference:
    """Every reservation there was."""

    parts: dict[str, list[Part]] = field(default_factory=dict)
    agent: dict[str, str] = field(default_factory=dict)

    def all(self, counter: Counter) -> list[Part]:
        return [part for parts in self.parts.values() for part in parts if part.of.name == counter.name]

    def add(self, wanted: Wanted) -> None:
        distinct = {
            counter.name: (counter, amount) for counter, amount in zip(wanted.counters, wanted.amounts, strict=True)
        }
        self.parts[wanted.id] = [
            Part(counter, wanted.at if isinstance(counter.limit, Budget) else wanted.now, amount)
            for counter, amount in distinct.values()
        ]
        self.agent[wanted.id] = wanted.agent

    def sums(self, counter: Counter, at: int) -> tuple[int, int]:
        """Settled and held of the calendar window."""
        assert isinstance(counter.limit, Budget)
        key = calendar(counter.limit.window, at)
        there = [part for part in self.all(counter) if calendar(counter.limit.window, part.at) == key]
        return sum(part.amount for part in there if not part.open), sum(part.amount for part in there if part.open)

    def worst(self, counter: Counter, at: int) -> int:
        """The most that any window holds which the moment is in."""
        match counter.limit:
            case Concurrency():
                return sum(1 for part in self.all(counter) if part.open)
            case AgentCap():
                return len(self.active(counter, at))
            case Budget() if not counter.limit.window.rolling:
                return sum(self.sums(counter, at))
        length = slides(counter)
        near = [part for part in self.all(counter) if abs(part.at - at) < length]
        begins = {part.at for part in near if part.at <= at} | {at - length + 1}
        return max(sum(part.amount for part in near if begin <= part.at < begin + length) for begin in begins)

    def most(self, counter: Counter, at: int) -> int:
        """What a book may at most take for used: of windows that slide also what left them a moment ago, and all that
        lies ahead."""
        if not slides(counter):
            return self.worst(counter, at)
        length = slides(counter)
        return sum(part.amount for part in self.all(counter) if part.at > at - length - length // 20)

    def active(self, counter: Counter, at: int) -> dict[str, int]:
        """The active agents and when they last began a call."""
        found: dict[str, int] = {}
        for id_, parts in self.parts.items():
            for part in parts:
                if part.of.name == counter.name and (part.open or part.at + AGENT_WINDOW > at):
                    found[self.agent[id_]] = max(found.get(self.agent[id_], part.at), part.at)
        return found


def calendar(window: Window, at: int) -> tuple[int, ...]:
    """Which window of the calendar it is."""
    if window.per is Per.MINUTE:
        return (at // MINUTE,)
    local = datetime.fromtimestamp(at // SECOND, ZoneInfo(window.zone))
    if window.per is Per.WEEK:
        return local.isocalendar()[:2]
    return (local.year, local.month, local.day)[: 3 if window.per is Per.DAY else 2]


def slides(counter: Counter) -> int:
    """How long its window is if it slides, else 0."""
    if isinstance(counter.limit, Rate):
        return counter.limit.period
    if isinstance(counter.limit, Budget) and counter.limit.window.rolling:
        return LENGTHS[counter.limit.window.per]
    return 0
