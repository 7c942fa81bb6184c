"""Limits are written as the configuration writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrows.config import amounts
from narrows.config.limits import BudgetSetting
from narrows.model.limit_words import amount, lasting, words
from narrows.model.limits import AgentCap, Budget, Concurrency, CostCap, Counted, Per, Rate, Scope, Unit, Window

SECOND = 1_000_000


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        (Budget("p", Unit.USD, Window(Per.DAY), Scope.USER, 500_000), "0.5 usd / day / user"),
        (Budget("p", Unit.TOKENS, Window(Per.MONTH, rolling=True), Scope.GROUP, 7), "7 tokens / rolling month / group"),
        (
            Budget("p", Unit.CALLS, Window(Per.WEEK, zone="Europe/Berlin"), Scope.SERVICE_ACCOUNT, 1),
            "1 call / week / service account (Europe/Berlin)",
        ),
        (Rate("p", Unit.CALLS, 60, 60 * SECOND), "60 calls / minute"),
        (Rate("p", Unit.TOKENS, 5, 90 * SECOND), "5 tokens / 90 seconds"),
        (Concurrency("p", 8), "8 calls at once"),
        (Concurrency("p", 1), "1 call at once"),
        (AgentCap("p", 3, 300 * SECOND), "3 agents in 5 minutes"),
        (AgentCap("p", 1, 60 * SECOND, declared=True), "1 declared agent in 1 minute"),
        (AgentCap("p", None, 60 * SECOND, declared=True), "declared agents"),
        (CostCap("p", 500_000), "0.5 usd / call"),
    ],
)
def test_words(limit: Counted | CostCap, said: str) -> None:
    assert words(limit) == said


@given(st.sampled_from(Unit), st.integers(1, 1 << 53))
def test_an_amount_is_read_back_as_it_was(unit: Unit, count: int) -> None:
    assert amounts.amount(amount(unit, count)) == {"count": count, "unit": unit.value}


@given(st.sampled_from(Unit), st.integers(1, 1 << 53), st.sampled_from(Per), st.booleans(), st.sampled_from(Scope))
def test_a_budget_is_read_back_as_it_was(unit: Unit, count: int, per: Per, rolling: bool, scope: Scope) -> None:
    written = words(Budget("p", unit, Window(per, rolling=rolling), scope, count))
    assert BudgetSetting.short(written) == {
        "limit": {"count": count, "unit": unit.value},
        "per": per.value,
        "scope": scope.value,
        "rolling": rolling,
    }


def test_times() -> None:
    assert [lasting(seconds * SECOND) for seconds in (1, 60, 120, 3_600, 86_400, 172_800, 45)] == [
        "second",
        "minute",
        "2 minutes",
        "hour",
        "day",
        "2 days",
        "45 seconds",
    ]
    assert lasting(1_500_000) == "1.5 seconds"
