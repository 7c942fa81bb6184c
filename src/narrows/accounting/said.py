"""How many tokens a prompt certainly has, so that no upstream can report next to none of it.

Only what the system and the user say counts, where a model certainly reads it: servers leave out thoughts of former
turns and results of tools that are no longer wanted, and never read what only describes the request. Pure.
"""

from typing import Final

from narrows.model.call import Call
from narrows.model.text import Role
from narrows.model.usage import LONGEST_TOKEN

USUAL_TOKEN: Final = 4
"""Bytes of UTF-8 that one token stands for as a rule."""

DOUBT: Final = LONGEST_TOKEN // USUAL_TOKEN
"""A report of a prompt is doubted if it has less than one token for so many that were estimated."""

_SAYING: Final = frozenset({Role.SYSTEM, Role.USER})
_WHOLE: Final = frozenset({"$.input", "$.prompt", "$.system", "$.instructions"})
_PARTS: Final = ("$.messages[", "$.input[", "$.prompt[", "$.system[")


def said(call: Call) -> int:
    """Tokens that the prompt has, whatever the tokenizer; none where its texts are not here."""
    size = 0
    for text in call.asked.texts:
        if text.role in _SAYING and (text.path in _WHOLE or text.path.startswith(_PARTS)):
            value = text.value
            size += len(value) if value.isascii() else len(value.encode("utf-8", "surrogatepass"))
    return -(-size // LONGEST_TOKEN)
