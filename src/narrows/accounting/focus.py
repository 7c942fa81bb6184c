"""Sums of usage as charges in the FinOps Open Cost and Usage Specification (FOCUS), version 1.1.

Every column that is mandatory there is here, those of the others that a gateway can fill, and what it alone knows in
columns of its own (`x_…`). A gateway issues no invoice: costs are what it reckoned, and the four columns of cost are
equal. A charge without a price costs 0, since these columns may not be empty; `x_UnpricedRequests` tells.

Spreadsheets take a field that begins like a formula for one, and names come from others: such a text gets an apostrophe
before it. Numbers are numbers. Pure: gives rows of text, who writes them quotes them.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Final

import msgspec

from narrows.accounting.windows import SECOND, bounds
from narrows.model.limits import MICRO, Per, Window

COLUMNS: Final = (
    "BilledCost",
    "BillingAccountId",
    "BillingAccountName",
    "BillingCurrency",
    "BillingPeriodEnd",
    "BillingPeriodStart",
    "ChargeCategory",
    "ChargeClass",
    "ChargeDescription",
    "ChargeFrequency",
    "ChargePeriodEnd",
    "ChargePeriodStart",
    "ConsumedQuantity",
    "ConsumedUnit",
    "ContractedCost",
    "EffectiveCost",
    "InvoiceIssuerName",
    "ListCost",
    "PricingCategory",
    "PricingQuantity",
    "PricingUnit",
    "ProviderName",
    "PublisherName",
    "ResourceId",
    "ResourceName",
    "ResourceType",
    "ServiceCategory",
    "ServiceName",
    "ServiceSubcategory",
    "SubAccountId",
    "SubAccountName",
    "Tags",
    "x_CachedTokens",
    "x_EstimatedCost",
    "x_OutputTokens",
    "x_PromptTokens",
    "x_ReasoningTokens",
    "x_Requests",
    "x_UnpricedRequests",
)

_FORMULA: Final = frozenset("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
"""What a spreadsheet may take for the beginning of a formula."""


class Charge(msgspec.Struct, frozen=True, kw_only=True):
    """What one user's calls of one model over one connection came to in one period, which holds the moment `at` (Unix
    microseconds). Costs are in millionths of a dollar. `tags` are further words about these calls."""

    at: int
    per: Per
    connection: str
    provider: str
    model: str
    user: str
    calls: int
    prompt: int
    output: int
    cached: int = 0
    reasoning: int = 0
    cost: int = 0
    estimated: int = 0
    unpriced: int = 0
    tags: Mapping[str, str] = {}


def row(charge: Charge, zone: str) -> tuple[str, ...]:
    """The fields of a charge by COLUMNS; empty is null. Days and months are those of the zone, written in UTC. Raises
    ValueError for a zone that is none."""
    start, end = bounds(Window(charge.per, zone=zone), charge.at)
    billing_start, billing_end = bounds(Window(Per.MONTH, zone=zone), start)
    cost, provider, model = money(charge.cost), neutral(charge.provider), neutral(charge.model)
    tokens = charge.prompt + charge.output
    quantity, unit = (tokens, "Tokens") if tokens else (charge.calls, "Requests")
    fields = {
        "BilledCost": cost,
        "BillingAccountId": neutral(charge.connection),
        "BillingAccountName": neutral(charge.connection),
        "BillingCurrency": "USD",
        "BillingPeriodEnd": moment(billing_end),
        "BillingPeriodStart": moment(billing_start),
        "ChargeCategory": "Usage",
        "ChargeDescription": neutral(f"Inference with {charge.model}"),
        "ChargeFrequency": "Usage-Based",
        "ChargePeriodEnd": moment(end),
        "ChargePeriodStart": moment(start),
        "ConsumedQuantity": str(quantity),
        "ConsumedUnit": unit,
        "ContractedCost": cost,
        "EffectiveCost": cost,
        "InvoiceIssuerName": provider,
        "ListCost": cost,
        "PricingCategory": "Standard",
        "PricingQuantity": str(quantity),
        "PricingUnit": unit,
        "ProviderName": provider,
        "PublisherName": provider,
        "ResourceId": neutral(f"{charge.connection}/{charge.model}"),
        "ResourceName": model,
        "ResourceType": "Model",
        "ServiceCategory": "AI and Machine Learning",
        "ServiceName": neutral(charge.connection),
        "ServiceSubcategory": "Generative AI",
        "SubAccountId": neutral(charge.user),
        "SubAccountName": neutral(charge.user.partition(":")[2] or charge.user),
        "Tags": json.dumps(dict(charge.tags), ensure_ascii=True, sort_keys=True) if charge.tags else "",
        "x_CachedTokens": str(charge.cached),
        "x_EstimatedCost": money(charge.estimated),
        "x_OutputTokens": str(charge.output),
        "x_PromptTokens": str(charge.prompt),
        "x_ReasoningTokens": str(charge.reasoning),
        "x_Requests": str(charge.calls),
        "x_UnpricedRequests": str(charge.unpriced),
    }
    return tuple(fields.get(column, "") for column in COLUMNS)


def money(micro: int) -> str:
    """Millionths of a dollar as an exact decimal number, without an exponent."""
    whole, part = divmod(abs(micro), MICRO)
    return f"{'-' if micro < 0 else ''}{whole}.{part:06d}"


def moment(at: int) -> str:
    """ISO 8601 in UTC to the second, as FOCUS writes it."""
    return datetime.fromtimestamp(at // SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def neutral(text: str) -> str:
    """A text of somebody else's that no spreadsheet takes for a formula and no terminal for a command: what can't be
    printed becomes U+FFFD, and what begins like a formula begins with an apostrophe."""
    clean = "".join(letter if letter.isprintable() else "\ufffd" for letter in text)
    return f"'{clean}" if text[:1] in _FORMULA and text else clean


def starts(day: str, zone: tzinfo) -> int:
    """A moment that a day, month or hour holds which is written in ISO 8601: its own beginning, or for a day that
    begins later, such as where clocks skip midnight, its noon."""
    written = datetime.fromisoformat(day if len(day) > len("2026-01") else f"{day}-01")
    if written.tzinfo is None:
        written = written.replace(hour=12, tzinfo=zone)
    return int(written.timestamp()) * SECOND
