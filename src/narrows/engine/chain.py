"""Runs the controls of a call in order and keeps their guards until the call ends.

A control that raises refuses the call: its class is logged, its message is not (it could quote the prompt).
"""

import logging

from narrows.engine.snapshot import Snapshot
from narrows.model.call import Call
from narrows.model.record import Outcome
from narrows.model.refusal import Code
from narrows.model.reply import Event
from narrows.model.usage import Usage
from narrows.model.verdict import PROCEED, Deny, Hold, Proceed
from narrows.ports.control import Control, Guard

_log = logging.getLogger("narrows.engine")


class Chain:
    """The guards of one call. `judge` first, then `on_event` and `on_finish`, and `end` exactly once."""

    __slots__ = ("_ended", "_guards", "_reply", "call", "snapshot")

    def __init__(self, snapshot: Snapshot, call: Call) -> None:
        self.call = call
        self.snapshot = snapshot
        self._guards: list[tuple[Control, Guard]] = []
        self._reply: list[tuple[Control, Guard]] = []
        self._ended = False

    def judge(self) -> Deny | Hold | None:
        """Asks every control; the first refusal ends the round. None: the call may go on, as `self.call`."""
        call, guards = self.call, self._guards
        for control in self.snapshot.controls:
            try:
                guard = control.begin(call)
                if guard is None:
                    continue
                guards.append((control, guard))
                verdict = guard.on_request(call)
            except Exception as failure:
                return failed(control, failure)
            if verdict is PROCEED:
                continue
            if not isinstance(verdict, Proceed):
                return verdict
            if verdict.call is not None:
                call = self.call = verdict.call
        self._reply = [pair for control in self.snapshot.reply_controls for pair in guards if pair[0] is control]
        return None

    def on_event(self, event: Event) -> Deny | None:
        """Lets every guard of the reply judge, and change, one event."""
        for control, guard in self._reply:
            try:
                deny = guard.on_event(event)
            except Exception as failure:
                return failed(control, failure)
            if deny is not None:
                return deny
        return None

    @property
    def reads_replies(self) -> bool:
        """Whether some guard looks at the reply."""
        return bool(self._reply)

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
        for control, guard in self._guards:
            try:
                guard.on_end(outcome, usage)
            except Exception as failure:
                failed(control, failure)


def failed(control: Control, failure: Exception) -> Deny:
    """The refusal for a control that raised."""
    _log.error("control %s failed: %s", control.name, type(failure).__qualname__)
    return Deny(Code.CONTROL_FAILED, f"the control {control.name!r} failed, so the call was refused", rule=control.name)
