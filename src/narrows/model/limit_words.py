"""Limits in the words of the configuration: what messages, explanations and records call them."""

from typing import Final

from narrows.model.limits import MICRO, AgentCap, Budget, Concurrency, CostCap, Counted, Rate, Unit

SECOND: Final = 1_000_000
"""Microseconds."""

_PERIODS: Final = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


def amount(unit: Unit, value: int) -> str:
    """So much of a unit, exactly: `0.25 usd`, `1 call`, `2000 tokens`."""
    if unit.scale == 1:
        name = unit.value[:-1] if value == 1 else unit.value
        return f"{value} {name}"
    whole, rest = divmod(value, MICRO)
    written = f"{whole}.{rest:06d}".rstrip("0").rstrip(".")
    return f"{written} {'unit' if unit is Unit.COMPUTE and value == MICRO else unit.value}"


def words(limit: Counted | CostCap) -> str:
    """A limit: `5 usd / day / user`, `60 calls / minute`, `8 calls at once`."""
    if isinstance(limit, Budget):
        window = limit.window
        rolling = "rolling " if window.rolling else ""
        zone = "" if window.rolling or window.zone == "UTC" else f" ({window.zone})"
        return f"{amount(limit.unit, limit.limit)} / {rolling}{window.per.value} / {limit.scope.value}{zone}"
    if isinstance(limit, Rate):
        return f"{amount(limit.unit, limit.limit)} / {lasting(limit.period)}"
    if isinstance(limit, Concurrency):
        return f"{amount(Unit.CALLS, limit.limit)} at once"
    if isinstance(limit, AgentCap):
        return "declared agents" if limit.limit is None else _agents(limit, limit.limit)
    return f"{amount(Unit.USD, limit.limit)} / call"


def lasting(microseconds: int) -> str:
    """A time: `minute`, `5 minutes`, `90 seconds`."""
    for size, name in _PERIODS:
        count, rest = divmod(microseconds, size * SECOND)
        if count and not rest:
            return name if count == 1 else f"{count} {name}s"
    return f"{microseconds / SECOND:g} seconds"


def _agents(cap: AgentCap, most: int) -> str:
    declared = "declared " if cap.declared else ""
    window = lasting(cap.window)
    return f"{most} {declared}agent{'' if most == 1 else 's'} in {window if window[0].isdigit() else f'1 {window}'}"
