"""Tells later controls which texts of a call this session has sent before, or got from the gate as a reply.

It judges nothing. What it remembers lives longer than a snapshot: rules change, what was said remains said. A call's
texts are remembered when its reply is complete, or it has ended, and only if it was forwarded: what was refused is
judged again. What the model said is remembered as the caller received it, with its masks; it is known where it comes
back as the model's own words and calls, in whichever session of this principal.

A text is known to the policies that it has passed. Where others apply as well, as to another model or connection, it
is new: what one policy lets pass is not said to another.
"""

from typing import Final, NamedTuple

import msgspec

from narrows.inspection.delivered import Delivered
from narrows.inspection.novelty import Name, Sessions
from narrows.model.call import Call
from narrows.model.plan import Plan
from narrows.model.record import Outcome
from narrows.model.reply import Event
from narrows.model.text import Role
from narrows.model.usage import Usage
from narrows.model.verdict import Deny, Proceed, Verdict
from narrows.policy.recent import Recent
from narrows.ports.control import Guard

PLANS: Final = 512
"""Plans of which it is known what they ask."""

_REPLIED: Final = frozenset({Role.ASSISTANT, Role.TOOL_CALL, Role.TOOL_RESULT})
"""Under which a reply comes back."""

_BETWEEN: Final = "\0"
_SAID: Final = "*"
"""In the place of a session: what the model said in any of them."""


class _Asks(NamedTuple):
    """What a plan's rules ask: `scope` names the policies whose rules they are; `replies`: some look where replies come
    back."""

    plan: Plan
    scope: str
    replies: bool


class NewContent:
    """The step before the scan, and after everything that changes a reply."""

    name: Final = "new_content"

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._known: Recent[int, _Asks] = Recent(PLANS)

    def begin(self, call: Call) -> Guard | None:
        """Nothing to do where no rule asks what is new."""
        return _Telling(self._sessions, self._asks(call.plan)) if call.plan.rules else None

    def _asks(self, plan: Plan) -> _Asks:
        known = self._known.get(id(plan))
        if known is None or known.plan is not plan:
            policies = dict.fromkeys(rule.policy for rule in plan.rules)
            replies = any(not rule.roles or not rule.roles.isdisjoint(_REPLIED) for rule in plan.rules)
            known = _Asks(plan, _BETWEEN.join(policies), replies)
            self._known.put(id(plan), known)
        return known


class _Telling:
    """One call."""

    __slots__ = ("_asks", "_delivered", "_said", "_session", "_sessions", "_tags")

    def __init__(self, sessions: Sessions, asks: _Asks) -> None:
        self._sessions = sessions
        self._asks = asks
        self._session: Name = ("", "")
        self._said: Name = ("", "")
        self._tags: tuple[bytes, ...] = ()
        self._delivered = Delivered() if asks.replies else None

    def on_request(self, call: Call) -> Verdict:
        """A call that was judged apart has the tags of its texts, which are not here."""
        sessions, who, scope = self._sessions, call.principal.key, self._asks.scope
        self._session = (who, f"{call.session}{_BETWEEN}{scope}")
        self._said = (who, f"{_SAID}{_BETWEEN}{scope}")
        self._tags = call.tags or tuple(sessions.tags(call.asked.texts))
        known = sessions.known(self._session, self._tags) | sessions.known(self._said, self._tags)
        return Proceed(msgspec.structs.replace(call, known=known, tags=self._tags))

    def on_event(self, event: Event) -> Deny | None:
        """An event of a reply that was judged apart has the tags of its texts, which are not here."""
        delivered = self._delivered
        if event.tags:
            self._remember(event.tags)
        elif delivered is not None:
            delivered.take(event)
        if event.last:
            # Now, not when the call has ended: the caller may send the next request as soon as it has this event.
            event.tags = self._learn(broken=False)
        return None

    def on_finish(self) -> Deny | None:
        """Nothing is held back."""

    def on_end(self, outcome: Outcome, usage: Usage | None) -> None:  # noqa: ARG002 - what a guard is told
        if outcome is not Outcome.REFUSED:
            self._learn(broken=True)

    def _learn(self, *, broken: bool) -> tuple[bytes, ...]:
        """Remembers the request, and the reply as far as it has come. The second time there is nothing to learn."""
        if self._tags:
            self._sessions.passed(self._session, self._tags)
        delivered, self._delivered = self._delivered, None
        tags: tuple[bytes, ...] = ()
        if delivered is not None:
            tags = tuple(dict.fromkeys(self._sessions.digests(delivered.texts(broken=broken))))
            self._remember(tags)
        return tags

    def _remember(self, tags: tuple[bytes, ...]) -> None:
        if tags:
            self._sessions.passed(self._session, tags)
            self._sessions.passed(self._said, tags)
