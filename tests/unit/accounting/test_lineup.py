"""The short way holds what the long one would, changes nothing where it says no, and is closed to what was dropped."""

import itertools

import msgspec
import pytest

from narrows.accounting.book import Book
from narrows.accounting.lineup import Lineup
from narrows.accounting.sums import RollingSums
from narrows.accounting.tally import Running
from narrows.accounting.windows import MINUTE, SECOND, sliding
from narrows.model.reservation import Counter, Granted, Refused, Settled, Wanted
from unit.accounting.bookkeeping import NOON, agents, budget, rate, running, sums

ALL = (budget(100, soft=50), rate(100), running(2), agents(3))


def ask(book: Book, number: int, amounts: tuple[int, ...], at: int = NOON, now: int = 0, agent: str = "a") -> object:
    return book.reserve(Wanted(str(number), at, ALL, amounts, agent, now))


def standing(book: Book) -> list[tuple[int, int]]:
    return [sums(book, counter, NOON) for counter in ALL]


def test_the_same_is_held_the_second_time_and_all_of_it_settles() -> None:
    book = Book()
    assert ask(book, 1, (10, 10, 1, 1)) == Granted()
    assert ask(book, 2, (10, 10, 1, 1)) == Granted()
    assert standing(book) == [(0, 20), (0, 20), (0, 2), (0, 1)]
    assert book.settle(Settled("2", (4, 5, 1, 1)), NOON)
    assert not book.settle(Settled("1", (0, 5, 1, 1)), NOON), "nothing durable was posted"
    assert standing(book) == [(4, 0), (10, 0), (0, 0), (1, 0)]


@pytest.mark.parametrize(
    ("amounts", "which"),
    [((101, 1, 1, 1), 0), ((1, 101, 1, 1), 1), ((1, 1, 1, 1), 2)],
)
def test_where_something_lacks_nothing_is_held(amounts: tuple[int, ...], which: int) -> None:
    book = Book()
    for number in range(2 if which == 2 else 1):
        ask(book, number, (10, 10, 1, 1))
    before = standing(book)
    answer = ask(book, 9, amounts)
    assert isinstance(answer, Refused)
    assert answer.counter is ALL[which]
    assert standing(book) == before


def test_another_agent_is_let_in_the_long_way() -> None:
    book = Book()
    for number, name in enumerate(("a", "b")):
        assert ask(book, number, (1, 1, 1, 1), agent=name) == Granted()
    assert standing(book)[3] == (0, 2)


def test_an_agent_that_only_one_of_two_limits_knows_ends_with_its_call() -> None:
    book, others = Book(), Counter("|agents|5|user|alice", agents(3).limit, "alice")
    both = (others, agents(3))
    for number, (counters, agent) in enumerate([(both, "a"), ((others,), "b"), (both, "b"), (both, "b")]):
        amounts = (1,) * len(counters)
        assert book.reserve(Wanted(str(number), NOON, counters, amounts, agent)) == Granted()
        book.settle(Settled(str(number), amounts), NOON)
    assert [(sums(book, counter, NOON), sums(book, counter, NOON + 5 * MINUTE)) for counter in both] == [
        ((2, 0), (0, 0)),
        ((2, 0), (0, 0)),
    ]


def test_a_refused_call_is_no_sign_of_life_of_its_agent() -> None:
    book, others = Book(), Counter("|agents|5|user|alice", agents(3).limit, "alice")
    both = (others, agents(1))
    for number, (counters, agent) in enumerate([(both, "a"), ((others,), "b")]):
        book.reserve(Wanted(str(number), NOON, counters, (1,) * len(counters), agent))
        book.settle(Settled(str(number)), NOON)
    assert isinstance(book.reserve(Wanted("2", NOON + MINUTE, both, (1, 1), "b")), Refused)
    assert sums(book, others, NOON + 5 * MINUTE) == (0, 0)


def test_a_threshold_is_told_once() -> None:
    book = Book()
    assert [ask(book, 1, (30, 1, 1, 1)), ask(book, 2, (30, 1, 1, 1))] == [Granted(), Granted(soft=(ALL[0],))]
    book.settle(Settled("1", (30, 1, 1, 1)), NOON)
    assert ask(book, 3, (30, 1, 1, 1)) == Granted()


def test_rates_count_when_a_call_goes_on_and_budgets_when_it_came() -> None:
    book = Book()
    later = NOON + 40 * SECOND
    for number in range(2):
        ask(book, number, (10, 10, 1, 1), at=NOON, now=later)
        book.settle(Settled(str(number), (10, 10, 1, 1)), NOON)
    after = NOON + MINUTE + 5 * SECOND
    assert sums(book, ALL[1], after) == (20, 0), "the call went on less than a minute ago"
    assert sums(book, ALL[1], later + MINUTE + 2 * SECOND) == (0, 0)


NUMBERS = itertools.count()


def one_of(counters: tuple[Counter, ...], at: int = NOON) -> Wanted:
    return Wanted(f"c{next(NUMBERS)}", at, counters, (1,) * len(counters))


def test_what_is_counted_twice_counts_once_whichever_way_it_goes() -> None:
    book, rates = Book(), (rate(2),)
    first, second = one_of(rates), one_of(rates)
    assert [book.count(one) for one in (first, first, second, second, first)] == [Granted()] * 5
    assert sums(book, rates[0], NOON) == (2, 0)
    third = one_of(rates)
    assert isinstance(book.count(third), Refused)
    assert isinstance(book.count(third), Refused)
    assert book.count(second) == Granted()
    # Ids of what is reserved are others.
    assert isinstance(book.reserve(first), Refused)


def test_what_is_counted_may_be_more_than_one_of_each() -> None:
    book, rates = Book(), (rate(9),)
    for amount in (4, 1):
        book.count(msgspec.structs.replace(one_of(rates), amounts=(amount,)))
    assert sums(book, rates[0], NOON) == (5, 0)


def test_when_there_is_room_for_one_more() -> None:
    book, rates = Book(), (rate(1),)
    assert book.free(rates[0], NOON) == NOON
    assert book.free(rate(0, 9 * SECOND), NOON) is None
    book.count(one_of(rates))
    free = book.free(rates[0], NOON)
    assert free is not None
    assert NOON + MINUTE <= free <= NOON + MINUTE + 2 * SECOND
    assert book.count(one_of(rates, free)) == Granted()


def test_calls_are_counted_in_one_step_all_or_none() -> None:
    book, both = Book(), (rate(3), rate(2, 7 * SECOND))
    assert book.has_room(both, NOON)
    assert [book.count(one_of(both)) for _ in range(2)] == [Granted(), Granted()]
    assert not book.has_room(both, NOON)
    answer = book.count(one_of(both))
    assert isinstance(answer, Refused)
    assert answer.counter is both[1]
    assert [sums(book, one, NOON) for one in both] == [(2, 0), (2, 0)]


def test_counting_past_a_rate_that_observes_is_told_each_time() -> None:
    book, watched = Book(), (rate(1, observe=True),)
    assert [book.count(one_of(watched)) for _ in range(3)] == [Granted(), Granted(watched), Granted(watched)]
    assert sums(book, watched[0], NOON) == (3, 0)


def test_what_was_dropped_is_found_anew() -> None:
    book, one, other = Book(most=1), (rate(5),), (rate(5, 7 * SECOND),)
    for at in (NOON, NOON + 10 * MINUTE):
        assert book.count(one_of(one, at)) == Granted()
        assert book.count(one_of(other, at + 5 * MINUTE)) == Granted()
        assert sums(book, other[0], at + 5 * MINUTE) == (1, 0)
    assert book.count(one_of(one, NOON + 30 * MINUTE)) == Granted()
    assert sums(book, one[0], NOON + 30 * MINUTE) == (1, 0)


def test_counters_in_another_order_or_of_one_name_go_the_long_way() -> None:
    def lined(*counters: Counter) -> Lineup:
        tallies = tuple(
            Running(one.name) if "at once" in one.name else RollingSums(one.name, sliding(MINUTE), None)
            for one in counters
        )
        return Lineup(counters, tallies)

    assert lined(rate(1), running(1)).plain
    assert not lined(running(1), rate(1)).plain
    twice = RollingSums("x", sliding(MINUTE), None)
    assert not Lineup((rate(1), rate(2)), (twice, twice)).plain
