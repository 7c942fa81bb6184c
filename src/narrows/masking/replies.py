"""Masks a reply as its events come: exactly alike whether it comes whole or in pieces.

Each (choice, field) that a model writes word by word is one stream; every other text is masked whole. It knows events
and their fields, and no wire format; where a held text can go, the event says (`ends`), and who writes events finds its
form (`before`). A reply is stopped where a policy blocks what it holds, where the rest of something would follow whose
beginning is with the caller already, and where more goes on at a time than is kept track of.
"""

from collections.abc import Callable, Iterable
from typing import Final

from narrows.masking.applied import Side, clean_path
from narrows.masking.arguments import ArgumentsStream, mask_arguments
from narrows.masking.context import before
from narrows.masking.fields import FieldStream
from narrows.masking.findings import Finding
from narrows.masking.masker import Masker
from narrows.masking.numbers import is_measured, replace_numbers
from narrows.masking.streaming import MaskStream
from narrows.masking.stretches import Ended, Stretch, gone_on, joined, plain
from narrows.model.plan import ROW, Transform
from narrows.model.refusal import Code
from narrows.model.reply import Delta, Event
from narrows.model.text import Masked
from narrows.model.verdict import Deny

MOST_OPEN: Final = 1_024
"""Fields of a reply that may go on at a time; readers keep track of as many."""

MOST_KEPT: Final = 4_096
"""Fields that have ended and may go on, ids that were changed, names of strings that nobody knows."""

MOST_REMEMBERED: Final = 1 << 20
"""Characters of texts that went on after an end and were changed, for when they are repeated."""

_CONTENT: Final = "content"
_OTHER: Final = "other"
_LOGPROBS: Final = "logprobs"
_REASONING: Final = "reasoning"
_REPEAT: Final = "repeat:"
_SIGNATURE: Final = "signature"
_TOOL_NAME: Final = "tool_name:"
_NUMBER: Final = "number:"
_ID: Final = "envelope:id"
_PADDING: Final = "envelope:padding"
_NO_STAND_IN: Final = str.maketrans({"[": "", "]": "", ":": "_", "*": "x"})

_Key = tuple[int, str]
Says = Callable[[str], bool]
"""Something about a field, by its name."""

Told = Callable[[str, Finding], None]


class ReplyMask:
    """One reply. `take` changes an event's texts, and says if the reply has to be stopped before it."""

    __slots__ = (
        "_began", "_deny", "_ended", "_grows", "_held", "_ids", "_is_json", "_names", "_remembered", "_rewrote",
        "_said", "_side", "_size", "_streams", "_tell", "_watched",
    )  # fmt: skip

    def __init__(self, side: Side, grows: Says, is_json: Says, tell: Told | None = None) -> None:
        """`grows`: a field's texts go on from event to event; `is_json`: they are the source of a JSON text. `tell` is
        told of each finding and its place."""
        self._side = side
        self._grows = grows
        self._is_json = is_json
        self._streams: dict[_Key, Stretch] = {}
        self._held: dict[_Key, list[str]] = {}
        self._ended: dict[_Key, Ended] = {}
        self._remembered: dict[_Key, dict[str, str]] = {}
        self._size = 0
        self._watched: dict[_Key, MaskStream] = {}
        self._said: dict[tuple[int, object], str] = {}
        self._rewrote: set[int] = set()
        self._names: dict[str, str] = {}
        self._ids: dict[str, str] = {}
        self._began = False
        self._deny: Deny | None = None
        self._tell = tell

    def take(self, event: Event) -> Deny | None:
        """Masks an event's texts in place; gives the refusal if the reply may not go on."""
        whole = event.last and not self._began
        side, grows = self._side, self._grows
        masker, watcher = side.masker, side.watcher
        for delta in event.deltas:
            if not delta.text:
                continue
            if watcher is not None:
                self._watch(watcher, event, delta, whole=whole)
            if masker is None:
                continue
            if not whole and ((delta.choice, delta.field) in self._streams or grows(delta.field)):
                self._piece(masker, event, delta)
            else:
                self._whole(masker, event, delta, whole=whole)
        model = event.model
        if event.finish is not None or (model is not None and self._names.get(model) != model):
            self._name(event)
        if whole:
            self._join(event)
        if not event.hidden:
            self._began = True
        if event.ends or event.last:
            self._end(event)
        return self._deny

    def _stop(self, deny: Deny) -> None:
        self._deny = self._deny or deny

    def _take(self, event: Event, delta: Delta, stretch: Stretch) -> None:
        """What a stretch has found, and whether it goes on with the rest of something whose beginning has gone out."""
        if found := stretch.found():
            self._note(event, delta, found)
        if not stretch.breaks:
            return
        message = "The reply goes on with the rest of something sensitive, of which a part was sent before."
        self._stop(Deny(Code.SENSITIVE_DATA, message))

    # -- texts that come at once

    def _whole(self, masker: Masker, event: Event, delta: Delta, *, whole: bool) -> None:
        field, text = delta.field, delta.text
        own = field.removeprefix(_REPEAT)
        if own in (_LOGPROBS, _PADDING) or (own == _SIGNATURE and delta.choice in self._rewrote):
            # Log probabilities spell the reply once more; padding fits no text that is held and changed; a signature
            # does not fit what was changed either.
            delta.text = ""
        elif field == _OTHER and not whole and self._is_continued(delta):
            event.masked.append(Masked(self._place(delta), "UNCLASSIFIED", "dropped", 1))
            delta.text = ""
        elif own == _ID:
            self._identify(event, delta)
        elif field.startswith(_TOOL_NAME) and not whole:
            self._spell(masker, event, delta)
        elif self._holds_json(field):
            if not self._recall(delta, own):
                arguments = mask_arguments(masker, text, self._side.fields)
                delta.text = arguments.text
                self._note(event, delta, plain(arguments.findings))
        elif (stream := self._covered(field)) is not None:
            delta.text = stream.finish(text)
            self._note(event, delta, stream.findings)
        elif field.startswith(_NUMBER):
            self._figure(masker, event, delta)
        elif own == field or not self._recall(delta, own):
            masked = masker.mask(text, before(delta.name)) if delta.name else self._side.mask(text)
            if masked.findings:
                delta.text = masked.text
                self._note(event, delta, masked.findings)

    def _figure(self, masker: Masker, event: Event, delta: Delta) -> None:
        """A number, or a list of them. Measurements hold nothing that detectors know."""
        name = before(delta.name, quoted=False)

        def masked(literal: str) -> str:
            if is_measured(literal):
                return literal
            found = masker.mask(literal, name) if name else self._side.mask(literal)
            self._note(event, delta, found.findings)
            return found.text

        is_list = delta.text.startswith("[")
        delta.text = replace_numbers(delta.text, masked) if is_list else masked(delta.text)

    def _recall(self, delta: Delta, field: str) -> bool:
        """Whether a repeated text went on after an end, where it was masked behind what stood before."""
        known = self._remembered.get((delta.choice, field))
        if known is None:
            return False
        if delta.text in known:
            delta.text = known[delta.text]
        elif self._size > MOST_REMEMBERED:
            delta.text = ""
        else:
            return False
        return True

    def _is_continued(self, delta: Delta) -> bool:
        """Whether a string that nobody classified goes on in a later event, so that no one of them shows it whole."""
        key = (delta.choice, delta.key)
        if len(self._said) >= MOST_KEPT and key not in self._said:
            return True
        return self._said.setdefault(key, delta.text) != delta.text

    def _identify(self, event: Event, delta: Delta) -> None:
        """An id that holds something gets another one, the same wherever it stands in the reply, and of its own, so
        that a call and its result find each other in the next request. By the reply's own id, or a kept item's, a later
        call asks the provider, who would not know another one."""
        masked = self._side.mask(delta.text)
        if not masked.findings:
            return
        self._note(event, delta, masked.findings)
        if delta.text == event.response_id:
            entity = masked.findings[0].entity
            message = f"The model server names the reply by an id that holds {entity}; it was stopped."
            self._stop(Deny(Code.SENSITIVE_DATA, message, rule=f"mask.{entity}"))
        known = self._ids.get(delta.text)
        if known is None:
            if len(self._ids) >= MOST_KEPT:
                self._stop_at_most()
            known = f"{masked.text.translate(_NO_STAND_IN)}_{len(self._ids) + 1}"
            if self._side.mask(known).findings:
                known = f"masked_{len(self._ids) + 1}"
            self._ids[delta.text] = known
        delta.text = known

    def _spell(self, masker: Masker, event: Event, delta: Delta) -> None:
        """A tool's name, or the next piece of one. Clients take the first event of a call with its name, so it is not
        held back; a name of which a piece too many was said goes no further."""
        key = (delta.choice, delta.field)
        ended = self._ended.get(key)
        if ended is None and len(self._ended) >= MOST_KEPT:
            self._stop_at_most()
        stream = masker.stream()
        stretch = Stretch(stream) if ended is None else gone_on(masker, ended.said, stream)
        delta.text = stretch.feed(delta.text) + stretch.finish()
        self._take(event, delta, stretch)
        self._ended[key] = stretch.ended

    # -- texts that come in pieces

    def _piece(self, masker: Masker, event: Event, delta: Delta) -> None:
        """The next piece of a field."""
        key = (delta.choice, delta.field)
        stretch = self._streams.get(key)
        if stretch is None:
            if len(self._streams) >= MOST_OPEN:
                self._stop_at_most()
                return
            stretch = self._streams[key] = self._begin(masker, key, delta)
        delta.text = text = stretch.feed(delta.text)
        if text or stretch.breaks:
            self._take(event, delta, stretch)
            if text and self._side.holds:
                self._held.setdefault(key, []).append(text)
                delta.text = ""

    def _begin(self, masker: Masker, key: _Key, delta: Delta) -> Stretch:
        """A field begins, or goes on."""
        field, ended = key[1], self._ended.pop(key, None)
        covered = self._covered(field)
        if covered is not None:
            return Stretch(covered)
        if not self._holds_json(field):
            stream = masker.stream(before(delta.name))
            return Stretch(stream) if ended is None else gone_on(masker, ended.said, stream)
        arguments = ArgumentsStream(masker, self._side.fields)
        if ended is None or ended.complete:
            return Stretch(arguments)
        if ended.in_object:
            self._stop(
                Deny(
                    Code.UPSTREAM_INVALID,
                    "The model server's reply goes on with a JSON text after its end, where it can't be masked.",
                )
            )
            return Stretch(arguments)
        return gone_on(masker, ended.said, arguments)

    def _end(self, event: Event) -> None:
        """What is held of the fields that end goes out in the event, or before it."""
        for key in tuple(self._streams) if event.last else event.ends:
            stretch = self._streams.pop(key, None)
            if stretch is None:
                continue
            tail = stretch.finish()
            choice, field = key
            self._take(event, Delta(choice, field, tail), stretch)
            if not event.last:
                self._keep(key, stretch)
            if key in self._held:
                tail = "".join(self._held.pop(key)) + tail
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

    def _keep(self, key: _Key, stretch: Stretch) -> None:
        """What has ended may go on, and may be repeated."""
        if len(self._ended) >= MOST_KEPT:
            self._stop_at_most()
            return
        self._ended[key] = stretch.ended
        changed = stretch.changed
        if changed is not None:
            self._size += len(changed[0]) + len(changed[1])
            known = self._remembered.setdefault(key, {})
            if self._size <= MOST_REMEMBERED:
                known[changed[0]] = changed[1]

    def _stop_at_most(self) -> None:
        message = f"The model server's reply has more than {MOST_OPEN} texts at a time, more than can be masked."
        self._stop(Deny(Code.UPSTREAM_INVALID, message))

    def _join(self, event: Event) -> None:
        """A whole reply may hold a field in parts, which a stream would have brought as one text. Where that text masks
        differently from its parts, each part goes out as what it is of the whole; if something goes over from one to
        the next, all of it goes out in the place of the first. Elements of a list in any JSON are not parts, only named
        alike."""
        masker = self._side.masker
        parts: dict[_Key, list[int]] = {}
        for index, delta in enumerate(event.deltas):
            field = delta.field
            if self._grows(field) and not field.startswith("$") and not self._is_json(field):
                parts.setdefault((delta.choice, field), []).append(index)
        for places in parts.values():
            if masker is None or len(places) < 2:
                continue
            deltas = [event.deltas[place] for place in places]
            outs, findings = joined(masker, [delta.text for delta in deltas])
            self._note(event, deltas[0], findings)
            for delta, out in zip(deltas, outs, strict=True):
                delta.text = out

    # -- what the record keeps, and what is only looked at

    def _name(self, event: Event) -> None:
        """What the record keeps of the upstream's words beside the texts."""
        if self._side.masker is None:
            return
        if event.finish is not None:
            event.finish = self._side.mask(event.finish).text
        if event.model is not None:
            if event.model not in self._names:
                self._names = {event.model: self._side.mask(event.model).text}
            event.model = self._names[event.model]

    def _covered(self, field: str) -> FieldStream | None:
        """For a text of a document's member that a field rule covers."""
        rules = self._side.fields
        field = field.removeprefix(_NUMBER)
        rule = rules.rule(field) if rules is not None and field.startswith("$") and not field.endswith("~") else None
        return None if rules is None or rule is None else rules.stream(rule)

    def _holds_json(self, field: str) -> bool:
        """Whether values are to be masked one by one: in a call's arguments, and, where field rules look into it, in
        what the model writes. What repeats such a text is one, too."""
        field = field.removeprefix(_REPEAT)
        return self._is_json(field) or (self._side.fields is not None and field == _CONTENT)

    def _watch(self, watcher: Masker, event: Event, delta: Delta, *, whole: bool) -> None:
        """Looks for what an observing mask would have changed."""
        key = (delta.choice, delta.field)
        stream = self._watched.get(key)
        if whole or not self._grows(delta.field) or (stream is None and len(self._watched) >= MOST_OPEN):
            self._observe(event, delta, watcher.mask(delta.text).findings)
            return
        if stream is None:
            stream = self._watched[key] = watcher.stream()
        known = len(stream.findings)
        stream.feed(delta.text)
        self._observe(event, delta, stream.findings[known:])

    def _observe(self, event: Event, delta: Delta, findings: Iterable[Finding]) -> None:
        for finding in findings:
            event.masked.append(Masked(self._place(delta), finding.entity, finding.detector, 1, observed=True))

    def _note(self, event: Event, delta: Delta, findings: Iterable[Finding]) -> None:
        """Counts what was found, and stops the reply if a policy blocks it."""
        for finding in findings:
            if delta.field == _REASONING:
                self._rewrote.add(delta.choice)
            place = self._place(delta)
            if self._tell is not None:
                self._tell(place, finding)
            if not finding.entity.startswith(ROW):
                event.masked.append(Masked(place, finding.entity, finding.detector, 1))
            if finding.transform is Transform.BLOCK:
                self._stop(self._side.refusal(finding, "The reply"))

    def _place(self, delta: Delta) -> str:
        """Where it was: the field, and the choice if it is not the first. A field of any JSON is a path in which a key
        of the model's may stand, so it is masked, too."""
        field = delta.field
        masker = self._side.masker or self._side.watcher
        if field.startswith("$") and masker is not None:
            field = clean_path(masker, field)
        return field if delta.choice == 0 else f"{delta.choice}:{field}"
