"""Which gate looks for what: the patterns of a section, parted so that most texts pass by looking at few of them.

A first gate is asked of every text: patterns with fixed characters, which cost nothing, or how they begin, and the
shapes of all others (see `shapes`). Only where it finds a beginning or a shape are the gates behind it asked; they look
for the shapes, too, that are nowhere without it. A row that is nothing without a keyword has its pattern in a gate that
is asked only where one of its keywords is found. The gates for the end of a text are asked only of texts that have the
right tail. The module knows compiled rows and keyword groups, no texts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from narrows.masking.keywords import Group
from narrows.masking.patterns import parse, render
from narrows.masking.rows import Row
from narrows.masking.shapes import HITS, TAILS, Shapes
from narrows.matching.gate import Part

GATE_SIZE: Final = 60
"""Patterns in a gate that is not asked of every text: the time to compile them together grows faster than their number,
and so does the time to look for them."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Hits are numbered: rows, then keyword groups, then shapes, then gates of rows whose beginning is looked for."""

    parts: tuple[Part, ...]
    """What each gate looks for. The first is asked of every text."""

    behind: dict[int, tuple[int, ...]]
    """By number of a group, a shape or a beginning: the gates that are asked where it occurs."""

    live: tuple[tuple[int | None, int, int], ...]
    """The gates for the end of a text: the tail it must have, in how many last characters, and which gate."""

    implied: dict[int, int]
    """By row with fixed characters: its keyword group, for which no gate need have looked where the row is found."""

    unsought: frozenset[int]
    """Keyword groups that no gate looks for, since their rows alone say enough."""


def lay_out(rows: Sequence[Row], groups: Sequence[Group], group_of: Sequence[int], shapes: Shapes) -> Layout:
    named = _named(rows, group_of)
    led = {row for found in named.values() for row in found}
    sought: dict[int | None, list[tuple[int, str]]] = {}
    homes: dict[int, set[int | None]] = {}
    for index, row in enumerate(rows):
        if index not in led and not row.opening:
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
    always, begun = sought.pop(None, []), [index for index, row in enumerate(rows) if row.opening]
    parts: list[Part] = [()]
    behind: dict[int, tuple[int, ...]] = {}
    for index in used:
        behind[first + index] = _add(parts, len(rows), sought[index])
    for group, found in named.items():
        behind[len(rows) + group] = _add(parts, len(rows), [(index, rows[index].gate) for index in found])
    for chunk in range(0, len(begun), GATE_SIZE):
        number, some = first + len(HITS) + chunk, begun[chunk : chunk + GATE_SIZE]
        always += [(number, rows[index].opening) for index in some]
        behind[number] = _add(parts, len(rows), [(index, rows[index].gate) for index in some])
    parts[0] = tuple(always)
    live = []
    for tail in (*range(len(TAILS)), None):
        asked = [(index, row) for index, row in enumerate(rows) if row.crossing and row.tail == tail]
        if asked:
            live.append((tail, max(row.reach + row.pre for _, row in asked), len(parts)))
            parts.append(tuple((index, row.live) for index, row in asked))
    return Layout(
        tuple(parts),
        behind,
        tuple(live),
        {index: group_of[index] for index, row in enumerate(rows) if row.literal and row.keyworded},
        frozenset(range(len(groups))) - homes.keys(),
    )


def _add(parts: list[Part], rows: int, patterns: list[tuple[int, str]]) -> tuple[int, ...]:
    """Adds gates for patterns, those of so many rows and others; gives their places."""
    begin = len(parts)
    while patterns:
        # Rows stand before keywords, which are better looked for by themselves than with some of them.
        kind = sum(number < rows for number, _ in patterns) if len(patterns) > GATE_SIZE else len(patterns)
        size = min(kind or len(patterns), GATE_SIZE)
        parts.append(tuple(patterns[:size]))
        patterns = patterns[size:]
    return tuple(range(begin, len(parts)))


def _named(rows: Sequence[Row], group_of: Sequence[int]) -> dict[int, tuple[int, ...]]:
    """By keyword group: rows without fixed characters of which only a keyword makes a finding."""
    named: dict[int, tuple[int, ...]] = {}
    for index, row in enumerate(rows):
        group = group_of[index]
        if row.keyworded and row.detector.score <= 0 and not row.literal:
            named[group] = (*named.get(group, ()), index)
    return named
