"""A group of detectors, compiled together: rows, keyword groups and the gates over them.

The shipped table is one section, an organisation's patterns are another, so that a change of the second compiles only
the second. Compiling takes seconds for hundreds of rows; `dump` and `load` let an outer layer keep the gates on disk.
"""

import struct
from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeAlias

from narrows.masking import keywords, patterns
from narrows.masking.detector import Detector
from narrows.masking.folding import Folder
from narrows.masking.gate import Gate, GateRefused, GateUnreadable, compiled, key
from narrows.masking.keywords import Group, KeywordRefused
from narrows.masking.matcher import TooLarge
from narrows.masking.patterns import PatternRefused
from narrows.masking.rows import Row, compile_matchers, compile_row

GATE_SIZE: Final = 60
"""Patterns without fixed characters in one gate: the time to compile them together grows faster than their number."""

_COUNT: Final = struct.Struct(">I")

Compile: TypeAlias = Callable[[Callable[[tuple[str, ...]], bytes], Sequence[tuple[str, ...]]], Iterable[bytes]]
"""How gates are compiled: `map`, or that of a pool."""


class Section:
    """Compiled detectors. Immutable but for the gates' pools; threads may share it."""

    __slots__ = ("_dumps", "_hit_gates", "_live_gates", "group_of", "groups", "key", "rows")

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
        self.rows: Sequence[Row] = tuple(compile_row(detector, bounds, known=True) for detector in detectors)
        _check_names(self.rows)
        self.groups, self.group_of = _groups(self.rows)
        hits, live = self._parts()
        expressions = [tuple(pattern for _, pattern in part) for part in (*hits, *live)]
        self.key = key([pattern for part in expressions for pattern in part])
        dumped = None if load is None else load(self.key)
        gates = None if dumped is None else _loaded(dumped, self.key, len(expressions))
        if gates is None:
            self.compile_matchers()
            gates = _compiled(expressions, compile_all)
        named = [tuple(index for index, _ in part) for part in (*hits, *live)]
        self._hit_gates = tuple(zip(gates, named, strict=True))[: len(hits)]
        self._live_gates = tuple(zip(gates, named, strict=True))[len(hits) :]

    def _parts(self) -> tuple[list[list[tuple[int, str]]], list[list[tuple[int, str]]]]:
        """What the gates look for, with the index of the row; keyword groups are numbered behind the rows."""
        fixed = [(index, row.gate) for index, row in enumerate(self.rows) if row.literal]
        fixed += [(len(self.rows) + at, group.pattern) for at, group in enumerate(self.groups) if group.pattern]
        loose = [(index, row.gate) for index, row in enumerate(self.rows) if not row.literal]
        live = [(index, row.live) for index, row in enumerate(self.rows) if row.crossing]
        chunks = [loose[at : at + GATE_SIZE] for at in range(0, len(loose), GATE_SIZE)]
        return [part for part in (fixed, *chunks) if part], [live] if live else []

    def compile_matchers(self) -> None:
        """Compiles what else waits for its first use. Takes a second for hundreds of rows: off the event loop."""
        for row in self.rows:
            try:
                compile_matchers(row)
            except TooLarge as error:
                raise PatternRefused(f"detector {row.detector.name}: {error}") from None

    def hits(self, data: bytes) -> list[int]:
        """Which rows can have a candidate in the data, and, counted on, which keyword groups occur."""
        return [named[hit] for gate, named in self._hit_gates for hit in gate.scan(data)]

    def live(self, data: bytes) -> list[int]:
        """Which rows that can reach over a separator are undecided at the end of the data."""
        return [named[hit] for gate, named in self._live_gates for hit in gate.scan(data)]

    def dump(self) -> bytes:
        """The compiled gates, to be kept under `key`."""
        dumps = [gate.dump() for gate, _ in (*self._hit_gates, *self._live_gates)]
        return self.key.encode("ascii") + b"".join(_COUNT.pack(len(dump)) + dump for dump in dumps)


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
        folded = {folder.plain(keyword) for keyword in row.detector.keywords}
        words.append(tuple(sorted(folded)))
    try:
        made = {group: keywords.group(group) for group in sorted(set(words)) if group}
    except KeywordRefused as error:
        raise PatternRefused(str(error)) from None
    ordered = sorted(made, key=lambda group: (not made[group].pattern, group))
    places = {group: index for index, group in enumerate(ordered)}
    return tuple(made[group] for group in ordered), tuple(places.get(group, -1) for group in words)


def _compiled(expressions: Sequence[tuple[str, ...]], compile_all: Compile) -> list[Gate]:
    try:
        if compile_all is map:
            return [Gate.compile(part) for part in expressions]
        return [Gate.load(dump) for dump in compile_all(compiled, expressions)]
    except GateRefused as error:
        raise PatternRefused(str(error)) from None


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
