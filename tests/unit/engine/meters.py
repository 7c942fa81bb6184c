"""The part of the telemetry port that is about limits: it keeps what it is told."""

from collections.abc import Sequence

from narrows.model.limits import Unit


class CountingLimits:
    """`limits` is what was told, in order."""

    def __init__(self) -> None:
        self.limits: list[tuple[object, ...]] = []

    def reserved(self, units: Sequence[Unit], amounts: Sequence[int]) -> None:
        self.limits.append(("reserved", dict(zip(units, amounts, strict=True))))

    def settled(self, connection: str, cost: int | None, units: Sequence[Unit], amounts: Sequence[int]) -> None:
        self.limits.append(("settled", connection, cost, dict(zip(units, amounts, strict=True))))

    def unknown(self, connection: str) -> None:
        self.limits.append(("unknown", connection))

    def limited(self, policy: str, code: str) -> None:
        self.limits.append(("limited", policy, code))

    def soft(self, policy: str, rule: str) -> None:
        self.limits.append(("soft", policy, rule))

    def implausible(self, connection: str) -> None:
        self.limits.append(("implausible", connection))
