"""Runs the controls of a call in order and keeps their guards until the call ends.

A control that raises refuses the call: its class is logged, its message is not (it could quote the prompt). So does
one that waits and gets no answer in its time.
"""

import asyncio
import functools
import logging
from collections.abc import Sequence
from typing import Final, TypeVar

from narrows.engine.snapshot import Snapshot
from narrows.model.approval import Release
from narrows.model.call import Call
from narrows.model.originals import Originals
from narrows.model.record import Outcome
from narrows.model.refusal import Code
from narrows.model.reply import Event
from narrows.model.reservation import Reservation
from narrows.model.usage import Usage
from narrows.model.verdict import PROCEED, Deny, Hold, Proceed, Verdict
from narrows.ports.control import Control, Guard, Wait

_log = logging.getLogger("narrows.engine")

_NEVER: Final = float("inf")
"""The deadline of what has deadlines of its own within."""

T = TypeVar("T")


class Chain:
    """The guards of one call. `judge` first, then `on_event` and `on_finish`, and `end` exactly once. `reservation` is
    what the call holds of its limits; None where no limit counts it. `release` is the approval by which it goes on;
    None where nobody was asked. `reads_replies`: some guard looks at the reply; `reads_words`: one may look at what the
    reply says of itself."""

    __slots__ = (
        "_begun", "_ended", "_guards", "_left", "_path", "_reply", "_waiting", "call", "originals",
        "reads_replies", "reads_words", "release", "reservation", "snapshot",
    )  # fmt: skip

    def __init__(self, snapshot: Snapshot, call: Call, originals: Originals | None = None) -> None:
        """`originals`: what the stand-ins of a call stand for that was judged before."""
        self.call = call
        self.originals = originals
        self.reservation: Reservation | None = None
        self.release: Release | None = None
        self.snapshot = snapshot
        self._path = path = snapshot.paths.of(call.plan, snapshot.controls, snapshot.reply_controls)
        self._left = iter(path.steps)
        self._guards: list[tuple[Control, Guard]] = []
        self._begun: dict[int, tuple[Control, Guard]] = {}
        self._reply: Sequence[tuple[Control, Guard]] = ()
        self._waiting: Control | None = None
        self._ended = False
        self.reads_replies = False
        self.reads_words = path.words

    def judge(self) -> Deny | Hold | Wait[Verdict] | None:  # noqa: C901, PLR0912 - the loop of every call: each step apart costs all of them
        """Asks the controls; the first refusal ends the round. None: the call may go on, as `self.call`.

        A Wait goes to `wait`, which asks the others. May run in a thread.
        """
        call, guards, begun = self.call, self._guards, self._begun
        for place, control, ask in self._left:
            try:
                if ask is not None:
                    verdict = ask(call)
                else:
                    guard = control.begin(call)
                    if guard is None:
                        continue
                    begun[place] = pair = (control, guard)
                    guards.append(pair)
                    if self._ended:
                        # The caller went away while this runs in a thread: nobody else releases what has just begun.
                        self._release()
                        break
                    verdict = guard.on_request(call)
            except Exception as failure:
                return failed(control, failure)
            if verdict is PROCEED:
                continue
            if type(verdict) is Proceed and verdict.originals is None:
                if verdict.call is not None:
                    call = self.call = verdict.call
                if verdict.reservation is not None:
                    self.reservation = verdict.reservation
                if verdict.release is not None:
                    self.release = verdict.release
                continue
            if type(verdict) is Wait:
                self._waiting = control
                return verdict
            refusal = self._take(verdict)
            if refusal is not None:
                return refusal
            call = self.call
        if begun:
            self._reply = [begun[place] for place in self._path.reply if place in begun]
            self.reads_replies = bool(self._reply)
        return None

    async def wait(self, wait: Wait[Verdict], *, in_thread: bool = False) -> Deny | Hold | None:
        """The judgement after a Wait that `judge` gave. `in_thread`: the controls that are left are asked in a thread,
        as those before were."""
        while True:
            control, self._waiting = self._waiting, None
            if control is None:
                raise RuntimeError("nothing waits")
            refusal = self._take(await _answer(control, wait))
            if refusal is not None:
                return refusal
            judged = await asyncio.to_thread(self.judge) if in_thread else self.judge()
            if type(judged) is not Wait:
                return judged
            wait = judged

    def _take(self, verdict: Verdict) -> Deny | Hold | None:
        if not isinstance(verdict, Proceed):
            return verdict
        if verdict.call is not None:
            self.call = verdict.call
        if verdict.reservation is not None:
            self.reservation = verdict.reservation
        if verdict.release is not None:
            self.release = verdict.release
        if verdict.originals is not None:
            if self.originals is None:
                self.originals = verdict.originals
            else:
                self.originals.update(verdict.originals)
        return None

    def on_event(self, event: Event) -> Deny | Wait[Deny | None] | None:
        """Lets every guard of the reply judge, and change, one event. A Wait has deadlines of its own within."""
        for control, guard in self._reply:
            try:
                deny = guard.on_event(event)
            except Exception as failure:
                return failed(control, failure)
            if deny is not None:
                if type(deny) is Wait:
                    return Wait(functools.partial(self._on_event_later, event, control, guard, deny), _NEVER)
                return deny
        return None

    async def _on_event_later(
        self, event: Event, control: Control, guard: Guard, answer: Deny | Wait[Deny | None] | None
    ) -> Deny | None:
        """What the guards say of an event, from the one on that waits."""
        rest = iter(self._reply[self._reply.index((control, guard)) + 1 :])
        while True:
            deny = await _answer(control, answer) if type(answer) is Wait else answer
            if deny is not None:
                return deny
            following = next(rest, None)
            if following is None:
                return None
            control, guard = following
            try:
                answer = guard.on_event(event)
            except Exception as failure:
                return failed(control, failure)

    def on_finish(self) -> Deny | None:
        """The reply is complete."""
        for control, guard in self._reply:
            try:
                deny = guard.on_finish()
            except Exception as failure:
                return failed(control, failure)
            if deny is not None:
                return deny
        return None

    def end(self, outcome: Outcome, usage: Usage | None) -> None:
        """Releases every guard, once; a guard that raises does not keep the others from being released."""
        if self._ended:
            return
        self._ended = True
        self._release(outcome, usage)

    def _release(self, outcome: Outcome = Outcome.CLIENT_GONE, usage: Usage | None = None) -> None:
        """Takes each guard out before it is told, so that no second release can find it: a judging thread may be
        adding one."""
        guards = self._guards
        while guards:
            try:
                control, guard = guards.pop(0)
            except IndexError:
                return
            try:
                guard.on_end(outcome, usage)
            except Exception as failure:
                failed(control, failure)


async def _answer(control: Control, wait: Wait[T]) -> T | Deny:
    """What a control waited for; a refusal if it takes too long, or raises."""
    try:
        async with asyncio.timeout(None if wait.seconds == _NEVER else wait.seconds):
            return await wait.until()
    except Exception as failure:
        return failed(control, failure)


def failed(control: Control, failure: Exception) -> Deny:
    """The refusal for a control that raised."""
    _log.error("control %s failed: %s", control.name, type(failure).__qualname__)
    return Deny(Code.CONTROL_FAILED, f"the control {control.name!r} failed, so the call was refused", rule=control.name)
