"""The part of the telemetry port that is about limits: it keeps what it is told."""

from collections.abc import Sequence

from narrows.model.limits import Unit
from narrows.ports.telemetry import UNITS, Units


def _by_unit(units: Units, amounts: Sequence[int]) -> dict[Unit, int]:
    return {UNITS[unit]: amounts[place] for unit, place in units}


class CountingLimits:
    """`limits` is what was told, in order."""

    def __init__(self) -> None:
        self.limits: list[tuple[object, ...]] = []

    def settled(
        self, connection: str, cost: int | None, units: Units, held: Sequence[int], settled: Sequence[int]
    ) -> None:
        self.limits.append(("settled", connection, cost, _by_unit(units, held), _by_unit(units, settled)))

    def unknown(self, connection: str, units: Units, held: Sequence[int]) -> None:
        self.limits.append(("unknown", connection, _by_unit(units, held)))

    def limited(self, policy: str, code: str) -> None:
        self.limits.append(("limited", policy, code))

    def soft(self, policy: str, rule: str) -> None:
        self.limits.append(("soft", policy, rule))

    def implausible(self, connection: str) -> None:
        self.limits.append(("implausible", connection))
