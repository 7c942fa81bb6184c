"""Tells people, in a background task of the process that holds calls: builds the channels of the settings, looks for
what is to be told, and sends it.

A channel that can't be built is logged and told nothing until its settings change; its messages wait. What touches
files is done in one thread of its own, so that a slow disk holds back messages and no call.
"""

import asyncio
import logging
import secrets
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from narrows.config.notify import Channel, Notify
from narrows.config.schema import Config
from narrows.model.approval import Approvers, RecentCall, Ticket
from narrows.notify.excerpt import excerpt
from narrows.notify.notice import Notice
from narrows.notify.outbox import PATIENCE, Aside, Delivery
from narrows.notify.watch import Audience, Watch
from narrows.policy.access_questions import is_access
from narrows.policy.asking import approvers
from narrows.ports.approvals import Decisions
from narrows.ports.clock import Clock
from narrows.ports.outbox import OutboxUnavailable, Post
from narrows.stores.sqlite.archive import Archive
from narrows.stores.sqlite.outbox import SqliteOutbox
from narrows.stores.sqlite.recentcalls import recent_calls
from narrows.wiring.answering import Answering
from narrows.wiring.channels import Unbuildable, build, linked
from narrows.wiring.reload import cancel

EVERY: Final = 0.5
"""Seconds between two looks at what is to be told."""

SPARING: Final = 50
"""How many times as long it rests as a look has taken, at least."""

RECENT: Final = 3
AMONG: Final = 2_000
"""Calls of the session before that a message names, and among how many they are looked for."""

KEPT: Final = 10 * PATIENCE
"""Microseconds for which it is kept what was told."""

COUNTED: Final = 5_000_000
"""Microseconds between two counts of what waits."""

_FORGETS: Final = 3_600.0
_BITS: Final = 32

_log = logging.getLogger("narrows.notify")

T = TypeVar("T")


class Notifier:
    """One process's channels. `start`, then `settle` whenever the settings have changed, and `stop`.

    Without channels it does nothing and makes no file.
    """

    def __init__(self, directory: Path, decisions: Callable[[], Decisions], clock: Clock) -> None:
        self._directory, self._clock = directory, clock
        self._open_decisions = decisions
        self._thread = ThreadPoolExecutor(1, "narrows-notify")
        self._outbox: SqliteOutbox | None = None
        self._watch: Watch | None = None
        self._decisions: Decisions | None = None
        self._settings: tuple[Notify, tuple[str, ...]] | None = None
        self._deliveries: dict[str, Delivery] = {}
        self._answering: Answering | None = None
        self._jobs: list[asyncio.Task[None]] = []
        self._blind = self._stopped = False
        self._failed: Counter[str] = Counter()
        self._counted = 0
        self.posts: Mapping[str, Post] = {}
        """How the channels stood a few seconds ago."""

    @property
    def failures(self) -> Mapping[str, int]:
        """How often a try to send a message of each channel has failed."""
        return self._failed + Counter({name: each.failures for name, each in self._deliveries.items()})

    @property
    def port(self) -> int | None:
        """Where Slack's signed requests come to; None if they don't."""
        return None if self._answering is None else self._answering.port

    async def settle(self, config: Config) -> None:
        """Takes the channels of these settings into service. Never raises: what can't be told waits."""
        issuers = config.identity.people
        if (config.notify, issuers) == self._settings:
            return
        self._settings = (config.notify, issuers)
        notify = config.notify
        await self._end()
        if not notify.channels:
            return
        audience = {name: _audience(each, issuers) for name, each in notify.channels.items()}
        try:
            await self._blocking(partial(self._prepare, audience))
        except OutboxUnavailable as error:
            _log.error("nobody is told of what asks for approval: %s", error)
            self._settings = None
            return
        await self._begin(notify, issuers)

    async def stop(self) -> None:
        """What was not sent is sent after the next start. Idempotent."""
        if self._stopped:
            return
        self._stopped = True
        await self._end()
        await self._blocking(self._close)
        self._thread.shutdown()

    def _prepare(self, audience: Audience) -> None:
        if self._outbox is None:
            self._outbox = SqliteOutbox(self._directory)
        if self._decisions is None:
            self._decisions = self._open_decisions()
        if self._watch is None:
            self._watch = Watch(self._decisions, self._outbox, self._clock, audience, self._recent)
        self._watch.audience = audience

    async def _begin(self, notify: Notify, issuers: Sequence[str]) -> None:
        assert self._outbox is not None  # noqa: S101 - prepared just now
        assert self._decisions is not None  # noqa: S101
        aside = Aside(self._outbox, self._clock, self._blocking, self._excerpt, _jitter)
        for name, settings in notify.channels.items():
            try:
                built = build(settings, notify.console, self._clock)
            except Unbuildable as error:
                _log.error("channel %s can't be used, and its messages wait: %s", name, error)
                continue
            delivery = Delivery(name, built, aside, timeout=settings.timeout, excerpts=settings.excerpt)
            self._deliveries[name] = delivery
            self._jobs.append(asyncio.create_task(delivery.run()))
        self._answering = Answering(notify, self._decisions, linked(notify, issuers), self._blocking, self._clock)
        await self._answering.begin()
        self._jobs.append(asyncio.create_task(self._looking()))
        self._jobs.append(asyncio.create_task(self._forgetting()))

    async def _looking(self) -> None:
        while True:
            began = self._clock.monotonic()
            await self._look()
            # With a thousand questions a look takes 20 ms, and calls are to have the processor.
            spent = (self._clock.monotonic() - began) / 1_000_000
            await asyncio.sleep(max(EVERY, SPARING * spent))

    async def _look(self) -> None:
        watch = self._watch
        try:
            found = watch is not None and await self._blocking(watch.look)
        except Exception as error:  # noqa: BLE001 - a job's boundary: the next look finds what this one did not
            if not self._blind:
                _log.error("what people should be told can't be found now: %s", f"{type(error).__name__}: {error}")
            self._blind = True
            return
        self._blind = False
        await self._count()
        if found:
            for delivery in self._deliveries.values():
                delivery.wake()

    async def _count(self) -> None:
        """How the channels stand, for who watches over them."""
        now, outbox = self._clock.monotonic(), self._outbox
        if outbox is None or (self.posts and now < self._counted + COUNTED):
            return
        self._counted = now
        try:
            found = await self._blocking(outbox.standing)
        except OutboxUnavailable as error:
            _log.warning("how the channels stand can't be read: %s", error)
            return
        self.posts = {name: found.get(name, Post(name, 0, 0)) for name in {*self._deliveries, *found}}

    async def _forgetting(self) -> None:
        while True:
            try:
                abandoned = await self._blocking(self._forget)
                if abandoned:
                    _log.error("%d messages are given up: their channels are no more", abandoned)
            except OutboxUnavailable as error:
                _log.warning("what was told long ago stays for now: %s", error)
            await asyncio.sleep(_FORGETS)

    def _forget(self) -> int:
        """In the thread; gives how many messages were given up."""
        outbox, watch, now = self._outbox, self._watch, self._clock.now()
        if outbox is None or watch is None:
            return 0
        abandoned = outbox.abandon(tuple(watch.audience), now - PATIENCE, now)
        outbox.forget(now - KEPT)
        return abandoned

    def _recent(self, ticket: Ticket) -> Sequence[RecentCall]:
        """In the thread. Without the record a message goes without it; texts are in no message."""
        if is_access(ticket.id):
            return ()
        try:
            found = recent_calls(Archive(self._directory), ticket, RECENT, among=AMONG, texts=False)
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not hold back the message
            _log.warning("a message goes without the calls before: %s", f"{type(error).__name__}: {error}")
            return ()
        return found

    def _excerpt(self, notice: Notice) -> str | None:
        """In the thread. Without the content a message goes without it."""
        try:
            body = None if self._decisions is None else self._decisions.content(notice.review.ticket.id)
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not hold back the message
            _log.warning("a message goes without an excerpt: %s", f"{type(error).__name__}: {error}")
            return None
        return None if body is None else excerpt(notice.review.ticket, body)

    async def _end(self) -> None:
        for job in self._jobs:
            await cancel(job)
        self._jobs.clear()
        if self._answering is not None:
            await self._answering.end()
            self._answering = None
        for name, delivery in self._deliveries.items():
            self._failed[name] += delivery.failures
            delivery.close()
        self._deliveries.clear()

    def _close(self) -> None:
        for each in (self._outbox, self._decisions):
            close = getattr(each, "close", None)
            if close is not None:
                close()
        self._outbox = self._decisions = self._watch = None

    async def _blocking(self, work: Callable[[], T]) -> T:
        # Not cut short: what a message's sending has come to is written, or the message goes out twice.
        return await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._thread, work))


def _audience(channel: Channel, issuers: Sequence[str]) -> Approvers | None:
    """Of whose questions a channel is told; None: of all."""
    if channel.about == "break_glass":
        return Approvers()
    return None if channel.whose is None else approvers(channel.whose, issuers)


def _jitter() -> float:
    return secrets.randbits(_BITS) / (1 << _BITS)
