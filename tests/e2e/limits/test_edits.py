"""Budgets, prices and policies change while calls run: a call ends under what it began under, the next sees the new."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from e2e.gate import Gate
from e2e.issuer import Issuer
from e2e.limits.conftest import HELLO, PRICES, configuration, policy, recorded, settled
from e2e.records import until
from e2e.scripted import Scripted

IN_FORCE = "the new configuration is in force"


class Edited:
    """A gate with one policy, `team`, whose limits and prices a test changes, and somebody in it."""

    def __init__(self, directory: Path, issuer: Issuer, scripted: Scripted) -> None:
        self._issuer, self._scripted = issuer, scripted
        self.token = issuer.token("tea", ("team",))
        self.gate = Gate(directory, self._settings(PRICES, budgets=["5 calls / day / user"])).start()

    def _settings(self, prices: list[dict[str, Any]], **limits: Any) -> dict[str, Any]:
        settings = configuration(self._issuer, self._scripted, [policy("team", **limits)])
        settings["connections"]["priced"]["prices"] = prices
        return settings

    def edit(self, *, prices: list[dict[str, Any]] = PRICES, **limits: Any) -> None:
        """New limits; they are in force on return."""
        before = self.gate.output.count(IN_FORCE)
        self.gate.write(self.gate.placed(self._settings(prices, **limits)))
        until(lambda: self.gate.output.count(IN_FORCE) > before)

    def asked(self, client: httpx.Client, **more: Any) -> httpx.Request:
        url, headers = f"{self.gate.url}/priced/v1/chat/completions", {"authorization": f"Bearer {self.token}"}
        body = {"model": "ok", "messages": HELLO, "max_tokens": 10, **more}
        return client.build_request("POST", url, json=body, headers=headers)

    def ask(self, **more: Any) -> httpx.Response:
        with httpx.Client(timeout=30) as client:
            return client.send(self.asked(client, **more))


@pytest.fixture
def edited(tmp_path: Path, issuer: Issuer, scripted: Scripted) -> Iterator[Edited]:
    made = Edited(tmp_path, issuer, scripted)
    yield made
    assert made.gate.stop() == 0, made.gate.output
    assert "Traceback" not in made.gate.output


def refusal(reply: httpx.Response) -> tuple[str, str]:
    error = reply.json()["error"]
    return error["code"], error["message"]


def test_a_limit_below_what_is_used_refuses_and_keeps_what_was_counted(edited: Edited) -> None:
    assert [edited.ask().status_code for _ in range(3)] == [200] * 3
    edited.edit(budgets=["2 calls / day / user"])
    code, message = refusal(edited.ask())
    assert code == "budget_exceeded"
    assert "3 calls used, 0 calls left, and this call may come to 1 call. There is room again at" in message
    edited.edit(budgets=["4 calls / day / user"])
    assert [edited.ask().status_code for _ in range(2)] == [200, 429]


def test_a_budget_that_counts_something_else_begins_anew_and_one_that_returns_goes_on(edited: Edited) -> None:
    assert [edited.ask().status_code for _ in range(2)] == [200, 200]
    edited.edit(budgets=["2 calls / hour / user"])
    assert [edited.ask().status_code for _ in range(3)] == [200, 200, 429]
    edited.edit(budgets=["3 calls / day / user"])
    assert [edited.ask().status_code for _ in range(2)] == [200, 429]


def test_a_call_in_flight_keeps_the_limits_and_prices_it_began_under(edited: Edited) -> None:
    edited.edit(budgets=["1 usd / day / user"])
    with httpx.Client(timeout=30) as client:
        running = client.send(edited.asked(client, model="finishes", stream=True, max_tokens=50), stream=True)
        lines = running.iter_lines()
        assert next(lines).startswith("data: ")
        edited.edit(prices=[{"models": ["gone"], "input": 1, "output": 1}], budgets=["0.000001 usd / day / user"])
        code, message = refusal(edited.ask())
        assert (code, "'ok' has no price" in message) == ("price_unknown", True)
        assert "data: [DONE]" in list(lines)
        running.close()
    edited.edit(budgets=["0.000001 usd / day / user"])
    code, message = refusal(edited.ask())
    first, *_ = recorded(edited.gate, "tea", 3)
    assert (first.outcome, first.cost) == ("done", settled(first))
    # Ten deltas at ten millionths each, and the prompt, of which the upstream reported nothing.
    assert 100 < settled(first) < 150
    assert code == "budget_exceeded"
    assert f"{settled(first) / 1e6:.6f} usd used, 0 usd left" in message
