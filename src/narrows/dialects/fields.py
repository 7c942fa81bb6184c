"""The names of a reply's fields, and what a guard must know of each: how its texts go on, and what kind of text it is.

`content`, `reasoning`, `refusal`, `audio_transcript`  what the model writes
`tool_call:<i>`        arguments of a call, the source of a JSON text
`tool_call_text:<i>`   what a call passes as free text: custom tools, code, commands
`tool_call_input:<i>`  arguments that are an object already, as the source that they would have in a stream
`tool_name:<i>`        the name of the tool
`copy:<field>`         the same words once more, beside `<field>` in the same events
`repeat:<field>`       a whole text that an event before has said already
`signature`            what a provider has signed or encrypted; it is opaque, and whoever changes it breaks it
`number:<field>`       a number, or the source of a list of numbers, where a text of `<field>` could stand
`envelope`             what says of the reply what it is: words of the API, the model's name
`envelope:id`          an id, by which events and later requests refer to something
`envelope:padding`     random characters that hide how long an event is
`citations`, `logprobs`, `error`, `event` (the name of an event), and `other` for every string that no dialect knows
`$…`                   the JSON path of a text of a `json` connection; with `~` at its end, a key

Texts of a field that grows go on from event to event; every other text stands for itself.
"""

from collections.abc import Iterable
from typing import Final

from narrows.model.reply import Delta

COPY: Final = "copy:"
ENVELOPE_TEXT: Final = "envelope"
ID: Final = "envelope:id"
NUMBER: Final = "number:"
PADDING: Final = "envelope:padding"
TOOL_NAME: Final = "tool_name:"

_GROWING: Final = frozenset({"content", "reasoning", "refusal", "audio_transcript"})
_GROWING_FAMILIES: Final = ("tool_call:", "tool_call_text:", COPY)

ENVELOPE: Final = frozenset(
    {
        "id", "uuid", "object", "type", "kind", "event", "model", "role", "status", "state", "name", "version", "index",
        "language", "lang", "format", "timestamp", "time", "date", "created", "finishReason", "stopReason", "mimeType",
    }
)  # fmt: skip
_ENVELOPE_ENDS: Final = ("_id", "Id", "ID", "_at", "_type", "_reason", "_version", "_fingerprint")


def is_envelope(name: str) -> bool:
    """Whether a member of any JSON, by its name, says the same or something new in each event, but never goes on."""
    return name in ENVELOPE or name.endswith(_ENVELOPE_ENDS)


def grows(field: str) -> bool:
    """Whether texts of the field go on from event to event."""
    if field in _GROWING or field.startswith(_GROWING_FAMILIES):
        return True
    return field.startswith("$") and not field.endswith("~") and not is_envelope(field.rpartition(".")[2])


def is_json(field: str) -> bool:
    """Whether the field is the source of a JSON text, whose strings are the texts."""
    return field.startswith(("tool_call:", "tool_call_input:"))


def growing(deltas: Iterable[Delta]) -> tuple[tuple[int, str], ...]:
    """Every (choice, field) among them that grows."""
    return tuple(dict.fromkeys((delta.choice, delta.field) for delta in deltas if grows(delta.field)))
