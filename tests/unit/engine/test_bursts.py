"""What is held back leaves at the end of the turn, in its order, whatever one of it does."""

import asyncio
import logging

import pytest

from narrows.engine.bursts import MOST, Bursts


class Sender:
    def __init__(self, sent: list[str], name: str) -> None:
        self.sent = sent
        self.name = name

    def release(self) -> None:
        self.sent.append(self.name)


class Broken(Sender):
    def release(self) -> None:
        raise RuntimeError("what was to be sent")


async def test_what_comes_in_one_turn_leaves_at_its_end_in_its_order() -> None:
    loop, sent, bursts = asyncio.get_running_loop(), list[str](), Bursts()
    for name in "abc":
        bursts.join(Sender(sent, name), loop)
        assert sent == []
    await asyncio.sleep(0)
    assert sent == ["a", "b", "c"]
    bursts.join(Sender(sent, "d"), loop)
    await asyncio.sleep(0)
    assert sent == ["a", "b", "c", "d"]
    await asyncio.sleep(0)
    assert sent == ["a", "b", "c", "d"]


async def test_the_first_waits_for_no_more_than_so_many() -> None:
    loop, sent, bursts = asyncio.get_running_loop(), list[str](), Bursts()
    for number in range(MOST + 1):
        bursts.join(Sender(sent, str(number)), loop)
    assert sent == [str(number) for number in range(MOST)]
    await asyncio.sleep(0)
    assert sent == [str(number) for number in range(MOST + 1)]


async def test_one_that_fails_keeps_back_no_other(caplog: pytest.LogCaptureFixture) -> None:
    loop, sent, bursts = asyncio.get_running_loop(), list[str](), Bursts()
    with caplog.at_level(logging.ERROR):
        for sender in (Sender(sent, "a"), Broken(sent, "b"), Sender(sent, "c")):
            bursts.join(sender, loop)
        await asyncio.sleep(0)
    assert sent == ["a", "c"]
    assert "RuntimeError" in caplog.text
    assert "what was to be sent" not in caplog.text


async def test_what_joins_while_others_are_released_leaves_in_the_next_turn() -> None:
    loop, sent, bursts = asyncio.get_running_loop(), list[str](), Bursts()

    class Again(Sender):
        def release(self) -> None:
            super().release()
            bursts.join(Sender(sent, "later"), loop)

    bursts.join(Again(sent, "now"), loop)
    await asyncio.sleep(0)
    assert sent == ["now"]
    await asyncio.sleep(0)
    assert sent == ["now", "later"]
