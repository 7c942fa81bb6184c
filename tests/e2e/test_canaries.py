"""Planted secrets: wherever one goes that it must not, this finds it.

The upstream's credential, the caller's token, a service account's key, and a value from the environment are used in
calls that succeed, fail and break; then everything the gate wrote or answered is searched for them.
"""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from e2e.conftest import UPSTREAM_SECRET
from e2e.gate import Gate
from e2e.issuer import Issuer
from e2e.scripted import BEHAVIOURS

ENVIRONMENT_SECRET = "environment-canary-91f3a7"
PROMPT = "prompt-canary-6620de"
SKIPPED = {"silent", "drips", "trickles", "finishes", "never-ends", "stalls", "endless-head"}
"""Behaviours that take long; they are `test_upstreams`' part."""


@pytest.fixture
def exercised(tmp_path: Path, settings: dict[str, Any], issuer: Issuer, pat: str) -> tuple[Gate, dict[str, str], str]:
    """A gate after every kind of ending, the secrets that were used, and all that callers were told."""
    connections = json.loads(json.dumps(settings["connections"]))
    connections["named"] = {**connections["scripted"], "credential": {"x_api_key": "${env:CANARY_KEY}"}}
    automation = {
        "name": "automation",
        "who": {"service_accounts": ["*"]},
        "may": {"connections": ["*"], "models": ["*"], "operations": ["*"]},
    }
    changed = {"connections": connections, "policies": [*settings["policies"], automation]}
    debug = {"logging": {"level": "debug", "format": "json"}}
    gate = Gate(tmp_path, {**settings, **changed, **debug}, env={"CANARY_KEY": ENVIRONMENT_SECRET}).start()
    key = gate.rows("keys", "create", "robot", "--owner", "ada")[0]["key"]
    secrets = {
        "upstream credential": UPSTREAM_SECRET,
        "environment": ENVIRONMENT_SECRET,
        "token": pat,
        "bad token": pat[:-8] + "AAAAAAAA",
        "service key": key,
    }
    told = ""
    with httpx.Client(base_url=gate.url, timeout=20) as client:
        for token in (pat, key, secrets["bad token"]):
            for connection in ("scripted", "named"):
                for behaviour in sorted(set(BEHAVIOURS) - SKIPPED) if token == pat else ("ok", "500"):
                    body = {"model": behaviour, "messages": [{"role": "user", "content": PROMPT}]}
                    reply = client.post(
                        f"/{connection}/v1/chat/completions", json=body, headers={"authorization": f"Bearer {token}"}
                    )
                    told += f"{reply.status_code}\n{reply.headers}\n{reply.text}\n"
    told += httpx.get(f"{gate.admin}/metrics").text
    told += json.dumps(gate.rows("sessions", "list")) + json.dumps(gate.rows("keys", "list"))
    told += gate.run("check").stdout + gate.run("check").stderr
    return gate, secrets, told


def test_no_secret_leaves_its_place(exercised: tuple[Gate, dict[str, str], str]) -> None:
    gate, secrets, told = exercised
    assert told.count("200\n") >= 4, "the calls must have worked, or this proves nothing"
    assert gate.stop() == 0
    files = {path: path.read_bytes() for path in gate.store.rglob("*") if path.is_file()}
    assert any(path.suffix == ".db" for path in files)
    found = [f"{name} told to a caller or operator" for name, secret in secrets.items() if secret in told]
    found += [f"{name} in the log" for name, secret in secrets.items() if secret in gate.output]
    for path, data in files.items():
        found += [f"{name} in {path.name}" for name, secret in secrets.items() if secret.encode() in data]
        found += [f"a token's signature in {path.name}"] if secrets["token"].split(".")[2].encode() in data else []
    assert found == []


def test_no_prompt_is_readable_in_the_data_directory_or_the_log(exercised: tuple[Gate, dict[str, str], str]) -> None:
    gate, _, _ = exercised
    assert PROMPT in json.dumps(gate.rows("sessions", "show", gate.rows("sessions", "list")[0]["id"]))
    assert gate.stop() == 0
    assert PROMPT not in gate.output
    for path in gate.store.rglob("*"):
        assert not path.is_file() or PROMPT.encode() not in path.read_bytes(), path
