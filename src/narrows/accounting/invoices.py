"""Usage exports of providers, read: which day and model used how many tokens, or cost how much.

The format is known by its header. Known are the exports of OpenAI (usage, and cost), of Anthropic (usage, and cost),
and FOCUS; others are read where it is said which column is what. Days are in UTC, as they are there. Whatever is not
what its column should hold is an error with its line: a figure that was skipped would look like one that agrees. Pure.
"""

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Final

import msgspec

PICO: Final = 10**12
"""Costs are in picodollars, since exports have more digits than millionths."""

FIELDS: Final = ("date", "model", "prompt", "output", "tokens", "cost", "calls")
"""What a column may be said to be. `tokens` is of prompt and output together."""

_LARGEST: Final = 10**18
_DELIMITERS: Final = (",", "\t", ";")


class Unreadable(Exception):
    """The export can't be read; the message says where and why."""


class Billed(msgspec.Struct):
    """What a provider's export says of one day and model; None where it says nothing. `cost` is in picodollars."""

    model: str
    prompt: int | None = None
    output: int | None = None
    tokens: int | None = None
    cost: int | None = None
    calls: int | None = None

    def add(self, other: "Billed") -> None:
        """Adds what another line says of the same."""
        self.prompt = _sum(self.prompt, other.prompt)
        self.output = _sum(self.output, other.output)
        self.tokens = _sum(self.tokens, other.tokens)
        self.cost = _sum(self.cost, other.cost)
        self.calls = _sum(self.calls, other.calls)


class Invoice(msgspec.Struct):
    """An export. `days` has what it says by day (ISO 8601) and family of model; `skipped` are lines that charge no
    usage, such as taxes and credits."""

    form: str
    days: dict[tuple[str, str], Billed]
    skipped: int = 0


Line = Mapping[str, str]
"""A line's fields by their columns; empty ones are left out."""

_Read = Callable[[Line], tuple[str, Billed] | None]
"""The day and figures of a line; None: it charges no usage. Raises ValueError."""


class _Form(msgspec.Struct, frozen=True):
    """A format: the columns that it is known by, and how its lines are read."""

    name: str
    columns: frozenset[str]
    read: _Read


def parse(lines: Iterable[str], columns: Mapping[str, str] | None = None) -> Invoice:
    """The export in these lines. `columns` says which of FIELDS a column is, where the format is none of the known.
    Raises Unreadable."""
    source = iter(lines)
    first = next(source, "")
    if not first.strip():
        raise Unreadable("line 1: there is no header")
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(_chained(first, source), delimiter=delimiter, strict=True)
    try:
        header = [name.strip() for name in next(reader)]
        _once(header)
        form = _mapped(header, columns) if columns else _known(header)
        invoice = Invoice(form.name, {})
        for values in reader:
            _take(invoice, form, header, values)
    except csv.Error as error:
        raise Unreadable(f"line {reader.line_num}: {error}") from None
    except ValueError as error:
        raise Unreadable(f"line {reader.line_num}: {error}") from None
    return invoice


def _chained(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def _take(invoice: Invoice, form: _Form, header: list[str], values: list[str]) -> None:
    if not any(value.strip() for value in values):
        return
    if len(values) != len(header):
        raise ValueError(f"{len(values)} fields, where the header has {len(header)}")
    line = {name: value.strip() for name, value in zip(header, values, strict=True) if value.strip()}
    found = form.read(line)
    if found is None:
        invoice.skipped += 1
        return
    day, billed = found
    known = invoice.days.setdefault((day, family(billed.model)), Billed(billed.model))
    known.add(billed)


_DATED: Final = re.compile(r"[-@](?:20\d{2}-?\d{2}-?\d{2}|\d{4}|latest)$", re.ASCII)
_PARTS: Final = re.compile(r"[^a-z0-9]+", re.ASCII)


def family(model: str) -> str:
    """What names of the same model have in common: `Claude Haiku 4.5`, `claude-haiku-4-5` and
    `claude-haiku-4-5-20251001` are one. Parts come in any order, since names of one model do."""
    name = _DATED.sub("", model.strip().lower().rpartition("/")[2])
    return "-".join(sorted(part for part in _PARTS.split(name) if part))


def _known(header: list[str]) -> _Form:
    have = set(header)
    for form in FORMS:
        if form.columns <= have:
            return form
    names = ", ".join(form.name for form in FORMS)
    raise ValueError(
        f"the header is of none of the known exports ({names}); say which column is what with --map COLUMN=FIELD. "
        f"It has: {', '.join(header)}"
    )


def _mapped(header: list[str], columns: Mapping[str, str]) -> _Form:
    missing = [column for column in columns if column not in header]
    if missing:
        raise ValueError(f"there is no column '{missing[0]}'; the header has: {', '.join(header)}")
    of = {field: column for column, field in columns.items()}
    if "date" not in of or not {"prompt", "output", "tokens", "cost"} & set(of):
        raise ValueError("--map has to name the column of date, and one of prompt, output, tokens or cost at least")

    def read(line: Line) -> tuple[str, Billed]:
        def at(field: str, number: Callable[[Line, str], int]) -> int | None:
            return number(line, of[field]) if of.get(field) in line else None

        return _day(line, of["date"]), Billed(
            line.get(of.get("model", ""), ""),
            at("prompt", _count),
            at("output", _count),
            at("tokens", _count),
            at("cost", _cost),
            at("calls", _count),
        )

    return _Form("as mapped", frozenset(columns), read)


def _once(header: list[str]) -> None:
    """Of two columns of one name nobody knows which is meant."""
    for column in header:
        if column and header.count(column) > 1:
            raise ValueError(f"there are {header.count(column)} columns '{column}'")


def _openai_usage(line: Line) -> tuple[str, Billed] | None:
    """A bucket of time in which nothing was used has no figures."""
    if "input_tokens" not in line and "output_tokens" not in line:
        return None
    prompt, output = _count(line, "input_tokens"), _count(line, "output_tokens")
    calls = _count(line, "num_model_requests") if "num_model_requests" in line else None
    return _day(line, "start_time"), Billed(line.get("model", ""), prompt, output, prompt + output, None, calls)


def _openai_cost(line: Line) -> tuple[str, Billed] | None:
    """Its line item is the model and what of it was used, with a comma between them."""
    if "amount_value" not in line:
        return None
    if (currency := line.get("amount_currency", "usd")).lower() != "usd":
        raise ValueError(f"amount_currency: '{currency}', and only dollars are compared")
    model = line.get("line_item", "").partition(",")[0].strip()
    return _day(line, "start_time"), Billed(model, cost=_cost(line, "amount_value"))


def _anthropic_usage(line: Line) -> tuple[str, Billed]:
    kinds = [name for name in line if name.startswith("usage_input_tokens_")]
    prompt = sum(_count(line, name) for name in kinds)
    output = _count(line, "usage_output_tokens")
    return _day(line, "usage_date_utc"), Billed(line.get("model_version", ""), prompt, output, prompt + output)


def _anthropic_cost(line: Line) -> tuple[str, Billed]:
    return _day(line, "usage_date_utc"), Billed(line.get("model", ""), cost=_cost(line, "cost_usd"))


def _focus(line: Line) -> tuple[str, Billed] | None:
    """Taxes, credits and purchases are no usage."""
    if line.get("ChargeCategory", "Usage") != "Usage":
        return None
    if (currency := line.get("BillingCurrency", "USD")) != "USD":
        raise ValueError(f"BillingCurrency: '{currency}', and only dollars are compared")
    billed = Billed(line.get("ResourceName") or line.get("SkuId") or "", cost=_cost(line, "BilledCost"))
    if line.get("ConsumedUnit") == "Tokens":
        billed.tokens = _count(line, "ConsumedQuantity")
    if "x_PromptTokens" in line and "x_OutputTokens" in line:
        billed.prompt, billed.output = _count(line, "x_PromptTokens"), _count(line, "x_OutputTokens")
    return _day(line, "ChargePeriodStart"), billed


FORMS: Final = (
    _Form("OpenAI usage", frozenset({"start_time", "input_tokens", "output_tokens"}), _openai_usage),
    _Form("OpenAI cost", frozenset({"start_time", "amount_value"}), _openai_cost),
    _Form(
        "Anthropic usage",
        frozenset({"usage_date_utc", "model_version", "usage_input_tokens_no_cache", "usage_output_tokens"}),
        _anthropic_usage,
    ),
    _Form("Anthropic cost", frozenset({"usage_date_utc", "model", "cost_usd"}), _anthropic_cost),
    _Form("FOCUS", frozenset({"ChargePeriodStart", "BilledCost"}), _focus),
)


def _day(line: Line, column: str) -> str:
    """The UTC day of a date, a time in ISO 8601 (UTC where it names no zone) or Unix seconds."""
    text = line.get(column, "")
    try:
        if text.isascii() and text.isdigit() and len(text) > len("20260131"):
            return datetime.fromtimestamp(int(text), UTC).date().isoformat()
        moment = datetime.fromisoformat(text)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        raise ValueError(f"{column}: '{text}' is no date") from None
    return moment.date().isoformat()


def _count(line: Line, column: str) -> int:
    number = _number(line, column)
    if number != number.to_integral_value() or number < 0:
        raise ValueError(f"{column}: '{line[column]}' is no count")
    return int(number)


def _cost(line: Line, column: str) -> int:
    return round(_number(line, column) * PICO)


def _number(line: Line, column: str) -> Decimal:
    text = line.get(column, "")
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{column}: '{text}' is no number") from None
    if not number.is_finite() or abs(number) > _LARGEST:
        raise ValueError(f"{column}: '{text}' is no number that can be")
    return number


def _sum(one: int | None, other: int | None) -> int | None:
    return other if one is None else one if other is None else one + other
