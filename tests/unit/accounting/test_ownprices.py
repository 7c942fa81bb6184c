"""Prices that an operator states: read exactly, or told what is wrong and where."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from narrows.accounting.ownprices import COLUMNS, MOST_FAULTS, normal, stated
from narrows.accounting.pricelist import ANYONE, Pricelist, PricelistInvalid
from narrows.accounting.published import price_of
from narrows.config.limits import ModelPrice
from narrows.model.price import Price, Rates

DAY = date(2026, 6, 1)
WHOLE = {
    "model": "m-*", "input": "3", "output": "15", "cached": "0.3", "cache_write": "3.75", "cache_write_long": "6",
    "audio_input": "10", "audio_output": "20", "call": "0.001", "tools": "0.30", "provider": "Acme",
}  # fmt: skip
PRICED = Price(
    ((0, Rates(3_000_000, 15_000_000, 300_000, 3_750_000, 10_000_000, 20_000_000, 6_000_000)),),
    call=1_000_000_000,
    tools=300_000_000_000,
)


def priced(data: bytes, provider: str, model: str) -> Price | None:
    found = Pricelist(normal(data)).find(provider, model)
    return None if found is None else price_of(found, DAY)


def as_csv(*rows: dict[str, str]) -> bytes:
    names = [*rows[0]]
    return "\n".join(",".join(row) for row in (names, *([row[name] for name in names] for row in rows))).encode()


def test_every_column() -> None:
    assert set(WHOLE) == set(COLUMNS)
    for data in (as_csv(WHOLE), json.dumps([WHOLE]).encode(), b"\xef\xbb\xbf" + as_csv(WHOLE)):
        assert priced(data, "acme", "m-7") == PRICED
        assert priced(data, "other", "m-7") is None
        assert priced(data, "acme", "n") is None


def test_numbers_of_json_stay_exact() -> None:
    data = b'[{"model":"m","input":0.1,"output":1.000001,"call":1e0}]'
    with pytest.raises(PricelistInvalid, match=r"entry 1: call"):
        normal(data)
    found = priced(data.replace(b"1e0", b"0.000000000001"), ANYONE, "m")
    assert found is not None
    assert (found.tiers[0][1].prompt, found.tiers[0][1].output, found.call) == (100_000, 1_000_001, 1)


def test_the_first_entry_that_matches_counts() -> None:
    data = b"model,input,output,cached\ngpt-mini,1,2,\n gpt-* , 3 ,4,0.5\n\n,,,\n"
    assert [rate.tiers[0][1].prompt for name in ("gpt-mini", "GPT-max") if (rate := priced(data, ANYONE, name))] == [
        1_000_000,
        3_000_000,
    ]
    assert priced(data, ANYONE, "gpt") is None


def test_a_published_table_is_kept_without_what_prices_do_not_need() -> None:
    prices = {"input_mtok": Decimal("0.15"), "output_mtok": Decimal("0.6")}
    model = {"id": "m", "name": "M", "match": {"equals": "m"}, "context_window": 10, "prices": prices}
    table = [{"id": "acme", "name": "Acme", "api_pattern": "https://a", "extractors": [{}], "models": [model]}]
    data = msgspec.json.Encoder(decimal_format="number").encode(table)
    kept = normal(data)
    assert json.loads(kept, parse_float=Decimal) == [
        {"id": "acme", "models": [{"id": "m", "match": {"equals": "m"}, "prices": prices}], "api_pattern": "https://a"}
    ]
    assert normal(kept) == kept


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"), (b"\n \n", "empty"), (b"model,input,output\n", "no models"), (b"[]", "no models"),
        (b"{}", "array of objects"), (b"[1]", "array of objects"), (b"[", "no JSON"), (b"\xff\xfe", "not UTF-8"),
        (b"model,input\nm,1\n", "line 2: `output` is missing"), (b"model,input,output\nm,1\n", "2 cells under 3"),
        (b"model,input,output\n,1,2\n", "line 2: `model` is missing"), (b"model,model\n", "same heading"),
        (b'model,input,output\n"m,1,2\n', "no CSV"), (b"model,input,output\nm,-1,2\n", "line 2: input"),
        (b"model,input,output\nm,0.0000001,2\n", "line 2: input: .*decimals"),
        (b"model,input,output\nm,a,2\n", "number"),
        (b"model,input,output,outptu\nm,1,2,3\n", "no column `outptu`; did you mean `output`"),
        (b'[{"model":"m","input":true,"output":2}]', "entry 1: input: expected a number"),
        (b'[{"model":7,"input":1,"output":NaN}]', "entry 1: "), (b'[{"model":{},"input":1,"output":2}]', "a name"),
        (b'[{"id":"a","models":3}]', "provider a"), (b'[{"id":"a","models":[]},{"id":"a","models":[]}]', "same id"),
        (b'[{"id":"a","models":[{"id":"m","match":{},"prices":{"input_mtok":-1}}]}]', "exactly one.*\n.*no price"),
        (b'[{"id":"a","models":[{"id":"m","match":{"regex":"("},"prices":{}}]}]', "regular expression"),
        (b"[" * 100_000, "no JSON"),
    ],
)  # fmt: skip
def test_what_is_no_table_of_prices(data: bytes, said: str) -> None:
    with pytest.raises(PricelistInvalid, match=said):
        normal(data)


def test_not_every_fault_of_a_wrong_file_is_told() -> None:
    rows: list[dict[str, Any]] = [{"model": "m", "input": -1, "output": 1}] * 100
    with pytest.raises(PricelistInvalid) as raised:
        normal(json.dumps(rows).encode())
    assert len(str(raised.value).splitlines()) == MOST_FAULTS + 1


def test_a_file_that_is_too_large_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("narrows.accounting.ownprices.LARGEST", 10)
    with pytest.raises(PricelistInvalid, match="larger"):
        normal(b"model,input,output\nm,1,2\n")


def test_what_a_connection_states() -> None:
    least = ModelPrice(models=("m",), input=100, output=200)
    assert stated(least) == Price(((0, Rates(100, 200, 100, 100, 100, 200)),))
    whole = ModelPrice(
        models=("m",),
        input=1,
        output=2,
        cached=0,
        cache_write=4,
        audio_input=5,
        audio_output=6,
        call=7,
        tools=0,
        cache_write_long=8,
    )
    assert stated(whole) == Price(((0, Rates(1, 2, 0, 4, 5, 6, 8)),), call=7, tools=0)
