"""The end of the log, in memory: complete, in order, and honest about what it misses."""

from narrows.model.reservation import Reserved
from narrows.stores.sqlite.tail import Tail
from unit.stores.sqlite.records import NOW, call_id, closed, opened, segment

HELD = Reserved(("a",), (5,))


def test_it_gives_what_reserved_and_what_ended_in_their_order() -> None:
    tail = Tail()
    tail.wrote(2, [opened(1, reserved=HELD), segment(1, 0, "x")])
    tail.wrote(4, [closed(1, settled=(3,)), opened(2)])
    taken = tail.take()
    assert (taken.first, taken.last) == (1, 4)
    assert taken.events == [
        (call_id(1), NOW + 1, ("a",), (5,)),
        (call_id(1), NOW + 501, None, (3,)),
    ]
    again = tail.take()
    assert (again.first, again.last, again.events) == (5, 4, [])


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
    assert (taken.first, taken.last, len(taken.events)) == (1, 4, 2)


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
