"""Shapes: what every match of a pattern has in it, or ends with, proved from the pattern's tree.

A shape is a short pattern, such as six digits close together. If every match of a detector has it, the detector need
not be asked of a text without it; and one look for a few shapes costs much less than one for hundreds of detectors.
The proof is exact: the shape's automaton runs over the tree of the pattern from each state it can be in, and the shape
is in every match if no way through the tree avoids it. The module knows trees of patterns, no texts.
"""

from collections.abc import Iterable
from functools import reduce
from operator import or_
from typing import Final, TypeAlias

from narrows.masking.patterns import ANYTHING, Chain, Chars, Choice, Node, Repeat, parse, render

HITS: Final = (
    "-[0-9A-Fa-f]{4}-",
    "[A-Za-z0-9]{48}",
    "[A-Z0-9]{16}",
    "[A-Za-z0-9]{24}",
    "[+][A-Za-z0-9_-]{16}",
    "@",
    "[0-9][ -]?[Yy]",
    "[0-9][.][0-9]{1,3}[.][0-9]",
    "[A-Za-z]{2}[0-9]{2}",
    "[0-9](?:[^0-9A-Za-z]{0,3}[0-9]){5}",
    "[0-9]{2}[A-Ta-t]",
    "[0-9]{5}",
    "[A-Za-z0-9_-]{24}",
    ":[0-9A-Fa-f]{0,4}:",
    "[A-Z0-9]{8}",
    "[A-Z0-9](?:[ -]?[A-Z0-9]){7}",
    "[A-Za-z0-9+/_=.~-]{20}",
    "[0-9]",
)
"""What candidates without fixed characters have in them, the rarest first: numbers, tokens, mail, words in capitals.
Each is as cheap to look for as one pattern can be, and parts from the rest what costs most together."""

TAILS: Final = (rb"[A-Z0-9][^A-Za-z0-9]{0,4}\Z", rb"[0-9(+]")
"""What the end of a text has that a candidate could go on behind: a number close by, or one not far before."""

_States: TypeAlias = frozenset[int]

_START: Final[_States] = frozenset((0,))
_MET: Final = -1
"""The state of having met the shape."""


class Shape:
    """One shape. A state of its automaton is the set of places in the shape that the last character can be at."""

    __slots__ = ("_atoms", "_begin", "_end", "_follow", "_masks", "_steps", "pattern")

    def __init__(self, pattern: str) -> None:
        """Raises PatternRefused."""
        node = parse(pattern)
        self.pattern = render(node)
        self._masks: list[int] = []
        self._follow: list[int] = []
        self._begin, self._end, _ = self._number(node)
        self._atoms = [(atom, self._places(atom)) for atom in _atoms(self._masks)]
        self._steps: dict[tuple[int, int], int] = {}

    def is_in_every(self, node: Node) -> bool:
        """Whether every match of the pattern has the shape in it."""
        return self._after(node, _START, stays=True) == {_MET}

    def ends_every(self, node: Node) -> bool:
        """Whether every match of the pattern ends with the shape."""
        return all(state & self._end for state in self._after(node, _START, stays=False))

    def _number(self, node: Node) -> tuple[int, int, bool]:
        """Numbers the places of a part; gives those where it begins and ends, and whether it can be empty."""
        match node:
            case Chars(mask):
                place = 1 << len(self._masks)
                self._masks.append(mask)
                self._follow.append(0)
                return place, place, False
            case Choice(ways):
                made = [self._number(way) for way in ways]
                begin, end = reduce(or_, [way[0] for way in made]), reduce(or_, [way[1] for way in made])
                return begin, end, any(way[2] for way in made)
            case Chain(parts):
                return self._row((part, False) for part in parts)
            case Repeat(inner, low, high):
                return self._row((inner, index >= low) for index in range(high))

    def _row(self, parts: Iterable[tuple[Node, bool]]) -> tuple[int, int, bool]:
        """Numbers parts that follow each other, each with whether it may be left out."""
        begin, end, empty = 0, 0, True
        for part, optional in parts:
            first, last, nothing = self._number(part)
            for place in range(len(self._follow)):
                if end >> place & 1:
                    self._follow[place] |= first
            begin |= first if empty else 0
            end = last | (end if nothing or optional else 0)
            empty = empty and (nothing or optional)
        return begin, end, empty

    def _places(self, atom: int) -> int:
        return sum(1 << place for place, mask in enumerate(self._masks) if mask & atom)

    def _after(self, node: Node, states: _States, *, stays: bool) -> _States:
        """The states after every match of a part. `stays`: the shape once met is met for good."""
        match node:
            case Chars(mask):
                return frozenset(
                    self._step(state, places, stays=stays)
                    for atom, places in self._atoms
                    if atom & mask
                    for state in states
                )
            case Choice(ways):
                return frozenset().union(*(self._after(way, states, stays=stays) for way in ways))
            case Chain(parts):
                for part in parts:
                    states = self._after(part, states, stays=stays)
                return states
            case Repeat(inner, low, high):
                return self._after_repeat(inner, low, high, states, stays=stays)

    def _after_repeat(self, inner: Node, low: int, high: int, states: _States, *, stays: bool) -> _States:
        for _ in range(low):
            before, states = states, self._after(inner, states, stays=stays)
            if states == before:
                break
        every = states
        for _ in range(high - low):
            states = self._after(inner, states, stays=stays)
            if states <= every:
                break
            every |= states
        return every

    def _step(self, state: int, places: int, *, stays: bool) -> int:
        if state == _MET:
            return _MET
        known = self._steps.get((state, places))
        if known is None:
            known = self._begin
            for place, follow in enumerate(self._follow):
                if state >> place & 1:
                    known |= follow
            known = self._steps[state, places] = known & places
        return _MET if stays and known & self._end else known


def _atoms(masks: Iterable[int]) -> list[int]:
    """The characters, parted so that each mask holds all or none of a part."""
    atoms = [ANYTHING.mask]
    for mask in set(masks):
        atoms = [part for atom in atoms for part in (atom & mask, atom & ~mask) if part]
    return atoms


class Shapes:
    """Says of each pattern which shape it has."""

    __slots__ = ("_begun", "_ending", "_hits", "_trees")

    def __init__(self) -> None:
        self._hits = tuple(map(Shape, HITS))
        self._trees = tuple(map(parse, HITS))
        ending, begun = (tail.decode("ascii").removesuffix(r"\Z") for tail in TAILS)
        self._ending, self._begun = Shape(ending), Shape(begun)

    def hit(self, node: Node) -> int | None:
        """The first of HITS that every match has in it."""
        return next((index for index, shape in enumerate(self._hits) if shape.is_in_every(node)), None)

    def within(self, index: int, among: Iterable[int]) -> int | None:
        """The rarest of some shapes that stands wherever another does, which is rarer: a text without it need not be
        looked at for the other."""
        tree = self._trees[index]
        return next((other for other in among if other > index and self._hits[other].is_in_every(tree)), None)

    def tail(self, live: Node) -> int | None:
        """The first of TAILS that stands wherever a match ends: at its end, or in it."""
        if self._ending.ends_every(live):
            return 0
        return 1 if self._begun.is_in_every(live) else None
