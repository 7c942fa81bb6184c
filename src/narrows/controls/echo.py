"""Notices a reply that repeats a long run of the system text of its own request, while it streams.

It compares the reply as the model wrote it with the system text as the model was given it. Where a policy denies, the
reply is stopped before the run is complete: what has left by then is shorter than an echo.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from narrows.dialects.fields import ENVELOPE_TEXT, ID, NUMBER, PADDING, grows
from narrows.inspection.echo import LONGEST, Echo, Origin
from narrows.model.call import Call
from narrows.model.plan import Plan
from narrows.model.record import Outcome
from narrows.model.refusal import Code
from narrows.model.reply import Event
from narrows.model.text import Role
from narrows.model.usage import Usage
from narrows.model.verdict import PROCEED, Deny, Proceed, Verdict
from narrows.policy.probing import Echoes, ProbingRules
from narrows.policy.recent import Recent
from narrows.ports.control import Guard

ORIGINS: Final = 16
"""System texts whose index is kept, at least; one of 8 KB takes 0.3 ms to make and some 150 KB."""

STREAMS: Final = 512
"""Fields of a reply that are followed; what begins beyond that is compared text by text."""

_NOT_SAID: Final = frozenset({ENVELOPE_TEXT, ID, PADDING, "signature", "logprobs", "event"})


class EchoWatch:
    """The control for `probing.echo`."""

    name: Final = "echo"

    def __init__(self, rules: ProbingRules) -> None:
        self._rules = rules
        self._origins: Recent[tuple[str, int], Origin] = Recent(ORIGINS)

    def under(self, plan: Plan) -> "EchoWatch | None":
        """Nothing to do where no policy asks."""
        return self if self._rules.of(plan).echoes else None

    def begin(self, call: Call) -> Guard | None:
        """Nothing to do where no policy asks."""
        rules = self._rules.of(call.plan).echoes
        return _Comparing(rules, self._origins) if rules else None


class _Comparing:
    """One call."""

    __slots__ = ("_known", "_origins", "_rules", "_streams")

    def __init__(self, rules: Sequence[Echoes], origins: Recent[tuple[str, int], Origin]) -> None:
        self._rules = rules
        self._known = origins
        self._origins: list[tuple[Echoes, Origin]] = []
        self._streams: dict[tuple[int, str], list[tuple[Echoes, Echo]]] = {}

    def on_request(self, call: Call) -> Verdict:
        """A call that was judged apart has its system text, whose other texts are not here."""
        system = call.system
        if system is None:
            system = "\n".join([text.value for text in call.asked.texts if text.role is Role.SYSTEM])[:LONGEST]
        for rule in self._rules:
            if len(system) >= rule.least:
                origin = self._origin(system, rule.least)
                if not origin.silent:
                    self._origins.append((rule, origin))
        if not self._origins or call.system is not None:
            return PROCEED
        return Proceed(msgspec.structs.replace(call, system=system))

    def _origin(self, system: str, least: int) -> Origin:
        known = self._known.get((system, least))
        if known is None:
            known = Origin([system], least)
            self._known.put((system, least), known)
        return known

    def on_event(self, event: Event) -> Deny | None:
        if not self._origins:
            return None
        for delta in event.deltas:
            field = delta.field
            if not delta.text or field in _NOT_SAID or field.startswith(NUMBER):
                continue
            for rule, echo in self._following(delta.choice, field):
                if echo.found or echo.feed(delta.text) is None:
                    continue
                if rule.stops:
                    return _deny(rule)
                self._seen(rule, event)
        for ended in event.ends:
            self._streams.pop(ended, None)
        return None

    def _following(self, choice: int, field: str) -> list[tuple[Echoes, Echo]]:
        """What follows a field; of one that does not go on, each text by itself."""
        known = self._streams.get((choice, field))
        if known is None:
            known = [(rule, Echo(origin)) for rule, origin in self._origins]
            if grows(field) and len(self._streams) < STREAMS:
                self._streams[choice, field] = known
        return known

    def _seen(self, rule: Echoes, event: Event) -> None:
        """Notes it, once: the rule has nothing more to look for."""
        event.notes = [*event.notes, rule.note(Code.REPLY_DENIED)]
        self._origins = [pair for pair in self._origins if pair[0] is not rule]
        for stream, followed in self._streams.items():
            self._streams[stream] = [pair for pair in followed if pair[0] is not rule]

    def on_finish(self) -> Deny | None:
        """Nothing is held back."""

    def on_end(self, outcome: Outcome, usage: Usage | None) -> None:
        """Nothing to release."""


def _deny(rule: Echoes) -> Deny:
    message = (
        f"The reply began to repeat its system prompt, {rule.least} characters in a row, and was stopped, as policy "
        f"{rule.policy} demands."
    )
    return Deny(Code.REPLY_DENIED, message, policy=rule.policy, rule=rule.rule)
