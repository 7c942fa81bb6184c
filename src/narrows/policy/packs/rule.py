"""What a shipped rule is. Plain values; what is done where a rule matches is the policy's to say, by default a flag."""

from enum import StrEnum
from typing import Final

import msgspec

from narrows.model.text import Role


class Side(StrEnum):
    """Which way the text goes."""

    PROMPT = "prompt"
    RESPONSE = "response"


class PackRule(msgspec.Struct, frozen=True):
    """One rule. Its patterns are RE2; it matches where any of them does. Those of a rule on replies are such as can be
    held back in a stream, too: bounded, and with no anchor but LINE in front.

    `purpose`, `misses` and `also_matches` are shown to whoever chooses the rule: what it is for, what gets past it, and
    what harmless text it finds. `matches` and `spares` are examples of both, which the tests run.
    """

    id: str
    version: int
    side: Side
    roles: frozenset[Role]
    """Whose texts of a prompt it looks at; empty for a reply."""
    patterns: tuple[str, ...]
    purpose: str
    misses: str
    also_matches: str
    matches: tuple[str, ...]
    spares: tuple[str, ...]


class Pack(msgspec.Struct, frozen=True):
    """Rules that belong together. A change to any of them raises its version and that of the pack."""

    name: str
    version: int
    summary: str
    rules: tuple[PackRule, ...]


LINE: Final = "(?m)^"
"""In front of a pattern that matches only at the beginning of a line."""
SPOKEN: Final = frozenset({Role.USER, Role.TOOL_RESULT})
"""What comes from outside: the user's words, and what tools read for the model."""
FOREIGN: Final = frozenset({Role.TOOL_RESULT})
READ: Final = frozenset({Role.USER, Role.TOOL_RESULT, Role.TOOL_DEFINITION, Role.TOOL_CALL})
"""Everything but the words of the operator and of the model."""
