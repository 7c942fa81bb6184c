import asyncio
import threading
from typing import Any

import pytest

from narrows.engine.pacing import HEAVY, PIECE, Weight, in_thread, send
from narrows.model.refusal import Code
from narrows.model.reply import Event
from narrows.model.verdict import Deny
from narrows.ports.control import Wait
from unit.engine.world import World, chat


async def test_what_is_large_is_sent_in_pieces_with_turns_between_them() -> None:
    exchange = World().exchange(chat())
    exchange.start(200, [])
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(others())
    data = bytes(range(256)) * (5 * PIECE // 256) + b"end"
    await send(exchange, data)
    task.cancel()
    assert [len(piece) for piece in exchange.sent] == [PIECE] * 5 + [3]
    assert exchange.data == data
    assert turns >= 5


async def test_a_slow_client_is_waited_for() -> None:
    exchange = World().exchange(chat())
    exchange.start(200, [])
    exchange.slow = asyncio.Event()
    task = asyncio.create_task(send(exchange, bytes(2 * PIECE)))
    await asyncio.sleep(0.01)
    assert len(exchange.sent) == 1
    exchange.slow.set()
    await task
    assert len(exchange.sent) == 2


EVENTS = [Event({})]


def test_an_event_is_heavy_when_the_bytes_that_end_it_come() -> None:
    weight = Weight()
    assert not weight.add(b"data: a\n\n")
    weight.begin(EVENTS)
    assert not weight.add(b"x" * HEAVY)
    weight.begin([])
    assert not weight.add(b"more"), "no end in sight"
    assert weight.add(b"\n\n")
    weight.begin(EVENTS)
    assert not weight.add(b"data: a\n\n")
    weight.begin(EVENTS)
    weight.add(b"x" * HEAVY + b"x")
    assert weight.add(b""), "the stream's end ends it, too"


@pytest.mark.parametrize("waits", [False, True])
async def test_a_heavy_event_is_judged_in_a_thread(waits: bool) -> None:
    here, seen = threading.get_ident(), []
    deny = Deny(Code.OUTPUT_LIMIT, "no")

    class Judging:
        def on_event(self, event: Event) -> Deny | Wait[Deny | None]:
            seen.append(threading.get_ident())
            return Wait(later, 1) if waits else deny

    async def later() -> Deny:
        assert threading.get_ident() == here, "what waits, waits on the event loop"
        return deny

    judging: Any = Judging()
    assert await in_thread(judging, EVENTS[0]).until() is deny
    assert seen != [here]
