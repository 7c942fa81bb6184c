"""The table of prices of a snapshot: what the connections state, then the operator's table, then the shipped one.

It is made only where a limit counts money. The shipped table is read out of `genai-prices` once for each version of it,
by a process of its own, and kept in the data directory: making a table then takes milliseconds. A model is looked up
once for each connection and service tier.

A connection's provider is the one that its settings name, else the one whose API is at its URL: a model that you host
yourself is not priced as its maker's. A table holds until a price begins that it knows of: `due` says when.
"""

import asyncio
import hashlib
import logging
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Final

import msgspec

from narrows.accounting.ownprices import normal, stated
from narrows.accounting.pricelist import ANYONE, Found, Pricelist, PricelistInvalid
from narrows.accounting.published import changes, price_of
from narrows.config.globs import Glob
from narrows.config.schema import Config, Connection
from narrows.model.limits import Unit
from narrows.model.price import Price
from narrows.ports.clock import Clock
from narrows.stores.pricefile import PriceFile, PriceFileUnusable
from narrows.wiring.compiled import CompiledFiles
from narrows.wiring.reload import Stamp, stamp

_log = logging.getLogger("narrows.prices")

PACKAGE: Final = "genai-prices"
PATIENCE: Final = 60.0
"""Seconds in which the package's table must have been read."""

KNOWN: Final = 8_192
"""Prices that are remembered: callers choose the names of models."""

_SUFFIX: Final = ".prices"
_DAY: Final = 86_400_000_000
_EPOCH: Final = date(1970, 1, 1).toordinal()


class PricesUnavailable(ValueError):
    """There is no table of prices, and a limit counts money."""


class Source(msgspec.Struct, frozen=True, eq=False):
    """A table and its name in versions."""

    name: str
    list: Pricelist


class Quote(msgspec.Struct, frozen=True):
    """What a model costs over a connection, and who says so: `source` is a table's name or `connection`; `model` and
    `provider` are as they are called there. `price` None: the table lists it, but says no price."""

    source: str
    provider: str
    model: str
    price: Price | None


class PriceTable:
    """Implements `Prices` for the connections of one configuration, on one day."""

    def __init__(self, connections: Mapping[str, Connection], sources: Sequence[Source], on: date) -> None:
        self._own = {
            name: tuple((tuple(map(Glob, price.models)), stated(price)) for price in settings.prices)
            for name, settings in connections.items()
        }
        self._sources = sources
        self._on = on
        self._providers = {
            name: _providers([source.list for source in sources], settings) for name, settings in connections.items()
        }
        self._known: dict[tuple[str, str, str | None], Price | None] = {}
        begins = [*self._begins()]
        self.next_day: Final = min((day for day in begins if day > on), default=None)
        self.version: Final = _version(connections, sources, [day for day in begins if day <= on])

    def of(self, connection: str, model: str | None, tier: str | None = None) -> Price | None:
        """The price of a model, by the name its upstream knows, in a service tier that is not the usual one."""
        if model is None:
            return None
        key = (connection, model, tier)
        try:
            return self._known[key]
        except KeyError:
            pass
        quote = self.quote(connection, model, tier)
        if len(self._known) >= KNOWN:
            self._known.pop(next(iter(self._known)), None)
        price = self._known[key] = None if quote is None else quote.price
        return price

    def quote(self, connection: str, model: str, tier: str | None = None) -> Quote | None:
        """The same with its source. None: nobody lists the model."""
        for globs, price in self._own.get(connection, ()):
            if any(glob.matches(model) for glob in globs):
                return Quote("connection", connection, model, price)
        for source, provider in zip(self._sources, self._providers.get(connection, ()), strict=False):
            found = self._found(source.list, provider, model)
            if found is not None:
                return Quote(source.name, found.provider, found.model.id, price_of(found, self._on, tier))
        return None

    def provider(self, connection: str) -> str | None:
        """The id of the connection's provider in the first table that knows it."""
        return next((provider for provider in self._providers.get(connection, ()) if provider is not None), None)

    def _found(self, pricelist: Pricelist, provider: str | None, model: str) -> Found | None:
        for each in (provider, ANYONE):
            found = None if each is None else pricelist.find(each, model)
            if found is not None:
                return found
        return None

    def _begins(self) -> "set[date]":
        """The days on which a price of a provider begins that a connection has."""
        days: set[date] = set()
        for place, source in enumerate(self._sources):
            wanted = {providers[place] for providers in self._providers.values()}
            for provider in {ANYONE, *(one for name in wanted if name for one in (name, *source.list.lenders(name)))}:
                for model in source.list.models(provider):
                    days.update(changes(model))
        return days


class PriceTables:
    """Makes the table of each snapshot. Without a data directory there is only the shipped table."""

    def __init__(self, directory: Path | None, clock: Clock) -> None:
        self._clock = clock
        self._file = None if directory is None else PriceFile(directory)
        self._files = CompiledFiles(None if directory is None else directory / "prices", suffix=_SUFFIX, kept=2)
        self._shipped: Source | None = None
        self._table: PriceTable | None = None
        self._seen: Stamp = None
        self._told: date | None = None

    async def build(self, config: Config) -> PriceTable | None:
        """The table for a configuration, or None where nothing counts money. Raises PricesUnavailable and
        PriceFileUnusable, which are ValueErrors."""
        if not counts_money(config):
            self._table = None
            return None
        self._table = table = await asyncio.to_thread(self.load, config.connections)
        for name, settings in config.connections.items():
            if settings.provider is not None and table.provider(name) is None:
                _log.warning("connections.%s.provider: no table of prices knows `%s`", name, settings.provider)
        return table

    def load(self, connections: Mapping[str, Connection]) -> PriceTable:
        """The table for connections. Raises PricesUnavailable, PriceFileUnusable."""
        self._seen = None if self._file is None else stamp(self._file.path)
        try:
            return PriceTable(connections, self.sources(), today(self._clock))
        except PricelistInvalid as invalid:
            raise PricesUnavailable(f"the prices can't be used: {invalid}") from None

    def sources(self) -> tuple[Source, ...]:
        """The operator's table, if there is one, and the shipped one. Raises PricesUnavailable, PriceFileUnusable."""
        kept = None if self._file is None else self._file.read()
        try:
            # Checked as a whole: what is wrong with it must not show when a call asks for its price.
            own = (
                ()
                if kept is None
                else (Source(f"file sha256:{kept.digest}", Pricelist(normal(bytes(kept.providers)))),)
            )
        except PricelistInvalid as invalid:
            raise PriceFileUnusable(f"the operator's table: {invalid}") from None
        return (*own, self.shipped())

    def shipped(self) -> Source:
        """The table that comes with the product. Raises PricesUnavailable."""
        if self._shipped is None:
            found = version(PACKAGE)
            key = f"{PACKAGE}-{found}"
            data = self._files.read(key)
            if data is None:
                data = _read_out()
                self._files.write(key, data)
            self._shipped = Source(f"{PACKAGE} {found}", Pricelist(data))
        return self._shipped

    def files(self) -> Mapping[str, Stamp]:
        """What the table was made of, as FileWatch compares it."""
        return {} if self._table is None or self._file is None else {str(self._file.path): self._seen}

    def due(self) -> bool:
        """Whether a day has come on which a price begins, so that a new table is wanted: true once for each."""
        day = None if self._table is None else self._table.next_day
        if day is None or day == self._told or today(self._clock) < day:
            return False
        self._told = day
        return True


def counts_money(config: Config) -> bool:
    """Whether some limit counts money, or some rule asks people by it."""
    if any(condition.cost is not None for policy in config.policies for condition in policy.approvals):
        return True
    return any(
        limits.max_cost is not None or any(budget.limit.unit is Unit.USD for budget in limits.budgets)
        for limits in (config.limits, *(policy.limits for policy in config.policies))
    )


def _read_out() -> bytes:
    """The package's own table. Raises PricesUnavailable."""
    command = [sys.executable, "-m", "narrows.wiring.shipped_prices"]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError) as failure:
        said = getattr(failure, "stderr", None) or b""
        last = said.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise PricesUnavailable(f"the table of {PACKAGE} can't be read: {last or failure}") from None
    return done.stdout


def _providers(lists: Sequence[Pricelist], settings: Connection) -> tuple[str | None, ...]:
    """The connection's provider in each table. A table need not say who a provider is: another one may."""
    name = settings.provider
    found = [each.at(settings.url) if name is None else each.named(name) for each in lists]
    known = next((provider for provider in found if provider is not None), None)
    return tuple(known if provider is None else provider for provider in found)


def _version(connections: Mapping[str, Connection], sources: Sequence[Source], begun: Sequence[date]) -> str:
    """Names everything that a price depends on: the tables, the day of the newest price, what connections state."""
    names = [source.name for source in sources]
    if begun:
        names.append(f"of {max(begun).isoformat()}")
    own = sorted((name, one.provider, one.prices) for name, one in connections.items() if one.prices or one.provider)
    if own:
        names.append(f"connections sha256:{hashlib.sha256(msgspec.json.encode(own)).hexdigest()[:16]}")
    return ", ".join(names)


def today(clock: Clock) -> date:
    """The day in UTC."""
    return date.fromordinal(_EPOCH + clock.now() // _DAY)
