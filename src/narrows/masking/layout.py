"""Which gate looks for what: the patterns of a section, parted so that most texts pass by looking at few of them.

A first gate is asked of every text: patterns with fixed characters, which cost nothing, and the shapes of all others
(see `shapes`). Only where it finds a shape are the gates of that shape asked; among what they look for are the shapes
that are nowhere without it. A row that is nothing without a keyword has its pattern in a gate that is asked only where
one of its keywords is found. The gates for the end of a text, too, are asked only of texts that have the right tail.
The module knows compiled rows and keyword groups, no texts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from narrows.masking.keywords import Group
from narrows.masking.patterns import parse, render
from narrows.masking.rows import Row
from narrows.masking.shapes import HITS, TAILS, Shapes
from narrows.matching.gate import Part

GATE_SIZE: Final = 60
"""Patterns without fixed characters in one gate: the time to compile them together grows faster than their number."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Hits are numbered: rows, then keyword groups, then shapes."""

    parts: tuple[Part, ...]
    """What each gate looks for. The first is asked of every text."""

    shaped: tuple[tuple[int, ...], ...]
    """By shape: the gates that are asked where it occurs."""

    live: tuple[tuple[int | None, int, int], ...]
    """The gates for the end of a text: the tail it must have, in how many last characters, and which gate."""

    brought: dict[int, tuple[int, ...]]
    """By keyword group: the gates that are asked where it occurs, for rows that are nothing without it."""

    implied: dict[int, int]
    """By row with fixed characters: its keyword group, for which no gate need have looked where the row is found."""

    unsought: frozenset[int]
    """Keyword groups that no gate looks for, since their rows alone say enough."""


def lay_out(rows: Sequence[Row], groups: Sequence[Group], group_of: Sequence[int], shapes: Shapes) -> Layout:
    named = _named(rows, group_of)
    led = {row for found in named.values() for row in found}
    sought: dict[int | None, list[tuple[int, str]]] = {}
    homes: dict[int, set[int | None]] = {}
    implied = {index: group_of[index] for index, row in enumerate(rows) if row.literal and row.keyworded}
    for index, row in enumerate(rows):
        if index not in led:
            sought.setdefault(row.shape, []).append((index, row.gate))
        if not row.literal and row.keyworded:
            homes.setdefault(group_of[index], set()).add(row.shape)
    for group, among in sorted(homes.items()):
        for shape in [None] if None in among else sorted(among, key=str):
            sought.setdefault(shape, []).append((len(rows) + group, groups[group].pattern))
    first = len(rows) + len(groups)
    used = [index for index in range(len(HITS)) if index in sought]
    for index in used:
        sought.setdefault(shapes.within(index, used), []).append((first + index, render(parse(HITS[index]))))
    parts: list[Part] = [tuple(sought.pop(None, []))]
    shaped: list[tuple[int, ...]] = [()] * len(HITS)
    for index in used:
        chunks = list(_chunks(sought[index]))
        shaped[index] = tuple(range(len(parts), len(parts) + len(chunks)))
        parts += chunks
    brought: dict[int, tuple[int, ...]] = {}
    for group, found in named.items():
        chunks = list(_chunks([(index, rows[index].gate) for index in found]))
        brought[group] = tuple(range(len(parts), len(parts) + len(chunks)))
        parts += chunks
    live = []
    for tail in (*range(len(TAILS)), None):
        asked = [(index, row) for index, row in enumerate(rows) if row.crossing and row.tail == tail]
        if asked:
            live.append((tail, max(row.reach + row.pre for _, row in asked), len(parts)))
            parts.append(tuple((index, row.live) for index, row in asked))
    return Layout(
        tuple(parts), tuple(shaped), tuple(live), brought, implied, frozenset(range(len(groups))) - homes.keys()
    )


def _named(rows: Sequence[Row], group_of: Sequence[int]) -> dict[int, tuple[int, ...]]:
    """By keyword group: rows without fixed characters of which only a keyword makes a finding."""
    named: dict[int, tuple[int, ...]] = {}
    for index, row in enumerate(rows):
        group = group_of[index]
        if row.keyworded and row.detector.score <= 0 and not row.literal:
            named[group] = (*named.get(group, ()), index)
    return named


def _chunks(patterns: list[tuple[int, str]]) -> Iterator[Part]:
    for at in range(0, len(patterns), GATE_SIZE):
        yield tuple(patterns[at : at + GATE_SIZE])
