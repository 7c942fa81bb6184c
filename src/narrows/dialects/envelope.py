"""What each event of a stream says again: ids, the model's name, words of the API. They are texts, too, since a server
may write into them what it likes; but only once, as long as they stay the same.

A value that repeats is no delta. If the first one was changed, those after it are changed alike when they are written.
Events are written in the order in which they are read, so what is known of each member is right for the event at hand.
Ids of nothing but random hexadecimal digits are no texts: a number in them is there by chance.
"""

import re
from typing import Any, Final

from narrows.dialects.fields import ENVELOPE_TEXT, ID, PADDING
from narrows.model.reply import Delta, Event

_RANDOM: Final = re.compile(
    r"(?:[A-Za-z]{1,16}[_-]){0,2}"
    r"(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|(?=[0-9]*[a-f])[0-9a-f]{24,64})"
)
MOST_NAMES: Final = 256
"""Names of events of which it is known how they were changed; each further one is a text each time."""

WORDS: Final = frozenset(
    {"chat.completion", "chat.completion.chunk", "embedding", "list", "message", "response", "text_completion"}
)
"""What stands in the envelope of nearly every reply."""

_FIELDS: Final = {
    "id": ID, "item_id": ID, "call_id": ID, "tool_use_id": ID, "previous_response_id": ID, "obfuscation": PADDING,
}  # fmt: skip


def is_random(name: str) -> bool:
    """Whether an id is made of random hexadecimal digits, after the words that say of what."""
    return _RANDOM.fullmatch(name) is not None


def collect_word(deltas: list[Delta], choice: int, container: Any, key: str) -> None:
    """A string of the envelope that is said once."""
    value = container[key]
    field = _FIELDS.get(key, ENVELOPE_TEXT)
    if value and value not in WORDS and not (field is ID and is_random(value)):
        deltas.append(Delta(choice, field, value, container, key))


class Envelope:
    """The members of one stream's events, by name. `known` has the last value of each, `names` the names of events:
    what is there need not be read. Events need mending only once something `has_changed`."""

    __slots__ = ("_changed", "has_changed", "known", "names")

    def __init__(self) -> None:
        self.known: dict[str, str] = {}
        self.names: dict[str, str] = {}
        self.has_changed = False
        self._changed: dict[str, tuple[str, str]] = {}

    def read(self, deltas: list[Delta], tree: dict[str, Any], key: str, value: str) -> None:
        """A member of an event."""
        if self.known.get(key) == value:
            return
        field = _FIELDS.get(key, ENVELOPE_TEXT)
        if field is not PADDING:
            self.known[key] = value
            if not value or value in WORDS or (field is ID and is_random(value)):
                return
        # Padding does not repeat, so what one event has instead is nothing for the others.
        deltas.append(Delta(0, field, value, tree if field is PADDING else _Member(self, tree), key))

    def change(self, key: str, before: str, after: str) -> None:
        """A member's value was changed."""
        self._changed[key] = (before, after)
        self.has_changed = True

    def rename(self, before: str, after: str) -> None:
        """An event's name was changed."""
        if before in self.names:
            self.names[before] = after
            self.has_changed = True

    def read_name(self, event: Event) -> None:
        """The name of an event, which is not in its data."""
        name = event.name
        if name is not None and name not in self.names:
            if len(self.names) < MOST_NAMES:
                self.names[name] = name
            event.deltas.append(Delta(0, ENVELOPE_TEXT, name, _Name(self, event), name))

    def mend(self, event: Event) -> None:
        """Changes what repeats in an event that is written, as it was changed when it came first."""
        if event.name is not None:
            event.name = self.names.get(event.name, event.name)
        if type(event.data) is dict:
            for key, (before, after) in self._changed.items():
                if event.data.get(key) == before:
                    event.data[key] = after


class _Name:
    """The place of an event's name, which later events may have, too."""

    __slots__ = ("_envelope", "_event")

    def __init__(self, envelope: Envelope, event: Event) -> None:
        self._envelope = envelope
        self._event = event

    def __setitem__(self, key: str, text: str) -> None:
        if text != key:
            self._event.name = text
            self._envelope.rename(key, text)


class _Member:
    """The place of a member that later events may repeat."""

    __slots__ = ("_envelope", "_tree")

    def __init__(self, envelope: Envelope, tree: dict[str, Any]) -> None:
        self._envelope = envelope
        self._tree = tree

    def __setitem__(self, key: str, text: str) -> None:
        before = self._tree[key]
        if text != before:
            self._envelope.change(key, before, text)
            self._tree[key] = text
