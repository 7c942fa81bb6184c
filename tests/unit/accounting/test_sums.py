"""Sums know their buckets: those of the window count, others are kept aside, dropped, and loaded again."""

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from narrows.accounting.sums import CalendarSums, RollingSums, Sums
from narrows.accounting.tally import Kept
from narrows.accounting.windows import DAY, HOUR, MINUTE, SECOND, Calendar, rolling, sliding
from narrows.model.limits import Per, Window
from narrows.model.reservation import Wanted
from unit.accounting.bookkeeping import changed

WANTED = Wanted("id", 0, (), ())
START = 20_000 * DAY


class Store:
    """Keeps what changes tell."""

    def __init__(self, **sums: Mapping[int, int]) -> None:
        self.sums = {name: dict(buckets) for name, buckets in sums.items()}
        self.loads = 0

    def load(self, name: str) -> Mapping[int, int]:
        self.loads += 1
        return self.sums.get(name, {})

    def take(self, kept: Kept, sums: Sums) -> None:
        self.sums.setdefault(sums.name, {}).update(changed(kept, sums))
        kept.turn()


def spend(sums: Sums, at: int, amount: int) -> None:
    if not sums.since <= at < sums.until:
        sums.move(at)
    sums.settle(sums.hold(WANTED, amount), amount, amount)


def minutes(store: Store) -> tuple[Kept, CalendarSums]:
    kept = Kept(store.load)
    return kept, CalendarSums("n", Window(Per.MINUTE), Calendar(), kept)


def used(sums: Sums, at: int) -> int:
    sums.move(at)
    return sums.used


def test_windows_that_are_over_are_dropped_and_loaded_again() -> None:
    store = Store()
    kept, sums = minutes(store)
    for number in range(50):
        spend(sums, START + number * MINUTE, number)
        store.take(kept, sums)
    assert store.loads == 1
    assert [used(sums, START + number * MINUTE) for number in range(50)] == list(range(50))
    assert store.loads > 40
    spend(sums, START, 7)
    store.take(kept, sums)
    assert store.sums["n"][START] == 7


def test_what_is_not_kept_yet_or_held_is_not_dropped() -> None:
    store = Store()
    _, sums = minutes(store)
    sums.move(START)
    bucket = sums.hold(WANTED, 9)
    for number in range(1, 50):
        spend(sums, START + number * MINUTE, number)
    assert [used(sums, START + number * MINUTE) for number in range(50)] == list(range(50))
    assert store.loads == 1
    sums.move(START)
    assert sums.held == 9
    sums.move(START + MINUTE)
    assert (sums.lacks(WANTED, 9), sums.lacks(WANTED, None)) == (False, False)
    sums.settle(bucket, 9, 4)
    assert (sums.held, used(sums, START)) == (0, 4)
    assert [sums.lacks(WANTED, limit) for limit in (3, 4, 5, None)] == [True, True, False, False]


def test_a_bucket_that_begins_where_none_does_any_more_belongs_to_the_one_it_is_in() -> None:
    """Say that a law has moved midnight since it was kept."""
    own = START + DAY
    store = Store(moved={own + HOUR: 5, own + 2 * HOUR: 6}, kept={own + HOUR: 5, own: 7}, bad={own: -3})
    for name, sum_ in (("moved", 11), ("kept", 7), ("bad", 0)):
        assert used(CalendarSums(name, Window(Per.DAY), Calendar(), Kept(store.load)), own) == sum_


def test_a_sum_asked_for_without_its_window_is_that_of_the_bucket() -> None:
    _, sums = minutes(Store(n={START: 5}))
    sums.move(START + MINUTE)
    bucket = sums.find(START)
    assert bucket.used == 5
    sums.post(bucket, 3)
    sums.add(bucket, 2)
    assert (sums.used, sums.held) == (0, 0)
    sums.move(START)
    assert (sums.used, sums.held) == (8, 2)
    sums.post(bucket, 3)
    sums.add(bucket, 2)
    assert (sums.used, sums.held) == (11, 4)


def test_old_buckets_of_a_rolling_sum_are_dropped_and_loaded_again() -> None:
    store = Store()
    kept = Kept(store.load)
    sums = RollingSums("n", rolling(Per.MINUTE), kept)
    for number in range(1_000):
        spend(sums, START + number * SECOND, 1)
        store.take(kept, sums)
    assert len(sums._buckets) < 300
    assert store.loads == 1
    assert used(sums, START + 999 * SECOND) == 61
    # Back at the beginning everything since counts, as it lies ahead.
    assert used(sums, START) == 1_000
    assert used(sums, START + 999 * SECOND) == 61
    assert used(sums, START + 1_060 * SECOND) == 0
    store.take(kept, sums)
    assert (sums.resets(5), sums.spent(0)) == (5, True)


def test_a_rate_forgets_what_is_older_than_two_windows() -> None:
    sums = RollingSums("n", sliding(MINUTE), None)
    for number in range(1_000):
        spend(sums, START + number * SECOND, 1)
    assert len(sums._buckets) < 300
    assert used(sums, START + 940 * SECOND) == 120
    now = START + 1_000 * SECOND
    assert not sums.spent(now)
    assert sums.spent(now + 3 * MINUTE)


def test_nothing_is_dropped_that_nobody_keeps() -> None:
    sums = RollingSums("n", rolling(Per.MINUTE), Kept(None))
    for number in range(1_000):
        spend(sums, START + number * SECOND, 1)
    assert used(sums, START) == 1_000
    assert not sums.spent(START + DAY)


moves = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 9), st.booleans()), min_size=1, max_size=60)


@given(st.integers(1, 200), moves)
def test_a_rolling_sum_is_that_of_its_buckets_wherever_the_clock_goes(
    period: int, done: list[tuple[int, int, bool]]
) -> None:
    slide = sliding(period)
    sums, spent, held = RollingSums("n", slide, None), list[tuple[int, int]](), list[tuple[int, int]]()
    for at, amount, settle in done:
        if not sums.since <= at < sums.until:
            sums.move(at)
        first = slide.first(slide.bucket(at))
        assert sums.used == sum(amount for moment, amount in spent if slide.bucket(moment) >= first)
        assert sums.held == sum(amount for moment, amount in held if slide.bucket(moment) >= first)
        bucket = sums.hold(WANTED, amount)
        if settle:
            sums.settle(bucket, amount, amount // 2)
            spent.append((at, amount // 2))
        else:
            held.append((at, amount))
