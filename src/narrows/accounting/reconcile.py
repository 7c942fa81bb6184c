"""What a provider bills, beside what passed the gateway: day by day, model by model.

What the provider has and the gateway has not, did not pass the gateway. The other way round, a report is missing or a
price is wrong. Both are compared by what the export says: tokens, cost, or both. Pure.
"""

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Final

import msgspec

from narrows.accounting.invoices import PICO, Billed, Invoice, family
from narrows.model.limits import MICRO

_PICO_PER_MICRO: Final = PICO // MICRO


class Passed(msgspec.Struct):
    """What passed the gateway of one day and model. `cost` is in millionths of a dollar; `priced` is False where some
    of it has no price."""

    model: str
    calls: int = 0
    prompt: int = 0
    output: int = 0
    cost: int = 0
    priced: bool = True

    def add(self, other: "Passed") -> None:
        """Adds what passed under another name of the same model."""
        self.calls += other.calls
        self.prompt += other.prompt
        self.output += other.output
        self.cost += other.cost
        self.priced = self.priced and other.priced


class Measure(msgspec.Struct, frozen=True):
    """One figure by the provider and by the gateway: `prompt`, `output` or `tokens`, or `cost` in millionths of a
    dollar. The provider's is rounded, the gateway's is None where it knows no price."""

    what: str
    provider: int
    gateway: int | None

    @property
    def difference(self) -> int | None:
        """How much more the provider has."""
        return None if self.gateway is None else self.provider - self.gateway


class Compared(msgspec.Struct, frozen=True):
    """One day and model. `beyond` are the measures whose difference is more than is tolerated."""

    day: str
    model: str
    measures: tuple[Measure, ...]
    beyond: tuple[Measure, ...]

    @property
    def bypassed(self) -> bool:
        """Whether the provider has more, and by more than is tolerated."""
        return any(measure.difference is not None and measure.difference > 0 for measure in self.beyond)


def passed(rows: Iterable[tuple[str, Passed]]) -> dict[tuple[str, str], Passed]:
    """What passed by day and family of model."""
    found: dict[tuple[str, str], Passed] = {}
    for day, one in rows:
        known = found.setdefault((day, family(one.model)), Passed(one.model))
        known.add(one)
    return found


def compare(invoice: Invoice, ours: Mapping[tuple[str, str], Passed], tolerance: Fraction) -> list[Compared]:
    """Every day and model that either has, in their order; only days where the export names no models. `tolerance` is
    the share of the provider's figure, or of the gateway's where the provider has none, that a difference may be."""
    if not any(name for _, name in invoice.days):
        ours = _by_day(ours)
    nothing = _nothing(invoice)
    compared = []
    for day, name in sorted(invoice.days.keys() | ours.keys()):
        billed, one = invoice.days.get((day, name), nothing), ours.get((day, name))
        model = billed.model or (one.model if one is not None else "")
        measures = tuple(_measures(billed, one if one is not None else Passed(model)))
        compared.append(Compared(day, model, measures, tuple(one for one in measures if _beyond(one, tolerance))))
    return compared


def _by_day(ours: Mapping[tuple[str, str], Passed]) -> dict[tuple[str, str], Passed]:
    days: dict[tuple[str, str], Passed] = {}
    for (day, _), one in ours.items():
        days.setdefault((day, ""), Passed("")).add(one)
    return days


def _measures(billed: Billed, one: Passed) -> Iterator[Measure]:
    gateway = {
        "prompt": one.prompt,
        "output": one.output,
        "tokens": one.prompt + one.output,
        "cost": one.cost if one.priced else None,
    }
    for what in _compared(billed):
        figure = getattr(billed, what)
        if figure is not None:
            yield Measure(what, _rounded(what, figure), gateway[what])


def _compared(has: Billed) -> tuple[str, ...]:
    """Prompt and output tell more than their sum."""
    apart = has.prompt is not None and has.output is not None
    return ("prompt", "output", "cost") if apart else ("prompt", "output", "tokens", "cost")


def _nothing(invoice: Invoice) -> Billed:
    """What an export says of days and models that it has no line for: zero of all that it ever tells of."""
    told = Billed("")
    for billed in invoice.days.values():
        told.add(billed)
    names = [name for name in ("prompt", "output", "tokens", "cost") if getattr(told, name) is not None]
    return Billed("", **dict.fromkeys(names, 0))


def _rounded(what: str, figure: int) -> int:
    return (figure + _PICO_PER_MICRO // 2) // _PICO_PER_MICRO if what == "cost" else figure


def _beyond(measure: Measure, tolerance: Fraction) -> bool:
    """A cost that is not known can't be said to agree, unless there is none."""
    difference = measure.difference
    if difference is None:
        return measure.provider != 0
    return abs(difference) > tolerance * abs(measure.provider or measure.gateway or 0)
