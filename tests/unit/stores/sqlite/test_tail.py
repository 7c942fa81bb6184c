"""The end of the log, in memory: complete, in order, and honest about what it misses."""

from narrows.accounting.windows import SECOND
from narrows.model.reservation import Reserved
from narrows.stores.sqlite.tail import Tail
from unit.stores.sqlite.records import NOW, call_id, closed, opened, segment

HELD = Reserved(("a",), (5,))


def test_it_sums_what_calls_came_to_that_begin_and_end_between_two_takes() -> None:
    tail = Tail()
    tail.wrote(2, [opened(1, reserved=HELD), segment(1, 0, "x")])
    tail.wrote(4, [closed(1, settled=(3,)), opened(2)])
    taken = tail.take()
    assert (taken.first, taken.last, taken.events) == (1, 4, [])
    assert taken.came == {(("a",), (NOW + 1) // SECOND): (3,)}
    again = tail.take()
    assert (again.first, again.last, again.events, again.came) == (5, 4, [], {})


def test_what_runs_and_what_ran_before_is_told_call_by_call() -> None:
    tail = Tail()
    tail.wrote(1, [opened(1, reserved=HELD)])
    assert tail.take().events == [(call_id(1), NOW + 1, ("a",), (5,))]
    tail.wrote(3, [closed(1, settled=(3,)), opened(2, reserved=HELD)])
    taken = tail.take()
    assert taken.events == [(call_id(1), NOW + 501, None, (3,)), (call_id(2), NOW + 2, ("a",), (5,))]
    assert taken.came == {}


def test_an_ending_that_does_not_say_what_the_call_came_to_is_told_with_its_beginning() -> None:
    tail = Tail()
    tail.wrote(2, [opened(1, reserved=HELD), closed(1)])
    taken = tail.take()
    assert taken.events == [(call_id(1), NOW + 1, ("a",), (5,)), (call_id(1), NOW + 501, None, ())]
    assert taken.came == {}


def test_calls_of_one_caller_and_one_second_are_one_sum_and_none_is_more_than_it_held() -> None:
    tail, two = Tail(), Reserved(("a", "b"), (5, 9))
    tail.wrote(2, [opened(1, reserved=two), closed(1, settled=(3, -4))])
    tail.wrote(4, [opened(2, reserved=two), closed(2, settled=(8, 9))])
    tail.wrote(6, [opened(3, reserved=HELD), closed(3, settled=(2,))])
    second = NOW // SECOND
    assert tail.take().came == {(("a", "b"), second): (8, 9), (("a",), second): (2,)}


def test_while_nothing_reserves_nothing_is_kept() -> None:
    tail = Tail()
    tail.wrote(2, [opened(1), closed(1)])
    tail.wrote(3, [opened(2, reserved=HELD, forwarded=False)])
    assert tail.take().events == []


def test_it_looks_at_endings_of_calls_that_reserved_in_a_batch_in_which_none_does() -> None:
    tail = Tail()
    tail.wrote(2, [opened(1), closed(1)], reserving=False)
    tail.wrote(3, [opened(2, reserved=HELD)], reserving=True)
    tail.wrote(4, [closed(2, settled=(3,))], reserving=False)
    taken = tail.take()
    assert (taken.first, taken.last, taken.events) == (1, 4, [])
    assert list(taken.came.values()) == [(3,)]


def test_what_it_was_not_told_is_missing_before_what_it_gives() -> None:
    tail = Tail()
    tail.wrote(1, [opened(1, reserved=HELD)])
    tail.wrote(5, [closed(1, settled=(3,))])
    taken = tail.take()
    assert (taken.first, taken.last, taken.events) == (5, 5, [(call_id(1), NOW + 501, None, (3,))])


def test_it_is_whole_when_all_that_had_settled_has_ended_in_the_log() -> None:
    tail = Tail()
    tail.wrote(1, [opened(1, reserved=HELD)])
    tail.settled(call_id(1))
    assert tail.take().whole
    tail.mark()
    tail.settled(call_id(2))
    assert not tail.take().whole
    tail.wrote(2, [closed(1, settled=(3,))])
    assert tail.take().whole
    tail.mark()
    assert not tail.take().whole


def test_an_ending_that_it_was_not_told_of_is_not_waited_for() -> None:
    tail = Tail()
    tail.settled(call_id(1))
    tail.mark()
    tail.settled(call_id(2))
    tail.ended({call_id(1), call_id(2), call_id(3)})
    tail.mark()
    assert tail.take().whole
