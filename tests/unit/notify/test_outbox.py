"""A channel's messages: in their order, tried again later and later, given up loudly, never lost to a crash."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from narrows.notify.channel import Telling, Undelivered
from narrows.notify.notice import Notice
from narrows.notify.outbox import FIRST, LONGEST, PATIENCE, REFUSALS, Aside, Delivery, backoff
from narrows.ports.outbox import Letter, OutboxUnavailable
from narrows.stores.sqlite.outbox import SqliteOutbox
from unit.notify.questions import StillClock, notice

SECOND = 1_000_000


class Recorder:
    """A channel that does as it is told to."""

    def __init__(self) -> None:
        self.taken: list[Telling] = []
        self.failure: Exception | None = None
        self.hangs = False
        self.closed = False

    async def send(self, telling: Telling) -> str | None:
        if self.hangs:
            await asyncio.Event().wait()
        if self.failure is not None:
            raise self.failure
        self.taken.append(telling)
        return f"ref-{len(self.taken)}"

    def close(self) -> None:
        self.closed = True


async def here(work: Callable[[], Any]) -> Any:
    return work()


class Post:
    """A delivery of one channel over a real outbox."""

    def __init__(self, directory: Path) -> None:
        self.clock, self.channel = StillClock(), Recorder()
        self.outbox = SqliteOutbox(directory)
        self.shown: str | None = "an excerpt"
        blocking: Callable[[Callable[[], Any]], Awaitable[Any]] = here
        self.aside = Aside(self.outbox, self.clock, blocking, lambda _: self.shown, lambda: 0.0)
        self.delivery = self.made()

    def made(self, *, excerpts: bool = False, timeout: float = 5.0) -> Delivery:
        return Delivery("c", self.channel, self.aside, timeout=timeout, excerpts=excerpts)

    def put(self, number: int, body: bytes | None = None) -> None:
        body = msgspec.json.encode(notice()) if body is None else body
        at = self.clock.now()
        self.outbox.put("apr_1", f"e{number}", at, [Letter(f"msg_{number}", "c", "apr_1", "requested", body, at, at)])

    def taken(self) -> list[str]:
        return [each.letter.id for each in self.channel.taken]


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    made = Post(tmp_path)
    yield made
    made.outbox.close()


async def test_messages_go_in_their_order(post: Post) -> None:
    for number in range(3):
        post.put(number)
    assert [await post.delivery.step() for _ in range(4)] == [0, 0, 0, None]
    assert post.taken() == ["msg_0", "msg_1", "msg_2"]
    assert post.channel.taken[0].notice == notice()
    assert [each.first for each in post.channel.taken] == [None, "ref-1", "ref-1"]


async def test_a_channel_that_is_down_delays_and_loses_nothing(post: Post, caplog: pytest.LogCaptureFixture) -> None:
    for number in range(2):
        post.put(number)
    post.channel.failure = Undelivered("down")
    waits = []
    with caplog.at_level(logging.INFO, "narrows.notify"):
        for _ in range(12):
            assert await post.delivery.step() == 0
            wait = await post.delivery.step()
            assert wait is not None
            waits.append(wait)
            post.clock.time += wait
        assert waits[:4] == [SECOND, 2 * SECOND, 4 * SECOND, 8 * SECOND]
        assert waits[-1] == LONGEST
        standing = post.outbox.standing()["c"]
        assert (standing.waiting, standing.dead, standing.tries, standing.fault) == (2, 0, 12, "down")
        post.channel.failure = None
        assert [await post.delivery.step() for _ in range(3)] == [0, 0, None]
    assert post.taken() == ["msg_0", "msg_1"]
    assert [record.message for record in caplog.records] == [
        "channel c takes no messages, which wait: down",
        "channel c takes messages again",
    ]


async def test_what_is_asked_for_is_waited_for_but_not_for_ever(post: Post) -> None:
    post.put(1)
    post.channel.failure = Undelivered("busy", after=30 * SECOND)
    await post.delivery.step()
    assert await post.delivery.step() == 30 * SECOND
    post.clock.time += 30 * SECOND
    post.channel.failure = Undelivered("busy", after=10**15)
    await post.delivery.step()
    assert await post.delivery.step() == 3600 * SECOND


async def test_one_that_is_refused_itself_does_not_hold_up_the_others(
    post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    post.put(1)
    post.put(2)
    post.channel.failure = Undelivered("answered with status 400", final=True)
    for _ in range(REFUSALS):
        await post.delivery.step()
        post.clock.time += LONGEST
    post.channel.failure = None
    await post.delivery.step()
    assert post.taken() == ["msg_2"]
    (grave,) = post.outbox.graves()
    assert (grave.id, grave.tries, grave.fault) == ("msg_1", REFUSALS, "answered with status 400")
    assert "given up after 5 tries: answered with status 400" in caplog.text


async def test_nothing_waits_for_ever(post: Post) -> None:
    post.put(1)
    post.channel.failure = Undelivered("down")
    await post.delivery.step()
    post.clock.time += PATIENCE - 1
    await post.delivery.step()
    assert post.outbox.graves() == []
    post.clock.time += LONGEST
    await post.delivery.step()
    assert [grave.id for grave in post.outbox.graves()] == ["msg_1"]


async def test_a_channel_that_hangs_has_its_time(post: Post) -> None:
    post.put(1)
    post.channel.hangs = True
    await post.made(timeout=0.02).step()
    assert post.outbox.standing()["c"].fault == "took longer than 0.02 s"


async def test_a_mistake_in_a_channel_is_a_failure_of_the_message(post: Post, caplog: pytest.LogCaptureFixture) -> None:
    post.put(1)
    post.channel.failure = ZeroDivisionError()
    await post.delivery.step()
    assert post.outbox.standing()["c"].fault == "failed: ZeroDivisionError"
    assert "channel c failed" in caplog.text


async def test_what_can_not_be_read_any_more_is_given_up(post: Post) -> None:
    post.put(1, b'{"event":"unknown"}')
    for _ in range(REFUSALS):
        await post.delivery.step()
        post.clock.time += LONGEST
    assert [grave.fault for grave in post.outbox.graves()] == ["the message can't be read any more"]


async def test_content_is_shown_only_where_it_is_said(post: Post) -> None:
    post.put(1)
    post.put(2)
    await post.delivery.step()
    await post.made(excerpts=True).step()
    assert [each.excerpt for each in post.channel.taken] == [None, "an excerpt"]


async def test_a_crash_before_it_is_written_sends_it_again_with_its_id(post: Post) -> None:
    post.put(1)

    def broken(*_: object) -> None:
        raise OutboxUnavailable("the disk is full")

    post.outbox.sent, kept = broken, post.outbox.sent  # type: ignore[method-assign]
    with pytest.raises(OutboxUnavailable):
        await post.delivery.step()
    post.outbox.sent = kept  # type: ignore[method-assign]
    await post.delivery.step()
    assert post.taken() == ["msg_1", "msg_1"]
    assert await post.delivery.step() is None


async def test_a_clock_that_was_set_back_holds_nothing_for_long(post: Post) -> None:
    post.put(1)
    post.clock.time -= 10**15
    assert await post.delivery.step() == 3600 * SECOND


async def test_it_runs_until_it_is_cancelled(post: Post) -> None:
    running = asyncio.create_task(post.delivery.run())
    await asyncio.sleep(0)
    for number in range(2):
        post.put(number)
        post.delivery.wake()
        async with asyncio.timeout(5):
            while len(post.channel.taken) <= number:
                await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    post.delivery.close()
    assert post.channel.closed


@pytest.mark.parametrize(("tries", "whole"), [(0, FIRST), (3, 8 * FIRST), (9, LONGEST), (10_000, LONGEST)])
def test_waits_grow_and_are_spread(tries: int, whole: int) -> None:
    assert backoff(tries, 0.0) == whole
    assert backoff(tries, 1.0) == whole // 2


def test_a_notice_is_read_as_it_was_written() -> None:
    assert msgspec.json.decode(msgspec.json.encode(notice()), type=Notice) == notice()
