"""Tells later controls which texts of a call this session has sent before.

It judges nothing. What it remembers lives longer than a snapshot: rules change, what was said remains said. A call's
texts are remembered when it has ended, and only if it was forwarded: what was refused is judged again.
"""

from typing import Final

import msgspec

from narrows.inspection.novelty import Name, Sessions
from narrows.model.call import Call
from narrows.model.record import Outcome
from narrows.model.reply import Event
from narrows.model.usage import Usage
from narrows.model.verdict import Deny, Proceed, Verdict
from narrows.ports.control import Guard


class NewContent:
    """The step before the scan."""

    name: Final = "new_content"

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    def begin(self, call: Call) -> Guard | None:
        """Nothing to do where no rule asks what is new."""
        return _Telling(self._sessions) if call.plan.rules else None


class _Telling:
    """One call."""

    __slots__ = ("_session", "_sessions", "_tags")

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._session: Name = ("", "")
        self._tags: tuple[bytes, ...] = ()

    def on_request(self, call: Call) -> Verdict:
        """A call that was judged apart has the tags of its texts, which are not here."""
        sessions = self._sessions
        self._session = (call.principal.key, call.session)
        self._tags = call.tags or tuple(sessions.tags(call.asked.texts))
        known = sessions.known(self._session, self._tags)
        return Proceed(msgspec.structs.replace(call, known=known, tags=self._tags))

    def on_event(self, event: Event) -> Deny | None:
        """Replies are not its business."""

    def on_finish(self) -> Deny | None:
        """Nothing is held back."""

    def on_end(self, outcome: Outcome, usage: Usage | None) -> None:  # noqa: ARG002 - what a guard is told
        if outcome is not Outcome.REFUSED and self._tags:
            self._sessions.passed(self._session, self._tags)
