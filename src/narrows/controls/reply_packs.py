"""Notices what shipped rules look for in replies, such as pictures whose address carries data away.

It flags only: what it finds may have left already. The text of a field is searched in overlapping pieces, so that no
more than PIECE and OVERLAP characters of it are kept.
"""

from collections.abc import Sequence
from typing import Final

from narrows.dialects.fields import ENVELOPE_TEXT, ID, NUMBER, PADDING, grows
from narrows.model.call import Call
from narrows.model.plan import Plan
from narrows.model.record import Outcome
from narrows.model.refusal import Code
from narrows.model.reply import Event
from narrows.model.usage import Usage
from narrows.model.verdict import PROCEED, Deny, Verdict
from narrows.policy.patterns import encode
from narrows.policy.probing import Phrases, ProbingRules
from narrows.ports.control import Guard

PIECE: Final = 4_096
OVERLAP: Final = 2_048
"""Longer than any match of a shipped rule."""

STREAMS: Final = 512
"""Fields of a reply that are followed; of more the texts are searched one by one."""

_NOT_SAID: Final = frozenset({ENVELOPE_TEXT, ID, PADDING, "signature", "logprobs", "event"})


class ReplyPacks:
    """The control for `responses: - flag: {packs: …}`."""

    name: Final = "reply_packs"

    def __init__(self, rules: ProbingRules) -> None:
        self._rules = rules

    def under(self, plan: Plan) -> "ReplyPacks | None":
        """Nothing to do where no policy asks."""
        return self if self._rules.of(plan).phrases else None

    def begin(self, call: Call) -> Guard | None:
        """Nothing to do where no policy asks."""
        phrases = self._rules.of(call.plan).phrases
        return _Searching(phrases) if phrases else None


class _Searching:
    """One reply. `wanted` shrinks as rules are found: each is noted once."""

    __slots__ = ("_held", "_wanted")

    def __init__(self, wanted: Sequence[Phrases]) -> None:
        self._wanted = wanted
        self._held: dict[tuple[int, str], str] = {}

    def on_request(self, call: Call) -> Verdict:  # noqa: ARG002 - what a guard is told
        return PROCEED

    def on_event(self, event: Event) -> Deny | None:
        held = self._held
        for delta in event.deltas:
            field = delta.field
            if not self._wanted or not delta.text or field in _NOT_SAID or field.startswith(NUMBER):
                continue
            key = (delta.choice, field)
            if not grows(field) or (key not in held and len(held) >= STREAMS):
                self._search(delta.text, event)
                continue
            text = held.get(key, "") + delta.text
            if len(text) >= PIECE + OVERLAP:
                self._search(text, event)
                text = text[-OVERLAP:]
            held[key] = text
        for ended in tuple(held) if event.last else event.ends:
            text = held.pop(ended, "")
            if text:
                self._search(text, event)
        return None

    def _search(self, text: str, event: Event) -> None:
        data = encode(text)
        found = [rule for rule in self._wanted if any(pattern.occurs(data) for pattern in rule.patterns)]
        if found:
            event.notes = [*event.notes, *(rule.note(Code.REPLY_DENIED) for rule in found)]
            self._wanted = [rule for rule in self._wanted if rule not in found]

    def on_finish(self) -> Deny | None:
        """Nothing is held back."""

    def on_end(self, outcome: Outcome, usage: Usage | None) -> None:
        """Nothing to release."""
