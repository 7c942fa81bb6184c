"""What is told to whoever keeps it, when it may be dropped, and what runs at once."""

from narrows.accounting.tally import Bucket, Kept, Running
from narrows.model.reservation import Wanted

WANTED = Wanted("id", 0, (), ())


def test_changes_are_told_once_with_what_has_settled_by_then() -> None:
    kept, bucket, other = Kept(None), Bucket(5), Bucket(6, used=2)
    bucket.used = 1
    kept.changed("a", bucket)
    kept.changed("b", other)
    bucket.used = 3
    kept.changed("a", bucket)
    assert kept.changes() == [("a", 5, 3), ("b", 6, 2)]
    assert kept.changes() == []
    kept.changed("a", bucket)
    assert kept.changes() == [("a", 5, 3)]


def test_a_bucket_may_be_dropped_when_its_changes_are_kept_for_sure() -> None:
    kept, bucket = Kept(lambda _: {}), Bucket(5)
    assert kept.has(bucket)
    kept.changed("a", bucket)
    assert not kept.has(bucket)
    kept.changes()
    assert not kept.has(bucket)  # told, and perhaps not yet kept
    kept.changes()
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
