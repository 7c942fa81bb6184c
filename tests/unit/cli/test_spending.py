import asyncio
from pathlib import Path

import pytest

from narrows.cli.failure import Failure
from narrows.cli.spending import known_settings, providers, reckoning, summed
from narrows.model.usage import Usage
from narrows.stores.sqlite.selection import Filters
from narrows.stores.sqlite.usage_sums import By, Table
from narrows.wiring.prices import PricesUnavailable, PriceTables
from unit.cli.recorded import fill

SETTINGS = """\
connections:
  local: {url: "http://127.0.0.1:9000", dialect: openai, credential: {none: true}}
  named: {url: "https://api.example.com/v1", dialect: openai, credential: {none: true}, provider: openai}
"""


def test_who_bills_is_what_the_settings_say_else_the_host(config: Path) -> None:
    config.write_text(config.read_text().replace("connections:\n", SETTINGS))
    settings = known_settings(config, None)
    assert providers(settings) == {"openai": "api.example.com", "local": "127.0.0.1", "named": "openai"}
    assert providers(None) == {}


def test_a_directory_alone_asks_for_no_configuration(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert known_settings(None, tmp_path) is None
    assert capsys.readouterr().err == ""


def test_a_configuration_that_can_not_be_used_is_told_of(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config.write_text("policies: 7")
    assert known_settings(config, None) is None
    said = capsys.readouterr().err
    assert "The configuration can't be used" in said
    assert str(config) in said, "where it is wrong"


def test_sums_of_what_is_there(tmp_path: Path) -> None:
    asyncio.run(fill(tmp_path / "data"))
    assert summed(tmp_path / "data", Filters(user="alice"), Table([By.USER])).total.calls == 3
    with pytest.raises(Failure, match="can't be read"):
        summed(tmp_path / "none", Filters(), Table([By.USER]))


PRICES = "prices: [{models: ['gpt-*'], input: 1, output: 2, cached: 0.5}]"


def test_what_was_not_reckoned_is_reckoned_with_the_present_prices(config: Path, tmp_path: Path) -> None:
    config.write_text(config.read_text().replace("dialect: openai,", f"dialect: openai, {PRICES},"))
    reckon = reckoning(known_settings(config, None), tmp_path)
    assert reckon is not None
    assert reckon("openai", "gpt-4o", Usage(1_000_000, 100_000, 200_000)) == 1_100_000
    assert reckon("nowhere", "a-model-that-nobody-sells", Usage(1, 1)) is None
    assert reckoning(None, tmp_path) is None


def test_prices_that_can_not_be_had_are_told_of(
    config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise PricesUnavailable("no table")

    monkeypatch.setattr(PriceTables, "load", fail)
    assert reckoning(known_settings(config, None), tmp_path) is None
    assert "Nothing is reckoned with the present prices: no table" in capsys.readouterr().err
