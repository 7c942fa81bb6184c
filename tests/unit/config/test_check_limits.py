"""Limits that can't count, or count twice, are told; so are those that nothing can be counted by."""

from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from narrows.config import check_limits
from narrows.config.check import check
from narrows.config.limits import BudgetSetting
from narrows.config.problem import Problem
from narrows.config.schema import Config

CONNECTION = {"url": "https://x", "dialect": "openai", "credential": {"none": True}}
ISSUER = {"name": "corp", "issuer": "https://corp", "audience": "a"}


def budget(text: str, **more: Any) -> dict[str, Any]:
    return {**BudgetSetting.short(text), **more}


def checked(
    limits: dict[str, Any] | None = None,
    *,
    gateway: dict[str, Any] | None = None,
    who: dict[str, Any] | None = None,
    **connection: Any,
) -> tuple[list[Problem], list[Problem]]:
    plain = {
        "identity": {"issuers": [ISSUER]},
        "connections": {"openai": {**CONNECTION, **connection}, "other": CONNECTION},
        "policies": [
            {
                "name": "p",
                "who": who or {"groups": ["research"]},
                "may": {"connections": ["openai"], "models": ["*"], "operations": ["*"]},
                "limits": limits or {},
            },
            {"name": "q", "who": {"users": ["*"]}, "may": {"connections": ["other"], "operations": ["models"]}},
        ],
        "limits": gateway or {},
    }
    return check(msgspec.convert(plain, Config))


def only(*args: Any, **more: Any) -> Problem:
    (found,), _ = checked(*args, **more)
    return found


def test_fine_limits_are_fine() -> None:
    limits = {
        "budgets": [
            budget("5 usd / day / user"),
            budget("5 usd / rolling day / user"),
            budget("5 usd / day / group"),
            budget("5000 tokens / day / user"),
            budget("5 usd / month / user"),
            budget("5 usd / day / user", zone="Europe/Berlin"),
        ],
        "calls": [{"limit": 5, "per": "second"}, {"limit": 50, "per": "minute"}],
        "tokens": [{"limit": 5000, "per": "minute"}],
        "concurrent": {"agents": 3},
        "agents": "declared",
    }
    assert checked(limits, gateway={"zone": "America/New_York", "budgets": [budget("5 usd / day / gateway")]}) == (
        [],
        [],
    )


def test_a_group_budget_needs_groups() -> None:
    wanted = {"budgets": [budget("5 usd / day / user"), budget("5 usd / day / group")]}
    assert checked(wanted)[0] == []
    found = only(wanted, who={"users": ["alice"]})
    assert (found.key, found.message) == ("policies[0].limits.budgets[1]", "the policy's `who` names no groups")
    assert "who.groups" in (found.hint or "")


def test_the_gateway_has_no_groups() -> None:
    found = only(gateway={"budgets": [budget("5 usd / day / group")]})
    assert found.key == "limits.budgets[0]"
    assert "put it into a policy" in (found.hint or "")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (budget("5 usd / day / user"), budget("9 usd / day / user")),
        (budget("5 usd / day / user"), budget("5 usd / day / user", mode="observe")),
        (budget("5 usd / day / user", zone="Europe/Berlin"), budget("9 usd / day / user", zone="Europe/Berlin")),
        (budget("5 usd / day / user"), budget("5 usd / day / user", zone="UTC")),
        (budget("5 usd / rolling day / user"), budget("9 usd / rolling day / user")),
    ],
)
def test_budgets_that_count_the_same(first: dict[str, Any], second: dict[str, Any]) -> None:
    for found in (only({"budgets": [first, second]}), only(gateway={"budgets": [first, second]})):
        assert found.key.endswith("limits.budgets[1]")
        assert "counts the same as budgets[0]" in found.message


def test_the_default_zone_counts_for_what_is_the_same() -> None:
    both = {"budgets": [budget("5 usd / day / user"), budget("5 usd / day / user", zone="Europe/Berlin")]}
    assert "counts the same" in only(both, gateway={"zone": "Europe/Berlin"}).message


def test_rates_of_one_period() -> None:
    rate = {"limit": 5, "per": "minute"}
    assert only({"calls": [rate, {**rate, "limit": 6}]}).key == "policies[0].limits.calls[1]"
    assert checked({"calls": [rate], "tokens": [rate]})[0] == []


def test_nothing_at_once() -> None:
    assert only({"concurrent": {"window": 60.0}}).message == "limits nothing"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("Europe/Belrin", "did you mean `Europe/Berlin`?"),
        ("europe/berlin", "did you mean `Europe/Berlin`?"),
        ("../../etc/passwd", "such as"),
        ("/etc/passwd", "such as"),
        ("", "such as"),
        ("Europe", None),
        ("localtime", None),
        ("a\0b", "such as"),
    ],
)
def test_time_zones_that_there_are_not(name: str, hint: str | None) -> None:
    for found in (
        only(gateway={"zone": name}),
        only({"budgets": [budget("5 usd / day / user", zone=name)]}),
    ):
        assert found.key.endswith("zone")
        assert "there is no time zone" in found.message
        assert hint is None or hint in (found.hint or "")


def test_a_machine_without_time_zones(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> ZoneInfo:
        raise KeyError(name)

    monkeypatch.setattr(check_limits, "ZoneInfo", missing)
    monkeypatch.setattr(check_limits, "available_timezones", set[str])
    assert checked()[0] == []
    assert "no time zone database" in only(gateway={"zone": "Europe/Berlin"}).message


def test_a_rolling_budget_has_no_zone() -> None:
    found = only({"budgets": [budget("5 usd / rolling day / user", zone="Europe/Berlin")]})
    assert found.key == "policies[0].limits.budgets[0].zone"


def test_unpriced_is_for_money() -> None:
    problems, (warning,) = checked({"budgets": [budget("5000 tokens / day / user", unpriced="allow")]})
    assert problems == []
    assert warning.key == "policies[0].limits.budgets[0].unpriced"
    assert checked({"budgets": [budget("5 usd / day / user", unpriced="allow")]}) == ([], [])


@pytest.mark.parametrize("header", ["authorization", "Host", "Narrows-Agent", "a b", ""])
def test_headers_that_name_nobody(header: str) -> None:
    assert only(gateway={"end_user": {"header": header, "from": ["portal"]}}).key == "limits.end_user.header"


def test_a_header_that_names_end_users() -> None:
    assert checked(gateway={"end_user": {"header": "X-End-User", "from": ["portal"]}}) == ([], [])
    assert only(gateway={"end_user": {"header": "X-End-User", "from": [""]}}).key == "limits.end_user.from[0]"


def test_what_calls_are_reckoned_by() -> None:
    price = {"models": ["gpt-*"], "input": 0, "output": 0}
    assert checked(prices=[price], compute=[{"models": ["*"], "second": 1}], provider="openai") == ([], [])
    assert only(prices=[{**price, "models": [""]}]).key == "connections.openai.prices[0].models[0]"
    assert only(compute=[{"models": ["*"]}]).message.startswith("weighs nothing")
    assert only(provider=" ").key == "connections.openai.provider"


@pytest.mark.parametrize(
    ("limits", "keys"),
    [
        ({"budgets": [budget("4095 tokens / day / user")]}, ["policies[0].limits.budgets[0]"]),
        ({"budgets": [budget("4096 tokens / day / user")]}, []),
        ({"budgets": [budget("9 output tokens / day / user")]}, ["policies[0].limits.budgets[0]"]),
        ({"budgets": [budget("9 prompt tokens / day / user"), budget("1 calls / day / user")]}, []),
        ({"budgets": [budget("9 tokens / day / user", mode="observe")]}, []),
        ({"budgets": [budget("9 tokens / day / user")], "mode": "observe"}, []),
        ({"budgets": [budget("9 tokens / day / user")], "output_tokens": 5}, []),
        ({"tokens": [{"limit": 9, "per": "minute"}]}, ["policies[0].limits.tokens[0]"]),
    ],
)
def test_a_sum_that_no_usual_call_fits_is_told(limits: dict[str, Any], keys: list[str]) -> None:
    problems, warnings = checked(limits)
    assert problems == []
    assert [found.key for found in warnings] == keys
    assert all("4096 tokens that a call over connection openai reserves" in found.message for found in warnings)


def test_a_small_sum_is_fine_where_calls_generate_less() -> None:
    limits = {"budgets": [budget("600 tokens / day / user")]}
    assert checked(limits, output_default=600)[1] == []
    # The policy for `other` lists models, and generates nothing.
    assert checked(gateway=limits, output_default=600)[1] == []
    assert [found.key for found in checked(gateway=limits)[1]] == ["limits.budgets[0]"]


def test_budgets_in_units_want_weights() -> None:
    units = {"budgets": [budget("5 units / day / user")]}
    assert [found.key for found in checked(units)[1]] == ["connections.openai"]
    assert checked(units, compute=[{"models": ["*"], "second": 1}])[1] == []
    assert [found.key for found in checked(gateway=units)[1]] == ["connections.openai", "connections.other"]
