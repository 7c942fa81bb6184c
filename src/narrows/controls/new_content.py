"""Tells later controls which texts of a call this session has sent before, or got from the gate as a reply.

It judges nothing. What it remembers lives longer than a snapshot: rules change, what was said remains said. A call's
texts are remembered when its reply is complete, or it has ended, and only if it was forwarded: what was refused is
judged again. What the model said is remembered as the caller received it, with its masks; it is known where it comes
back as the model's own words and calls, in whichever session of this principal.

What people are asked about is what is said now: where a rule asks for approval, the turn that a request ends with is
new, however often it was sent before. So an approved text is not asked about again as history, and the same request is.

A text is known to the policies that it has passed. Where others apply as well, as to another model or connection, it
is new: what one policy lets pass is not said to another.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from narrows.inspection.delivered import Delivered, answered
from narrows.inspection.novelty import Name, Sessions, scoped
from narrows.model.call import Call
from narrows.model.plan import Action, Plan
from narrows.model.record import Outcome
from narrows.model.reply import Event
from narrows.model.text import Role, Text
from narrows.model.usage import Usage
from narrows.model.verdict import Deny, Proceed, Verdict
from narrows.policy.recent import Recent
from narrows.ports.control import Guard

PLANS: Final = 512
"""Plans of which it is known what they ask."""

_REPLIED: Final = frozenset({Role.ASSISTANT, Role.TOOL_CALL, Role.TOOL_RESULT})
"""Under which a reply comes back."""

_MODEL: Final = frozenset({Role.ASSISTANT, Role.TOOL_CALL})
_SAYING: Final = frozenset({Role.USER, Role.TOOL_RESULT})

_SAID: Final = "*"
"""In the place of a session: what the model said in any of them."""


def turn(texts: Sequence[Text]) -> frozenset[int]:
    """The places of what users and tools say last: after the model's last words, but for those that the caller puts
    into its mouth at the end."""
    places: list[int] = []
    for place in range(len(texts) - 1, -1, -1):
        role = texts[place].role
        if role in _SAYING:
            places.append(place)
        elif role in _MODEL and places:
            break
    return frozenset(places)


class NewContent:
    """The step before the scan, and after everything that changes a reply. `always`: it is asked by more than rules,
    so it tells also where every rule looks at what is not new."""

    name: Final = "new_content"

    def __init__(self, sessions: Sessions, *, always: bool = False) -> None:
        self._sessions = sessions
        self._always = always
        self._known: Recent[int, _Asks] = Recent(PLANS)

    def under(self, plan: Plan) -> "_Asks | None":
        """Nothing to do where no rule asks what is new."""
        if not plan.rules or not (self._always or any(not rule.history for rule in plan.rules)):
            return None
        return _Asks(self._sessions, plan)

    def begin(self, call: Call) -> Guard | None:
        """The same for a call."""
        plan = call.plan
        if not plan.rules:
            return None
        known = self._known.get(id(plan))
        if known is None or known.plan is not plan:
            asks = self.under(plan)
            if asks is None:
                return None
            known = asks
            self._known.put(id(plan), known)
        return _Telling(known)


class _Asks:
    """What a plan's rules ask: `scope`, in the names of sessions, are the policies whose rules they are; `replies`:
    some look where replies come back; `turns`: some ask people."""

    __slots__ = ("plan", "replies", "said", "scope", "sessions", "turns")

    name: Final = NewContent.name
    wordless: Final = True

    def __init__(self, sessions: Sessions, plan: Plan) -> None:
        self.sessions = sessions
        self.plan = plan
        self.scope = scoped(rule.policy for rule in plan.rules)
        self.said = _SAID + self.scope
        self.turns = any(rule.action is Action.APPROVE and not rule.observe for rule in plan.rules)
        self.replies = any(not rule.roles or not rule.roles.isdisjoint(_REPLIED) for rule in plan.rules)

    def begin(self, call: Call) -> Guard:  # noqa: ARG002 - of any call under the plan
        """There is always something to tell."""
        return _Telling(self)


class _Telling:
    """One call."""

    __slots__ = ("_asks", "_delivered", "_learns", "_session", "_tags", "_who")

    def __init__(self, asks: _Asks) -> None:
        self._asks = asks
        self._who = ""
        self._session: Name = ("", "")
        self._tags: tuple[bytes, ...] = ()
        self._delivered: Delivered | None = None
        self._learns = asks.replies

    def on_request(self, call: Call) -> Verdict:
        """A call that was judged apart has the tags of its texts, which are not here."""
        asks = self._asks
        sessions = asks.sessions
        self._who = who = call.principal.key
        self._session = session = (who, call.session + asks.scope)
        apart = call.tags
        self._tags = tags = apart or tuple(sessions.tags(call.asked.texts))
        known = sessions.known(session, tags)
        if len(known) < len(tags) and (apart or not _REPLIED.isdisjoint([text.role for text in call.asked.texts])):
            known |= sessions.known((who, asks.said), tags)
        if known and asks.turns:
            known -= turn(call.asked.texts)
        return Proceed(msgspec.structs.replace(call, known=known, tags=tags))

    def on_event(self, event: Event) -> Deny | None:
        """An event of a reply that was judged apart has the tags of its texts, which are not here."""
        if event.tags:
            self._remember((), event.tags)
        elif self._learns:
            if event.last and self._delivered is None and not event.before:
                # A whole reply is one event.
                event.tags = self._learn(tuple(self._asks.sessions.shared(answered(event))))
                return None
            if self._delivered is None:
                self._delivered = Delivered()
            self._delivered.take(event)
        if event.last:
            # Now, not when the call has ended: the caller may send the next request as soon as it has this event.
            event.tags = self._learn(self._told(broken=False))
        return None

    def on_finish(self) -> Deny | None:
        """Nothing is held back."""

    def on_end(self, outcome: Outcome, usage: Usage | None) -> None:  # noqa: ARG002 - what a guard is told
        if outcome is not Outcome.REFUSED and (self._tags or self._delivered is not None):
            self._learn(self._told(broken=True))

    def _told(self, *, broken: bool) -> tuple[bytes, ...]:
        """By which the reply is known as far as it has come."""
        delivered = self._delivered
        if delivered is None:
            return ()
        return tuple(dict.fromkeys(self._asks.sessions.digests(delivered.texts(broken=broken))))

    def _learn(self, told: tuple[bytes, ...]) -> tuple[bytes, ...]:
        """Remembers the request, and the reply. The second time there is nothing to learn."""
        tags, self._tags = self._tags, ()
        self._delivered, self._learns = None, False
        self._remember(tags, told)
        return told

    def _remember(self, tags: tuple[bytes, ...], told: tuple[bytes, ...]) -> None:
        """`tags` are of the request, `told` of the reply to it."""
        sessions = self._asks.sessions
        if tags or told:
            sessions.passed(self._session, tags + told if told else tags)
        if told:
            sessions.passed((self._who, self._asks.said), told)
