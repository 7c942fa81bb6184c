"""Whatever is reserved, settled, asked again, unknown or lost in a crash, and wherever the clock goes: no window ever
holds more than its limit, nothing is ever below zero, and what was posted is what the ledger says.

The reference knows nothing of buckets: it remembers every reservation and adds up. For windows that slide it says what
a book must not grant (any true stretch above the limit) and what it must not refuse (room even for a little more time).
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrows.accounting.book import Book
from narrows.accounting.counters import name
from narrows.model.limits import AgentCap, Budget, Concurrency, Per, Rate, Scope, Unit, Window
from narrows.model.reservation import Counter, Granted, Refused, Settled, Wanted

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
        self.parts[wanted.id] = [Part(counter, wanted.at, amount) for counter, amount in distinct.values()]
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


class Ledger:
    """Facts that survive a crash: what was opened and closed, and sums as of some position in that list."""

    def __init__(self) -> None:
        self.facts: list[tuple[str, int, tuple[str, ...], tuple[int, ...]] | tuple[str, tuple[int, ...]]] = []
        self.sums: dict[str, dict[int, int]] = {}
        self.position = 0
        self._told: list[tuple[str, int, int]] = []
        self._told_at = 0

    def load(self, name: str) -> Mapping[int, int]:
        """What is kept for sure: the last changes may be on their way."""
        return self.sums.get(name, {})

    def checkpoint(self, book: Book) -> None:
        self.commit()
        self._told, self._told_at = book.changes(), len(self.facts)

    def commit(self) -> None:
        for of, bucket, used in self._told:
            self.sums.setdefault(of, {})[bucket] = used
        self._told, self.position = [], max(self.position, self._told_at)

    def recover(self, most: int) -> Book:
        """A new book, from the sums that are kept and the facts since."""
        self._told, self._told_at = [], 0
        book = Book(self.load, most=most)
        closed = {fact[0] for fact in self.facts[: self.position] if len(fact) == 2}
        for index, fact in enumerate(self.facts):
            if len(fact) == 4 and (index >= self.position or fact[0] not in closed):
                book.restore(*fact)
            elif len(fact) == 2 and index >= self.position:
                book.settle(Settled(*fact), START)
        return book


class World:
    """A book, its ledger and the reference, which are told the same."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.ledger = Ledger()
        self.book = Book(self.ledger.load, most=most)
        self.reference = Reference()
        self.now = self.latest = START
        self.open: list[str] = []
        self.known: dict[str, Wanted] = {}
        self.count = 0

    def reserve(self, counters: Sequence[Counter], amounts: Sequence[int], agent: str) -> None:
        self.count += 1
        wanted = Wanted(str(self.count), self.now, tuple(counters), tuple(amounts), agent)
        before = {counter.name: self.reference.worst(counter, self.now) for counter in counters}
        most = {counter.name: self.reference.most(counter, self.now) for counter in counters}
        answer = self.book.reserve(wanted)
        needs = {
            counter.name: self.needs(counter, amount, agent) for counter, amount in zip(counters, amounts, strict=True)
        }
        if isinstance(answer, Refused):
            self.check_refused(answer, most, needs)
            return
        self.open.append(wanted.id)
        self.known[wanted.id] = wanted
        self.reference.add(wanted)
        budgets = {
            counter.name: amount for counter, amount in zip(counters, amounts, strict=True) if "|" in counter.name
        }
        self.ledger.facts.append((wanted.id, self.now, tuple(budgets), tuple(budgets.values())))
        for counter in counters:
            limit = counter.limit
            assert limit.limit is not None
            if not limit.observe:
                grew = needs[counter.name] or isinstance(limit, Budget | Rate)
                assert not grew or self.reference.worst(counter, self.now) <= limit.limit
            elif before[counter.name] + needs[counter.name] > limit.limit and needs[counter.name]:
                assert counter in answer.over
            elif most[counter.name] + needs[counter.name] <= limit.limit:
                assert counter not in answer.over
            if isinstance(limit, Budget) and not limit.window.rolling:
                assert limit.soft is not None
                passes = before[counter.name] < limit.soft <= before[counter.name] + needs[counter.name]
                assert (counter in answer.soft) == passes

    def needs(self, counter: Counter, amount: int, agent: str) -> int:
        if isinstance(counter.limit, AgentCap):
            return 0 if agent in self.reference.active(counter, self.now) else 1
        return 1 if isinstance(counter.limit, Concurrency) else amount

    def check_refused(self, answer: Refused, most: dict[str, int], needs: dict[str, int]) -> None:
        counter, limit = answer.counter, answer.counter.limit
        assert not limit.observe
        assert limit.limit is not None
        assert most[counter.name] + needs[counter.name] > limit.limit, "there was room"
        assert answer.used + answer.held + needs[counter.name] > limit.limit
        assert min(answer.used, answer.held) >= 0
        if isinstance(limit, Concurrency) or needs[counter.name] > limit.limit:
            assert answer.free is None
        elif answer.free is not None:
            assert answer.free > self.now
            if isinstance(limit, AgentCap):
                assert len(self.reference.active(counter, answer.free)) < limit.limit
            elif slides(counter):
                at, length = answer.free, slides(counter)
                left = sum(part.amount for part in self.reference.all(counter) if part.at > at - length)
                assert left + needs[counter.name] <= limit.limit
            else:
                assert isinstance(limit, Budget)
                windows = [calendar(limit.window, at) for at in (self.now, answer.free - 1, answer.free)]
                assert windows[0] == windows[1] != windows[2]
        if isinstance(limit, AgentCap):
            active = self.reference.active(counter, self.now)
            assert sorted(answer.agents) == sorted(active)
            assert [active[agent] for agent in answer.agents] == sorted(active.values(), reverse=True)

    def settle(self, pick: int, share: int, *, unknown: bool = False) -> None:
        if not self.open:
            return
        id_ = self.open[pick % len(self.open)]
        parts = {part.of.name: part for part in self.reference.parts[id_]}
        if unknown:
            self.book.settle(Settled(id_, unknown=True), self.now)
            for part in parts.values():
                part.open = part.open and "|" in part.of.name
            if not any(part.open for part in parts.values()):
                self.open.remove(id_)
            return
        self.open.remove(id_)
        asked = [counter.name for counter in self.known[id_].counters]
        if not all(parts[name].open for name in asked if name in parts) or len(parts) < len(set(asked)):
            asked = [name for name in asked if "|" in name]  # unknown before, or before a crash: budgets alone
        amounts = tuple(parts[name].amount * share // 8 for name in asked)
        self.book.settle(Settled(id_, amounts), self.now)
        posted = dict(zip(asked, amounts, strict=True))
        for part in parts.values():
            if part.open:
                part.amount = max(0, min(part.amount, posted[part.of.name]))
                part.open = False
        budgets = dict.fromkeys(name for name in asked if "|" in name)
        self.ledger.facts.append((id_, tuple(parts[name].amount for name in budgets)))

    def ask_again(self, pick: int) -> None:
        if self.known:
            wanted = self.known[list(self.known)[pick % len(self.known)]]
            assert self.book.reserve(wanted) == Granted()

    def crash(self) -> None:
        self.book = self.ledger.recover(self.most)
        for id_, parts in self.reference.parts.items():
            self.reference.parts[id_] = [part for part in parts if "|" in part.of.name]
        self.open = [id_ for id_ in self.open if self.reference.parts[id_]]
        self.known = {id_: wanted for id_, wanted in self.known.items() if id_ in self.open}

    def check(self) -> None:
        """Every counter stands where the reference has it."""
        for number in range(COUNTERS):
            (standing,) = self.book.standing([of := counter(number, 100)], self.now)
            assert min(standing.used, standing.held) >= 0
            assert standing.resets >= self.now
            if isinstance(of.limit, Budget) and not slides(of):
                assert (standing.used, standing.held) == self.reference.sums(of, self.now)
            total = standing.used + standing.held
            least = sum(p.amount for p in self.reference.all(of) if p.at > self.now - slides(of)) if slides(of) else 0
            assert max(least, self.reference.worst(of, self.now)) <= total <= self.reference.most(of, self.now)
        pending = {id_: sum(amounts) for id_, _, _, amounts in self.book.pending()}
        for id_, parts in self.reference.parts.items():
            held = [part.amount for part in parts if part.open and "|" in part.of.name]
            assert pending.pop(id_, 0) == sum(held)
        assert pending == {}

    def finish(self) -> None:
        """All settles, and the ledger holds exactly what was posted."""
        while self.open:
            self.settle(0, 8)
        self.ledger.checkpoint(self.book)
        self.ledger.checkpoint(self.book)
        for number in range(len(BUDGETS)):
            of = counter(number, 100)
            assert sum(self.ledger.sums.get(of.name, {}).values()) == sum(p.amount for p in self.reference.all(of))
        assert self.book.pending() == []
        self.check()


def play(world: World, draw: random.Random, moves: int, *, durable: bool, every: int) -> None:
    """So many moves. Where only what is durable counts, the clock is set back by days, to moments that were; what is
    forgotten after two windows bears to be set back by one."""
    numbers = range(len(BUDGETS)) if durable else range(COUNTERS)
    for move in range(moves):
        kind = draw.random()
        if kind < 0.45:
            chosen = draw.sample(numbers, draw.randint(1, 4))
            counters = [counter(number, draw.choice((60, 100, 200)), observe=draw.random() < 0.1) for number in chosen]
            if draw.random() < 0.2:
                counters.append(counter(chosen[0], draw.choice((60, 100)), observe=draw.random() < 0.5))
            amount = {of.name: draw.choice((0, 1, 5, 20, 50, 150)) for of in counters}
            world.reserve(counters, [amount[of.name] for of in counters], draw.choice(AGENTS))
        elif kind < 0.65:
            world.settle(draw.randrange(1_000), draw.choice((-1, 0, 1, 4, 8, 9)))
        elif kind < 0.70:
            world.settle(draw.randrange(1_000), 0, unknown=True)
        elif kind < 0.74:
            world.ask_again(draw.randrange(1_000))
        elif kind < 0.88:
            world.now += draw.choice(STEPS)
            world.latest = max(world.latest, world.now)
        elif kind < 0.93:
            moments = [wanted.at for wanted in world.known.values()]
            world.now = draw.choice([START, *moments]) if durable else world.latest - draw.randrange(7 * SECOND)
        elif kind < 0.97:
            world.ledger.checkpoint(world.book)
        elif kind < 0.985:
            world.ledger.commit()
        else:
            world.crash()
        if move % every == 0:
            world.check()
    world.finish()


@given(st.randoms(use_true_random=False), st.integers(1, 80), st.booleans(), st.sampled_from([1, 4, 50]))
def test_the_book_is_never_above_a_limit_and_loses_nothing(
    draw: random.Random, moves: int, durable: bool, most: int
) -> None:
    play(World(most), draw, moves, durable=durable, every=1)


@pytest.mark.parametrize("seed", range(4))
def test_thousands_of_reservations(seed: int) -> None:
    world = World(most=8)
    play(world, random.Random(seed), 2_500, durable=seed % 2 == 0, every=50)
    assert world.count > 1_000
