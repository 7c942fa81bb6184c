"""A group of detectors, compiled together: rows, keyword groups and the gates over them.

The shipped table is one section, an organisation's patterns are another, so that a change of the second compiles only
the second. Compiling takes seconds for hundreds of rows; `dump` and `load` let an outer layer keep the gates on disk.
"""

import re
import struct
from collections.abc import Callable, Iterable, Sequence, Set
from typing import Final, TypeAlias

from narrows.masking import keywords, patterns
from narrows.masking.detector import Detector
from narrows.masking.folding import Folder
from narrows.masking.keywords import Group, KeywordRefused
from narrows.masking.layout import lay_out
from narrows.masking.matcher import TooLarge
from narrows.masking.patterns import PatternRefused
from narrows.masking.rows import Row, compile_matchers, compile_row
from narrows.masking.shapes import TAILS, Shapes
from narrows.matching.gate import Gate, GateRefused, GateUnreadable, Part, compiled, key

_COUNT: Final = struct.Struct(">I")

Compile: TypeAlias = Callable[[Callable[[Part], bytes], Sequence[Part]], Iterable[bytes]]
"""How gates are compiled: `map`, or that of a pool."""


class Section:
    """Compiled detectors. Immutable but for the gates' pools; threads may share it."""

    __slots__ = (
        "_always",
        "_behind",
        "_first_shape",
        "_gates",
        "_layout",
        "_live",
        "group_of",
        "groups",
        "key",
        "rows",
    )

    def __init__(
        self,
        detectors: Iterable[Detector],
        *,
        bounds: patterns.Bounds = patterns.STRICT,
        load: Callable[[str], bytes | None] | None = None,
        compile_all: Compile = map,
    ) -> None:
        """`load` may give what `dump` gave for a key; else, or if it can't be read, the gates are compiled.
        Raises PatternRefused."""
        shapes = Shapes()
        self.rows: Sequence[Row] = tuple(compile_row(row, bounds, known=True, shapes=shapes) for row in detectors)
        _check_names(self.rows)
        self.groups, self.group_of = _groups(self.rows)
        layout = self._layout = lay_out(self.rows, self.groups, self.group_of, shapes)
        self.key = key(layout.parts)
        dumped = None if load is None else load(self.key)
        gates = None if dumped is None else _loaded(dumped, self.key, len(layout.parts))
        self._gates = tuple(self.compile_gates(compile_all) if gates is None else gates)
        self._always = self._gates[0]
        self._behind = {number: tuple(self._gates[part] for part in parts) for number, parts in layout.behind.items()}
        self._live = tuple(
            (
                None if tail is None else re.compile(TAILS[tail], re.DOTALL),
                window,
                max(max(self.rows[index].pre, self.rows[index].most_lead) for index, _ in layout.parts[part]),
                self._gates[part],
            )
            for tail, window, part in layout.live
        )

    def compile_gates(self, compile_all: Compile) -> list[Gate]:
        """Takes seconds for hundreds of rows: off the event loop."""
        try:
            if compile_all is map:
                return [Gate.compile(part) for part in self._layout.parts]
            return [Gate.load(dump) for dump in compile_all(compiled, self._layout.parts)]
        except GateRefused as error:
            raise PatternRefused(str(error)) from None

    def compile_matchers(self) -> None:
        """Compiles what waits for its first use, for a moment and some memory each. Raises PatternRefused."""
        for row in self.rows:
            try:
                compile_matchers(row)
            except TooLarge as error:
                raise PatternRefused(f"detector {row.detector.name}: {error}") from None

    def hits(self, data: bytes) -> tuple[list[int], Set[int]]:
        """Which rows can have a candidate in the data, and which keyword groups can occur if there is such a row."""
        found = self._always.scan(data)
        if not found:
            return found, self._layout.unsought
        count, implied, behind = len(self.rows), self._layout.implied, self._behind
        last = count + len(self.groups)
        rows: dict[int, None] = {}
        groups, seen = set(self._layout.unsought), set()
        for number in found:  # It grows by what is found behind a keyword, a shape or a beginning.
            if number < count:
                rows[number] = None
                if number in implied:
                    groups.add(implied[number])
            elif number not in seen:
                seen.add(number)
                if number < last:
                    groups.add(number - count)
                for gate in behind.get(number, ()):
                    found += gate.scan(data)
        return list(rows), groups

    def live(self, data: bytes, begin: int) -> list[int]:
        """Which rows that can reach over a separator are undecided at the end of the data, where candidates begin from
        `begin` on."""
        found: list[int] = []
        size = len(data)
        for tail, window, front, gate in self._live:
            first = begin - front if begin > front else 0
            if tail is None or tail.search(data, max(size - window, first)) is not None:
                found += gate.scan(data[first:])
        return found

    def dump(self) -> bytes:
        """The compiled gates, to be kept under `key`."""
        dumps = [gate.dump() for gate in self._gates]
        return self.key.encode("ascii") + b"".join(_COUNT.pack(len(dump)) + dump for dump in dumps)


def _check_names(rows: Sequence[Row]) -> None:
    seen: set[str] = set()
    for row in rows:
        if row.detector.name in seen:
            raise PatternRefused(f"two detectors are called {row.detector.name}")
        seen.add(row.detector.name)


def _groups(rows: Sequence[Row]) -> tuple[tuple[Group, ...], tuple[int, ...]]:
    """The keyword groups, and each row's."""
    folder = Folder()
    words: list[tuple[str, ...]] = []
    for row in rows:
        folded = {folder.plain(keyword) for keyword in row.detector.keywords}
        words.append(tuple(sorted(folded)))
    try:
        made = {group: keywords.group(group) for group in sorted(set(words)) if group}
    except KeywordRefused as error:
        raise PatternRefused(str(error)) from None
    places = {group: index for index, group in enumerate(made)}
    return tuple(made.values()), tuple(places.get(group, -1) for group in words)


def _loaded(dumped: bytes, named: str, count: int) -> list[Gate] | None:
    """The gates out of a dump; None if it is not one of these patterns, release and processor."""
    at, gates = len(named), []
    if dumped[:at] != named.encode("ascii"):
        return None
    try:
        while at < len(dumped):
            (size,) = _COUNT.unpack_from(dumped, at)
            at += _COUNT.size
            gates.append(Gate.load(dumped[at : at + size]))
            at += size
    except (struct.error, GateUnreadable):
        return None
    return gates if len(gates) == count and at == len(dumped) else None
