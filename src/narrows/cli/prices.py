"""`narrows prices`: what models cost here, and taking a newer table than the shipped one."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Final

import typer

from narrows.accounting.ownprices import LARGEST, normal
from narrows.accounting.pricelist import Found, Pricelist, PricelistInvalid
from narrows.accounting.published import price_of, tiers_of
from narrows.cli.configuration import ConfigOption, DataOption, checked, find_config, find_store
from narrows.cli.failure import FAILED, USAGE, Failure
from narrows.cli.terminal import Row, complain, harmless, print_json, print_table, say
from narrows.config.scalars import nearest
from narrows.config.schema import Connection
from narrows.model.price import PICO_PER_MICRO, Price
from narrows.stores.pricefile import EMPTY, PriceFile, PriceFileUnusable
from narrows.stores.sqlite.directory import DataDirectoryError
from narrows.wiring.clock import SystemClock
from narrows.wiring.prices import PricesUnavailable, PriceTable, PriceTables, Quote, Source, today

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    add_completion=False,
    help="Show what models cost, and take a newer table of prices.",
)

JsonOption = Annotated[bool, typer.Option("--json", help="JSON lines, one object a row with its `id`.")]

_PICO_PER_DOLLAR: Final = 10**12
_SHOWN_CHANGES: Final = 20
_KINDS: Final = ("prompt", "output", "cached", "cache_write", "cache_write_long", "audio_prompt", "audio_output")
_COLUMNS: Final = ("id", "input", "output", "cached", "cache write", "above", "call", "source")


@app.command()
def update(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="genai-prices' data.json, or a list of your own.")],
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """Take a newer table of prices; a gate that runs has it in force within a second.

    FILE is the [bold]data.json[/bold] of github.com/pydantic/genai-prices, or a list of
    your own: CSV or a JSON array with the columns model, input, output (dollars per
    million tokens) and, if you like, cached, cache_write, cache_write_long,
    audio_input, audio_output, call, tools, provider. What the file does not list costs
    what the shipped table says.

    [bold]Example[/bold]

      narrows prices update data.json
    """
    written = _read(file)
    store = find_store(config, data, make=True)
    before = _sources(store)
    try:
        providers = normal(written)
    except PricelistInvalid as invalid:
        raise Failure(f"{file}: the prices can't be taken, and those in force stay:\n{invalid}", FAILED) from None
    fresh = Pricelist(providers)
    told = [*_changes(before, (Source("", fresh), before[-1]))]
    kept = _keep(store, providers, file.name)
    models = sum(1 for _ in fresh.all())
    say(f"{models} models of {len(fresh.providers)} providers are in force (file sha256:{kept}).")
    if not told:
        say("No price has changed.")
    for line in told[:_SHOWN_CHANGES]:
        say(harmless(f"  {line}"))
    if len(told) > _SHOWN_CHANGES:
        say(f"  … and {len(told) - _SHOWN_CHANGES} more, {len(told)} in all")


@app.command()
def reset(config: ConfigOption = None, data: DataOption = None) -> None:
    """Go back to the shipped table of prices."""
    store = find_store(config, data, make=True)
    _keep(store, EMPTY, "")
    say(f"The table of {PriceTables(store, SystemClock()).shipped().name} is in force.")


@app.command()
def show(
    model: Annotated[str, typer.Argument(help="The model, by the name its upstream knows.")],
    connection: Annotated[str | None, typer.Option(help="Over this connection; by default over each.")] = None,
    tier: Annotated[str | None, typer.Option(help="In this service tier, such as priority or flex.")] = None,
    config: ConfigOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a model costs over a connection, and who says so.

    Exit code 1: it has no price there, so a budget in usd refuses it.

    [bold]Example[/bold]

      narrows prices show gpt-4o-mini --connection openai
    """
    connections = checked(config).config.connections
    if connection is not None and connection not in connections:
        hint = nearest(connection, connections) or "there are " + ", ".join(connections)
        raise Failure(f"there is no connection '{connection}'; {hint}", USAGE)
    table = _table(find_store(config, data, make=True), connections)
    names = [connection] if connection is not None else [*connections]
    priced = False
    for name in names:
        quote = table.quote(name, model, tier)
        priced = priced or (quote is not None and quote.price is not None)
        if as_json:
            print_json(_quoted(name, model, quote, table.version))
        else:
            say(harmless("\n".join(_page(name, model, quote, table.provider(name)))))
    if not priced:
        raise typer.Exit(FAILED)


@app.command("list")
def list_prices(
    provider: Annotated[str | None, typer.Option(help="Only of this provider.")] = None,
    config: ConfigOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """List every model that the tables price: the operator's first, then the shipped one's.

    Prices are dollars per million tokens.

    [bold]Example[/bold]

      narrows prices list --provider anthropic
    """
    sources = _sources(find_store(config, data, make=True) if _stored(config, data) else None)
    rows = [*_listed(sources, provider)]
    if provider is not None and not rows:
        known = dict.fromkeys(name for source in sources for name in source.list.providers)
        raise Failure(
            f"there is no provider '{provider}'; {nearest(provider, known) or 'see `narrows prices list`'}", USAGE
        )
    if as_json:
        for row in rows:
            print_json(row)
        return
    print_table(_COLUMNS, [_cells(row) for row in rows])


def _stored(config: Path | None, data: Path | None) -> bool:
    """Whether there is a data directory to look into: the shipped table can be listed without one."""
    try:
        return data is not None or find_config(config).exists()
    except Failure:
        return False


def _read(file: Path) -> bytes:
    try:
        if file.stat().st_size > LARGEST:
            raise Failure(f"{file}: is larger than {LARGEST >> 20} MB, so it is no table of prices", USAGE)
        return file.read_bytes()
    except OSError as error:
        raise Failure(f"{file}: the file can't be read: {error.strerror}", USAGE) from None


def _keep(store: Path, providers: bytes, source: str) -> str:
    try:
        return PriceFile(store).write(providers, source, SystemClock().now()).digest
    except (OSError, DataDirectoryError) as error:
        raise Failure(f"the prices can't be kept in {store}: {error}", FAILED) from None


def _sources(store: Path | None) -> tuple[Source, ...]:
    """The tables in force. A damaged file of the operator's must not keep a new one out."""
    tables = PriceTables(store, SystemClock())
    try:
        return tables.sources()
    except PriceFileUnusable as unusable:
        complain(str(unusable))
        return (tables.shipped(),)
    except PricesUnavailable as unavailable:
        raise Failure(str(unavailable), FAILED) from None


def _table(store: Path, connections: Mapping[str, Connection]) -> PriceTable:
    try:
        return PriceTables(store, SystemClock()).load(connections)
    except (PriceFileUnusable, PricesUnavailable) as problem:
        raise Failure(str(problem), FAILED) from None


def _changes(before: Sequence[Source], after: Sequence[Source]) -> Iterator[str]:
    """What is priced otherwise than before, model by model."""
    on = today(SystemClock())
    old, new = (_first(sources) for sources in (before, after))
    for key in dict.fromkeys((*new, *old)):
        was, now = (None if key not in models else price_of(models[key], on) for models in (old, new))
        if key not in old:
            yield f"{'/'.join(key)}: new, {_in_short(now)}"
        elif key not in new:
            yield f"{'/'.join(key)}: not listed any more, was {_in_short(was)}"
        elif was != now:
            yield f"{'/'.join(key)}: {_in_short(was)} → {_in_short(now)}"


def _first(sources: Sequence[Source]) -> dict[tuple[str, str], Found]:
    """Every model by provider and id, as the first table that lists it says."""
    return {(found.provider, found.model.id): found for source in reversed(sources) for found in source.list.all()}


def _in_short(price: Price | None) -> str:
    if price is None:
        return "no price"
    rates = price.tiers[0][1]
    more = f" and {_dollars(price.call, _PICO_PER_DOLLAR)} a call" if price.call else ""
    return f"{_million(rates.prompt)} in, {_million(rates.output)} out{' (+tiers)' if price.tiers[1:] else ''}{more}"


def _listed(sources: Sequence[Source], provider: str | None) -> Iterator[Row]:
    on = today(SystemClock())
    seen: set[tuple[str, str]] = set()
    for source in sources:
        for found in source.list.all():
            key = (found.provider, found.model.id)
            if key in seen or provider not in (None, found.provider):
                continue
            seen.add(key)
            price = price_of(found, on)
            yield {"id": "/".join(key), "source": source.name, **_row(price), "service_tiers": _tiers(found)}


def _tiers(found: Found) -> list[str]:
    return [*tiers_of(found.model, today(SystemClock()))]


def _quoted(connection: str, model: str, quote: Quote | None, version: str) -> Row:
    return {
        "id": f"{connection}/{model}",
        "source": None if quote is None else quote.source,
        "listed_as": None if quote is None else f"{quote.provider}/{quote.model}",
        **_row(None if quote is None else quote.price),
        "prices": version,
    }


def _row(price: Price | None) -> Row:
    """A price as JSON: dollars as text, so that they stay exact."""
    if price is None:
        return {"priced": False}
    tiers = [
        {"from": start, **{kind: _million(rate) for kind in _KINDS if (rate := getattr(rates, kind)) is not None}}
        for start, rates in price.tiers
    ]
    tools = None if price.tools is None else _dollars(price.tools, _PICO_PER_DOLLAR)
    return {"priced": True, "tiers": tiers, "call": _dollars(price.call, _PICO_PER_DOLLAR), "tools": tools}


def _cells(row: Row) -> tuple[object, ...]:
    if not row["priced"]:
        return (row["id"], "no price", "", "", "", "", "", row["source"])
    first, *above = row["tiers"]
    tiers = ", ".join(f"{tier['from'] - 1}: {tier['prompt']} / {tier['output']}" for tier in above)
    call = "" if row["call"] == "0" else row["call"]
    return (
        row["id"],
        first["prompt"],
        first["output"],
        first["cached"],
        first["cache_write"],
        tiers,
        call,
        row["source"],
    )


def _page(connection: str, model: str, quote: Quote | None, provider: str | None) -> Iterator[str]:
    if quote is None or quote.price is None:
        why = (
            f"{quote.source} lists it as {quote.provider}/{quote.model}, without one" if quote else _unlisted(provider)
        )
        yield f"{connection}: {model} has no price: {why}."
        yield "  Say what it costs under `prices` of the connection, or `unpriced: allow` in the budget."
        return
    price = quote.price
    listed = "its settings" if quote.source == "connection" else f"{quote.source}, as {quote.provider}/{quote.model}"
    yield f"{connection}: {model}, by {listed}; dollars per million tokens"
    for index, (start, rates) in enumerate(price.tiers):
        if len(price.tiers) > 1:
            yield f"  prompts of {start} tokens and more" if index else f"  prompts below {price.tiers[1][0]} tokens"
        for kind in _KINDS:
            rate = getattr(rates, kind)
            if rate is not None:
                yield f"  {kind.replace('_', ' '):<16} {_million(rate)}"
    if price.call:
        yield f"  each call        {_dollars(price.call, _PICO_PER_DOLLAR)}"
    tools = "not known" if price.tools is None else f"at most {_dollars(price.tools, _PICO_PER_DOLLAR)} a call"
    yield f"  provider's tools {tools}"


def _unlisted(provider: str | None) -> str:
    if provider is None:
        return "nobody knows whose the connection is (`provider` of the connection says so)"
    return f"no table lists it among the models of {provider}"


def _million(rate: int) -> str:
    """Picodollars a token as dollars for a million."""
    return _dollars(rate, PICO_PER_MICRO)


def _dollars(pico: int, each: int) -> str:
    return f"{(Decimal(pico) / each).normalize():f}"
