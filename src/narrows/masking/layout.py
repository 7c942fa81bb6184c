"""Which gate looks for what: the patterns of a section, parted so that most texts pass by looking at few of them.

A first gate is asked of every text: patterns with fixed characters, which cost nothing, and the shapes of all others
(see `shapes`). Only where it finds a shape are the gates of that shape asked. A row that is nothing without a keyword
has no pattern in a gate: it is looked for near its keywords. The gates for the end of a text, too, are asked only of
texts that have the right tail. The module knows compiled rows and keyword groups, no texts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from narrows.masking.keywords import Group
from narrows.masking.patterns import parse, render
from narrows.masking.rows import Row
from narrows.masking.shapes import HITS, TAILS
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
    """By keyword group: rows that are looked for wherever it occurs."""

    implied: dict[int, int]
    """By row with fixed characters: its keyword group, for which no gate need have looked where the row is found."""

    unsought: frozenset[int]
    """Keyword groups that no gate looks for, since their rows alone say enough."""


def lay_out(rows: Sequence[Row], groups: Sequence[Group], group_of: Sequence[int]) -> Layout:
    brought = _brought(rows, group_of)
    led = {row for found in brought.values() for row in found}
    sought: dict[int | None, list[tuple[int, str]]] = {}
    homes: dict[int, set[int | None]] = {}
    implied = {index: group_of[index] for index, row in enumerate(rows) if row.literal and row.keyworded}
    for index, row in enumerate(rows):
        if index not in led:
            sought.setdefault(row.shape, []).append((index, row.gate))
        if not row.literal and row.keyworded:
            homes.setdefault(group_of[index], set()).add(row.shape)
    for group, shapes in sorted(homes.items()):
        for shape in [None] if None in shapes else sorted(shapes, key=str):
            sought.setdefault(shape, []).append((len(rows) + group, groups[group].pattern))
    first = len(rows) + len(groups)
    used = [index for index in range(len(HITS)) if index in sought]
    always = [*sought.pop(None, []), *((first + index, render(parse(HITS[index]))) for index in used)]
    parts: list[Part] = [tuple(always)]
    shaped: list[tuple[int, ...]] = [()] * len(HITS)
    for index in used:
        chunks = list(_chunks(sought[index]))
        shaped[index] = tuple(range(len(parts), len(parts) + len(chunks)))
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


def _brought(rows: Sequence[Row], group_of: Sequence[int]) -> dict[int, tuple[int, ...]]:
    """Rows without fixed characters of which only a keyword makes a finding."""
    brought: dict[int, tuple[int, ...]] = {}
    for index, row in enumerate(rows):
        group = group_of[index]
        if row.keyworded and row.detector.score <= 0 and not row.literal:
            brought[group] = (*brought.get(group, ()), index)
    return brought


def _chunks(patterns: list[tuple[int, str]]) -> Iterator[Part]:
    for at in range(0, len(patterns), GATE_SIZE):
        yield tuple(patterns[at : at + GATE_SIZE])
