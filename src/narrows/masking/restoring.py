"""Puts back what the stand-ins of a call stand for: in a reply, when its record is taken and before the caller gets it.

A stand-in that is split over events is held until it is whole; whatever stands for nothing in this call goes on as it
is. Within JSON a value is written as a string of it is, and so for JSON in a string of JSON: the arguments of tool
calls, and texts that begin like an object or an array and as far as they are one. It must only run behind what masks
and what records. Left alone is what a later call may have to name (ids), what an error quotes, figures, probabilities,
and what is signed.
"""

import json
from collections import deque
from collections.abc import Callable
from typing import Final

from narrows.masking import standins
from narrows.masking.json_lexer import JsonLexer, Kind, Token
from narrows.model.originals import Originals
from narrows.model.reply import Event

MOST_OPEN: Final = 1_024
"""Texts that go on at a time; in further ones each piece is restored by itself."""

MOST_NESTED: Final = 8
"""JSON texts within each other that are known for what they are."""

_REPEAT: Final = "repeat:"
_LEFT: Final = frozenset(
    {"error", "event", "signature", "logprobs", "copy:logprobs", "envelope:id", "envelope:padding"}
)
_FIGURES: Final = "number:"

Says = Callable[[str], bool]
"""Something about a field, by its name."""

_Step = tuple[int, str | None]
"""So many characters, and what they become; None: they stay as they are."""


class Restorer:
    """One reply. `take` changes an event that is about to be written."""

    __slots__ = ("_began", "_grows", "_is_json", "_open", "_originals")

    def __init__(self, originals: Originals, grows: Says, is_json: Says) -> None:
        """`grows`: a field's texts go on from event to event; `is_json`: they are the source of a JSON text."""
        self._originals = originals
        self._grows = grows
        self._is_json = is_json
        self._open: dict[tuple[int, str], _Source] = {}
        self._began = False

    def take(self, event: Event) -> list[tuple[int, str, str]]:
        """Restores an event's texts in place; gives what must go out before it, as choice, field and text."""
        if not event.hidden:
            whole = event.last and not self._began
            for delta in event.deltas:
                if delta.text:
                    delta.text = self._restored(delta.choice, delta.field, delta.text, whole=whole)
            self._began = True
        return self._ended(event) if event.ends or event.last else []

    def _restored(self, choice: int, field: str, text: str, *, whole: bool) -> str:
        own = field.removeprefix(_REPEAT)
        if own in _LEFT or own.startswith(_FIGURES):
            return text
        if whole or not self._grows(field):
            return self._begin(own).read(text, final=True) if "[" in text or "\\" in text else text
        source = self._open.get((choice, field))
        if source is None:
            source = self._begin(own)
            if len(self._open) >= MOST_OPEN:
                return source.read(text, final=True)
            self._open[choice, field] = source
        return source.read(text)

    def _begin(self, field: str) -> "_Source":
        return _Source(_Json(self._originals, 0) if self._is_json(field) else _Text(self._originals, 0))

    def _ended(self, event: Event) -> list[tuple[int, str, str]]:
        """What is held of the fields that end goes out in the event, or before it."""
        before: list[tuple[int, str, str]] = []
        for key in tuple(self._open) if event.last else event.ends:
            source = self._open.pop(key, None)
            tail = "" if source is None else source.read("", final=True)
            if not tail:
                continue
            own = None
            if not event.hidden:
                own = next((one for one in reversed(event.deltas) if (one.choice, one.field) == key), None)
            if own is None:
                before.append((*key, tail))
            else:
                own.text += tail
        return before


class _Source:
    """One field as it is written."""

    __slots__ = ("_held", "_reader")

    def __init__(self, reader: "_Text | _Json") -> None:
        self._reader = reader
        self._held = ""

    def read(self, text: str, *, final: bool = False) -> str:
        """What may go out after this piece."""
        steps = self._reader.read(text, final=final)
        if not self._held and len(steps) == 1 and steps[0] == (len(text), None):
            return text
        text = self._held + text
        parts: list[str] = []
        at = 0
        for length, restored in steps:
            parts.append(text[at : at + length] if restored is None else restored)
            at += length
        self._held = text[at:]
        return "".join(parts)


class _Plain:
    """A text that is no JSON."""

    __slots__ = ("_held", "_originals")

    def __init__(self, originals: Originals) -> None:
        self._originals = originals
        self._held = ""

    def read(self, text: str, *, final: bool = False) -> list[_Step]:
        if self._held:
            text = self._held + text
        if "[" not in text:
            return [(len(text), None)] if text else []
        stop = len(text) if final else standins.begun_token(text)
        self._held = text[stop:]
        steps: list[_Step] = []
        at = 0
        for match in standins.tokens(text[:stop]):
            original = self._originals.get(match.group())
            if original is not None:
                steps += ((match.start() - at, None), (match.end() - match.start(), original))
                at = match.end()
        steps.append((stop - at, None))
        return steps


class _Text:
    """A text that may be JSON: its first character says, and where it breaks it is none from there."""

    __slots__ = ("_depth", "_originals", "_reader")

    def __init__(self, originals: Originals, depth: int) -> None:
        self._originals = originals
        self._depth = depth
        self._reader: _Plain | _Json | None = None

    def read(self, text: str, *, final: bool = False) -> list[_Step]:
        if self._reader is not None:
            return self._reader.read(text, final=final)
        begun = text.lstrip(" \t\r\n")
        if not begun:
            return [(len(text), None)] if text else []
        is_json = begun[0] in "{[" and self._depth < MOST_NESTED
        self._reader = _Json(self._originals, self._depth + 1, prose=True) if is_json else _Plain(self._originals)
        steps = self._reader.read(begun, final=final)
        return [(len(text) - len(begun), None), *steps] if len(begun) < len(text) else steps


class _Json:
    """The source of a JSON text. `prose`: what breaks it is prose, else it is most likely still JSON."""

    __slots__ = ("_at", "_broken", "_depth", "_escapes", "_fed", "_inner", "_lexer", "_originals", "_prose")

    def __init__(self, originals: Originals, depth: int, *, prose: bool = False) -> None:
        self._originals = originals
        self._depth = depth
        self._prose = prose
        self._broken = False
        self._lexer = JsonLexer()
        self._inner: _Plain | _Text | None = None
        self._fed = self._at = 0
        """Characters of the string that is open, decoded: that have come, and that are done."""

        self._escapes: deque[tuple[int, int]] = deque()
        """Of those that are not done, which are spelled with more than one character, and with how many more."""

    def read(self, text: str, *, final: bool = False) -> list[_Step]:
        steps: list[_Step] = []
        for token in self._lexer.finish(text) if final else self._lexer.feed(text):
            self._take(token, steps)
        if final and self._inner is not None:
            self._spell(self._inner.read("", final=True), steps)
        return steps

    def _take(self, token: Token, steps: list[_Step]) -> None:
        kind, inner = token.kind, self._inner
        if kind is Kind.TEXT and inner is not None:
            self._escapes.extend([(self._fed + place, len(spelled) - 1) for place, spelled in token.escapes])
            self._fed += len(token.text)
            self._spell(inner.read(token.text), steps)
            return
        if kind is Kind.END and inner is not None:
            self._spell(inner.read("", final=True), steps)
            self._inner = None
        elif kind in (Kind.KEY, Kind.STRING, Kind.TAIL):
            self._broken = kind is Kind.TAIL
            self._inner = _Plain(self._originals) if self._broken else _Text(self._originals, self._depth)
            self._fed = self._at = 0
        steps.append((len(token.text), None))

    def _spell(self, inner: list[_Step], steps: list[_Step]) -> None:
        """Steps over a decoded string as steps over its source."""
        raw = self._prose and self._broken
        escapes = self._escapes
        for length, restored in inner:
            self._at += length
            while escapes and escapes[0][0] < self._at:
                length += escapes.popleft()[1]  # noqa: PLW2901 - the length of the same step, as it is spelled
            if restored is not None and not raw:
                restored = json.dumps(restored, ensure_ascii=False)[1:-1]  # noqa: PLW2901 - the same, as it is spelled
            steps.append((length, restored))
