"""A group of detectors, compiled together: rows, keyword groups and the gates over them.

The shipped table is one section, an organisation's patterns are another, so that a change of the second compiles only
the second. Compiling takes seconds for hundreds of rows; `dump` and `load` let an outer layer keep the gates on disk.
"""

import struct
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from narrows.masking import keywords, patterns
from narrows.masking.detector import Detector
from narrows.masking.folding import Folder
from narrows.masking.gate import Gate, GateRefused, GateUnreadable, key
from narrows.masking.keywords import Group, KeywordRefused
from narrows.masking.patterns import PatternRefused
from narrows.masking.rows import Row, compile_row

_SIZES: Final = struct.Struct(">III")


class Section:
    """Compiled detectors. Immutable but for the gates' pools; threads may share it."""

    __slots__ = ("crossing", "crossing_rows", "group_of", "groups", "hits", "key", "rows", "solid", "solid_rows")

    def __init__(
        self,
        detectors: Iterable[Detector],
        *,
        bounds: patterns.Bounds = patterns.STRICT,
        load: Callable[[str], bytes | None] | None = None,
    ) -> None:
        """`load` may give what `dump` gave for a key; else, or if it can't be read, the gates are compiled.
        Raises PatternRefused."""
        self.rows: Sequence[Row] = tuple(compile_row(detector, bounds) for detector in detectors)
        _check_names(self.rows)
        self.groups, self.group_of = _groups(self.rows)
        self.crossing_rows = tuple(index for index, row in enumerate(self.rows) if row.crossing)
        self.solid_rows = tuple(index for index, row in enumerate(self.rows) if not row.crossing)
        expressions = self._expressions()
        self.key = key([pattern for part in expressions for pattern in part])
        compiled = load(self.key) if load is not None else None
        self.hits, self.crossing, self.solid = _gates(expressions, compiled, self.key)

    def _expressions(self) -> tuple[list[str], list[str], list[str]]:
        """What each gate looks for. The keywords of a group stand behind the rows in the first."""
        hits = [row.gate for row in self.rows] + [group.pattern for group in self.groups if group.pattern]
        return hits, [self.rows[at].live for at in self.crossing_rows], [self.rows[at].live for at in self.solid_rows]

    def dump(self) -> bytes:
        """The compiled gates, to be kept under `key`."""
        parts = [self.hits.dump(), self.crossing.dump(), self.solid.dump()]
        return self.key.encode("ascii") + _SIZES.pack(*map(len, parts)) + b"".join(parts)

    def group_index(self, gate_index: int) -> int:
        """The keyword group of a hit of the gate that is no row's."""
        return gate_index - len(self.rows)


def _check_names(rows: Sequence[Row]) -> None:
    seen: set[str] = set()
    for row in rows:
        if row.detector.name in seen:
            raise PatternRefused(f"two detectors are called {row.detector.name}")
        seen.add(row.detector.name)


def _groups(rows: Sequence[Row]) -> tuple[tuple[Group, ...], tuple[int, ...]]:
    """The keyword groups, those with an ASCII keyword first, and each row's."""
    folder = Folder()
    words: list[tuple[str, ...]] = []
    for row in rows:
        folded = {keywords.lowered(folder.plain(keyword)) for keyword in row.detector.keywords}
        words.append(tuple(sorted(folded)))
    try:
        made = {group: keywords.group(group) for group in sorted(set(words)) if group}
    except KeywordRefused as error:
        raise PatternRefused(str(error)) from None
    ordered = sorted(made, key=lambda group: (not made[group].pattern, group))
    places = {group: index for index, group in enumerate(ordered)}
    return tuple(made[group] for group in ordered), tuple(places.get(group, -1) for group in words)


def _gates(expressions: tuple[list[str], ...], compiled: bytes | None, named: str) -> tuple[Gate, Gate, Gate]:
    if compiled is not None:
        try:
            return _loaded(compiled, named)
        except GateUnreadable:
            pass  # Compiled for another processor or by another release: what is kept on disk is only a shortcut.
    try:
        first, second, third = (Gate.compile(part) for part in expressions)
    except GateRefused as error:
        raise PatternRefused(str(error)) from None
    return first, second, third


def _loaded(compiled: bytes, named: str) -> tuple[Gate, Gate, Gate]:
    header = len(named) + _SIZES.size
    if len(compiled) < header or compiled[: len(named)] != named.encode("ascii"):
        raise GateUnreadable("the compiled patterns are not those of these detectors")
    sizes = _SIZES.unpack(compiled[len(named) : header])
    if len(compiled) != header + sum(sizes):
        raise GateUnreadable("the compiled patterns are cut short")
    body, gates = compiled[header:], []
    for size in sizes:
        gates.append(Gate.load(body[:size]))
        body = body[size:]
    return gates[0], gates[1], gates[2]
