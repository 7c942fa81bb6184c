"""Counts what a reply certainly comes to while it runs, against what it may come to.

Two lower bounds of the tokens generated: non-empty deltas (a delta is at least one token) and bytes / 32 (no vocabulary
has longer tokens on average); what the upstream itself reports counts as well. Only generated text counts: not what a
stream says again (`repeat:` fields: the snapshots of the responses API), not log probabilities, not the envelope. Of
any JSON (`$…` fields) it is not known which strings were generated one token at a time, so only their bytes count, and
not those of keys, ids and words of the API, which stand in every event.
"""

from typing import Final

import msgspec

from narrows.dialects.fields import ENVELOPE_TEXT, ID, PADDING, grows
from narrows.model.reply import Event
from narrows.model.usage import LONGEST_TOKEN

_GENERATED: Final = ("content", "reasoning", "refusal", "tool_call")
_ANY_JSON: Final = "$"
_ENVELOPE: Final = frozenset({ENVELOPE_TEXT, ID, PADDING})
"""Every event has texts of these, so they are told apart first."""


class Generated(msgspec.Struct, eq=False):
    """The count of one reply, all its choices together: `deltas` that generate, their `size` in bytes of UTF-8.
    `allowed` is in tokens; None: any number."""

    allowed: int | None = None
    deltas: int = 0
    size: int = 0

    def passed(self, event: Event) -> bool:
        """Counts an event; whether the reply is certainly past what is allowed with it."""
        deltas, size = self.deltas, self.size
        for delta in event.deltas:
            text, field = delta.text, delta.field
            if field == "content":
                if not text:
                    continue
                deltas += 1
            elif not text or field in _ENVELOPE:
                continue
            elif field.startswith(_GENERATED):
                deltas += 1
            elif not (field.startswith(_ANY_JSON) and grows(field)):
                continue
            size += len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
        self.deltas, self.size = deltas, size
        allowed, usage = self.allowed, event.usage
        if allowed is None:
            return False
        if deltas > allowed or size > allowed * LONGEST_TOKEN:
            return True
        return usage is not None and usage.completion is not None and usage.completion > allowed
