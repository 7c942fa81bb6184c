"""Prices that an operator states: those of a connection's settings, and a list of its own.

A list is CSV with headings, or a JSON array of objects, with these columns; `model` may be a glob, and of several
entries the first that matches counts:

| column | what it is |
|---|---|
| `model`, `input`, `output` | the upstream's name of the model; dollars per million tokens |
| `cached`, `cache_write`, `cache_write_long`, `audio_input`, `audio_output` | the same for other kinds of tokens |
| `call`, `tools` | dollars for each call; the most that the provider's tools may cost in one call |
| `provider` | whose model it is, by the id in the table of prices; without it, that of any connection |

Owns how such a list is read, and what is wrong with one. Pure: bytes are given.
"""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec

from narrows.accounting import published
from narrows.accounting.pricelist import ANYONE, Clause, Model, Pricelist, PricelistInvalid, Prices, faults
from narrows.config import amounts
from narrows.config.limits import ModelPrice
from narrows.config.scalars import Wrong, nearest
from narrows.model.price import Price, Rates

LARGEST: Final = 32 << 20
"""Bytes of a table."""

MOST_FAULTS: Final = 10
"""That are told of one table."""

_KINDS: Final[Mapping[str, str]] = {
    "input": "input_mtok",
    "output": "output_mtok",
    "cached": "cache_read_mtok",
    "cache_write": "cache_write_mtok",
    "cache_write_long": "cache_write_1h_mtok",
    "audio_input": "input_audio_mtok",
    "audio_output": "output_audio_mtok",
}
_FEES: Final = ("call", "tools")
_NEEDED: Final = ("model", "input", "output")
COLUMNS: Final = ("model", "provider", *_KINDS, *_FEES)

_encode: Final = msgspec.json.Encoder(decimal_format="number").encode


def stated(price: ModelPrice) -> Price:
    """The price that a connection's settings say."""
    rates = Rates(
        prompt=price.input,
        output=price.output,
        cached=_or(price.cached, price.input),
        cache_write=_or(price.cache_write, price.input),
        audio_prompt=_or(price.audio_input, price.input),
        audio_output=_or(price.audio_output, price.output),
        cache_write_long=price.cache_write_long,
    )
    return Price(((0, rates),), call=price.call, tools=price.tools)


def normal(data: bytes) -> bytes:
    """A table that an operator gives, published or its own, with nothing but what prices need. Raises PricelistInvalid
    with all that is wrong with it."""
    if len(data) > LARGEST:
        raise PricelistInvalid(f"it is larger than {LARGEST >> 20} MB")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PricelistInvalid(f"it is not UTF-8: {error}") from None
    rows = _rows(text)
    raw = data if rows is None else _encode(_providers(rows))
    pricelist = Pricelist(raw)
    found = [*faults(pricelist, raw)]
    for one in pricelist.all():
        found += [f"{one.provider}/{one.model.id}: {fault}" for fault in published.faults(one.model)]
    _refuse(found)
    if not any(True for _ in pricelist.all()):
        raise PricelistInvalid("it has no models")
    return pricelist.encoded()


def _or(own: int | None, whole: int) -> int:
    return whole if own is None else own


Row = tuple[str, Mapping[str, Any]]
"""Where it stands, and its columns as they are written."""


def _rows(text: str) -> list[Row] | None:
    """The rows of an operator's own list; None: it is a published table."""
    if not text.lstrip().startswith(("[", "{")):
        return _csv(text)
    try:
        tree = json.loads(text, parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError) as error:
        raise PricelistInvalid(f"it is no JSON: {error}") from None
    if not isinstance(tree, list) or not all(isinstance(row, dict) for row in tree):
        raise PricelistInvalid("expected a JSON array of objects: genai-prices' data.json, or a list of your own")
    if any("models" in row for row in tree):
        return None
    return [(f"entry {number}", row) for number, row in enumerate(tree, 1)]


def _csv(text: str) -> list[Row]:
    reader = csv.reader(io.StringIO(text), strict=True)
    try:
        lines = [(reader.line_num, row) for row in reader if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise PricelistInvalid(f"line {reader.line_num}: it is no CSV: {error}") from None
    if not lines:
        raise PricelistInvalid("it is empty")
    names = [name.strip().lower() for name in lines[0][1]]
    if len(set(names)) != len(names):
        raise PricelistInvalid("two columns have the same heading")
    rows: list[Row] = []
    for number, cells in lines[1:]:
        if len(cells) != len(names):
            raise PricelistInvalid(f"line {number}: has {len(cells)} cells under {len(names)} headings")
        rows.append((f"line {number}", {name: cell.strip() or None for name, cell in zip(names, cells, strict=True)}))
    return rows


def _providers(rows: list[Row]) -> list[dict[str, Any]]:
    models: dict[str, list[Model]] = {}
    found: list[str] = []
    for place, row in rows:
        wrong = [*_wrong(row)]
        if wrong:
            found += [f"{place}: {fault}" for fault in wrong]
            if len(found) > MOST_FAULTS:
                break
            continue
        provider = (row.get("provider") or ANYONE).strip().lower()
        models.setdefault(provider, []).append(_model(row))
    _refuse(found)
    return [{"id": provider, "models": listed} for provider, listed in models.items()]


def _wrong(row: Mapping[str, Any]) -> Iterator[str]:
    for name in row:
        if name not in COLUMNS:
            near = nearest(name, COLUMNS)
            yield f"there is no column `{name}`; {near or 'there are ' + ', '.join(COLUMNS)}"
    for name in _NEEDED:
        if row.get(name) is None:
            yield f"`{name}` is missing"
    for name, value in row.items():
        if value is None or name not in COLUMNS:
            continue
        if not isinstance(value, str):
            yield f"{name}: expected {'a name' if name in ('model', 'provider') else 'a number'}"
        elif name in _KINDS or name in _FEES:
            reads: Callable[[str], int] = amounts.price if name in _KINDS else amounts.dollars
            try:
                reads(value)
            except Wrong as wrong:
                yield f"{name}: {wrong}"


def _model(row: Mapping[str, Any]) -> Model:
    said = {name: Decimal(value.replace("_", "")) for name, value in row.items() if value and name in _AMOUNTS}
    prices: Prices = {kind: said[name] for name, kind in _KINDS.items() if name in said}
    if "call" in said:
        prices["requests_kcount"] = said["call"] * 1_000
    name: str = row["model"]
    return Model(name, Clause(glob=name), prices, tools=said.get("tools"))


_AMOUNTS: Final = frozenset({*_KINDS, *_FEES})


def _refuse(found: list[str]) -> None:
    if found:
        more = [f"… and more, {len(found)} in all"] if len(found) > MOST_FAULTS else []
        raise PricelistInvalid("\n".join([*found[:MOST_FAULTS], *more]))
