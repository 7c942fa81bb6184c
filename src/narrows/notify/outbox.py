"""Sends what waits for one channel: one message at a time, in their order, until it is taken or given up.

A channel that is down holds back its own messages only. They wait longer each time, up to five minutes, and not all
channels at once. A message that is itself refused is given up after a few tries, so that those behind it go on; one for
which a channel was down for three days is given up, too. Nothing is given up silently.

A process that dies after a message was taken and before that is written sends it again, with the same id.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple, TypeVar

import msgspec

from narrows.notify.channel import Channel, Telling, Undelivered
from narrows.notify.notice import Notice
from narrows.ports.clock import Clock
from narrows.ports.outbox import Letter, Outbox, OutboxUnavailable

FIRST: Final = 1_000_000
LONGEST: Final = 300 * 1_000_000
"""Microseconds between the first two tries, and at most."""

ASKED_TO_WAIT: Final = 3_600 * 1_000_000
"""Microseconds that a channel may ask for."""

REFUSALS: Final = 5
"""Tries of a message that is itself refused."""

PATIENCE: Final = 3 * 86_400 * 1_000_000
"""Microseconds after which a message that could not be sent is given up."""

_UNREADABLE: Final = 5_000_000

_log = logging.getLogger("narrows.notify")

T = TypeVar("T")


class Aside(NamedTuple):
    """What a delivery needs beside its channel. `blocking` runs what touches files in another thread; `excerpt` gives
    what may be shown of a ticket's content; `jitter` a number from 0 to 1."""

    outbox: Outbox
    clock: Clock
    blocking: Callable[[Callable[[], T]], Awaitable[T]]
    excerpt: Callable[[Notice], str | None]
    jitter: Callable[[], float]


class Delivery:
    """One channel's messages. `failures` counts the tries that failed."""

    def __init__(self, name: str, channel: Channel, aside: Aside, *, timeout: float, excerpts: bool) -> None:
        self.name: Final = name
        self._channel, self._aside = channel, aside
        self._timeout, self._excerpts = timeout, excerpts
        self._news = asyncio.Event()
        self._failing = False
        self.failures = 0

    def wake(self) -> None:
        """There may be something to send."""
        self._news.set()

    async def run(self) -> None:
        """Sends until it is cancelled."""
        while True:
            self._news.clear()
            try:
                wait = await self.step()
            except Exception as error:  # noqa: BLE001 - a job's boundary: whatever it is, the message waits
                _log.error("channel %s: %s", self.name, f"{type(error).__name__}: {error}")
                wait = _UNREADABLE
            if wait is None:
                await self._news.wait()
            elif wait:
                await asyncio.sleep(wait / 1_000_000)

    async def step(self) -> int | None:
        """Sends the oldest message, if it is due. Gives the microseconds until there is something to do: 0 at once,
        None when there is news. Raises OutboxUnavailable."""
        aside = self._aside
        letter = await aside.blocking(lambda: aside.outbox.next(self.name))
        if letter is None:
            return None
        now = aside.clock.now()
        if letter.due > now:
            # A clock that was set back must not hold a message for longer than any failure would.
            return min(letter.due - now, ASKED_TO_WAIT)
        try:
            reference = await self._send(letter)
        except Undelivered as failed:
            await self._failed(letter, failed)
            return 0
        now = aside.clock.now()
        await aside.blocking(lambda: aside.outbox.sent(letter.id, now, reference))
        if self._failing:
            _log.info("channel %s takes messages again", self.name)
        self._failing = False
        return 0

    async def _send(self, letter: Letter) -> str | None:
        aside = self._aside
        try:
            notice = msgspec.json.decode(letter.body, type=Notice)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise Undelivered("the message can't be read any more", final=True) from None
        excerpt = await aside.blocking(lambda: aside.excerpt(notice)) if self._excerpts else None
        first = await aside.blocking(lambda: aside.outbox.reference(letter.ticket, self.name))
        try:
            async with asyncio.timeout(self._timeout):
                return await self._channel.send(Telling(letter, notice, excerpt, first))
        except TimeoutError:
            raise Undelivered(f"took longer than {self._timeout:g} s") from None
        except (Undelivered, OutboxUnavailable):
            raise
        except Exception as error:  # noqa: BLE001 - a job's boundary: it is a failure of this message, and is told
            _log.exception("channel %s failed", self.name)
            raise Undelivered(f"failed: {type(error).__name__}", final=True) from None

    async def _failed(self, letter: Letter, failed: Undelivered) -> None:
        aside, now, fault = self._aside, self._aside.clock.now(), str(failed)
        self.failures += 1
        hopeless = failed.final and letter.tries + 1 >= REFUSALS
        if hopeless or now - letter.made >= PATIENCE:
            _log.error(
                "channel %s: %s about %s is given up after %d tries: %s",
                self.name, letter.event, letter.ticket, letter.tries + 1, fault,
            )  # fmt: skip
            await aside.blocking(lambda: aside.outbox.dead(letter.id, now, fault))
            return
        if not self._failing:
            _log.warning("channel %s takes no messages, which wait: %s", self.name, fault)
        self._failing = True
        due = now + max(backoff(letter.tries, aside.jitter()), min(failed.after, ASKED_TO_WAIT))
        await aside.blocking(lambda: aside.outbox.later(letter.id, due, fault))

    def close(self) -> None:
        """Ends the channel's connections."""
        self._channel.close()


def backoff(tries: int, jitter: float) -> int:
    """Microseconds until the next try, after so many failed ones; `jitter` from 0 to 1 takes up to half of it."""
    whole = min(FIRST << min(tries, 20), LONGEST)
    return whole - round(whole * jitter / 2)
