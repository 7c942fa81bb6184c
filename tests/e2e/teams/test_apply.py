"""A team's policies, across processes: in force at the gate within a second, never past the bounds, and never in the
way of the configuration."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from e2e.gate import Gate
from e2e.issuer import Issuer
from e2e.records import calls, until
from e2e.scripted import Scripted
from narrows.model.refusal import Code


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory, issuer: Issuer, scripted: Scripted) -> Iterator[Gate]:
    """One gate for all of them."""
    settings = {
        "recording": {"durability": "normal"},
        "identity": {"issuers": [issuer.settings()]},
        "connections": {"openai": {"url": scripted.url, "dialect": "openai", "credential": {"none": True}}},
        "policies": [
            {
                "name": "ops",
                "who": {"groups": ["ops"]},
                "may": {"connections": ["*"], "models": ["*"], "operations": ["*"]},
            }
        ],
        "teams": [
            {
                "name": "research",
                "admins": ["leads"],
                "bounds": {
                    "who": {"groups": ["research"]},
                    "may": {"connections": ["openai"], "models": ["ok*"], "operations": ["chat"]},
                },
                "prompts": [{"deny": {"name": "secret", "words": ["swordfish"]}}],
            }
        ],
    }
    gate = Gate(tmp_path_factory.mktemp("teams"), settings).start()
    yield gate
    assert gate.stop() == 0, gate.output
    assert "Traceback" not in gate.output, gate.output


def asked(gate: Gate, token: str, model: str = "ok", text: str = "Hi") -> str | None:
    body = {"model": model, "messages": [{"role": "user", "content": text}]}
    headers = {"authorization": f"Bearer {token}"}
    reply = httpx.post(f"{gate.url}/openai/v1/chat/completions", json=body, headers=headers, timeout=20)
    code: str | None = reply.json().get("error", {}).get("code")
    return code


def applied(gate: Gate, folder: Path, *models: str) -> list[dict[str, Any]]:
    policy = {
        "name": "nightly",
        "who": {"groups": ["*"]},
        "may": {"connections": ["*"], "models": list(models), "operations": ["chat"]},
    }
    file = folder / "research.yaml"
    file.write_text(yaml.safe_dump({"policies": [policy]}))
    return gate.rows("apply", str(file), "--team", "research")


def removed(gate: Gate, member: str) -> None:
    assert gate.run("policy", "remove", "research/nightly").returncode == 0
    until(lambda: asked(gate, member) == Code.NOT_PERMITTED)


def test_a_policy_is_in_force_within_its_bounds_until_it_is_removed(gate: Gate, issuer: Issuer, tmp_path: Path) -> None:
    member, other = issuer.token("ana", ("research",)), issuer.token("eve", ("sales",))
    assert asked(gate, member) == Code.NOT_PERMITTED
    (row,) = applied(gate, tmp_path, "*")
    assert row["state"] == "in_force"
    until(lambda: asked(gate, member) is None)
    # All groups and all models are more than the team has.
    assert asked(gate, other) == Code.NOT_PERMITTED
    assert asked(gate, member, "drips") == Code.MODEL_NOT_ALLOWED
    # What the organisation demands holds, and is recorded under its name.
    assert asked(gate, member, text="the word is swordfish") == Code.PROMPT_DENIED
    assert any(call.policies == ("research/nightly",) for call in calls(gate, "ok"))
    # A new version of the file, and a new start, keep it.
    (ops,) = gate.settings["policies"]
    gate.write({**gate.settings, "policies": [ops, {**ops, "name": "more"}]})
    until(lambda: "the new configuration is in force" in gate.output)
    assert asked(gate, member) is None
    assert gate.stop() == 0
    gate.start()
    assert asked(gate, member) is None
    removed(gate, member)


def test_a_policy_that_can_not_be_used_any_more_permits_nothing_and_stops_nothing_else(
    gate: Gate, issuer: Issuer, tmp_path: Path
) -> None:
    member, ops = issuer.token("ana", ("research",)), issuer.token("olga", ("ops",))
    applied(gate, tmp_path, "ok")
    until(lambda: asked(gate, member) is None)
    (team,) = gate.settings["teams"]
    bounds = {**team["bounds"], "may": {**team["bounds"]["may"], "models": ["other"]}}
    gate.write({**gate.settings, "teams": [{**team, "bounds": bounds}]})
    until(lambda: asked(gate, member) == Code.NOT_PERMITTED)
    assert asked(gate, ops) is None
    until(lambda: "research/nightly can't be used" in gate.output)
    gate.write(gate.settings)
    until(lambda: asked(gate, member) is None)
    removed(gate, member)
