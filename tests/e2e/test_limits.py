"""Limits over HTTP: budgets, rates, what runs at once and agents, as a caller meets them."""

from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest

from e2e.gate import Gate
from e2e.issuer import Issuer
from e2e.records import ended

MAY = {"connections": ["scripted", "patient"], "models": ["*"], "operations": ["chat", "models"]}
PRICES = [{"models": ["ok", "drips", "silent", "500"], "input": 1000, "output": 2000}]

LIMITS: dict[str, dict[str, Any]] = {
    "counted": {"budgets": ["2 calls / day / user"]},
    "rated": {"calls": "2 / hour"},
    "thrifty": {"budgets": ["100 usd / day / user"]},
    "poor": {"budgets": ["1 usd / day / user"]},
    "careful": {"max_cost": "1 usd"},
    "busy": {"concurrent": {"calls": 1}},
    "crowd": {"concurrent": {"agents": 3}},
    "named": {"agents": "declared"},
}


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory, settings: dict[str, Any]) -> Iterator[Gate]:
    policies = [
        {"name": name, "who": {"groups": [name]}, "may": MAY, "limits": limits} for name, limits in LIMITS.items()
    ]
    connections = {
        name: {**one, "prices": PRICES} if name in MAY["connections"] else one
        for name, one in settings["connections"].items()
    }
    changed = {**settings, "policies": policies, "connections": connections}
    gate = Gate(tmp_path_factory.mktemp("limits"), changed).start()
    yield gate
    assert gate.stop() == 0, gate.output
    assert "Traceback" not in gate.output, gate.output


def ask(gate: Gate, token: str, model: str = "ok", agent: str | None = None, **body: Any) -> httpx.Response:
    body = {"model": model, "messages": [{"role": "user", "content": "Hello"}], **body}
    headers = {"authorization": f"Bearer {token}", **({} if agent is None else {"narrows-agent": agent})}
    return httpx.post(f"{gate.url}/scripted/v1/chat/completions", json=body, headers=headers, timeout=30)


def code(reply: httpx.Response) -> tuple[int, str]:
    return reply.status_code, reply.json()["error"]["code"]


def test_a_budget_of_calls_is_refused_when_it_is_used_up(gate: Gate, issuer: Issuer) -> None:
    token = issuer.token("cora", ("counted",))
    first = ask(gate, token)
    assert first.status_code == 200
    assert first.headers["x-ratelimit-limit-requests"] == "2"
    assert first.headers["x-ratelimit-remaining-requests"] == "1"
    assert ask(gate, token).headers["x-ratelimit-remaining-requests"] == "0"
    refused = ask(gate, token)
    assert code(refused) == (429, "budget_exceeded")
    assert "`2 calls / day / user` of policy counted" in refused.json()["error"]["message"]
    assert refused.headers["x-should-retry"] == "false"
    assert int(refused.headers["retry-after"]) > 0
    assert refused.headers["x-ratelimit-remaining-requests"] == "0"
    assert ask(gate, issuer.token("carl", ("counted",))).status_code == 200, "another user has a budget of its own"


def test_an_error_of_the_upstream_gives_a_call_back(gate: Gate, issuer: Issuer) -> None:
    token = issuer.token("cleo", ("counted",))
    for _ in range(3):
        assert ask(gate, token, "500").status_code == 500
    assert ask(gate, token).headers["x-ratelimit-remaining-requests"] == "1"


def test_a_rate_refuses_before_the_body_is_read(gate: Gate, issuer: Issuer) -> None:
    token = issuer.token("rita", ("rated",))
    for _ in range(2):
        assert ask(gate, token).status_code == 200
    refused = ask(gate, token)
    assert code(refused) == (429, "rate_limited")
    assert int(refused.headers["retry-after"]) > 0
    unread = httpx.post(
        f"{gate.url}/scripted/v1/chat/completions",
        content=b"{not json",
        headers={"authorization": f"Bearer {token}", "content-type": "application/json"},
    )
    assert code(unread) == (429, "rate_limited")


def test_money_settles_at_what_was_used(gate: Gate, issuer: Issuer) -> None:
    reply = ask(gate, issuer.token("theo", ("thrifty",)), max_tokens=1000)
    assert reply.status_code == 200
    record = ended(gate, reply.headers["narrows-call-id"])
    (counter,) = record.reserved or {}
    assert counter == "thrifty|usd|day|UTC|user|corp:theo"
    assert record.reserved is not None
    assert record.reserved[counter] > 2_000_000
    assert record.settled == {counter: 7 * 1_000 + 5 * 2_000}
    assert record.cost == 17_000


def test_money_that_is_not_there_is_not_spent(gate: Gate, issuer: Issuer, scripted: Any) -> None:
    token = issuer.token("pia", ("poor",))
    refused = ask(gate, token, max_tokens=1000)
    assert code(refused) == (429, "budget_exceeded")
    assert "1 usd left" in refused.json()["error"]["message"]
    assert ask(gate, token, max_tokens=20).status_code == 200


def test_a_model_without_a_price_is_refused_under_a_budget_of_money(gate: Gate, issuer: Issuer) -> None:
    assert code(ask(gate, issuer.token("theo", ("thrifty",)), "stops")) == (403, "price_unknown")


def test_one_call_may_not_cost_too_much(gate: Gate, issuer: Issuer) -> None:
    token = issuer.token("cary", ("careful",))
    assert code(ask(gate, token, max_tokens=1000)) == (403, "cost_exceeded")
    assert ask(gate, token, max_tokens=10).status_code == 200


def test_a_call_that_runs_keeps_others_out_until_it_ends(gate: Gate, issuer: Issuer) -> None:
    token = issuer.token("ben", ("busy",))
    body = {"model": "drips", "messages": [{"role": "user", "content": "Hello"}], "stream": True}
    url, headers = f"{gate.url}/patient/v1/chat/completions", {"authorization": f"Bearer {token}"}
    with httpx.stream("POST", url, json=body, headers=headers) as running:
        pieces = running.iter_raw()  # which closes the reply when nobody holds it
        next(pieces)
        refused = ask(gate, token)
        assert code(refused) == (429, "concurrency_exceeded")
        assert refused.headers["retry-after"] == "1"
    ended(gate, running.headers["narrows-call-id"])
    assert ask(gate, token).status_code == 200


def test_the_fourth_agent_is_told_of_the_other_three(gate: Gate, issuer: Issuer) -> None:
    token = issuer.token("cy", ("crowd",))
    for name in ("planner", "coder", "critic", "planner"):
        assert ask(gate, token, agent=name).status_code == 200
    refused = ask(gate, token, agent="scout")
    assert code(refused) == (429, "agents_exceeded")
    message = refused.json()["error"]["message"]
    assert all(name in message for name in ("planner", "coder", "critic"))


def test_agents_must_name_themselves_where_a_policy_says_so(gate: Gate, issuer: Issuer) -> None:
    token = issuer.token("nell", ("named",))
    assert code(ask(gate, token)) == (403, "agent_undeclared")
    assert ask(gate, token, agent="planner").status_code == 200


def test_budgets_outlive_the_process(gate: Gate, issuer: Issuer) -> None:
    token = issuer.token("quin", ("counted",))
    assert ask(gate, token).status_code == 200
    gate.kill()
    gate.start()
    assert ask(gate, token).headers["x-ratelimit-remaining-requests"] == "0"
    assert gate.stop() == 0
    gate.start()
    assert code(ask(gate, token)) == (429, "budget_exceeded")


def test_the_official_sdks_understand(gate: Gate, issuer: Issuer) -> None:
    token = issuer.token("olga", ("counted",))
    with openai.OpenAI(base_url=f"{gate.url}/scripted/v1", api_key=token, max_retries=2) as client:
        for _ in range(2):
            client.chat.completions.create(model="ok", messages=[{"role": "user", "content": "Hello"}])
        with pytest.raises(openai.RateLimitError, match="2 calls / day / user"):
            client.chat.completions.create(model="ok", messages=[{"role": "user", "content": "Hello"}])


def test_what_calls_hold_can_be_scraped(gate: Gate, issuer: Issuer) -> None:
    token = issuer.token("sue", ("thrifty",))
    body = {"model": "drips", "messages": [{"role": "user", "content": "Hello"}], "stream": True, "max_tokens": 1000}
    url, headers = f"{gate.url}/patient/v1/chat/completions", {"authorization": f"Bearer {token}"}
    with httpx.stream("POST", url, json=body, headers=headers) as running:
        pieces = running.iter_raw()
        next(pieces)
        metrics = httpx.get(f"{gate.admin}/metrics").text
        (held,) = [line for line in metrics.splitlines() if line.startswith('narrows_held{unit="usd"}')]
        assert float(held.rpartition(" ")[2]) > 2.0, "1000 tokens of output at 2000 dollars a million"
