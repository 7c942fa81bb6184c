"""`narrows agents list` beside a gate that serves: who asks now, as the limit on agents counts them."""

from collections.abc import Iterator

import httpx
import pytest

from e2e.gate import Gate
from e2e.issuer import Issuer
from e2e.records import calls, until
from e2e.scripted import Scripted


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory, issuer: Issuer, scripted: Scripted) -> Iterator[Gate]:
    settings = {
        "gate": {"drain": "1s"},
        "recording": {"durability": "normal"},
        "identity": {"issuers": [issuer.settings()]},
        "connections": {"scripted": {"url": scripted.url, "dialect": "openai", "credential": {"none": True}}},
        "policies": [
            {
                "name": "crew",
                "who": {"groups": ["crew"]},
                "may": {"connections": ["*"], "models": ["*"], "operations": ["*"]},
                "limits": {"concurrent": {"agents": 3}},
            }
        ],
    }
    gate = Gate(tmp_path_factory.mktemp("agents"), settings).start()
    yield gate
    assert gate.stop() == 0, gate.output
    assert "Traceback" not in gate.output, gate.output


def ask(gate: Gate, token: str, agent: str | None, model: str = "ok") -> int:
    headers = {"authorization": f"Bearer {token}", "user-agent": "test/1"}
    if agent is not None:
        headers["narrows-agent"] = agent
    body = {"model": model, "messages": [{"role": "user", "content": "Hello"}]}
    return httpx.post(f"{gate.url}/scripted/v1/chat/completions", json=body, headers=headers, timeout=30).status_code


def test_agents_are_listed_as_the_limit_counts_them(gate: Gate, issuer: Issuer) -> None:
    ada, bob = issuer.token("ada", ("crew",)), issuer.token("bob", ("crew",))
    for agent in ("planner", "coder", "planner", None):
        assert ask(gate, ada, agent) == 200
    assert ask(gate, bob, "planner") == 200
    assert ask(gate, ada, "scout") == 429
    until(lambda: all(call.outcome for call in calls(gate, "ok")) and len(calls(gate, "ok")) == 6)

    rows = [row for row in gate.rows("agents", "list") if row["user"] != "corp:cy"]
    assert [(row["user"], row["agent"], row["calls"], row["running"]) for row in rows] == [
        ("corp:ada", "test/1 from 127.0.0.1", 1, 0),
        ("corp:ada", "planner", 2, 0),
        ("corp:ada", "coder", 1, 0),
        ("corp:bob", "planner", 1, 0),
    ]
    assert [row["active"] for row in rows] == [3, 3, 3, 1]
    assert rows[0]["cap"] == {"policy": "crew", "agents": 3, "window": 300_000_000}
    assert "3 of 3" in gate.run("agents", "list").stdout
    assert "scout" not in gate.run("agents", "list").stdout


def test_a_call_that_runs_makes_its_agent_active_whatever_the_window(gate: Gate, issuer: Issuer) -> None:
    cy = issuer.token("cy", ("crew",))
    body = {"model": "drips", "messages": [{"role": "user", "content": "Hello"}], "stream": True}
    headers = {"authorization": f"Bearer {cy}", "narrows-agent": "slow"}
    with httpx.stream("POST", f"{gate.url}/scripted/v1/chat/completions", json=body, headers=headers) as reply:
        pieces = reply.iter_raw()
        next(pieces)
        (row,) = gate.rows("agents", "list", "--user", "cy", "--window", "1s")
        assert (row["agent"], row["running"]) == ("slow", 1)
    until(lambda: all(call.outcome for call in calls(gate, "drips")))
    (row,) = gate.rows("agents", "list", "--user", "cy")
    assert (row["agent"], row["running"], row["calls"]) == ("slow", 0, 1)
