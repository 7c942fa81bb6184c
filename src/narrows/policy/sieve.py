"""Which patterns of a plan can occur in a text: what a gate over the patterns of all policies says of those of one.

A gate is one pass over the text, whatever it looks for, and says of most texts that nothing occurs. What no gate knows
is always left to be asked, so that rules hold while their gate is still being made, and where none can be. Pure.
"""

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

import msgspec

from narrows.matching.gate import Gate

Key: TypeAlias = tuple[str, str | None]
"""A pattern by what it was made of: its source, and that of its loose form if it has one of its own."""


class PatternGate(msgspec.Struct, frozen=True, eq=False):
    """A gate, and the numbers by which it knows patterns. One that it knows and does not hit does not occur."""

    gate: Gate
    numbers: Mapping[Key, int]


class Gates(msgspec.Struct, frozen=True, eq=False):
    """The gates of a policy set. `loose` are over the loosened forms, under the keys of the patterns as written."""

    exact: tuple[PatternGate, ...] = ()
    loose: tuple[PatternGate, ...] = ()


NO_GATES: Final = Gates()


class Sieve:
    """The patterns of one plan, by their places in it. Immutable; threads may share it."""

    __slots__ = ("_always", "_gated")

    def __init__(self, patterns: Sequence[Key], gates: Sequence[PatternGate]) -> None:
        always = list(range(len(patterns)))
        gated: list[tuple[Gate, dict[int, list[int]]]] = []
        for each in gates:
            behind: dict[int, list[int]] = {}
            rest: list[int] = []
            for place in always:
                number = each.numbers.get(patterns[place])
                if number is None:
                    rest.append(place)
                else:
                    behind.setdefault(number, []).append(place)
            if behind:
                gated.append((each.gate, behind))
                always = rest
        self._gated = tuple(gated)
        self._always = always

    def left(self, data: bytes) -> Sequence[int]:
        """The places of the patterns that may occur in the data, ascending: all others do not."""
        found: list[int] = []
        for gate, behind in self._gated:
            for number in gate.scan(data):
                found += behind.get(number, ())
        if not found:
            return self._always
        found += self._always
        found.sort()
        return found
