"""`narrows usage reconcile`: a provider's usage export beside what the gateway recorded."""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Final

import typer

from narrows.accounting.invoices import FIELDS, FORMS, Invoice, Unreadable, parse
from narrows.accounting.reconcile import Compared, Measure, Passed, compare, passed
from narrows.cli.configuration import ConfigOption, DataOption, find_store
from narrows.cli.failure import FAILED, USAGE, Failure
from narrows.cli.moments import SECOND
from narrows.cli.spending import known_settings, reckoning, summed
from narrows.cli.terminal import Row, complain, print_json, print_table
from narrows.cli.usage_page import calls, dollars
from narrows.stores.sqlite.selection import Filters
from narrows.stores.sqlite.usage_sums import By, Table

COLUMNS: Final = ("day", "model", "what", "provider", "gateway", "difference", "")
_FORMATS: Final = ", ".join(form.name for form in FORMS)
_LARGEST: Final = 256 * 1024 * 1024
_BEYOND: Final = {True: "BYPASSED THE GATEWAY", False: "more than the provider bills"}


def reconcile(
    invoice: Annotated[Path, typer.Argument(metavar="INVOICE.csv", help=f"The export: {_FORMATS}.")],
    connection: Annotated[
        str | None, typer.Option(help="The connection that the export is of, or a glob for several.")
    ] = None,
    tolerance: Annotated[
        str, typer.Option(metavar="SHARE", help="How much figures of a day and model may differ: 1%, 0.5%, 0.")
    ] = "1%",
    columns: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="COLUMN=FIELD",
            help=f"For exports of other forms: which column is {', '.join(FIELDS)}. Once for each.",
        ),
    ] = None,
    config: ConfigOption = None,
    data: DataOption = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="JSON lines, one object a day and model with its `id`.")
    ] = False,
) -> None:
    """Compare what a provider bills with what passed the gateway.

    For each day (UTC) and model that the export covers: tokens or cost by the
    provider, by the gateway, and the difference. What the provider has and the
    gateway has not, bypassed the gateway. Exits 1 if a difference is more than
    is tolerated.

    [bold]Examples[/bold]

      narrows usage reconcile usage-2026-01.csv --connection openai

      narrows usage reconcile costs.csv --connection local --map Day=date --map Model=model --map Amount=cost
    """
    share = _tolerance(tolerance)
    billed = _read(invoice, _columns(columns))
    days = sorted(day for day, _ in billed.days)
    if not days:
        raise Failure(f"{invoice}: the export bills no usage", FAILED)
    filters = Filters(connection=connection, since=_start(days[0]), until=_start(days[-1]) + 86_400 * SECOND)
    store = find_store(config, data)
    table = Table([By.DAY, By.ANSWERED, By.CONNECTION], UTC, reckoning(known_settings(config, data), store))
    rows = summed(store, filters, table).sorted()
    _one_connection(connection, sorted({key[2] for key, sums in rows if sums.calls > sums.refused}))
    ours = passed(
        (day, Passed(model, sums.calls, sums.prompt, sums.output, sums.cost, priced=not sums.unpriced))
        for (day, model, _), sums in rows
        if sums.prompt or sums.output or sums.cost
    )
    compared = compare(billed, ours, share)
    _show(compared, as_json=as_json)
    total = table.total
    if not as_json:
        _note(billed, days, total.unreported + total.counted + total.running + total.errors)
    _verdict(compared, tolerance)


def _show(compared: Sequence[Compared], *, as_json: bool) -> None:
    if as_json:
        for one in compared:
            print_json(_json(one))
        return
    print_table(COLUMNS, [cells for one in compared for cells in _cells(one)])


def _cells(one: Compared) -> Iterator[tuple[str, ...]]:
    for measure in one.measures:
        difference = measure.difference
        flagged = "" if measure not in one.beyond else "no price" if difference is None else _BEYOND[difference > 0]
        shown = "?" if difference is None else f"{'+' if difference > 0 else ''}{_figure(measure, difference)}"
        yield (
            one.day,
            one.model or "(all)",
            measure.what,
            _figure(measure, measure.provider),
            _figure(measure, measure.gateway),
            shown,
            flagged,
        )


def _figure(measure: Measure, number: int | None) -> str:
    return "?" if number is None else dollars(number) if measure.what == "cost" else str(number)


def _json(one: Compared) -> Row:
    figures = {
        measure.what: {
            "provider": measure.provider,
            "gateway": measure.gateway,
            "difference": measure.difference,
            "beyond": measure in one.beyond,
        }
        for measure in one.measures
    }
    return {"id": f"{one.day}/{one.model}", "day": one.day, "model": one.model, "bypassed": one.bypassed, **figures}


def _note(billed: Invoice, days: Sequence[str], silent: int) -> None:
    complain(f"Read as {billed.form}, from {days[0]} to {days[-1]} (UTC).")
    if billed.skipped:
        complain(f"Lines of it that bill no usage, left out: {billed.skipped}.")
    if silent:
        complain(f"{calls(silent)} of that time ended without a report of what was used, or not yet.")


def _verdict(compared: Sequence[Compared], tolerance: str) -> None:
    """Raises Failure if something does not agree."""
    bypassed = sum(one.bypassed for one in compared)
    beyond = sum(bool(one.beyond) for one in compared)
    if bypassed:
        raise Failure(
            f"BYPASSED: on {bypassed} of {len(compared)} days and models the provider bills more than passed the "
            f"gateway, by more than {tolerance}",
            FAILED,
        )
    if beyond:
        raise Failure(f"{beyond} of {len(compared)} days and models differ by more than {tolerance}", FAILED)
    complain(f"All {len(compared)} days and models agree within {tolerance}.")


def _read(path: Path, columns: dict[str, str]) -> Invoice:
    try:
        if path.stat().st_size > _LARGEST:
            raise Failure(f"{path}: more than {_LARGEST >> 20} MiB; export a shorter time", USAGE)
        with path.open(encoding="utf-8-sig", newline="") as lines:
            return parse(lines, columns)
    except OSError as error:
        raise Failure(f"{path}: the file can't be read: {error.strerror}", USAGE) from None
    except UnicodeDecodeError as error:
        raise Failure(f"{path}: not UTF-8 after {error.start} bytes", FAILED) from None
    except Unreadable as error:
        raise Failure(f"{path}: {error}", FAILED) from None


def _columns(options: Sequence[str] | None) -> dict[str, str]:
    columns: dict[str, str] = {}
    for option in options or ():
        column, _, field = option.rpartition("=")
        if not column or field not in FIELDS:
            raise Failure(f"--map: '{option}' is not COLUMN=FIELD, with one of {', '.join(FIELDS)}", USAGE)
        if column in columns or field in columns.values():
            raise Failure(f"--map: '{option}' names a column or a field again", USAGE)
        columns[column] = field
    return columns


def _tolerance(text: str) -> Fraction:
    try:
        share = Fraction(text.strip().removesuffix("%"))
    except (ValueError, ZeroDivisionError):
        share = Fraction(-1)
    if not 0 <= share <= 100 or (share and not text.strip().endswith("%")):
        raise Failure(f"--tolerance: '{text}' is no share; write 1%, 0.5% or 0", USAGE)
    return share / 100


def _one_connection(asked: str | None, found: Sequence[str]) -> None:
    """An export is of one provider; calls of others would all look as if it did not bill them."""
    if asked is None and len(found) > 1:
        raise Failure(
            f"calls of that time went over {', '.join(found)}: say with --connection which of them the export is of",
            USAGE,
        )


def _start(day: str) -> int:
    moment = datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC)
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
