"""The sending half alone: what passes straight on, what goes in slices, and who waits for room."""

import asyncio
from typing import cast

from narrows.edge.outbox import SLICE
from narrows.edge.sending import Sending
from narrows.engine.bursts import Bursts


class Transport:
    def __init__(self) -> None:
        self.sent: list[int] = []

    def write(self, data: bytes) -> None:
        self.sent.append(len(data))

    def get_write_buffer_size(self) -> int:
        return 7


class Half(Sending):
    """Remembers what it is asked."""

    def __init__(self) -> None:
        super().__init__(asyncio.get_running_loop())
        self.transport = Transport()
        self._transport = cast("asyncio.Transport", self.transport)
        self.told: list[str] = []

    def _stalled(self) -> None:
        self.told.append("stalled")

    def _relieved(self) -> None:
        self.told.append("relieved")


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_short_data_passes_straight_on() -> None:
    half = Half()
    half.write(b"x" * SLICE)
    assert half.transport.sent == [SLICE]
    assert half.writable
    assert half.room() is None
    assert half._unsent() == 7


async def test_long_data_goes_in_slices_and_what_follows_waits_behind_it() -> None:
    half = Half()
    half.write(b"x" * (SLICE + 1))
    half.write(b"y")
    assert not half.writable
    assert half._unsent() == SLICE + 2 + 7
    room = half.room()
    assert room is not None
    assert half.room() is room
    await turns(4)
    assert half.transport.sent == [SLICE, 1, 1]
    assert room.done()
    assert half.writable
    assert half.told == ["relieved"]


async def test_a_client_that_reads_slowly_is_waited_for() -> None:
    half = Half()
    half.write(b"x" * (2 * SLICE))
    await turns(1)
    half.pause_writing()
    room = half.room()
    await turns(3)
    assert (half.transport.sent, half.told) == ([SLICE], ["stalled"])
    half.resume_writing()
    await turns(3)
    assert half.transport.sent == [SLICE, SLICE]
    assert room is not None
    assert room.done()
    half.pause_writing()
    assert not half.writable
    half.resume_writing()
    assert half.told == ["stalled", "relieved", "stalled", "relieved"]


async def test_what_is_left_is_handed_over_or_dropped() -> None:
    for handed, sent in ((True, [SLICE, 2 * SLICE]), (False, [SLICE])):
        half = Half()
        half.write(b"x" * (3 * SLICE))
        await turns(1)
        if handed:
            half._hand_over()
        else:
            half._drop()
        await turns(3)
        assert half.transport.sent == sent
        assert half._unsent() == 7


async def test_nothing_is_written_to_a_client_that_is_gone() -> None:
    half = Half()
    half._lost = True
    half.write(b"x" * (3 * SLICE))
    half.write(b"x")
    await turns(3)
    assert half.transport.sent == []
    assert half.room() is None


async def test_what_is_held_leaves_at_the_end_of_the_turn() -> None:
    half, bursts = Half(), Bursts()
    half.hold(b"xx", bursts)
    assert half.transport.sent == []
    await turns(1)
    assert half.transport.sent == [2]
    half.release()
    assert half.transport.sent == [2]


async def test_nothing_overtakes_what_is_held() -> None:
    half, bursts = Half(), Bursts()
    half.hold(b"xx", bursts)
    half.hold(b"yyy", bursts)
    assert half.transport.sent == [2, 3]
    half.hold(b"zzzz", bursts)
    half.write(b"z")
    assert half.transport.sent == [2, 3, 4, 1]
    half.hold(b"xx", bursts)
    half.write(b"x" * (SLICE + 1))
    half.hold(b"y", bursts)
    await turns(4)
    assert half.transport.sent == [2, 3, 4, 1, 2, SLICE, 1, 1]


async def test_what_is_held_for_a_client_that_went_away_is_dropped() -> None:
    half, bursts = Half(), Bursts()
    half.hold(b"xx", bursts)
    half._lost = True
    half.hold(b"yy", bursts)
    await turns(2)
    assert half.transport.sent == []
