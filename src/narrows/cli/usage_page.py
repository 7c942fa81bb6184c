"""How sums of usage look: a row of a table, an object of `--json`, a charge of `--csv`, and the notes below. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import tzinfo
from typing import Final

import msgspec

from narrows.accounting.focus import Charge, money, starts
from narrows.cli.terminal import Row
from narrows.model.limits import MICRO, Per
from narrows.stores.sqlite.usage_sums import MANY, NONE, By, Sums

COLUMNS: Final = ("calls", "refused", "limited", "errors", "prompt", "cached", "output", "reasoning", "cost")
TOTAL: Final = "total"

PERIODS: Final[Mapping[By, Per]] = {By.HOUR: Per.HOUR, By.DAY: Per.DAY, By.MONTH: Per.MONTH}
"""The periods of sums, the shortest first."""

CHARGED: Final = (By.CONNECTION, By.MODEL, By.USER)
"""What tells charges apart, beside their period."""


def ordered(rows: Sequence[tuple[tuple[str, ...], Sums]], by: Sequence[By]) -> Sequence[tuple[tuple[str, ...], Sums]]:
    """In the order of time where the rows have one, else the dearest and largest first."""
    if not PERIODS.keys().isdisjoint(by):
        return sorted(rows, key=lambda row: row[0])
    return sorted(rows, key=lambda row: (-row[1].cost, -row[1].prompt - row[1].output, -row[1].calls, row[0]))


def cells(key: tuple[str, ...], sums: Sums) -> tuple[str, ...]:
    """The cells under the names of the key, then COLUMNS."""
    figures = (sums.calls, sums.refused, sums.limited, sums.errors, sums.prompt, sums.cached, sums.output)
    return (*key, *map(str, figures), str(sums.reasoning), cost(sums))


def cost(sums: Sums) -> str:
    """Dollars: `~` before what was reckoned now, `?` after what is more, since something had no price."""
    if not sums.cost and sums.unpriced:
        return "?"
    return f"{'~' if sums.estimated else ''}{dollars(sums.cost)}{'?' if sums.unpriced else ''}"


def dollars(micro: int) -> str:
    """Exactly, with two digits of cents at least."""
    whole, _, part = money(micro).partition(".")
    return f"{whole}.{part.rstrip('0').ljust(2, '0')}"


def json_row(by: Sequence[By], key: tuple[str, ...], sums: Sums) -> Row:
    """An object of `--json`. Costs are in millionths of a dollar, `cost_usd` is in dollars."""
    named = dict(zip([one.value for one in by], key, strict=True))
    return {"id": "/".join(key), "by": named, "total": False, **_figures(sums)}


def json_total(sums: Sums) -> Row:
    """The last object of `--json`."""
    return {"id": TOTAL, "by": {}, "total": True, **_figures(sums)}


def _figures(sums: Sums) -> Row:
    return {**msgspec.structs.asdict(sums), "cost_usd": sums.cost / MICRO}


def notes(total: Sums, by: Sequence[By]) -> Iterator[str]:
    """What a reader of the table has to know."""
    if total.estimated:
        reckoned = dollars(total.estimated)
        yield f"~ {reckoned} of the cost is reckoned now, with the present prices: no limit on money counted it."
    if total.unpriced:
        yield f"? {calls(total.unpriced)} used tokens that have no price; the cost is without them."
    if total.counted:
        yield f"{calls(total.counted)} ended without a full report of tokens, which are the gate's own count there."
    if total.unreported:
        yield f"{calls(total.unreported)} ended without a word about tokens from the upstream, and no limit counted."
    if total.running:
        yield f"{calls(total.running)} still running, of unknown usage."
    several = [one.value for one in by if one in MANY]
    if several:
        yield f"A call counts for each of its {' and each of its '.join(map(_plural, several))}, and once in the total."


def calls(count: int) -> str:
    """So many calls, in words."""
    return f"{count} call{'s' if count != 1 else ''}"


def _plural(name: str) -> str:
    return "policies" if name == By.POLICY.value else f"{name}s"


def charged(by: Sequence[By]) -> list[By]:
    """What charges are told apart by, where these are asked for: their period, what is charged, and then the others."""
    periods = [period for period in PERIODS if period in by]
    others = [one for one in by if one not in PERIODS and one not in CHARGED]
    return [*(periods[:1] or [By.DAY]), *CHARGED, *others]


def charges(
    rows: Sequence[tuple[tuple[str, ...], Sums]], by: Sequence[By], zone: tzinfo, providers: Mapping[str, str]
) -> Iterator[Charge]:
    """The charges of a table that is by what `charged` gave. Calls that were refused charge nothing."""
    for key, sums in sorted(rows, key=lambda row: row[0]):
        charged_calls = sums.calls - sums.refused - sums.running
        if not charged_calls:
            continue
        period, connection, model, user, *others = key
        tags = {one.value: value for one, value in zip(by[4:], others, strict=True) if value != NONE}
        yield Charge(
            at=starts(period, zone),
            per=PERIODS[by[0]],
            connection=connection,
            provider=providers.get(connection, connection),
            model=model,
            user=user,
            calls=charged_calls,
            prompt=sums.prompt,
            output=sums.output,
            cached=sums.cached,
            reasoning=sums.reasoning,
            cost=sums.cost,
            estimated=sums.estimated,
            unpriced=sums.unpriced,
            tags=tags,
        )
