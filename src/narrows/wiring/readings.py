"""What rules look at beside the texts of a request: texts joined as a model reads them, and decoded views of both."""

from collections.abc import Callable, Sequence
from typing import Final

from narrows.inspection.joined import Joined, join
from narrows.inspection.loose import KINDS, loosened
from narrows.inspection.views import View, Viewer
from narrows.masking.folding import fold_character
from narrows.model.text import Text
from narrows.policy.inspect import Reading, Seen, Span

EVENED: Final = "spaces"


class TextReadings:
    """The `Readings` of prompt rules. May be shared by threads."""

    __slots__ = ("_viewer",)

    def __init__(self) -> None:
        # Of uneven white space one view of the whole text is made here, at a fraction of the cost.
        self._viewer = Viewer(fold_character, without=frozenset((EVENED,)))

    def __call__(self, seen: Sequence[Seen], *, history: bool, views: bool) -> Reading:
        """Readings of what is new, with `history` of what is not, too."""
        unread: list[Seen] = []
        texts = [each.text for each in seen]
        found = [_joined(joined, new=True) for joined in join(texts, {i for i, each in enumerate(seen) if each.new})]
        if history and not all(each.new for each in seen):
            found += [_joined(joined, new=False) for joined in join(texts)]
        looked = [each for each in (*seen, *found) if each.new or history] if views else []
        found += [even for each in looked if (even := _evened(each)) is not None]
        # Most calls end here.
        if looked and self._viewer.may_view([each.text.value for each in looked]):
            for each in looked:
                made = self._viewer.views(each.text.value)
                found += [_viewed(each, view) for view in made.views]
                if not made.complete and each.place is None:
                    unread.append(each)
        return Reading(found, unread)

    def loosened(self, source: str) -> str | None:
        """The pattern for views whose words have run together."""
        return loosened(source)


def _joined(joined: Joined, *, new: bool) -> Seen:
    def place(start: int, end: int) -> Span | None:
        """Only what spans a joint: the rest is found in its own text."""
        places = joined.places(start, end)
        return (places[0].path, places[0].start, places[0].end) if len(places) > 1 else None

    return Seen(Text(joined.role, "", joined.text), new, place=place)


def _evened(each: Seen) -> Seen | None:
    """A text with one space wherever it has white space, so that a line's end hides no phrase."""
    text = each.text.value
    if not ("\n" in text or "  " in text or "\t" in text or not text.isascii()):
        return None
    even = " ".join(text.split())
    if even == text:
        return None
    place = each.place or (lambda _start, _end: (each.text.path, 0, len(text)))
    return Seen(Text(each.text.role, each.text.path, even), each.new, EVENED, lambda _s, _e: place(0, len(text)))


def _viewed(each: Seen, view: View) -> Seen:
    place: Callable[[int, int], Span | None] = each.place or (lambda start, end: (each.text.path, start, end))
    return Seen(
        Text(each.text.role, each.text.path, view.text),
        each.new,
        view.kind,
        lambda _start, _end: place(view.start, view.end),
        not KINDS.isdisjoint(view.kind.split("+")),
    )
