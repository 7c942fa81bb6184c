"""One lazy timer, on a loop whose time the test owns."""

import asyncio
from collections.abc import Callable
from typing import cast

from narrows.edge.deadlines import Deadline, Wait


class Timer:
    def __init__(self, at: float, callback: Callable[[], None]) -> None:
        self.at = at
        self.callback = callback
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class Loop:
    """Just enough of an event loop."""

    def __init__(self) -> None:
        self.now = 100.0
        self.timers: list[Timer] = []

    def time(self) -> float:
        return self.now

    def call_at(self, at: float, callback: Callable[[], None]) -> Timer:
        timer = Timer(at, callback)
        self.timers.append(timer)
        return timer

    def advance(self, seconds: float) -> None:
        until = self.now + seconds
        while due := [timer for timer in self.timers if timer.at <= until and not timer.cancelled]:
            timer = min(due, key=lambda timer: timer.at)
            self.timers.remove(timer)
            self.now = max(self.now, timer.at)
            timer.callback()
        self.now = until


def made() -> tuple[Loop, Deadline, list[tuple[Wait, int, float]]]:
    loop = Loop()
    fired: list[tuple[Wait, int, float]] = []
    return (
        loop,
        Deadline(cast("asyncio.AbstractEventLoop", loop), lambda wait, mark: fired.append((wait, mark, loop.now))),
        fired,
    )


def test_fires_once_when_the_time_is_up() -> None:
    loop, deadline, fired = made()
    deadline.expect(Wait.HEADER, 10, mark=7)
    loop.advance(9.9)
    assert fired == []
    loop.advance(50)
    assert fired == [(Wait.HEADER, 7, 110.0)]
    assert deadline.wait is Wait.NOTHING


def test_what_is_no_longer_waited_for_does_not_fire() -> None:
    loop, deadline, fired = made()
    deadline.expect(Wait.HEADER, 10)
    deadline.clear()
    loop.advance(50)
    assert fired == []
    deadline.expect(Wait.BODY, 10)
    loop.advance(10)
    assert fired == [(Wait.BODY, 0, 160.0)]


def test_a_later_deadline_keeps_the_timer_and_an_earlier_one_moves_it() -> None:
    loop, deadline, fired = made()
    deadline.expect(Wait.IDLE, 10)
    for _ in range(100):
        loop.advance(0.05)
        deadline.clear()
        deadline.expect(Wait.IDLE, 10)
    assert len(loop.timers) == 1
    deadline.expect(Wait.BODY, 1)
    loop.advance(30)
    assert [wait for wait, _, _ in fired] == [Wait.BODY]


def test_stop_leaves_no_timer() -> None:
    loop, deadline, fired = made()
    deadline.expect(Wait.IDLE, 10)
    deadline.stop()
    assert all(timer.cancelled for timer in loop.timers)
    loop.advance(50)
    assert fired == []
