"""What budgets have left, and what is held for calls of unknown outcome, as an operator asks."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from narrows.accounting.counters import name
from narrows.cli.budgets import configured
from narrows.config.load import load
from narrows.model.limits import Budget, Per, Scope, Unit, Window
from narrows.model.reservation import Counter
from narrows.wiring.clock import SystemClock
from unit.cli.command import Ran
from unit.stores.sqlite.accounts import ledgered, wanted
from unit.stores.sqlite.records import StillClock, call_id

Narrows = Callable[..., Ran]

LIMITS = """\
    limits:
      budgets: ["5 usd / day / user", {limit: 1000 tokens, per: month, scope: gateway, mode: observe}]
limits: {zone: Europe/Berlin, budgets: ["100 usd / month / connection"], unknown: 10m}
"""


def counter(policy: str, unit: Unit, window: Window, scope: Scope, subject: str) -> Counter:
    return Counter(name(policy, unit, window, scope, subject), Budget(policy, unit, window, scope, 1 << 50), subject)


BERLIN = "Europe/Berlin"
ALICE = counter("research", Unit.USD, Window(Per.DAY, zone=BERLIN), Scope.USER, "corp:alice")
BOB = counter("research", Unit.USD, Window(Per.DAY, zone=BERLIN), Scope.USER, "corp:bob")
TOKENS = counter("research", Unit.TOKENS, Window(Per.MONTH, zone=BERLIN), Scope.GATEWAY, "gateway")
OPENAI = counter("", Unit.USD, Window(Per.MONTH, zone=BERLIN), Scope.CONNECTION, "openai")
GONE = counter("research", Unit.CALLS, Window(Per.DAY, zone=BERLIN), Scope.USER, "corp:alice")


@pytest.fixture
def budgeted(config: Path, tmp_path: Path) -> Path:
    """./narrows.yaml with budgets, and ./data with calls that used them: one settled, one running, one unknown."""
    config.write_text(config.read_text() + LIMITS)
    clock = StillClock()
    clock.time = SystemClock().now()

    async def fill() -> None:
        async with ledgered(tmp_path / "data", clock) as gate:
            await gate.open(wanted(1, {ALICE: 2_000_000, TOKENS: 500, OPENAI: 2_000_000, GONE: 1}, clock.time))
            gate.close(1, 1_250_000, 310, 1_250_000, 1)
            await gate.open(wanted(2, {ALICE: 500_000, OPENAI: 500_000}, clock.time))
            await gate.open(wanted(3, {BOB: 10}, clock.time))
            gate.close(3)

    asyncio.run(fill())
    return tmp_path


@pytest.mark.usefixtures("budgeted")
def test_each_budget_says_what_is_used_held_and_left(narrows: Narrows) -> None:
    rows = {row["id"]: row for row in narrows("usage", "budgets", "--json").rows}
    assert {id_: (row["used"], row["held"], row["left"]) for id_, row in rows.items()} == {
        ALICE.name: (1_250_000, 500_000, 3_250_000),
        BOB.name: (0, 10, 4_999_990),
        TOKENS.name: (310, 0, 690),
        OPENAI.name: (1_250_000, 500_000, 98_250_000),
    }
    alice = rows[ALICE.name]
    assert (alice["budget"], alice["limit"], alice["zone"], alice["subject"]) == (
        "5 usd / day / user (Europe/Berlin)",
        5_000_000,
        BERLIN,
        "corp:alice",
    )
    assert SystemClock().now() < alice["resets"] <= SystemClock().now() + 25 * 3_600_000_000
    assert rows[TOKENS.name]["observe"]


@pytest.mark.usefixtures("budgeted")
def test_a_table_of_them(narrows: Narrows) -> None:
    lines = narrows("usage", "budgets", "--user", "alice").out.splitlines()
    assert len(lines) == 2
    assert lines[0].split() == ["whose", "policy", "budget", "used", "held", "left", "resets"]
    assert "corp:alice  research  5 usd / day / user (Europe/Berlin)  1.25 usd  0.5 usd  3.25 usd" in lines[1]
    assert "(observed)" in narrows("usage", "budgets", "--policy", "research").out
    assert "(gateway)" in narrows("usage", "budgets", "--policy", "").out
    assert narrows("usage", "budgets", "--user", "carol").err == "No budget has been used in its period.\n"


@pytest.mark.usefixtures("budgeted")
def test_limits_are_needed_to_say_what_is_left(narrows: Narrows, tmp_path: Path) -> None:
    (tmp_path / "narrows.yaml").write_text("policies: 7\n")
    ran = narrows("usage", "budgets", "--data", "data")
    assert (ran.code, "not known without the configuration" in ran.err) == (2, True)
    (tmp_path / "narrows.yaml").unlink()
    assert narrows("usage", "budgets", "--data", "data").code == 2


@pytest.mark.usefixtures("budgeted")
def test_calls_of_unknown_outcome_are_listed_with_what_they_hold(narrows: Narrows) -> None:
    (row,) = narrows("usage", "pending", "--json").rows
    assert (row["id"], row["held"]) == (call_id(3), {BOB.name: 10})
    assert row["until"] - row["since"] == 600_000_000
    line = narrows("usage", "pending").out.splitlines()[1]
    assert line.startswith(call_id(3))
    assert line.endswith("0.00001 usd  research: usd / day / user corp:bob")
    (row,) = narrows("usage", "pending", "--data", "data", "--json").rows
    assert row["until"] - row["since"] == 900_000_000


@pytest.mark.usefixtures("store")
def test_nothing_pending_is_said(narrows: Narrows) -> None:
    assert narrows("usage", "pending", "--data", "data") == (0, "", "No call is of unknown outcome.\n")


@pytest.mark.usefixtures("budgeted")
def test_a_ledger_that_can_not_be_read_is_said(narrows: Narrows, tmp_path: Path) -> None:
    (tmp_path / "data" / "ledger.db").write_bytes(b"junk" * 1000)
    for command in ("budgets", "pending"):
        ran = narrows("usage", command)
        assert (ran.code, "can't be read" in ran.err) == (1, True)


def test_every_budget_of_the_settings_is_known(budgeted: Path) -> None:
    settings = load(budgeted / "narrows.yaml", {"UPSTREAM_KEY": "x"})
    assert [(budget.policy, budget.limit, budget.observe) for budget in configured(settings)] == [
        ("", 100_000_000, False),
        ("research", 5_000_000, False),
        ("research", 1_000, True),
    ]
