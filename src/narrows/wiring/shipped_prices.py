"""Writes the table that comes with `genai-prices` in the format of its own `data.json`, to standard output.

Run in a process of its own, `python -m narrows.wiring.shipped_prices`, once for each version of the package: importing
it takes a quarter of a second and brings along an HTTP client and a validation framework, and the gate needs neither.
"""

import dataclasses
import sys
from typing import Any, Final

import msgspec
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import ModelInfo, Provider, TieredPrices

_CLAUSES: Final = ("equals", "starts_with", "ends_with", "contains", "regex")
_encode: Final = msgspec.json.Encoder(decimal_format="number").encode


def dump() -> bytes:
    """The table: what is needed to find models and to price them."""
    return _encode([_provider(provider) for provider in get_snapshot().providers])


def _provider(provider: Provider) -> dict[str, Any]:
    return _said(
        id=provider.id,
        api_pattern=provider.api_pattern,
        provider_match=_clause(provider.provider_match),
        fallback_model_providers=provider.fallback_model_providers,
        models=[_model(model) for model in provider.models],
    )


def _model(model: ModelInfo) -> dict[str, Any]:
    prices: Any = model.prices
    return _said(
        id=model.id,
        match=_clause(model.match),
        prices=[_said(constraint=_constraint(each.constraint), prices=_prices(each.prices)) for each in prices]
        if isinstance(prices, list)
        else _prices(prices),
        price_variants=[
            _said(when=variant.when, constraint=_constraint(variant.constraint), prices=_prices(variant.prices))
            for variant in model.price_variants or ()
        ]
        or None,
    )


def _clause(clause: Any) -> dict[str, Any] | None:
    if clause is None:
        return None
    for name in ("or", "and"):
        if hasattr(clause, f"{name}_"):
            return {name: [_clause(each) for each in getattr(clause, f"{name}_")]}
    return {name: getattr(clause, name) for name in _CLAUSES if hasattr(clause, name)}


def _prices(prices: Any) -> dict[str, Any]:
    return {
        name: dataclasses.asdict(value) if isinstance(value, TieredPrices) else value
        for name, value in vars(prices).items()
        if value is not None and not name.startswith("_")
    }


def _constraint(constraint: Any) -> dict[str, Any] | None:
    return None if constraint is None else {name: str(value) for name, value in vars(constraint).items()}


def _said(**members: Any) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


if __name__ == "__main__":
    sys.stdout.buffer.write(dump())
