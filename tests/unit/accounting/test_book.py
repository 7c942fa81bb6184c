"""The book holds whole reservations or none, of every kind of limit, and forgets nothing that matters."""

from collections.abc import Mapping

import pytest

from narrows.accounting.book import IDS, Book
from narrows.accounting.counters import name
from narrows.accounting.windows import DAY, HOUR, MINUTE, SECOND
from narrows.model.limits import Budget, Counted, Per, Scope, Unit, Window
from narrows.model.reservation import Counter, Granted, Refused, Settled, Wanted
from unit.accounting.bookkeeping import (
    MIDNIGHT,
    NOON,
    ROLLING_DAY,
    Store,
    agents,
    budget,
    changes,
    rate,
    refused,
    running,
    sums,
    want,
)  # fmt: skip


def test_what_is_held_and_then_settled() -> None:
    book, day = Book(), budget(100)
    assert book.reserve(want("a", NOON, (day, 60))) == Granted()
    assert sums(book, day, NOON) == (0, 60)
    answer = refused(book.reserve(want("b", NOON, (day, 41))))
    assert (answer.counter, answer.used, answer.held, answer.wanted) == (day, 0, 60, 41)
    book.settle(Settled("a", (10,)), NOON)
    assert sums(book, day, NOON) == (10, 0)
    assert book.reserve(want("b", NOON, (day, 90))) == Granted()
    assert isinstance(book.reserve(want("c", NOON, (day, 1))), Refused)


def test_all_or_nothing() -> None:
    book, day, month = Book(), budget(100), budget(50, Window(Per.MONTH))
    all_kinds = ((day, 60), (rate(100), 60), (running(2), 1), (agents(2), 1))
    answer = refused(book.reserve(want("a", NOON, *all_kinds, (month, 60))))
    assert answer.counter is month
    for counter, _ in (*all_kinds, (month, 0)):
        assert sums(book, counter, NOON) == (0, 0)
    assert book.pending() == []
    assert book.reserve(want("a", NOON, *all_kinds, (month, 50))) == Granted()
    assert [sums(book, counter, NOON) for counter, _ in all_kinds] == [(0, 60), (0, 60), (0, 1), (0, 1)]


def test_an_id_counts_once() -> None:
    book, day = Book(), budget(100)
    asked = want("a", NOON, (day, 60))
    assert book.reserve(asked) == Granted()
    assert book.reserve(asked) == Granted()
    assert sums(book, day, NOON) == (0, 60)
    book.settle(Settled("a", (60,)), NOON)
    assert book.reserve(asked) == Granted()
    book.settle(Settled("a", (60,)), NOON)
    book.restore("a", NOON, [day.name], [60])
    assert sums(book, day, NOON) == (60, 0)


def test_a_refused_id_may_be_asked_for_again() -> None:
    book, day = Book(), budget(100)
    assert isinstance(book.reserve(want("a", NOON, (day, 101))), Refused)
    assert book.reserve(want("a", NOON, (day, 100))) == Granted()
    assert sums(book, day, NOON) == (0, 100)


def test_settled_ids_are_remembered_for_a_while() -> None:
    book, one = Book(), running(1)
    for number in range(IDS + 5):
        assert book.reserve(want(str(number), NOON, (one, 1))) == Granted()
        book.settle(Settled(str(number), (1,)), NOON)
    assert book.reserve(want("0", NOON, (one, 1))) == Granted()
    assert sums(book, one, NOON) == (0, 0)
    for number in range(2 * IDS):
        book.reserve(want(f"b{number}", NOON, (one, 1)))
        book.settle(Settled(f"b{number}"), NOON)
    assert book.reserve(want("0", NOON, (one, 1))) == Granted()
    assert sums(book, one, NOON) == (0, 1)


@pytest.mark.parametrize(
    ("amounts", "posted"), [((), 0), ((40,), 40), ((1_000,), 60), ((-5,), 0), ((0,), 0), ((10, 10, 10), 10)]
)
def test_what_is_posted_is_clipped_to_what_was_held(amounts: tuple[int, ...], posted: int) -> None:
    for counter in (budget(100), budget(100, ROLLING_DAY), rate(100)):
        book = Book()
        book.reserve(want("a", NOON, (counter, 60)))
        book.settle(Settled("a", amounts), NOON)
        assert sums(book, counter, NOON) == (posted, 0)


def test_an_amount_that_is_missing_is_what_was_held() -> None:
    book, day, month = Book(), budget(100), budget(100, Window(Per.MONTH))
    book.reserve(want("a", NOON, (day, 60), (month, 60)))
    book.settle(Settled("a", (10,)), NOON)
    assert (sums(book, day, NOON), sums(book, month, NOON)) == ((10, 0), (60, 0))


def test_an_unknown_id_settles_nothing() -> None:
    book, day = Book(), budget(100)
    book.reserve(want("a", NOON, (day, 60)))
    book.settle(Settled("b", (60,)), NOON)
    assert sums(book, day, NOON) == (0, 60)


def test_a_negative_amount_is_an_error_and_holds_nothing() -> None:
    book, day, month = Book(), budget(100), budget(100, Window(Per.MONTH))
    with pytest.raises(ValueError, match="negative"):
        book.reserve(want("a", NOON, (day, 5), (month, -5)))
    with pytest.raises(ValueError, match="negative"):
        book.restore("a", NOON, [day.name], [-5])
    with pytest.raises(ValueError, match="negative"):
        book.post(day.name, NOON, -5)
    with pytest.raises(ValueError, match="zip"):
        book.reserve(Wanted("a", NOON, (day, month), (5,)))
    assert (sums(book, day, NOON), sums(book, month, NOON)) == ((0, 0), (0, 0))


def test_each_window_begins_anew() -> None:
    book, day = Book(), budget(100)
    book.reserve(want("a", NOON, (day, 100)))
    book.settle(Settled("a", (100,)), NOON)
    answer = refused(book.reserve(want("b", MIDNIGHT - 1, (day, 1))))
    assert answer.free == MIDNIGHT
    assert book.reserve(want("b", MIDNIGHT, (day, 100))) == Granted()


def test_what_settles_late_belongs_to_the_window_it_was_held_in() -> None:
    book, day = Book(), budget(100)
    book.reserve(want("a", MIDNIGHT - 1, (day, 60)))
    book.reserve(want("b", MIDNIGHT, (day, 70)))
    assert sums(book, day, MIDNIGHT) == (0, 70)
    book.settle(Settled("a", (50,)), MIDNIGHT + 5)
    assert sums(book, day, MIDNIGHT) == (0, 70)
    assert sums(book, day, MIDNIGHT - 1) == (50, 0)
    # The clock is set back: that window goes on where it was.
    assert isinstance(book.reserve(want("c", MIDNIGHT - 2, (day, 51))), Refused)
    assert book.reserve(want("c", MIDNIGHT - 2, (day, 50))) == Granted()
    assert sums(book, day, MIDNIGHT) == (0, 70)


def test_a_rolling_window_lets_go_bucket_by_bucket() -> None:
    book, day = Book(), budget(100, ROLLING_DAY)
    for id_, at in (("a", NOON), ("b", NOON + HOUR)):
        book.reserve(want(id_, at, (day, 50)))
        book.settle(Settled(id_, (50,)), at)
    answer = refused(book.reserve(want("c", NOON + 2 * HOUR, (day, 10))))
    assert answer.free == NOON + DAY + 15 * MINUTE
    assert refused(book.reserve(want("c", NOON + 2 * HOUR, (day, 60)))).free == NOON + HOUR + DAY + 15 * MINUTE
    assert refused(book.reserve(want("c", NOON + 2 * HOUR, (day, 101)))).free is None
    assert isinstance(book.reserve(want("c", answer.free - 1, (day, 10))), Refused)
    assert book.reserve(want("c", answer.free, (day, 10))) == Granted()
    assert book.standing([day], answer.free)[0].resets == answer.free + DAY + 15 * MINUTE


def test_a_rate_has_no_double_window_at_the_boundary() -> None:
    book, calls = Book(), rate(60)
    for number in range(60):
        at = NOON + 59 * SECOND + number * SECOND // 60
        assert book.reserve(want(str(number), at, (calls, 1))) == Granted()
        book.settle(Settled(str(number), (1,)), at)
    answer = refused(book.reserve(want("x", NOON + MINUTE, (calls, 1))))
    assert answer.free == NOON + 59 * SECOND + MINUTE + SECOND
    assert book.reserve(want("x", answer.free, (calls, 1))) == Granted()


def test_what_lies_ahead_counts_after_the_clock_was_set_back() -> None:
    for counter in (rate(100), budget(100, ROLLING_DAY)):
        book = Book()
        book.reserve(want("a", NOON, (counter, 60)))
        book.settle(Settled("a", (60,)), NOON)
        assert isinstance(book.reserve(want("b", NOON - 3 * DAY, (counter, 41))), Refused)
        assert book.reserve(want("b", NOON - 3 * DAY, (counter, 40))) == Granted()


def test_so_many_at_once() -> None:
    book, two = Book(), running(2)
    assert book.reserve(want("a", NOON, (two, 1))) == Granted()
    assert book.reserve(want("b", NOON, (two, 1))) == Granted()
    answer = refused(book.reserve(want("c", NOON, (two, 1))))
    assert (answer.used, answer.held, answer.free) == (0, 2, None)
    book.settle(Settled("a"), NOON)
    assert book.reserve(want("c", NOON, (two, 1))) == Granted()
    book.settle(Settled("b", (1,)), NOON)
    book.settle(Settled("c", (1,)), NOON)
    assert sums(book, two, NOON) == (0, 0)


def test_the_fourth_agent_is_told_the_other_three() -> None:
    book, three = Book(), agents(3)
    for number, agent in enumerate(("one", "two", "three", "two")):
        assert book.reserve(want(f"{number}", NOON + number, (three, 1), agent=agent)) == Granted()
        book.settle(Settled(f"{number}", (1,)), NOON + number)
    answer = refused(book.reserve(want("x", NOON + 9, (three, 1), agent="four")))
    assert answer.agents == ("two", "three", "one")
    assert (answer.used, answer.held, answer.free) == (3, 0, NOON + 5 * MINUTE)
    assert book.reserve(want("x", NOON + 9, (three, 1), agent="one")) == Granted()
    later = NOON + 5 * MINUTE + 2
    assert book.reserve(want("y", later, (three, 1), agent="four")) == Granted()
    assert [(found.agent, found.running) for found in book.agents(later)] == [("four", 1), ("one", 1), ("two", 0)]


def test_observed_limits_count_and_are_told_but_never_refuse() -> None:
    book = Book()
    watched = (budget(10, observe=True), rate(10, observe=True), running(0, observe=True), agents(0, observe=True))
    assert book.reserve(want("a", NOON, *((counter, 50) for counter in watched), agent="x")) == Granted(over=watched)
    assert [sums(book, counter, NOON) for counter in watched] == [(0, 50), (0, 50), (0, 1), (0, 1)]


def test_a_soft_threshold_is_told_when_it_is_passed() -> None:
    book, day = Book(), budget(100, soft=80)
    assert book.reserve(want("a", NOON, (day, 79))) == Granted()
    assert book.reserve(want("b", NOON, (day, 1))) == Granted(soft=(day,))
    assert book.reserve(want("c", NOON, (day, 1))) == Granted()
    book.settle(Settled("a", (0,)), NOON)
    assert book.reserve(want("d", NOON, (day, 98))) == Granted(soft=(day,))


def test_two_limits_on_the_same_count_once() -> None:
    book, strict, watched = Book(), budget(100), budget(50, observe=True)
    assert book.reserve(want("a", NOON, (strict, 60), (watched, 60))) == Granted(over=(watched,))
    assert sums(book, strict, NOON) == (0, 60)
    assert book.pending() == [("a", NOON, (strict.name,), (60,))]
    assert isinstance(book.reserve(want("b", NOON, (watched, 41), (strict, 41))), Refused)
    book.settle(Settled("a", (30, 30)), NOON)
    assert sums(book, strict, NOON) == (30, 0)
    with pytest.raises(ValueError, match="two amounts"):
        book.reserve(want("b", NOON, (strict, 1), (watched, 2)))
    assert sums(book, strict, NOON) == (30, 0)
    book.restore("c", NOON, [strict.name, strict.name], [5, 5])
    assert sums(book, strict, NOON) == (30, 5)


def test_an_edited_limit_keeps_what_was_counted() -> None:
    book = Book()
    book.reserve(want("a", NOON, (budget(100), 60)))
    answer = refused(book.reserve(want("b", NOON, (budget(50), 1))))
    assert (answer.held, answer.free) == (60, MIDNIGHT)
    book.settle(Settled("a", (60,)), NOON)  # of a limit that nobody has any more
    assert book.reserve(want("b", NOON, (budget(61), 1))) == Granted()


def test_where_the_outcome_is_unknown_budgets_go_on_holding() -> None:
    book, day, tokens, one, cap = Book(), budget(100), rate(100), running(1), agents(1)
    book.reserve(want("a", NOON, (day, 60), (tokens, 60), (one, 1), (cap, 1), agent="x"))
    book.settle(Settled("a", unknown=True), NOON)
    assert [sums(book, counter, NOON) for counter in (day, tokens, one, cap)] == [(0, 60), (60, 0), (0, 0), (1, 0)]
    assert book.pending() == [("a", NOON, (day.name,), (60,))]
    book.settle(Settled("a", unknown=True), NOON)
    assert book.reserve(want("a", NOON, (day, 60))) == Granted()
    assert sums(book, day, NOON) == (0, 60)
    book.settle(Settled("a", (50,)), NOON)
    assert [sums(book, counter, NOON) for counter in (day, tokens)] == [(50, 0), (60, 0)]
    book.reserve(want("b", NOON, (one, 1)))
    book.settle(Settled("b", unknown=True), NOON)
    assert sums(book, one, NOON) == (0, 0)


def test_what_has_settled_of_durable_counters_has_changed() -> None:
    book, day, hours = Book(), budget(100), budget(100, ROLLING_DAY)
    book.reserve(want("a", NOON + 1, (day, 60), (hours, 60), (rate(100), 60)))
    assert changes(book) == []
    book.settle(Settled("a", (50, 50, 50)), NOON + 1)
    assert sorted(changes(book)) == sorted([(day.name, NOON - 12 * HOUR, 50), (hours.name, NOON, 50)])
    assert changes(book) == []
    book.post(day.name, NOON, 7)
    assert changes(book) == [(day.name, NOON - 12 * HOUR, 57)]
    assert sums(book, day, NOON) == (57, 0)


def test_a_book_that_begins_with_what_another_kept() -> None:
    store, day, hours = Store(), budget(100), budget(100, ROLLING_DAY)
    book = Book(store.load)
    for number, at in enumerate((NOON - DAY, NOON - HOUR, NOON)):
        book.reserve(want(str(number), at, (day, 30), (hours, 30)))
        book.settle(Settled(str(number), (30, 30)), at)
    book.reserve(want("x", NOON, (day, 10), (hours, 10)))
    pending = book.pending()
    store.take(book)
    book = Book(store.load)
    for id_, at, names, amounts in pending:
        book.restore(id_, at, names, amounts)
    assert (sums(book, day, NOON), sums(book, hours, NOON)) == ((60, 10), (90, 10))
    assert book.pending() == pending
    book.settle(Settled("x", (5, 5)), NOON)
    assert (sums(book, day, NOON), sums(book, hours, NOON)) == ((65, 0), (95, 0))
    assert sums(book, day, NOON - DAY) == (30, 0)


@pytest.mark.parametrize("counter", [rate(5).name, "p|tokens|year|UTC|user|x", "", "p|tokens|day|Nowhere/X|user|x"])
def test_only_budgets_counters_are_restored(counter: str) -> None:
    book, day = Book(), budget(100)
    book.reserve(want("r", NOON, (rate(5), 1)))
    with pytest.raises(ValueError, match=r".+"):
        book.restore("a", NOON, [day.name, counter], [5, 5])
    with pytest.raises(ValueError, match=r".+"):
        book.post(counter, NOON, 5)
    assert sums(book, day, NOON) == (0, 0)
    assert book.pending() == []


def test_what_cannot_be_loaded_holds_nothing() -> None:
    broken = True

    def load(counter: str) -> Mapping[int, int]:
        if broken and "month" in counter:
            raise OSError
        return {}

    book, day, month = Book(load), budget(100), budget(100, Window(Per.MONTH))
    asked = want("a", NOON, (day, 60), (month, 60))
    with pytest.raises(OSError):  # noqa: PT011 — it is load's own
        book.reserve(asked)
    assert sums(book, day, NOON) == (0, 0)
    broken = False
    assert book.reserve(asked) == Granted()
    assert (sums(book, day, NOON), sums(book, month, NOON)) == ((0, 60), (0, 60))


def test_memory_is_bounded_and_what_was_dropped_comes_back() -> None:
    store = Store()
    book = Book(store.load, most=100)
    for number in range(2_000):
        day = budget(100, subject=str(number))
        book.reserve(want(str(number), NOON, (day, 10), (running(5), 1)))
        book.settle(Settled(str(number), (number % 10, 1)), NOON)
        if number % 10 == 9:
            store.take(book)
    assert len(book) <= 130
    for number in range(2_000):
        assert sums(book, budget(100, subject=str(number)), NOON) == (number % 10, 0)


def test_what_is_held_or_not_yet_told_is_never_dropped() -> None:
    book = Book(Store().load, most=10)
    for number in range(100):
        book.reserve(want(str(number), NOON, (budget(100, subject=f"held {number}"), 10)))
        book.reserve(want(f"s{number}", NOON, (budget(100, subject=f"settled {number}"), 10)))
        book.settle(Settled(f"s{number}", (10,)), NOON)
    for number in range(100):
        assert sums(book, budget(100, subject=f"held {number}"), NOON) == (0, 10)
        assert sums(book, budget(100, subject=f"settled {number}"), NOON) == (10, 0)


def test_a_reservation_of_many_counters_drops_none_of_its_own() -> None:
    book = Book(Store().load, most=2)
    many = [budget(100, subject=str(number)) for number in range(20)]
    for turn in range(3):
        assert book.reserve(want(str(turn), NOON, *((counter, 10) for counter in many))) == Granted()
        assert [sums(book, counter, NOON) for counter in many] == [(0, 10)] * 20
        book.settle(Settled(str(turn), (0,) * 20), NOON)


def test_rates_and_agents_are_dropped_when_they_are_over() -> None:
    book = Book(most=10)

    def of(who: str) -> tuple[Counter, Counter]:
        tokens, cap = rate(5).limit, agents(5).limit
        return Counter(f"p|tokens|rate|user|{who}", tokens, who), Counter(f"p|agents|5|user|{who}", cap, who)

    for number in range(200):
        book.reserve(want(str(number), NOON, *((counter, 5) for counter in of(str(number)))))
        book.settle(Settled(str(number), (5, 1)), NOON)
    assert len(book) == 400
    assert isinstance(book.reserve(want("x", NOON, (of("0")[0], 1))), Refused)
    for number in range(300):
        at = NOON + HOUR
        book.reserve(want(f"b{number}", at, *((counter, 5) for counter in of(f"b{number}"))))
        book.settle(Settled(f"b{number}"), at)
    assert len(book) < 650


def test_standing_of_what_was_never_asked_for() -> None:
    book = Book()
    counted: tuple[tuple[Counter, int], ...] = (
        (budget(5), MIDNIGHT),
        (budget(5, ROLLING_DAY), NOON),
        (rate(5), NOON),
        (running(5), NOON),
        (agents(5), NOON),
    )
    for counter, resets in counted:
        (standing,) = book.standing([counter], NOON)
        assert (standing.counter, standing.used, standing.held, standing.resets) == (counter, 0, 0, resets)


def test_an_unknown_zone_is_an_error() -> None:
    window = Window(Per.DAY, zone="Nowhere/Else")
    limit: Counted = Budget("p", Unit.TOKENS, window, Scope.USER, 5)
    book, day = Book(), budget(5)
    unknown = Counter(name("p", Unit.TOKENS, window, Scope.USER, "x"), limit, "x")
    with pytest.raises(ValueError, match="time zone"):
        book.reserve(want("a", NOON, (day, 1), (unknown, 1)))
    assert sums(book, day, NOON) == (0, 0)
