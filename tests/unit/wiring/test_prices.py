"""The table of a snapshot: who says what a model costs, and when another table is wanted."""

import json
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from narrows.accounting.ownprices import normal
from narrows.config.limits import Amount, BudgetSetting, CostSetting, GatewayLimits, Limits, ModelPrice
from narrows.config.policies import May, Policy
from narrows.config.schema import Config, Connection, ConnectionCredential
from narrows.config.who import Who
from narrows.model.limits import Per, Scope, Unit
from narrows.model.price import Price
from narrows.stores.pricefile import EMPTY, PriceFile, PriceFileUnusable
from narrows.wiring import prices
from narrows.wiring.prices import PricesUnavailable, PriceTable, PriceTables, counts_money
from narrows.wiring.reload import FileWatch

ACME = {
    "id": "acme",
    "api_pattern": r"https://api\.acme\.com",
    "provider_match": {"equals": "acme-cloud"},
    "models": [
        {"id": "m", "match": {"starts_with": "m"}, "prices": {"input_mtok": 1, "output_mtok": 2},
         "price_variants": [{"when": {"service_tier": "priority"}, "prices": {"input_mtok": 5}}]},
        {"id": "dated", "match": {"equals": "dated"}, "prices": [
            {"prices": {"input_mtok": 1}},
            {"constraint": {"start_date": "2026-06-02"}, "prices": {"input_mtok": 2}},
            {"constraint": {"start_date": "2026-06-04"}, "prices": {"input_mtok": 3}},
        ]},
        {"id": "bare", "match": {"equals": "bare"}, "prices": {}},
    ],
}  # fmt: skip
UNUSED = {"id": "unused", "models": [{"id": "u", "match": {"equals": "u"}, "prices": [
    {"constraint": {"start_date": "2026-06-03"}, "prices": {"input_mtok": 1}}]}]}  # fmt: skip


class Calendar:
    """A clock that stands at noon of a day."""

    def __init__(self, day: str = "2026-06-01") -> None:
        self.day = day

    def now(self) -> int:
        return int(datetime.fromisoformat(f"{self.day}T12:00:00").replace(tzinfo=UTC).timestamp()) * 1_000_000

    def monotonic(self) -> int:
        return 0


@pytest.fixture(autouse=True)
def shipped(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A small table in place of the package's; counts how often it is read out."""
    asked: list[int] = []

    def read() -> bytes:
        asked.append(1)
        return json.dumps([ACME, UNUSED]).encode()

    monkeypatch.setattr(prices, "_read_out", read)
    monkeypatch.setattr(prices, "version", lambda _: "1.2.3")
    return asked


def connection(url: str = "https://api.acme.com", **more: Any) -> Connection:
    return Connection(url=url, dialect="openai", credential=ConnectionCredential(none=True), **more)


def table(directory: Path, clock: Calendar | None = None, **connections: Connection) -> PriceTable:
    return PriceTables(directory, clock or Calendar()).load(connections or {"c": connection()})


def money(amount: int | None = None, **of_gateway: Any) -> Config:
    budget = BudgetSetting(
        limit=Amount(amount or 1, Unit.USD if amount else Unit.TOKENS), per=Per.DAY, scope=Scope.USER
    )
    policy = Policy(
        name="p",
        who=Who(users=("*",)),
        may=May(connections=("*",), models=("*",), operations=("*",)),
        limits=Limits(budgets=(budget,)),
    )
    return Config(connections={"c": connection()}, policies=(policy,), limits=GatewayLimits(**of_gateway))


def prompt(price: Price | None) -> int | None:
    return None if price is None else price.tiers[0][1].prompt


def test_a_model_by_the_address_of_its_provider(tmp_path: Path) -> None:
    found = table(tmp_path)
    assert prompt(found.of("c", "m-7")) == 1_000_000
    assert prompt(found.of("c", "m-7", "priority")) == 5_000_000
    assert prompt(found.of("c", "m-7")) == 1_000_000
    for unknown in ("n", "bare", "", None):
        assert found.of("c", unknown) is None
    assert found.of("nowhere", "m") is None
    assert found.version == "genai-prices 1.2.3"


def test_a_model_that_you_host_yourself_is_not_priced_as_its_makers(tmp_path: Path) -> None:
    found = table(
        tmp_path,
        own=connection("http://10.0.0.1:8000"),
        named=connection("http://10.0.0.1:8000", provider="acme-cloud"),
        other=connection(provider="nobody"),
    )
    assert found.of("own", "m") is None
    assert prompt(found.of("named", "m")) == 1_000_000
    assert found.of("other", "m") is None
    assert [found.provider(name) for name in ("own", "named", "other")] == [None, "acme", None]


def test_what_a_connection_states_comes_first_and_its_first_entry_counts(tmp_path: Path) -> None:
    own = (ModelPrice(models=("m-7", "x*"), input=7, output=7), ModelPrice(models=("m*",), input=8, output=8))
    found = table(tmp_path, c=connection(prices=own), d=connection())
    assert [prompt(found.of("c", name)) for name in ("m-7", "x1", "m-8", "dated")] == [7, 7, 8, 1_000_000]
    assert prompt(found.of("d", "m-7")) == 1_000_000
    quote = found.quote("c", "m-7")
    assert quote is not None
    assert quote.source == "connection"


def test_the_operators_table_comes_before_the_shipped_one(tmp_path: Path) -> None:
    own = b"model,input,output,provider\nm-7,3,3,acme\nllama*,4,4,\n"
    kept = PriceFile(tmp_path).write(normal(own), "own.csv", 1)
    found = table(tmp_path, c=connection(), own=connection("http://10.0.0.1:8000"))
    assert [prompt(found.of("c", name)) for name in ("m-7", "m-8", "llama-3")] == [3_000_000, 1_000_000, 4_000_000]
    assert [prompt(found.of("own", name)) for name in ("m-7", "m-8", "llama-3")] == [None, None, 4_000_000]
    assert found.version == f"file sha256:{kept.digest}, genai-prices 1.2.3"


def test_a_table_that_is_damaged_stops_what_needs_it(tmp_path: Path) -> None:
    PriceFile(tmp_path).path.write_bytes(b"{")
    with pytest.raises(PriceFileUnusable):
        table(tmp_path)
    PriceFile(tmp_path).write(b'[{"id":"acme","models":[{"id":1}]}]', "", 1)
    with pytest.raises(PriceFileUnusable, match="acme"):
        table(tmp_path)
    PriceFile(tmp_path).write(b"3", "", 1)
    with pytest.raises(PriceFileUnusable):
        table(tmp_path)


def test_the_version_names_all_that_prices_depend_on(tmp_path: Path) -> None:
    versions = {
        table(tmp_path, c=connection()).version,
        table(tmp_path, c=connection(provider="acme")).version,
        table(tmp_path, c=connection(prices=(ModelPrice(models=("m",), input=1, output=1),))).version,
        table(tmp_path, c=connection(prices=(ModelPrice(models=("m",), input=2, output=1),))).version,
        table(tmp_path, Calendar("2026-06-02")).version,
        table(tmp_path, Calendar("2026-06-04")).version,
    }
    assert len(versions) == 6
    assert table(tmp_path, Calendar("2026-06-02")).version == table(tmp_path, Calendar("2026-06-03")).version
    assert table(tmp_path, Calendar("2026-06-02")).version == "genai-prices 1.2.3, of 2026-06-02"
    assert table(tmp_path, c=connection(max_connections=3)).version == "genai-prices 1.2.3"


def test_what_is_remembered_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prices, "KNOWN", 3)
    found = table(tmp_path)
    for number in range(10):
        assert prompt(found.of("c", f"m-{number}")) == 1_000_000
        assert found.of("c", f"n-{number}") is None
    assert len(found._known) == 3


def test_the_shipped_table_is_read_out_once(tmp_path: Path, shipped: list[int]) -> None:
    assert prompt(table(tmp_path).of("c", "m")) == prompt(table(tmp_path).of("c", "m")) == 1_000_000
    assert len(shipped) == 1
    (kept,) = (tmp_path / "prices").iterdir()
    kept.write_bytes(b"damaged")
    assert prompt(table(tmp_path).of("c", "m")) == 1_000_000
    assert len(shipped) == 2


def test_without_a_data_directory_there_is_the_shipped_table(shipped: list[int]) -> None:
    assert prompt(PriceTables(None, Calendar()).load({"c": connection()}).of("c", "m")) == 1_000_000


async def test_there_is_no_table_where_no_limit_counts_money(tmp_path: Path, shipped: list[int]) -> None:
    tables = PriceTables(tmp_path, Calendar())
    assert await tables.build(money()) is None
    assert not shipped
    assert not tables.files()
    assert not tables.due()
    built = await tables.build(money(5))
    assert built is not None
    assert prompt(built.of("c", "m")) == 1_000_000


async def test_a_provider_that_no_table_knows_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    config = msgspec.structs.replace(money(5), connections={"c": connection(provider="acmee"), "d": connection()})
    with caplog.at_level("WARNING", "narrows.prices"):
        await PriceTables(tmp_path, Calendar()).build(config)
    assert [record.getMessage() for record in caplog.records] == [
        "connections.c.provider: no table of prices knows `acmee`"
    ]


def test_what_counts_money() -> None:
    budget = BudgetSetting(limit=Amount(1, Unit.USD), per=Per.DAY, scope=Scope.USER)
    assert counts_money(money(5))
    assert counts_money(money(budgets=(budget,)))
    assert counts_money(money(max_cost=CostSetting(limit=5)))
    assert not counts_money(money())
    assert not counts_money(Config(connections={}, policies=()))


async def test_a_new_table_is_noticed(tmp_path: Path) -> None:
    config = tmp_path / "narrows.yaml"
    config.write_text("")
    tables = PriceTables(tmp_path, Calendar())
    await tables.build(money(5))
    built: list[PriceTable | None] = []

    async def rebuild() -> None:
        built.append(await tables.build(money(5)))

    watch = FileWatch(config, rebuild, others=tables.files)
    assert not await watch.check()
    for providers, dollars in ((normal(b"model,input,output\nm-7,3,3\n"), 3), (EMPTY, 1)):
        PriceFile(tmp_path).write(providers, "own.csv", 1)
        assert await watch.check()
        assert not await watch.check()
        found = built[-1]
        assert found is not None
        assert prompt(found.of("c", "m-7")) == dollars * 1_000_000
    assert len(built) == 2


async def test_a_day_on_which_a_price_begins_wants_a_new_table_once(tmp_path: Path) -> None:
    clock = Calendar("2026-06-01")
    tables = PriceTables(tmp_path, clock)
    built = await tables.build(money(5))
    for day, due, dollars in (("2026-06-01", False, 1), ("2026-06-02", True, 2), ("2026-06-03", False, 2),
                              ("2026-06-05", True, 3), ("2027-01-01", False, 3)):  # fmt: skip
        clock.day = day
        assert (tables.due(), tables.due()) == (due, False)
        if due:
            built = await tables.build(money(5))
        assert built is not None
        assert prompt(built.of("c", "dated")) == dollars * 1_000_000


def test_what_goes_wrong_with_reading_it_out_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()

    def failing(*_: Any, **__: Any) -> Any:
        raise subprocess.CalledProcessError(
            1, "python", stderr=b"Traceback\nModuleNotFoundError: No module named 'x'\n"
        )

    monkeypatch.setattr(subprocess, "run", failing)
    with pytest.raises(PricesUnavailable, match="genai-prices can't be read: ModuleNotFoundError"):
        prices._read_out()


def test_the_package_is_read_out_by_a_process_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    found = PriceTables(None, Calendar("2026-11-21")).load({"openai": connection("https://api.openai.com")})
    assert prompt(found.of("openai", "gpt-4o-mini")) == 150_000
