"""The desk: one thread for all files, in order, and what was begun is ended."""

import asyncio
import threading

import pytest

from narrows.console.desk import Books, Desk
from unit.console.world import MemoryBooks, StillClock


async def test_everything_happens_on_one_thread_that_is_not_the_loops() -> None:
    books = MemoryBooks(StillClock())
    opened: list[int] = []

    def opens() -> MemoryBooks:
        opened.append(threading.get_ident())
        return books

    desk = Desk(opens, StillClock())
    await desk.start()
    threads = await asyncio.gather(*(desk.run(lambda _: threading.get_ident()) for _ in range(8)))
    assert set(threads) == set(opened)
    assert threading.get_ident() not in opened
    await desk.close()
    assert books.closed


async def test_no_two_are_at_work_at_once() -> None:
    desk = Desk(lambda: MemoryBooks(StillClock()), StillClock())
    await desk.start()
    here, seen = [0], []

    def work(_: Books) -> None:
        here[0] += 1
        seen.append(here[0])
        here[0] -= 1

    await asyncio.gather(*(desk.run(work) for _ in range(50)))
    assert seen == [1] * 50
    await desk.close()


async def test_what_was_begun_is_ended_though_whoever_asked_is_gone() -> None:
    desk = Desk(lambda: MemoryBooks(StillClock()), StillClock())
    await desk.start()
    begun, go_on, done = threading.Event(), threading.Event(), []

    def work(_: Books) -> None:
        begun.set()
        go_on.wait(5)
        done.append(True)

    asking = asyncio.create_task(desk.run(work))
    await asyncio.to_thread(begun.wait, 5)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    go_on.set()
    await desk.close()
    assert done == [True]


async def test_what_work_raises_comes_out_and_a_closed_desk_is_a_mistake() -> None:
    desk = Desk(lambda: MemoryBooks(StillClock()), StillClock())
    with pytest.raises(RuntimeError, match="not open"):
        await desk.run(lambda _: 1)
    await desk.start()

    def work(_: Books) -> None:
        raise LookupError("x")

    with pytest.raises(LookupError):
        await desk.run(work)
    await desk.close()
    await desk.close()
    with pytest.raises(RuntimeError, match="not open"):
        await desk.run(lambda _: 1)
