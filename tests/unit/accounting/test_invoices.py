"""Exports are read as providers write them; what can't be read is an error with its line."""

import pytest

from narrows.accounting.invoices import PICO, Billed, Invoice, Unreadable, family, parse

OPENAI_USAGE = """\
start_time,end_time,start_time_iso,end_time_iso,project_id,num_model_requests,user_id,model,input_tokens,output_tokens
1759622400,1759708800,2025-10-05T00:00:00+00:00,2025-10-06T00:00:00+00:00,proj_1,10.0,u,gpt-4o-2024-08-06,59200.0,106.0
1759622400,1759708800,2025-10-05T00:00:00+00:00,2025-10-06T00:00:00+00:00,proj_2,1.0,u,gpt-4o,800.0,4.0
1759708800,1759795200,2025-10-06T00:00:00+00:00,2025-10-07T00:00:00+00:00,,,,,,
"""
OPENAI_COST = """\
start_time,end_time,amount_value,amount_currency,line_item
1759622400,1759708800,0.8958740000000000,usd,"gpt-5-nano, input_tokens"
1759622400,1759708800,0.1,usd,"gpt-5-nano, output_tokens"
1759708800,1759795200,,,
"""
ANTHROPIC_USAGE = """\
usage_date_utc,model_version,api_key,workspace,usage_type,context_window,usage_input_tokens_no_cache,\
usage_input_tokens_cache_write_5m,usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,usage_output_tokens,\
web_search_count
2026-03-22,claude-sonnet-4-20250514,key,Default,standard,≤ 200k,100,20,3,4000,50,10
2026-03-22T05:00:00,claude-sonnet-4-20250514,other,Default,standard,≤ 200k,1,0,0,0,1,0
"""
ANTHROPIC_COST = """\
usage_date_utc,model,workspace,api_key,usage_type,context_window,token_type,cost_usd,list_price_usd,cost_type
2026-08-04,Claude Haiku 4.5,Default,key,message,≤ 200k,input_no_cache,0.05,0.05,token
2026-08-04,Claude Haiku 4.5,Default,key,message,≤ 200k,output,0.02,0.02,token
"""
FOCUS = """\
BilledCost,BillingCurrency,ChargeCategory,ChargePeriodStart,ConsumedQuantity,ConsumedUnit,ResourceName
1.25,USD,Usage,2026-01-31T23:00:00Z,1200,Tokens,gpt-4o
0.25,USD,Tax,2026-01-31T23:00:00Z,,,
"""


def read(text: str, **columns: str) -> Invoice:
    return parse(text.splitlines(keepends=True), {column: field for field, column in columns.items()})


def test_openai_usage() -> None:
    invoice = read(OPENAI_USAGE)
    assert (invoice.form, invoice.skipped) == ("OpenAI usage", 1)
    assert invoice.days == {("2025-10-05", "4o-gpt"): Billed("gpt-4o-2024-08-06", 60_000, 110, 60_110, None, 11)}


def test_openai_cost_is_exact_and_by_model() -> None:
    invoice = read(OPENAI_COST)
    assert (invoice.form, invoice.skipped) == ("OpenAI cost", 1)
    assert invoice.days == {("2025-10-05", "5-gpt-nano"): Billed("gpt-5-nano", cost=995_874_000_000)}


def test_openai_cost_that_names_no_models() -> None:
    assert read("start_time,amount_value\n1759622400,1.5\n").days == {
        ("2025-10-05", ""): Billed("", cost=3 * PICO // 2)
    }


def test_anthropic_usage_has_its_prompt_in_four_parts() -> None:
    invoice = read(ANTHROPIC_USAGE)
    assert invoice.form == "Anthropic usage"
    assert invoice.days == {
        ("2026-03-22", "4-claude-sonnet"): Billed("claude-sonnet-4-20250514", 4124, 51, 4175),
    }


def test_anthropic_cost() -> None:
    invoice = read(ANTHROPIC_COST)
    assert invoice.form == "Anthropic cost"
    assert invoice.days == {("2026-08-04", "4-5-claude-haiku"): Billed("Claude Haiku 4.5", cost=70_000_000_000)}


def test_focus_leaves_taxes_out() -> None:
    invoice = read(FOCUS)
    assert (invoice.form, invoice.skipped) == ("FOCUS", 1)
    assert invoice.days == {("2026-01-31", "4o-gpt"): Billed("gpt-4o", tokens=1200, cost=5 * PICO // 4)}


def test_other_exports_are_read_as_they_are_said_to_be() -> None:
    text = "Day;Model;In;Out;$;Other\n2026-01-31 14:00;m;1;2;0,5;x\n".replace("0,5", "0.5")
    invoice = read(text, date="Day", model="Model", prompt="In", output="Out", cost="$")
    assert invoice.days == {("2026-01-31", "m"): Billed("m", 1, 2, None, PICO // 2)}
    assert read("d\tt\n2026-01-31\t5\n", date="d", tokens="t").days == {("2026-01-31", ""): Billed("", tokens=5)}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Claude Haiku 4.5", "claude-haiku-4-5-20251001"),
        ("Claude Haiku 3.5", "claude-3-5-haiku-20241022"),
        ("gpt-4o", "gpt-4o-2024-08-06"),
        ("GPT-4", "gpt-4-0613"),
        ("claude-3-5-sonnet-latest", "claude-3-5-sonnet@20240620"),
        ("models/gemini-2.0-flash", "gemini-2.0-flash"),
    ],
)
def test_names_of_one_model(one: str, other: str) -> None:
    assert family(one) == family(other)


@pytest.mark.parametrize(
    ("one", "other"), [("gpt-4o", "gpt-4o-mini"), ("gpt-4", "gpt-4o"), ("claude-3-opus", "claude-3-5-opus")]
)
def test_names_of_two_models(one: str, other: str) -> None:
    assert family(one) != family(other)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: there is no header"),
        ("a,b\n1,2\n", "line 1: the header is of none"),
        (OPENAI_USAGE.replace("59200.0", "many"), "line 2: input_tokens: 'many' is no number"),
        (OPENAI_USAGE.replace("59200.0", "0.5"), "line 2: input_tokens: '0.5' is no count"),
        (OPENAI_USAGE.replace("59200.0", "-1"), "line 2: input_tokens: '-1' is no count"),
        (OPENAI_USAGE.replace("59200.0", "NaN"), "line 2: input_tokens: 'NaN' is no number that can be"),
        (OPENAI_USAGE.replace("59200.0", "1e99"), "line 2: input_tokens: '1e99' is no number that can be"),
        (OPENAI_USAGE.replace("800.0,4.0", "800.0"), "line 3: 9 fields, where the header has 10"),
        (OPENAI_USAGE.replace("800.0,4.0", "800.0,"), "line 3: output_tokens: '' is no number"),
        (OPENAI_USAGE.replace("num_model_requests", "model"), "line 1: there are 2 columns 'model'"),
        (OPENAI_COST.replace("0.1,usd", "0.1,eur"), "line 3: amount_currency: 'eur'"),
        (FOCUS.replace("USD", "EUR"), "line 2: BillingCurrency: 'EUR'"),
        (ANTHROPIC_COST.replace("2026-08-04,Claude Haiku 4.5,Default,key,message,≤ 200k,out", "soon,,,,,,"), "line 3"),
        ('"a"b,start_time,amount_value\n', "line 1: ',' expected"),
        ('start_time,amount_value\n"1759622400,1\n', "unexpected end of data"),
        ("start_time,amount_value\n99999999999999999999,1\n", "line 2: start_time"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str, message: str) -> None:
    with pytest.raises(Unreadable) as caught:
        read(text)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"date": "Nowhere", "cost": "a"}, "there is no column 'Nowhere'"),
        ({"date": "a"}, "one of prompt, output, tokens or cost"),
        ({"cost": "a"}, "the column of date"),
    ],
)
def test_a_mapping_has_to_say_enough(columns: dict[str, str], message: str) -> None:
    with pytest.raises(Unreadable, match=message):
        read("a,b\n1,2\n", **columns)
