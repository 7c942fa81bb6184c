"""The settings of limits, as a file writes them: texts and sections come to the same; mistakes are told with places."""

import contextlib
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrows.config.example import EXAMPLE
from narrows.config.limits import Amount, BudgetSetting, CostSetting, RatePeriod, RateSetting
from narrows.config.load import read_text
from narrows.config.problem import ConfigError, Problem
from narrows.config.scalars import Wrong
from narrows.config.schema import Config
from narrows.model.limits import Per, Scope, Unit

LIMITS = "      output_tokens: 1024         # caps what the model may generate, and stops it if it goes on"


def loaded(limits: str = "", *, below: str = "", environ: dict[str, str] | None = None) -> Config:
    """The example with these further limits of its policy, and `below` at its end."""
    assert LIMITS in EXAMPLE
    text = EXAMPLE.replace(LIMITS, LIMITS + (f"\n      {limits}" if limits else "")) + below
    return read_text(text.encode(), "n.yaml", environ or {}).config


def problem(limits: str = "", **more: Any) -> Problem:
    with pytest.raises(ConfigError) as caught:
        loaded(limits, **more)
    (found,) = caught.value.problems
    assert found.file == "n.yaml"
    assert found.line > 0
    return found


def test_every_way_to_write_a_budget_comes_to_the_same() -> None:
    (first,) = loaded("budgets: [0.50 usd / rolling month / service_account]").policies[0].limits.budgets
    section = "{limit: 0.50 usd, per: month, rolling: true, scope: service account}"
    (second,) = loaded(f"budgets: [{section}]").policies[0].limits.budgets
    assert first == second
    assert first == BudgetSetting(
        limit=Amount(500_000, Unit.USD), per=Per.MONTH, scope=Scope.SERVICE_ACCOUNT, rolling=True
    )


def test_what_else_a_budget_may_say() -> None:
    written = "budgets: [{limit: 5 usd, per: day, scope: user, zone: Europe/Berlin, soft: 80%, unpriced: allow, "
    (budget,) = loaded(written + "mode: observe}]").policies[0].limits.budgets
    assert (budget.zone, budget.soft, budget.unpriced, budget.mode) == ("Europe/Berlin", 80, "allow", "observe")


def test_one_rate_needs_no_list() -> None:
    one = RateSetting(limit=60, per=RatePeriod.MINUTE)
    assert loaded("calls: 60 / minute").policies[0].limits.calls == (one,)
    assert loaded("calls: {limit: 60, per: minute}").policies[0].limits.calls == (one,)
    two = loaded("tokens: [60 / minute, {limit: 9, per: second, mode: observe}]").policies[0].limits.tokens
    assert two == (one, RateSetting(limit=9, per=RatePeriod.SECOND, mode="observe"))


def test_periods_of_rates() -> None:
    assert [period.micros for period in RatePeriod] == [10**6, 60 * 10**6, 3_600 * 10**6, 86_400 * 10**6]


def test_the_rest() -> None:
    written = "concurrent: {calls: 8, agents: 3, window: 10m}\n      agents: declared\n      max_cost: 0.50 usd"
    limits = loaded(written).policies[0].limits
    assert limits.concurrent is not None
    assert (limits.concurrent.calls, limits.concurrent.agents, limits.concurrent.window) == (8, 3, 600.0)
    assert limits.agents == "declared"
    assert limits.max_cost is not None
    assert limits.max_cost.limit == 500_000


def test_limits_of_the_gateway() -> None:
    below = (
        "limits:\n  zone: Europe/Berlin\n  unknown: 5m\n  end_user: {header: x-end-user, from: [portal]}\n"
        '  budgets: ["1000 usd / month / gateway"]\n'
    )
    limits = loaded(below=below).limits
    assert (limits.zone, limits.unknown, limits.budgets[0].limit.count) == ("Europe/Berlin", 300.0, 10**9)
    assert limits.end_user is not None
    assert (limits.end_user.header, limits.end_user.trusted) == ("x-end-user", ("portal",))
    assert (loaded().limits.zone, loaded().limits.unknown, loaded().limits.end_user) == ("UTC", 900.0, None)


def test_prices_and_weights_of_a_connection() -> None:
    connection = (
        "{credential: {none: true}, url: https://m, dialect: openai, provider: openai, output_default: 100, "
        "media_tokens: 2000, prices: [{models: ['gpt-*'], input: 0.15, output: 0.60, cached: 0.075, call: 0.001}], "
        "compute: [{models: ['*'], prompt_token: 1, output_token: 3, second: 0.5}]}"
    )
    text = EXAMPLE.replace("connections:\n", f"connections:\n  priced: {connection}\n", 1)
    priced = read_text(text.encode(), "n.yaml", {}).config.connections["priced"]
    (price,), (weight,) = priced.prices, priced.compute
    assert (price.input, price.output, price.cached, price.call) == (150_000, 600_000, 75_000, 10**9)
    assert (price.cache_write, price.audio_input, price.audio_output, price.tools) == (None, None, None, None)
    assert (weight.prompt_token, weight.output_token, weight.second) == (10**6, 3 * 10**6, 500_000)
    assert (priced.provider, priced.output_default, priced.media_tokens) == ("openai", 100, 2000)


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ("5 usd", "expected a budget", "write it as `5 usd / day / user`"),
        ("5 usd / day", "expected a budget", "say whose it is"),
        ("5 usd / day / user / x", "expected a budget", "write it as"),
        ("5 usd // user", "expected a budget", "write it as"),
        ("5 usd / dya / user", "there is no period `dya`", "did you mean `day`?"),
        ("5 usd / year / user", "there is no period `year`; there are minute, hour, day, week, month", None),
        ("5 usd / rolling / user", "there is no period `rolling`", None),
        ("5 usd / rolling rolling day / user", "there is no period `rolling day`", None),
        ("5 usd / day / users", "there is no scope `users`", "did you mean `user`?"),
        ("5 / day / user", "expected an amount with its unit", "write it as"),
        ("-5 usd / day / user", "must be more than 0", None),
    ],
)
def test_what_is_no_budget(text: str, said: str, hint: str | None) -> None:
    with pytest.raises(Wrong) as caught:
        BudgetSetting.short(text)
    assert said in caught.value.message
    assert (hint or "") in (caught.value.hint or "")
    found = problem(f'budgets: ["{text}"]')
    assert found.key == "policies[0].limits.budgets[0]"
    assert said in found.message


@pytest.mark.parametrize(
    "text", ["60", "60 / fortnight", "60 calls / minute", "1.5 / minute", "0 / minute", "/ minute"]
)
def test_what_is_no_rate(text: str) -> None:
    with pytest.raises(Wrong):
        RateSetting.short(text)


@pytest.mark.parametrize(
    ("limits", "key", "said"),
    [
        ("budgets: [[5 usd]]", "budgets[0]", "expected a text or a section, got a list"),
        ("budgets: 5 usd / day / user", "budgets", "expected a list"),
        ("budgets: [{limit: 5, per: day, scope: user}]", "budgets[0].limit", "expected an amount with its unit"),
        (
            "budgets: [{limit: {count: 5}, per: day, scope: user}]",
            "budgets[0].limit",
            "expected an amount, got a section",
        ),
        ("budgets: [{limit: 5 usd, per: dya, scope: user}]", "budgets[0].per", "expected one of minute, hour"),
        ("budgets: [{limit: 5 usd, per: day}]", "budgets[0].scope", "is missing"),
        ("budgets: [{limit: 5 usd, per: day, scope: user, soft: 120%}]", "budgets[0].soft", "from 1% to 100%"),
        ("budgets: [{limit: 5 usd, per: day, scope: user, zonne: UTC}]", "budgets[0].zonne", "no such setting"),
        ("calls: [60 / fortnight]", "calls[0]", "there is no period `fortnight`"),
        ("calls: 60 / fortnight", "calls", "there is no period `fortnight`"),
        ("calls: 60", "calls", "expected a rate"),
        ("calls: ~", "calls", "got nothing"),
        ("max_cost: 50 tokens", "max_cost", "is no amount of money"),
        ("max_cost: {limit: 0.5}", "max_cost.limit", "expected an amount with its unit"),
        ("concurrent: {calls: 0}", "concurrent.calls", "must be more than 0"),
        ("concurrent: {agents: -1}", "concurrent.agents", "must be more than 0"),
        ("agents: 3", "agents", "expected one of any, declared"),
    ],
)
def test_mistakes_are_told_with_their_place(limits: str, key: str, said: str) -> None:
    found = problem(limits)
    assert found.key == f"policies[0].limits.{key}"
    assert said in found.message


def test_what_a_reference_stands_for_is_never_shown() -> None:
    assert loaded('budgets: ["${env:X} usd / day / user"]', environ={"X": "5"}).policies[0].limits.budgets[0].limit
    found = problem('budgets: ["${env:X} / day / user"]', environ={"X": "5 canary"})
    assert "canary" not in str(found)
    assert "`${env:X} / day / user`" in found.message


WORDS = [
    "5",
    "0.5",
    "-1",
    "1e3",
    "usd",
    "tokens",
    "calls",
    " ",
    "/",
    "day",
    "rolling",
    "user",
    "end_user",
    "_",
    "$",
    "²",
]


@given(st.text() | st.lists(st.sampled_from(WORDS), max_size=9).map("".join))
def test_any_text_is_read_or_told_to_be_wrong(text: str) -> None:
    for kind in (BudgetSetting, RateSetting, CostSetting):
        with contextlib.suppress(Wrong):
            msgspec.convert(kind.short(text), kind)


@given(
    st.decimals(min_value=Decimal("0.000001"), max_value=9_000_000_000, places=6), st.sampled_from(Per), st.booleans()
)
def test_a_budget_in_money_is_exact(value: Decimal, per: Per, rolling: bool) -> None:
    setting = BudgetSetting.short(f"{value:f} usd / {'rolling ' if rolling else ''}{per.value} / user")
    assert setting["limit"]["count"] == int(value * 1_000_000)
    assert (setting["per"], setting["rolling"]) == (per.value, rolling)
