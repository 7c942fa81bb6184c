"""What the commands about usage share: summing the records, and what the settings say about money.

Sums need no configuration: where there is none that can be used, nothing is reckoned anew and connections bill under
their own names.
"""

import os
from pathlib import Path
from urllib.parse import urlsplit

from narrows.accounting.pricing import cost
from narrows.cli.configuration import find_config
from narrows.cli.failure import FAILED, Failure
from narrows.cli.terminal import complain
from narrows.config.load import load
from narrows.config.problem import ConfigError
from narrows.config.schema import Config
from narrows.model.usage import Usage
from narrows.stores.sqlite.directory import DataDirectoryError
from narrows.stores.sqlite.selection import Filters
from narrows.stores.sqlite.usage import UsageReader
from narrows.stores.sqlite.usage_sums import Reckon, Table, add_all
from narrows.wiring.clock import SystemClock
from narrows.wiring.prices import PriceTables


def summed(store: Path, filters: Filters, table: Table) -> Table:
    """The table with all selected calls. Raises Failure."""
    try:
        return add_all(table, UsageReader(store).spent(filters))
    except DataDirectoryError as error:
        raise Failure(f"the records can't be read: {error}", FAILED) from None


def known_settings(config: Path | None, data: Path | None) -> Config | None:
    """The settings, for what sums can do without: where they can't be had, it is said and done so."""
    if data is not None and config is None:
        return None
    try:
        return load(find_config(config), os.environ)
    except ConfigError as error:
        first = error.problems[0] if error.problems else error
        complain(f"The configuration can't be used, and what it says of connections is left out: {first}")
        return None


def reckoning(settings: Config | None, store: Path) -> Reckon | None:
    """Reckons with the present prices what was not reckoned when it ended; None where there are none."""
    if settings is None:
        return None
    try:
        table = PriceTables(store, SystemClock()).load(settings.connections)
    except ValueError as error:
        complain(f"Nothing is reckoned with the present prices: {error}")
        return None

    def reckon(connection: str, model: str | None, usage: Usage) -> int | None:
        price = table.of(connection, model)
        return None if price is None else cost(price, usage)

    return reckon


def providers(settings: Config | None) -> dict[str, str]:
    """Who bills for each connection, as far as the settings say."""
    if settings is None:
        return {}
    return {
        name: connection.provider or urlsplit(connection.url).hostname or name
        for name, connection in settings.connections.items()
    }
