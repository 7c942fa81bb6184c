"""The calls on their way, so that a revocation can cut those that it is about.

A call is in the register from when it is held or forwarded until it ends; one that is still being read or judged waits
for nothing long, and is asked about once more when it is to be forwarded.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Final, Protocol, TypeVar

from narrows.model.call import Call
from narrows.model.revocation import Revocation
from narrows.model.verdict import Deny
from narrows.ports.clock import Clock
from narrows.ports.revocations import Standing

REVOKED: Final = "revoked"
"""The word by which the task of a call is cancelled that is cut."""

_ALL: Final = 1 << 62

T = TypeVar("T")


class Running(Protocol):
    """A call on its way."""

    @property
    def call(self) -> Call:
        """What is known of it."""

    def cut(self, deny: Deny) -> None:
        """Ends it with this refusal, soon. The first refusal holds."""


class LiveCalls:
    """The calls of one gate. `running` are those on their way. Those that began at `asking` or before, on the monotonic
    clock, are asked about when they are forwarded: who was found in order after the last change still is. While any
    session is revoked these are all calls: of whose session one is shows late. `used` are the last calls by credential,
    until somebody takes them."""

    __slots__ = ("_clock", "_denied", "_standing", "asking", "running", "used")

    def __init__(self, standing: Standing, denied: Callable[[Revocation], Deny], clock: Clock) -> None:
        """`denied` says how a call is refused that a revocation is about."""
        self._standing = standing
        self._denied = denied
        self._clock = clock
        self.running: set[Running] = set()
        self.used: dict[str, Call] = {}
        self.asking = -1

    def refusal(self, call: Call) -> Deny | None:
        """Whether a call may not go on."""
        found = self._standing.found(call.principal, call.credential, call.session)
        return None if found is None else self._denied(found)

    def changed(self) -> None:
        """Revocations have changed: who began before that is asked about when they are forwarded."""
        self.asking = _ALL if self._standing.sessions else self._clock.monotonic()

    def cut(self, some: Iterable[Running]) -> dict[str, list[Call]]:
        """Cuts those of these calls that a revocation is about, if they are still on their way; gives them by the ids
        of what ended them."""
        cut: dict[str, list[Call]] = {}
        for running in some:
            if running not in self.running:
                # Its connection may carry another call by now.
                continue
            call = running.call
            found = self._standing.found(call.principal, call.credential, call.session)
            if found is not None:
                running.cut(self._denied(found))
                cut.setdefault(found.id, []).append(call)
        return cut

    def take_used(self) -> dict[str, Call]:
        """A call of each credential that was used since it was asked last."""
        used, self.used = self.used, {}
        return used

    async def during(self, call: Call, waiting: Awaitable[T]) -> T | Deny:
        """What is waited for while a call is held; the refusal, where it is cut meanwhile."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - calls are served by tasks
        held = _Held(call, task)
        self.running.add(held)
        try:
            return await waiting
        except asyncio.CancelledError:
            if held.deny is None:
                raise
            task.uncancel()
            return held.deny
        finally:
            self.running.discard(held)


class _Held:
    """A call that waits for an answer."""

    __slots__ = ("_task", "call", "deny")

    def __init__(self, call: Call, task: "asyncio.Task[object]") -> None:
        self.call = call
        self.deny: Deny | None = None
        self._task = task

    def cut(self, deny: Deny) -> None:
        if self.deny is None:
            self.deny = deny
            self._task.cancel(REVOKED)
