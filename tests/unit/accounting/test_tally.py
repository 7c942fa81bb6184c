"""When what is kept elsewhere may be dropped, and what runs at once."""

from narrows.accounting.tally import Bucket, Kept, Running
from narrows.model.reservation import Wanted

WANTED = Wanted("id", 0, (), ())


def test_a_bucket_may_be_dropped_when_what_settled_in_it_is_kept_for_sure() -> None:
    kept, bucket = Kept(lambda _: {}), Bucket(5)
    assert kept.has(bucket)
    bucket.changed = kept.round
    assert not kept.has(bucket)
    kept.turn()
    assert not kept.has(bucket)  # about to be kept
    kept.turn()
    assert kept.has(bucket)
    bucket.held = 1
    assert not kept.has(bucket)


def test_nothing_may_be_dropped_that_nobody_keeps() -> None:
    assert not Kept(None).has(Bucket(5))
    assert Kept(None).load("a") == {}
    assert Kept(lambda name: {len(name): 7}).load("abc") == {3: 7}


def test_running_counts_one_for_each_whatever_the_amount() -> None:
    running = Running("name")
    assert running.spent(0)
    first, second = running.hold(WANTED, 5), running.hold(WANTED, 0)
    assert running.held == 2
    assert running.lacks(WANTED, 2)
    assert not running.lacks(WANTED, 3)
    assert not running.spent(0)
    running.settle(first, 5, 5)
    running.settle(second, 0, 0)
    running.move(99)
    assert (running.used, running.held) == (0, 0)
    assert (running.free(0, 1, 1), running.resets(7), running.others(WANTED)) == (None, 7, ())
