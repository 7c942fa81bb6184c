"""Globs over whole strings: `*` stands for any run of characters, everything else for itself, case and all.

Owns what a glob means, and matching one in linear time.
"""


class Glob:
    """One glob. Exact and prefix globs are plain string operations; others search piece by piece, never back."""

    __slots__ = ("_middle", "_prefix", "_shortest", "_suffix", "exact", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        pieces = text.split("*")
        self.exact = len(pieces) == 1
        self._prefix = pieces[0]
        self._suffix = "" if self.exact else pieces[-1]
        self._middle = tuple(piece for piece in pieces[1:-1] if piece)
        self._shortest = sum(len(piece) for piece in pieces)

    @property
    def prefix(self) -> str | None:
        """The fixed start of a `start*` glob, or None for any other shape."""
        return self._prefix if not self.exact and not self._middle and not self._suffix else None

    def matches(self, value: str) -> bool:
        """Whether the glob covers the whole of `value`."""
        if self.exact:
            return value == self.text
        if len(value) < self._shortest or not value.startswith(self._prefix) or not value.endswith(self._suffix):
            return False
        at, end = len(self._prefix), len(value) - len(self._suffix)
        for piece in self._middle:
            found = value.find(piece, at, end)
            if found < 0:
                return False
            at = found + len(piece)
        return True


def within(glob: str, other: str) -> bool:
    """Whether everything that `glob` covers is covered by `other`. Exact: a `*` of `glob`, taken as a character like
    any other, can only be covered by a `*` of `other`, which then covers whatever it stands for."""
    return Glob(other).matches(glob)


def meets(glob: str, other: str) -> bool:
    """Whether there is a string that both cover. Work grows with the product of their lengths."""
    # What is reachable after each character of `glob`: the places in `other` up to which a common string may have come.
    last = len(other)
    reached = _starred({0}, other)
    for sign in glob:
        if sign == "*":
            # It may stand for anything, so for whatever `other` wants next.
            reached = set(range(min(reached, default=last + 1), last + 1))
        else:
            stepped = {place + 1 for place in reached if place < last and other[place] == sign}
            stepped |= {place for place in reached if place < last and other[place] == "*"}
            reached = _starred(stepped, other)
        if not reached:
            return False
    return last in reached


def _starred(places: set[int], text: str) -> set[int]:
    """The places, and those behind any `*` that stands there, since it may stand for nothing."""
    found = set(places)
    for place in places:
        at = place
        while at < len(text) and text[at] == "*":
            at += 1
            found.add(at)
    return found
