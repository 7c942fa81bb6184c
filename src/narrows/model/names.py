"""Which name a value goes by: that of the member it stands in, unless that says nothing and its holder's says more.

Dialects ask it for the texts of requests, masking for the values of a tool call's arguments, so that a value is called
the same wherever it stands. It knows no detector: what a name is worth is for masking to say.
"""

from typing import Final

LONGEST_NAME: Final = 96
"""Characters of a name. A longer key is no name but a text, and gives none."""

_SILENT: Final = frozenset(
    {
        "arguments", "choices", "description", "error", "format", "id", "index", "input", "inputs", "instructions",
        "items", "kind", "message", "messages", "metadata", "name", "object", "output", "outputs", "parts", "prompt",
        "prompts", "properties", "query", "reason", "result", "results", "role", "source", "status", "summary",
        "system", "title", "type", "user",
    }
)  # fmt: skip
"""Keys that many documents have and that no detector asks for; what stands in them is called nothing."""

_HOLDING: Final = frozenset(
    {"content", "contents", "data", "plain", "raw", "string", "text", "texts", "val", "value", "values"}
)
"""Keys that only say that here is what the holder is called after."""

_COUNTING: Final = frozenset({"code", "no", "nr", "num", "number", "numbers"})
"""Keys that say which sort of value it is, but not of what."""


def named(key: str, above: str = "") -> str:
    """The name of a member's value; `above` is the name of the object that the member is in. Empty: it has none."""
    if key in _SILENT:
        return ""
    if key in _HOLDING:
        return above
    name = f"{above} {key}" if above and key.lower() in _COUNTING else key
    return name if len(name) <= LONGEST_NAME else ""
