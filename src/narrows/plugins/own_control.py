"""A control of another package, or behind a webhook, in the place of one of the gate's own.

What it refuses is refused in its name, and what takes longer than its timeout, raises, or is no verdict refuses, too.
One that only observes refuses nothing: what it would have refused becomes a note, and it is shown copies of what it
could change.
"""

import asyncio
import functools
import logging
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from narrows.model.call import Call
from narrows.model.record import Outcome
from narrows.model.refusal import Code
from narrows.model.reply import Event
from narrows.model.usage import Usage
from narrows.model.verdict import PROCEED, Deny, Hold, Note, Proceed, Verdict
from narrows.ports.control import Control, Guard, Wait

_log = logging.getLogger("narrows.plugins")

_VERDICTS: Final = (Proceed, Deny, Hold, Wait)


class OwnControl:
    """A Control around one that was configured."""

    def __init__(self, name: str, control: Control, *, observe: bool, timeout: float) -> None:
        self.name = f"control.{name}"
        self._control = control
        self._observe = observe
        self._timeout = timeout

    def begin(self, call: Call) -> Guard | None:
        """Whatever the control itself says."""
        if not self._observe:
            guard = self._control.begin(call)
            return None if guard is None else _Enforced(self.name, guard, self._timeout)
        try:
            watched = self._control.begin(call)
        except Exception as failure:  # noqa: BLE001 - the boundary of a plug-in that refuses nothing
            return _Observed(self.name, None, self._timeout, type(failure).__qualname__)
        return None if watched is None else _Observed(self.name, watched, self._timeout)


class _Enforced:
    """Its guard of one call."""

    __slots__ = ("_guard", "_name", "_timeout")

    def __init__(self, name: str, guard: Guard, timeout: float) -> None:
        self._name = name
        self._guard = guard
        self._timeout = timeout

    def on_request(self, call: Call) -> Verdict | Wait[Verdict]:
        verdict = self._guard.on_request(call)
        if isinstance(verdict, Wait):
            return Wait(functools.partial(self._request, verdict.until), min(verdict.seconds, self._timeout))
        return self._named(verdict)

    async def _request(self, until: Callable[[], Awaitable[Verdict]]) -> Verdict:
        return self._named(await until())

    def _named(self, verdict: Verdict) -> Verdict:
        """The verdict, a refusal in the control's name. Raises TypeError for what is none."""
        if isinstance(verdict, Deny):
            return verdict if verdict.rule is not None else msgspec.structs.replace(verdict, rule=self._name)
        if not isinstance(verdict, _VERDICTS):
            raise TypeError("a control gave what is no verdict")
        return verdict

    def on_event(self, event: Event) -> Deny | Wait[Deny | None] | None:
        deny = self._guard.on_event(event)
        if isinstance(deny, Wait):
            return Wait(functools.partial(self._event, deny.until), min(deny.seconds, self._timeout))
        return self._stopping(deny)

    async def _event(self, until: Callable[[], Awaitable[Deny | None]]) -> Deny | None:
        return self._stopping(await until())

    def _stopping(self, deny: Deny | None) -> Deny | None:
        if deny is None:
            return None
        if not isinstance(deny, Deny):
            raise TypeError("a control gave what is no verdict")
        return deny if deny.rule is not None else msgspec.structs.replace(deny, rule=self._name)

    def on_finish(self) -> Deny | None:
        return self._stopping(self._guard.on_finish())

    def on_end(self, outcome: Outcome, usage: Usage | None) -> None:
        self._guard.on_end(outcome, usage)


class _Observed:
    """The same of one that refuses nothing. When its guard has failed it is not asked again, but told of the end."""

    __slots__ = ("_failure", "_guard", "_name", "_timeout")

    def __init__(self, name: str, guard: Guard | None, timeout: float, failure: str = "") -> None:
        self._name = name
        self._guard = guard
        self._timeout = timeout
        self._failure = failure

    def on_request(self, call: Call) -> Verdict | Wait[Verdict]:
        if self._guard is None or self._failure:
            return self._failed(call, self._failure)
        try:
            verdict = self._guard.on_request(call)
        except Exception as failure:  # noqa: BLE001 - the boundary of a plug-in that refuses nothing
            return self._failed(call, type(failure).__qualname__)
        if isinstance(verdict, Wait):
            # The limit is within, so that one that is late refuses nothing.
            seconds = min(verdict.seconds, self._timeout)
            return Wait(functools.partial(self._request, call, verdict.until, seconds), seconds + 5.0)
        return self._noted(call, verdict)

    async def _request(self, call: Call, until: Callable[[], Awaitable[Verdict]], seconds: float) -> Verdict:
        try:
            async with asyncio.timeout(seconds):
                return self._noted(call, await until())
        except Exception as failure:  # noqa: BLE001 - as above
            return self._failed(call, type(failure).__qualname__)

    def _noted(self, call: Call, verdict: object) -> Verdict:
        if isinstance(verdict, Deny):
            return self._note(call, verdict.code, verdict.param)
        return PROCEED if isinstance(verdict, _VERDICTS) else self._failed(call, "TypeError")

    def _failed(self, call: Call, failure: str) -> Verdict:
        self._failure = failure
        _log.warning("%s, which only observes, failed: %s", self._name, failure)
        return self._note(call, Code.CONTROL_FAILED)

    def _note(self, call: Call, code: Code, param: str | None = None) -> Verdict:
        note = Note(code, self._name, None, param)
        return Proceed(msgspec.structs.replace(call, notes=(*call.notes, note)))

    def on_event(self, event: Event) -> Deny | Wait[Deny | None] | None:
        """Shows it a copy. The record of a call names what it would have refused of the request; of replies, the log
        does."""
        if self._guard is None or self._failure:
            return None
        copy = msgspec.structs.replace(event, deltas=[msgspec.structs.replace(delta) for delta in event.deltas])
        try:
            answer = self._guard.on_event(copy)
        except Exception as failure:  # noqa: BLE001 - as above
            return self._logged(type(failure).__qualname__)
        if isinstance(answer, Wait):
            seconds = min(answer.seconds, self._timeout)
            return Wait(functools.partial(self._event, answer.until, seconds), seconds + 5.0)
        return self._would(answer)

    async def _event(self, until: Callable[[], Awaitable[Deny | None]], seconds: float) -> Deny | None:
        try:
            async with asyncio.timeout(seconds):
                return self._would(await until())
        except Exception as failure:  # noqa: BLE001 - as above
            return self._logged(type(failure).__qualname__)

    def _would(self, deny: Deny | None) -> Deny | None:
        if deny is not None:
            _log.info("%s, which only observes, would stop a reply: %s", self._name, getattr(deny, "code", "?"))
        return None

    def _logged(self, failure: str) -> Deny | None:
        self._failure = failure
        _log.warning("%s, which only observes, failed: %s", self._name, failure)
        return None

    def on_finish(self) -> Deny | None:
        if self._guard is None or self._failure:
            return None
        try:
            return self._would(self._guard.on_finish())
        except Exception as failure:  # noqa: BLE001 - as above
            return self._logged(type(failure).__qualname__)

    def on_end(self, outcome: Outcome, usage: Usage | None) -> None:
        if self._guard is not None:
            self._guard.on_end(outcome, usage)
