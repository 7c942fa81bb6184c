"""Looks through a reply for rules that let it pass, and notes what each of them sees.

It runs the code that masks replies a second time, over copies of the texts: so it sees what an enforcing rule would
stop, however the reply is cut. It changes nothing. It knows events and their fields, and no wire format.
"""

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from narrows.masking.applied import Side, matches
from narrows.masking.findings import Finding
from narrows.masking.replies import ReplyMask, Says
from narrows.model.plan import ROW, Action, ReplyRule
from narrows.model.refusal import Code
from narrows.model.reply import Delta, Event
from narrows.model.verdict import Note

_ROW: Final = re.compile(rf"\[{ROW}\w+\]")
"""The stand-in of a rule's pattern or words in a place: its name says nothing to anybody."""


class Watch:
    """One reply. Each rule is noted once, where it first matches."""

    __slots__ = ("_found", "_noted", "_reply", "_rules")

    def __init__(self, side: Side, rules: Sequence[ReplyRule], grows: Says, is_json: Says) -> None:
        """`side` tells of all that the rules look for; `grows` and `is_json` are those of a ReplyMask."""
        self._reply = ReplyMask(side, grows, is_json, self._see)
        self._rules = rules
        self._found: list[Note] = []
        self._noted: set[tuple[str, str]] = set()

    def look(self, event: Event) -> list[Note]:
        """What rules see in an event. Before anything changes its texts."""
        deltas = [Delta(delta.choice, delta.field, delta.text, None, delta.key, delta.name) for delta in event.deltas]
        self._reply.take(msgspec.structs.replace(event, data=None, deltas=deltas, before=[], masked=[], notes=[]))
        found, self._found = self._found, []
        return found

    def _see(self, place: str, finding: Finding) -> None:
        for rule in self._rules:
            if matches(rule, finding) and (rule.policy, rule.name) not in self._noted:
                self._noted.add((rule.policy, rule.name))
                flagged = rule.action is Action.FLAG
                self._found.append(Note(Code.REPLY_DENIED, rule.policy, rule.name, _ROW.sub("…", place), flagged))
