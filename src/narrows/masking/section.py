"""A group of detectors, compiled together: rows, keyword groups and the gates over them.

The shipped table is one section, an organisation's patterns are another, so that a change of the second compiles only
the second. Compiling takes seconds for hundreds of rows; `dump` and `load` let an outer layer keep the gates on disk.
"""

import re
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from typing import Final, TypeAlias

from narrows.masking import derived, patterns
from narrows.masking.derived import Derived
from narrows.masking.detector import Detector
from narrows.masking.matcher import TooLarge
from narrows.masking.patterns import PatternRefused
from narrows.masking.rows import Row, compile_matchers
from narrows.masking.shapes import TAILS
from narrows.matching.gate import Gate, GateRefused, GateUnreadable, Part, compiled

_COUNT: Final = struct.Struct(">I")

Compile: TypeAlias = Callable[[Callable[[Part], bytes], Sequence[Part]], Iterable[bytes]]
"""How gates are compiled: `map`, or that of a pool."""


class Section:
    """Compiled detectors. Immutable but for the gates' pools, and gates that wait; threads may share it."""

    __slots__ = (
        "_always",
        "_behind",
        "_derived",
        "_gates",
        "_implied",
        "_live",
        "_unsought",
        "fresh",
        "group_of",
        "groups",
        "key",
        "rows",
    )

    fresh: bool
    """Whether something was compiled here, so that `dump` gives more than `load` gave."""

    def __init__(
        self,
        detectors: Iterable[Detector],
        *,
        bounds: patterns.Bounds = patterns.STRICT,
        load: Callable[[str], bytes | None] | None = None,
        compile_all: Compile = map,
        later: bool = False,
    ) -> None:
        """`load` may give what `dump` gave for a key; what of it can't be read is made anew. `later`: only the gate
        that every text is asked about is compiled; the others wait for `compile_rest`, and say meanwhile that
        everything they look for may be there, so that the same is found, only slower. Raises PatternRefused."""
        detectors = tuple(detectors)
        self.key = derived.key(detectors, bounds)
        dumped = None if load is None else load(self.key)
        kept = None if dumped is None else _loaded(dumped, self.key, detectors)
        self.fresh = kept is None
        if kept is None:
            made = derived.derive(detectors, bounds)
            self._derived, parts = derived.dump(made), made.layout.parts
            now = parts[:1] if later else parts
            self._gates = (*self.compile_gates(now, compile_all), *map(Gate.later, parts[len(now) :]))
        else:
            made, self._derived, self._gates = kept
            if not later and self.waits:
                self.settle(compile_all)
        self.rows: Sequence[Row] = made.rows
        self.groups, self.group_of = made.groups, made.group_of
        layout = made.layout
        self._implied, self._unsought = layout.implied, layout.unsought
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

    def compile_gates(self, parts: Sequence[Part], compile_all: Compile) -> list[Gate]:
        """Takes seconds for hundreds of rows: off the event loop."""
        try:
            if compile_all is map:
                return [Gate.compile(part) for part in parts]
            return [Gate.load(dump) for dump in compile_all(compiled, parts)]
        except GateRefused as error:
            raise PatternRefused(str(error)) from None

    @property
    def waits(self) -> bool:
        """Whether a gate is still to be compiled."""
        return any(gate.waits for gate in self._gates)

    def compile_rest(self) -> Iterator[None]:
        """Compiles what waits, a gate a step. Raises PatternRefused."""
        for gate in self._gates:
            if gate.waits:
                gate.adopt(self.compile_gates((gate.waiting,), map)[0])
                self.fresh = True
                yield

    def settle(self, compile_all: Compile = map) -> None:
        """Compiles what waits at once. Raises PatternRefused."""
        waiting = [gate for gate in self._gates if gate.waits]
        for gate, made in zip(waiting, self.compile_gates([one.waiting for one in waiting], compile_all), strict=True):
            gate.adopt(made)
            self.fresh = True

    def take(self, dumped: bytes) -> None:
        """Takes gates that wait out of what another process has kept meanwhile."""
        kept = _loaded(dumped, self.key, [row.detector for row in self.rows])
        for gate, other in zip(self._gates, kept[2] if kept is not None else (), strict=False):
            gate.adopt(other)

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
            return found, self._unsought
        count, implied, behind = len(self.rows), self._implied, self._behind
        last = count + len(self.groups)
        rows: dict[int, None] = {}
        groups, seen = set(self._unsought), set()
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
        """What is derived, and the gates that are compiled, to be kept under `key`."""
        dumps = [self._derived, *(gate.dump() for gate in self._gates)]
        return self.key.encode("ascii") + b"".join(_COUNT.pack(len(dump)) + dump for dump in dumps)


def _loaded(dumped: bytes, named: str, detectors: Sequence[Detector]) -> tuple[Derived, bytes, tuple[Gate, ...]] | None:
    """What is derived and the gates, out of a dump; None if it is not one of these rows, release and processor."""
    at, dumps = len(named), []
    if dumped[:at] != named.encode("ascii"):
        return None
    try:
        while at < len(dumped):
            (size,) = _COUNT.unpack_from(dumped, at)
            at += _COUNT.size
            dumps.append(dumped[at : at + size])
            at += size
        made = derived.load(dumps[0], detectors) if dumps and at == len(dumped) else None
        if made is None or len(dumps) != 1 + len(made.layout.parts):
            return None
        parts = made.layout.parts
        gates = tuple(
            Gate.load(dump) if dump else Gate.later(part) for dump, part in zip(dumps[1:], parts, strict=True)
        )
    except (struct.error, GateUnreadable):
        return None
    return made, dumps[0], gates
