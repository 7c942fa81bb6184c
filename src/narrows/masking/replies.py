"""Masks a reply as its events come: exactly alike whether it comes whole or in pieces.

Each (choice, field) that a model writes word by word is one stream; every other text is masked whole. It knows events
and their fields, and no wire format; where a held text can go, the event says (`ends`), and who writes events finds its
form (`before`).
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from narrows.masking.applied import Side, clean_path
from narrows.masking.arguments import ArgumentFinding, ArgumentsStream, mask_arguments
from narrows.masking.fields import FieldStream
from narrows.masking.findings import Finding
from narrows.masking.masker import Masker
from narrows.masking.streaming import MaskStream
from narrows.model.plan import Transform
from narrows.model.reply import Delta, Event
from narrows.model.text import Masked

_CONTENT: Final = "content"
_OTHER: Final = "other"
_LOGPROBS: Final = "logprobs"
_REASONING: Final = "reasoning"
_REPEAT: Final = "repeat:"
_SIGNATURE: Final = "signature"

_Key = tuple[int, str]
Says = Callable[[str], bool]
"""Something about a field, by its name."""


class ReplyMask:
    """One reply. `take` changes an event's texts and says which entity in it is blocked."""

    __slots__ = ("_began", "_grows", "_is_json", "_names", "_rewrote", "_said", "_side", "_streams", "_watched")

    def __init__(self, side: Side, grows: Says, is_json: Says) -> None:
        """`grows`: a field's texts go on from event to event; `is_json`: they are the source of a JSON text."""
        self._side = side
        self._grows = grows
        self._is_json = is_json
        self._streams: dict[_Key, MaskStream | FieldStream | ArgumentsStream] = {}
        self._watched: dict[_Key, MaskStream] = {}
        self._said: dict[tuple[int, object], str] = {}
        self._rewrote: set[int] = set()
        self._names: dict[str, str] = {}
        self._began = False

    def take(self, event: Event) -> str | None:
        """Masks an event's texts in place; gives the entity that is blocked, if one is."""
        whole = event.last and not self._began
        before = [delta.text for delta in event.deltas] if whole else []
        blocked: str | None = None
        for delta in event.deltas:
            if not delta.text:
                continue
            if self._side.watcher is not None:
                self._watch(self._side.watcher, event, delta, whole=whole)
            if whole or not self._grows(delta.field):
                found = self._whole(event, delta, whole=whole)
            else:
                found = self._piece(event, delta)
            blocked = blocked or found
        self._name(event)
        if whole:
            blocked = self._join(event, before) or blocked
        if not event.hidden:
            self._began = True
        if event.ends or event.last:
            blocked = self._end(event) or blocked
        return blocked

    def _join(self, event: Event, before: Sequence[str]) -> str | None:
        """A whole reply may hold a field in parts, which a stream would have brought as one text. Where that text masks
        differently from its parts, it goes out as one, in the place of the first. Elements of a list in any JSON are
        not parts, only named alike."""
        masker = self._side.masker
        parts: dict[_Key, list[int]] = {}
        for index, delta in enumerate(event.deltas):
            field = delta.field
            if self._grows(field) and not field.startswith("$") and not self._holds_json(field):
                parts.setdefault((delta.choice, field), []).append(index)
        blocked: str | None = None
        for (_, field), places in parts.items():
            if masker is None or len(places) < 2:
                continue
            stream = self._stream(masker, field)
            joined = stream.finish("".join([before[place] for place in places]))
            if joined == "".join([event.deltas[place].text for place in places]):
                continue
            for place in places:
                event.deltas[place].text = ""
            first = event.deltas[places[0]]
            first.text = joined
            blocked = self._note(event, first, stream.findings) or blocked
        return blocked

    def _name(self, event: Event) -> None:
        """What the record keeps of the upstream's words beside the texts."""
        masker = self._side.masker
        if masker is None:
            return
        if event.finish is not None:
            event.finish = self._side.mask(event.finish).text
        if event.model is not None:
            if event.model not in self._names:
                self._names = {event.model: self._side.mask(event.model).text}
            event.model = self._names[event.model]

    def _whole(self, event: Event, delta: Delta, *, whole: bool) -> str | None:
        """A text that comes at once."""
        side, field, text = self._side, delta.field, delta.text
        if side.masker is None:
            return None
        if field == _LOGPROBS or (field == _SIGNATURE and delta.choice in self._rewrote):
            # Log probabilities spell the reply once more; a signature no longer fits what was changed.
            delta.text = ""
            return None
        if field == _OTHER and not whole and self._is_continued(delta):
            event.masked.append(Masked(self._place(delta), "UNCLASSIFIED", "dropped", 1))
            delta.text = ""
            return None
        if self._holds_json(field):
            arguments = mask_arguments(side.masker, text, side.fields)
            delta.text = arguments.text
            return self._note(event, delta, [found.finding for found in arguments.findings])
        stream = self._covered(field)
        if stream is None:
            masked = side.mask(text)
            delta.text, findings = masked.text, masked.findings
        else:
            delta.text, findings = stream.finish(text), tuple(stream.findings)
        return self._note(event, delta, findings) if findings else None

    def _is_continued(self, delta: Delta) -> bool:
        """Whether a string that nobody classified goes on in a later event, so that no one of them shows it whole."""
        key = (delta.choice, delta.key)
        said = self._said.setdefault(key, delta.text)
        return said != delta.text

    def _piece(self, event: Event, delta: Delta) -> str | None:
        """The next piece of a field."""
        masker = self._side.masker
        if masker is None:
            return None
        key = (delta.choice, delta.field)
        stream = self._streams.get(key)
        if stream is None:
            json = self._holds_json(delta.field)
            stream = ArgumentsStream(masker, self._side.fields) if json else self._stream(masker, delta.field)
            self._streams[key] = stream
        known = len(stream.findings)
        delta.text = stream.feed(delta.text)
        found = stream.findings
        return self._note(event, delta, _plain(found[known:])) if len(found) > known else None

    def _stream(self, masker: Masker, field: str) -> MaskStream | FieldStream:
        """For a text that is no JSON."""
        return self._covered(field) or masker.stream()

    def _covered(self, field: str) -> FieldStream | None:
        """For a text of a document's member that a field rule covers."""
        rules = self._side.fields
        rule = rules.rule(field) if rules is not None and field.startswith("$") and not field.endswith("~") else None
        return None if rules is None or rule is None else rules.stream(rule)

    def _holds_json(self, field: str) -> bool:
        """Whether values are to be masked one by one: in a call's arguments, and, where field rules look into it, in
        what the model writes. What repeats such a text is one, too."""
        field = field.removeprefix(_REPEAT)
        return self._is_json(field) or (self._side.fields is not None and field == _CONTENT)

    def _end(self, event: Event) -> str | None:
        """What is held of the fields that end goes out in the event, or before it."""
        blocked: str | None = None
        for key in tuple(self._streams) if event.last else event.ends:
            stream = self._streams.pop(key, None)
            if stream is None:
                continue
            known = len(stream.findings)
            tail = stream.finish()
            choice, field = key
            last = Delta(choice, field, tail)
            if len(stream.findings) > known:
                blocked = self._note(event, last, _plain(stream.findings[known:])) or blocked
            if not tail:
                continue
            own = next((d for d in reversed(event.deltas) if (d.choice, d.field) == key), None)
            if own is None:
                event.before.append((choice, field, tail))
            else:
                own.text += tail
        for key in tuple(self._watched) if event.last else event.ends:
            watched = self._watched.pop(key, None)
            if watched is not None:
                known = len(watched.findings)
                watched.finish()
                self._observe(event, Delta(*key, ""), watched.findings[known:])
        return blocked

    def _watch(self, watcher: Masker, event: Event, delta: Delta, *, whole: bool) -> None:
        """Looks for what an observing mask would have changed."""
        if whole or not self._grows(delta.field):
            self._observe(event, delta, watcher.mask(delta.text).findings)
            return
        key = (delta.choice, delta.field)
        stream = self._watched.get(key)
        if stream is None:
            stream = self._watched[key] = watcher.stream()
        known = len(stream.findings)
        stream.feed(delta.text)
        self._observe(event, delta, stream.findings[known:])

    def _observe(self, event: Event, delta: Delta, findings: Iterable[Finding]) -> None:
        for finding in findings:
            event.masked.append(Masked(self._place(delta), finding.entity, finding.detector, 1, observed=True))

    def _note(self, event: Event, delta: Delta, findings: Iterable[Finding]) -> str | None:
        """Counts what was found; gives the entity that is blocked, if one is."""
        if delta.field == _REASONING:
            self._rewrote.add(delta.choice)
        blocked: str | None = None
        for finding in findings:
            event.masked.append(Masked(self._place(delta), finding.entity, finding.detector, 1))
            if finding.transform is Transform.BLOCK:
                blocked = finding.entity
        return blocked

    def _place(self, delta: Delta) -> str:
        """Where it was: the field, and the choice if it is not the first. A field of any JSON is a path in which a key
        of the model's may stand, so it is masked, too."""
        field = delta.field
        masker = self._side.masker or self._side.watcher
        if field.startswith("$") and masker is not None:
            field = clean_path(masker, field)
        return field if delta.choice == 0 else f"{delta.choice}:{field}"


def _plain(findings: Iterable[Finding | ArgumentFinding]) -> list[Finding]:
    return [found.finding if isinstance(found, ArgumentFinding) else found for found in findings]
