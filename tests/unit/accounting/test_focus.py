import csv
import io
import json
from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from narrows.accounting.focus import COLUMNS, Charge, moment, money, neutral, row, starts
from narrows.model.limits import Per

MANDATORY = {
    "BilledCost",
    "BillingAccountId",
    "BillingAccountName",
    "BillingCurrency",
    "BillingPeriodEnd",
    "BillingPeriodStart",
    "ChargeCategory",
    "ChargeClass",
    "ChargeDescription",
    "ChargePeriodEnd",
    "ChargePeriodStart",
    "ContractedCost",
    "EffectiveCost",
    "InvoiceIssuerName",
    "ListCost",
    "PricingQuantity",
    "PricingUnit",
    "ProviderName",
    "PublisherName",
    "ServiceCategory",
    "ServiceName",
}
"""Of FOCUS 1.1."""

NULLABLE = {"ChargeClass", "Tags"}
NOON = 1_709_208_000_000_000  # 2024-02-29T12:00:00Z
CHARGE = Charge(
    at=NOON,
    per=Per.DAY,
    connection="openai",
    provider="api.openai.com",
    model="gpt-4o",
    user="corp:alice",
    calls=3,
    prompt=100,
    output=20,
    cost=1_250_001,
)


def fields(charge: Charge, zone: str = "UTC") -> dict[str, str]:
    return dict(zip(COLUMNS, row(charge, zone), strict=True))


def test_every_mandatory_column_is_there_and_has_a_value_unless_it_may_be_null() -> None:
    written = fields(CHARGE)
    assert set(COLUMNS) >= MANDATORY
    assert all(name[:2] == "x_" or name[:1].isupper() for name in COLUMNS)
    assert {name for name, value in written.items() if not value} == NULLABLE


def test_a_charge() -> None:
    written = fields(CHARGE)
    assert written["BilledCost"] == written["EffectiveCost"] == written["ListCost"] == "1.250001"
    assert (written["ChargePeriodStart"], written["ChargePeriodEnd"]) == (
        "2024-02-29T00:00:00Z",
        "2024-03-01T00:00:00Z",
    )
    assert (written["BillingPeriodStart"], written["BillingPeriodEnd"]) == (
        "2024-02-01T00:00:00Z",
        "2024-03-01T00:00:00Z",
    )
    assert (written["ConsumedQuantity"], written["ConsumedUnit"]) == ("120", "Tokens")
    assert (written["SubAccountId"], written["SubAccountName"]) == ("corp:alice", "alice")


def test_days_and_months_are_the_zones() -> None:
    late = fields(CHARGE_LATE := Charge(**{**CHARGE_FIELDS, "at": NOON + 11 * 3600 * 10**6 + 1}), "Europe/Berlin")
    assert late["ChargePeriodStart"] == "2024-02-29T23:00:00Z"
    assert late["BillingPeriodStart"] == "2024-02-29T23:00:00Z"
    assert late["BillingPeriodEnd"] == "2024-03-31T22:00:00Z"
    assert fields(CHARGE_LATE)["ChargePeriodStart"] == "2024-02-29T00:00:00Z"


CHARGE_FIELDS = {name: getattr(CHARGE, name) for name in CHARGE.__struct_fields__}


def test_what_reported_no_tokens_is_counted_in_requests() -> None:
    written = fields(Charge(**{**CHARGE_FIELDS, "prompt": 0, "output": 0}))
    assert (written["ConsumedQuantity"], written["PricingUnit"]) == ("3", "Requests")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\uff1d1"])
def test_no_name_is_a_formula(text: str) -> None:
    written = fields(Charge(**{**CHARGE_FIELDS, "user": text, "model": text, "connection": text, "provider": text}))
    assert not any(value[:1] in set("=+-@\t\r\n\uff1d") for value in written.values() if value)
    assert written["ResourceName"] == neutral(text)
    assert neutral(text)[0] == "'"


def test_names_with_every_letter_of_csv_come_back_as_they_are() -> None:
    name = 'corp:a "quoted", name; with \' and ü'
    sink = io.StringIO()
    csv.writer(sink, lineterminator="\r\n").writerow(row(Charge(**{**CHARGE_FIELDS, "user": name}), "UTC"))
    (back,) = csv.reader(io.StringIO(sink.getvalue(), newline=""), strict=True)
    assert dict(zip(COLUMNS, back, strict=True))["SubAccountId"] == name


def test_control_characters_do_not_get_out() -> None:
    written = row(
        Charge(**{**CHARGE_FIELDS, "user": "corp:a\x1b[2J\r\nb", "model": "m\x07", "tags": {"agent": "\x1b\u202e=1"}}),
        "UTC",
    )
    assert all(letter.isprintable() for field in written for letter in field)
    assert json.loads(dict(zip(COLUMNS, written, strict=True))["Tags"]) == {"agent": "\x1b\u202e=1"}


@pytest.mark.parametrize(
    ("micro", "text"), [(0, "0.000000"), (1, "0.000001"), (10**21 + 1, f"{10**15}.000001"), (-1_500_000, "-1.500000")]
)
def test_money_is_exact_and_has_no_exponent(micro: int, text: str) -> None:
    assert money(micro) == text


def test_moments() -> None:
    assert moment(NOON) == "2024-02-29T12:00:00Z"
    assert starts("2024-02-29", UTC) == NOON
    assert starts("2024-02", UTC) == NOON - 28 * 86_400 * 10**6
    assert starts("2024-02-29T13:00+0100", ZoneInfo("Asia/Tokyo")) == NOON


def test_a_zone_that_is_none_is_said_to_be() -> None:
    with pytest.raises(ValueError, match="Nowhere"):
        row(CHARGE, "Nowhere")
