"""Slices of a long reply, against a transport that only remembers."""

import asyncio
from typing import cast

from narrows.edge.outbox import SLICE, Outbox


class Transport:
    """Remembers what it is given; `holds`: it asks to wait after each piece."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.outbox: Outbox | None = None
        self.holds = False

    def write(self, data: memoryview) -> None:
        self.sent.append(bytes(data))
        if self.holds and self.outbox is not None:
            self.outbox.hold()


def made() -> tuple[Outbox, Transport, list[bool]]:
    transport, emptied = Transport(), list[bool]()
    outbox = Outbox(asyncio.get_running_loop(), cast("asyncio.WriteTransport", transport), emptied.append)
    transport.outbox = outbox
    return outbox, transport, emptied


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_one_slice_a_turn_in_order() -> None:
    outbox, transport, emptied = made()
    outbox.put(b"a" * SLICE + b"b")
    outbox.put(b"c")
    assert (transport.sent, outbox.size) == ([], SLICE + 2)
    await turns(1)
    assert ([len(piece) for piece in transport.sent], outbox.size, emptied) == ([SLICE], 2, [])
    await turns(2)
    assert b"".join(transport.sent) == b"a" * SLICE + b"bc"
    assert (outbox.size, emptied) == (0, [False])
    await turns(2)
    assert emptied == [False]


async def test_it_waits_while_the_transport_holds() -> None:
    outbox, transport, emptied = made()
    transport.holds = True
    outbox.put(b"a" * (2 * SLICE))
    await turns(5)
    assert len(transport.sent) == 1
    outbox.put(b"b")
    await turns(5)
    assert len(transport.sent) == 1
    outbox.go_on()
    outbox.go_on()
    await turns(5)
    assert (len(transport.sent), emptied) == (2, [])
    outbox.go_on()
    await turns(5)
    assert (transport.sent[-1], emptied) == (b"b", [True])


async def test_what_is_discarded_is_not_sent() -> None:
    outbox, transport, emptied = made()
    outbox.put(b"a" * (2 * SLICE))
    await turns(1)
    outbox.discard()
    await turns(5)
    assert (len(transport.sent), outbox.size, emptied) == (1, 0, [])


async def test_a_flush_gives_all_there_is() -> None:
    outbox, transport, emptied = made()
    outbox.put(b"a" * (2 * SLICE))
    outbox.put(b"b")
    outbox.flush()
    assert b"".join(transport.sent) == b"a" * (2 * SLICE) + b"b"
    await turns(5)
    assert (len(transport.sent), outbox.size, emptied) == (2, 0, [])
