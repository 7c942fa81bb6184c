"""Whatever is reserved, settled, asked again, unknown or lost in a crash, and wherever the clock goes: no window ever
holds more than its limit, nothing is ever below zero, and what was posted is what the ledger says.

The reference knows nothing of buckets: it remembers every reservation and adds up. For windows that slide it says what
a book must not grant (any true stretch above the limit) and what it must not refuse (room even for a little more time).
"""

import random
from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrows.accounting.book import Book
from narrows.model.limits import AgentCap, Budget, Concurrency, Rate
from narrows.model.reservation import Counter, Granted, Refused, Settled, Wanted
from property.reckoning import (
    AGENTS,
    BUDGETS,
    COUNTERS,
    SECOND,
    START,
    STEPS,
    Part,
    Reference,
    calendar,
    counter,
    slides,
)
from unit.accounting.bookkeeping import changes


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
        self._told, self._told_at = changes(book), len(self.facts)

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
        self.lineups: list[tuple[Counter, ...]] = []
        one, other = counter(len(BUDGETS), 60), counter(len(BUDGETS) + 1, 30)
        self.rates = ((one,), (other,), (one, other), (counter(len(BUDGETS), 60, observe=True), other))
        self.count = 0

    def reserve(self, counters: tuple[Counter, ...], amounts: Sequence[int], agent: str, lag: int = 0) -> None:
        """`lag`: so long the call has waited since the moment that says which windows of budgets it belongs to."""
        self.count += 1
        wanted = Wanted(str(self.count), self.now - lag, counters, tuple(amounts), agent, self.now)
        at = {counter.name: wanted.at if isinstance(counter.limit, Budget) else self.now for counter in counters}
        before = {counter.name: self.reference.worst(counter, at[counter.name]) for counter in counters}
        most = {counter.name: self.reference.most(counter, at[counter.name]) for counter in counters}
        answer = self.book.reserve(wanted)
        needs = {
            counter.name: self.needs(counter, amount, agent) for counter, amount in zip(counters, amounts, strict=True)
        }
        if isinstance(answer, Refused):
            self.check_refused(answer, most, needs, at[answer.counter.name])
            return
        self.open.append(wanted.id)
        self.known[wanted.id] = wanted
        self.reference.add(wanted)
        budgets = {
            counter.name: amount for counter, amount in zip(counters, amounts, strict=True) if "|" in counter.name
        }
        self.ledger.facts.append((wanted.id, wanted.at, tuple(budgets), tuple(budgets.values())))
        for of in counters:
            limit = of.limit
            assert limit.limit is not None
            if not limit.observe:
                grew = needs[of.name] or isinstance(limit, Budget | Rate)
                assert not grew or self.reference.worst(of, at[of.name]) <= limit.limit
            elif before[of.name] + needs[of.name] > limit.limit and needs[of.name]:
                assert of in answer.over
            elif most[of.name] + needs[of.name] <= limit.limit:
                assert of not in answer.over
            if isinstance(limit, Budget) and not limit.window.rolling:
                assert limit.soft is not None
                passes = before[of.name] < limit.soft <= before[of.name] + needs[of.name]
                assert (of in answer.soft) == passes

    def needs(self, counter: Counter, amount: int, agent: str) -> int:
        if isinstance(counter.limit, AgentCap):
            return 0 if agent in self.reference.active(counter, self.now) else 1
        return 1 if isinstance(counter.limit, Concurrency) else amount

    def check_refused(self, answer: Refused, most: dict[str, int], needs: dict[str, int], at: int) -> None:
        counter, limit = answer.counter, answer.counter.limit
        assert not limit.observe
        assert limit.limit is not None
        assert most[counter.name] + needs[counter.name] > limit.limit, "there was room"
        assert answer.used + answer.held + needs[counter.name] > limit.limit
        assert min(answer.used, answer.held) >= 0
        if isinstance(limit, Concurrency) or needs[counter.name] > limit.limit:
            assert answer.free is None
        elif answer.free is not None:
            assert answer.free > at
            if isinstance(limit, AgentCap):
                assert len(self.reference.active(counter, answer.free)) < limit.limit
            elif slides(counter):
                begin = answer.free - slides(counter)
                left = sum(part.amount for part in self.reference.all(counter) if part.at > begin)
                assert left + needs[counter.name] <= limit.limit
            else:
                assert isinstance(limit, Budget)
                windows = [calendar(limit.window, moment) for moment in (at, answer.free - 1, answer.free)]
                assert windows[0] == windows[1] != windows[2]
        if isinstance(limit, AgentCap):
            active = self.reference.active(counter, self.now)
            assert sorted(answer.agents) == sorted(active)
            assert [active[agent] for agent in answer.agents] == sorted(active.values(), reverse=True)

    def count_rates(self, counters: tuple[Counter, ...]) -> None:
        """One call more, on each of these rates or on none."""
        before = {counter.name: self.reference.worst(counter, self.now) for counter in counters}
        most = {counter.name: self.reference.most(counter, self.now) for counter in counters}
        room = self.book.has_room(counters, self.now)
        assert room or any(most[of.name] >= (of.limit.limit or 0) for of in counters)
        self.count += 1
        asked = Wanted(f"counted {self.count}", self.now, counters, (1,) * len(counters))
        answer = self.book.count(asked)
        if isinstance(answer, Refused):
            self.check_refused(answer, most, dict.fromkeys(most, 1), self.now)
            return
        assert self.book.count(asked) == Granted(), "it is counted already"
        self.reference.parts[asked.id] = [Part(of, self.now, 1, open=False) for of in counters]
        for of in counters:
            assert of.limit.limit is not None
            assert not room or before[of.name] < of.limit.limit
            assert of.limit.observe or before[of.name] < of.limit.limit

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
        for counters in self.lineups:
            apart = [standing for of in counters for standing in self.book.standing([of], self.now)]
            taken = [number for one in apart for number in (one.used + one.held, one.resets)]
            assert list(self.book.taken(counters, self.now)) == taken
            assert list(self.book.standing(counters, self.now)) == apart
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


def lineup(world: World, draw: random.Random, numbers: range) -> tuple[Counter, ...]:
    """A tuple of counters that was asked for before, as most are, or another."""
    if world.lineups and draw.random() < 0.7:
        return draw.choice(world.lineups)
    chosen = draw.sample(numbers, draw.randint(1, 4))
    if draw.random() < 0.5:
        chosen.sort()
    counters = [counter(number, draw.choice((60, 100, 200)), observe=draw.random() < 0.1) for number in chosen]
    if draw.random() < 0.2:
        counters.append(counter(chosen[0], draw.choice((60, 100)), observe=draw.random() < 0.5))
    world.lineups = [*world.lineups[-5:], tuple(counters)]
    return world.lineups[-1]


def play(world: World, draw: random.Random, moves: int, *, durable: bool, every: int) -> None:
    """So many moves. Where only what is durable counts, the clock is set back by days, to moments that were; what is
    forgotten after two windows bears to be set back by one."""
    numbers = range(len(BUDGETS)) if durable else range(COUNTERS)
    for move in range(moves):
        kind = draw.random()
        if kind < 0.45:
            counters = lineup(world, draw, numbers)
            amount = {of.name: draw.choice((0, 1, 5, 20, 50, 150)) for of in counters}
            lag = draw.choice((0, 0, 0, SECOND // 3, 7 * SECOND))
            world.reserve(counters, [amount[of.name] for of in counters], draw.choice(AGENTS), lag)
            if not durable and draw.random() < 0.3:
                world.count_rates(draw.choice(world.rates))
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
