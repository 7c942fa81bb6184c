"""An admin of a team puts a policy into force in the console, across processes; where two are needed it waits."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from e2e.console.console import Console
from e2e.gate import Gate
from e2e.issuer import Issuer
from e2e.processes import free_port
from e2e.records import until
from e2e.scripted import Scripted
from narrows.model.refusal import Code

POLICY = "/api/v1/teams/research/policies/nightly"


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory, issuer: Issuer, scripted: Scripted) -> Iterator[Gate]:
    """A gate whose teams need two people, with the address of its console."""
    may = {"connections": ["openai"], "models": ["ok*"], "operations": ["chat"]}
    settings = {
        "recording": {"durability": "normal"},
        "console": {"listen": f"127.0.0.1:{free_port()}", "two_person": ["policies"]},
        "identity": {"issuers": [issuer.settings()]},
        "connections": {"openai": {"url": scripted.url, "dialect": "openai", "credential": {"none": True}}},
        "policies": [{"name": "ops", "who": {"groups": ["ops"]}, "may": may}],
        "teams": [
            {"name": "research", "admins": ["leads"], "bounds": {"who": {"groups": ["research"]}, "may": may}},
            {"name": "sales", "admins": ["sellers"], "bounds": {"who": {"groups": ["sales"]}, "may": may}},
        ],
    }
    gate = Gate(tmp_path_factory.mktemp("managed"), settings).start()
    yield gate
    assert gate.stop() == 0, gate.output
    assert "Traceback" not in gate.output, gate.output


@pytest.fixture(scope="module")
def console(gate: Gate, issuer: Issuer) -> Iterator[Console]:
    """The gate's console."""
    console = Console.beside(gate, issuer).start()
    yield console
    console.server.stop()


def asked(gate: Gate, token: str) -> str | None:
    body = {"model": "ok", "messages": [{"role": "user", "content": "Hi"}]}
    headers = {"authorization": f"Bearer {token}"}
    reply = httpx.post(f"{gate.url}/openai/v1/chat/completions", json=body, headers=headers, timeout=20)
    code: str | None = reply.json().get("error", {}).get("code")
    return code


def test_a_change_is_in_force_once_a_second_person_has_approved_it(
    gate: Gate, console: Console, issuer: Issuer
) -> None:
    member = issuer.token("ana", ("research",))
    may: dict[str, Any] = {"connections": ["openai"], "models": ["ok"], "operations": ["chat"]}
    body = {"policy": {"who": {"groups": ["research"]}, "may": may}, "reason": "nightly runs"}
    with (
        console.client("lea", "leads") as lea,
        console.client("leo", "leads") as leo,
        console.client("sam", "sellers") as other,
    ):
        assert other.put(POLICY, json=body).json()["code"] == "role_missing"
        outside = {**body, "policy": {**body["policy"], "may": {**may, "models": ["gpt-4o"]}}}  # type: ignore[dict-item]
        refused = lea.put(POLICY, json=outside)
        assert [error["field"] for error in refused.json()["errors"]] == ["policy.may.models[0]"]
        made = lea.put(POLICY, json=body)
        assert made.status_code == 200, made.text
        change = made.json()["change"]
        assert change["state"] == "pending"
        assert asked(gate, member) == Code.NOT_PERMITTED
        approve = f"/api/v1/changes/{change['id']}/approve"
        assert lea.post(approve, json={}).json()["code"] == "own_change"
        assert other.post(approve, json={}).json()["code"] == "change_unknown"
        assert leo.post(approve, json={}).json()["state"] == "in_force"
        until(lambda: asked(gate, member) is None)
    (row,) = gate.rows("policy", "list", "--team", "research")
    assert (row["id"], row["by"], row["state"]) == ("research/nightly", "corp:lea", "in force")
