"""What rules look at beside the texts of a request: texts joined as a model reads them, and decoded views of both."""

from collections.abc import Sequence
from typing import Final

from narrows.inspection.joined import Joined, join
from narrows.inspection.loose import KINDS, loosened
from narrows.inspection.triggers import MakesGates
from narrows.inspection.views import View, Viewer, Views
from narrows.masking.folding import fold_character
from narrows.model.text import Role, Text
from narrows.policy.inspect import Reading, Seen, Span
from narrows.policy.recent import Recent

EVENED: Final = "spaces"

AT_HAND: Final = 128
"""Instructions and tools, each of LONGEST characters at most, of which the readings are at hand at least: applications
send the same ones with every call. Nothing of what people say is kept for it."""

LONGEST: Final = 16_384

_INSTRUCTIONS: Final = frozenset({Role.SYSTEM, Role.TOOL_DEFINITION})

_RARE_SPACES: Final = ("\t", "\r", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x1f")


class TextReadings:
    """The `Readings` of prompt rules. May be shared by threads."""

    __slots__ = ("_at_hand", "_viewer")

    def __init__(self, gates: MakesGates | None = None) -> None:
        """`gates` makes the gates over disguises; by default they are compiled once a process."""
        # Of uneven white space one view of the whole text is made here, at a fraction of the cost.
        self._viewer = Viewer(fold_character, without=frozenset((EVENED,)), gates=gates)
        self._at_hand: Recent[str, tuple[str, Views]] = Recent(AT_HAND)

    def __call__(self, seen: Sequence[Seen], *, history: bool, views: bool, joined: bool = True) -> Reading:
        """Readings of what is new, with `history` of what is not, too."""
        found: list[Seen] = []
        if joined:
            texts = [each.text for each in seen]
            fresh = {index for index, each in enumerate(seen) if each.new}
            if fresh:
                found += [_joined(one, new=True) for one in join(texts, fresh)]
            if history and len(fresh) < len(seen):
                found += [_joined(one, new=False) for one in join(texts)]
        unread: list[Seen] = []
        if views:
            for each in (*seen, *found):
                if each.new or history:
                    self._view(each, found, unread)
        return Reading(found, unread)

    def _view(self, each: Seen, found: list[Seen], unread: list[Seen]) -> None:
        """Adds what a text says decoded, or the text if that is more than is made."""
        text = each.text
        value = text.value
        if each.place is None and text.role in _INSTRUCTIONS and len(value) <= LONGEST:
            known = self._at_hand.get(value)
            if known is None:
                known = (evened(value), self._viewer.views(value))
                self._at_hand.put(value, known)
            even, made = known
        else:
            even, made = evened(value), self._viewer.views(value)
        if even != value:
            found.append(Seen(Text(text.role, text.path, even), each.new, EVENED, _Whole(each, 0, len(value)).place))
        # Most texts have none.
        if made.views:
            found += [_viewed(each, view) for view in made.views]
        if not made.complete and each.place is None:
            unread.append(each)

    def loosened(self, source: str) -> str | None:
        """The pattern for views whose words have run together."""
        return loosened(source)


def _joined(joined: Joined, *, new: bool) -> Seen:
    return Seen(Text(joined.role, "", joined.text), new, place=_Across(joined).place)


class _Across:
    """Where what is found in joined texts stands."""

    __slots__ = ("_joined",)

    def __init__(self, joined: Joined) -> None:
        self._joined = joined

    def place(self, start: int, end: int) -> Span | None:
        """Only of what spans a joint: the rest is found in its own text."""
        places = self._joined.places(start, end)
        return (places[0].path, places[0].start, places[0].end) if len(places) > 1 else None


class _Whole:
    """Where a view stands: wherever in it something is found, it is the stretch that the view is of."""

    __slots__ = ("_end", "_of", "_start")

    def __init__(self, of: Seen, start: int, end: int) -> None:
        self._of = of
        self._start = start
        self._end = end

    def place(self, _start: int, _end: int) -> Span | None:
        """The same for everything."""
        of = self._of
        return (of.text.path, self._start, self._end) if of.place is None else of.place(self._start, self._end)


def evened(text: str) -> str:
    """The text with one space for each stretch of white space and none at its ends, if it has any that is no space."""
    if text.isascii():
        if not ("\n" in text or "  " in text or "\t" in text):
            return text
        for rare in _RARE_SPACES:
            if rare in text:
                break
        else:
            # Line by line takes half the time that word by word does.
            even = " ".join([bare for line in text.split("\n") if (bare := line.strip())])
            while "  " in even:
                even = even.replace("  ", " ")
            return even
    return " ".join(text.split())


def _viewed(each: Seen, view: View) -> Seen:
    return Seen(
        Text(each.text.role, each.text.path, view.text),
        each.new,
        view.kind,
        _Whole(each, view.start, view.end).place,
        view.kind in KINDS or ("+" in view.kind and not KINDS.isdisjoint(view.kind.split("+"))),
    )
