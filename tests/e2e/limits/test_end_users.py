"""Where prompts are masked, the person for whom a caller asks is counted and is nowhere in clear."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from e2e.gate import Gate
from e2e.issuer import Issuer
from e2e.limits.conftest import HELLO, configuration
from e2e.records import calls, until
from e2e.scripted import Scripted

ANN = "ann.canary-7731@example.com"
BEN = "ben.canary-7732@example.com"

MASK = [{"entities": ["EMAIL_ADDRESS"], "where": ["prompt"], "with": "redact"}]


def policies(mask: list[dict[str, Any]]) -> list[dict[str, Any]]:
    may = {"connections": ["*"], "models": ["*"], "operations": ["*"]}
    budget = {"limit": "2 calls", "per": "day", "scope": "end user", "soft": "50%"}
    return [
        {"name": "portal", "who": {"service_accounts": ["portal"]}, "may": may, "limits": {"budgets": [budget]}},
        {"name": "others", "who": {"groups": ["others"]}, "may": may, "mask": mask},
        {"name": "masked", "who": {"service_accounts": ["portal"]}, "may": may, "mask": mask},
    ]


class Portal:
    """A service that calls for many people, and all that was told."""

    def __init__(self, gate: Gate, model: str) -> None:
        made = gate.run("keys", "create", "portal", "--owner", "ana@corp.example")
        assert made.returncode == 0, made.stderr
        self._gate = gate
        self._model = model
        self._key = made.stdout.strip()
        self.told = ""

    def ask(self, where: str = "body", name: str = ANN) -> int:
        headers = {"authorization": f"Bearer {self._key}"}
        body = {"model": self._model, "messages": HELLO, "max_tokens": 10}
        if where == "header":
            headers["x-end-user"] = name
        else:
            body["user"] = name
        reply = httpx.post(f"{self._gate.url}/priced/v1/chat/completions", json=body, headers=headers, timeout=30)
        self.told += f"{reply.headers}\n{reply.text}\n"
        return reply.status_code


@pytest.fixture
def masking(tmp_path: Path, issuer: Issuer, scripted: Scripted) -> Iterator[Gate]:
    debug = {"logging": {"level": "debug", "format": "json"}}
    gate = Gate(tmp_path, {**configuration(issuer, scripted, policies(MASK)), **debug}).start()
    yield gate
    gate.kill()


def test_a_masked_name_is_counted_and_nowhere_in_clear(masking: Gate, scripted: Scripted) -> None:
    portal = Portal(masking, "ok:hidden")
    assert [portal.ask(), portal.ask("header"), portal.ask(), portal.ask("header")] == [200, 200, 429, 429]
    assert portal.ask(name=BEN) == 200
    until(lambda: len(calls(masking, "*")) == 5 and all(call.outcome for call in calls(masking, "*")))

    rows = [row for row in masking.rows("usage", "--by", "end-user") if not row["total"]]
    named = [row for row in rows if row["id"].startswith("narrows:portal/~")]
    assert sorted((row["calls"], row["refused"]) for row in named) == [(1, 0), (4, 2)], "refused ones, too"
    (of_ann,) = [row for row in masking.rows("usage", "--end-user", ANN, "--by", "end-user") if row["total"]]
    assert (of_ann["calls"], of_ann["refused"]) == (4, 2)

    told = portal.told + httpx.get(f"{masking.admin}/metrics").text
    told += json.dumps(masking.rows("sessions", "list")) + json.dumps(masking.rows("usage", "budgets"))
    for call in calls(masking, "*"):
        told += masking.run("why", call.id).stdout + masking.run("sessions", "show", call.session).stdout
    assert told.count("budget_exceeded") >= 2
    assert masking.stop() == 0
    assert "soft threshold" in masking.output
    found = ["told" for name in (ANN, BEN) if name in told]
    found += ["log" for name in (ANN, BEN) if name in masking.output]
    files = [path for path in masking.store.rglob("*") if path.is_file()]
    assert any(path.name == "ledger.db" for path in files)
    found += [path.name for path in files for name in (ANN, BEN) if name.encode() in path.read_bytes()]
    assert len(scripted.bodies("ok:hidden")) == 3
    found += ["upstream" for body in scripted.bodies("ok:hidden") if b"canary-773" in body]
    assert found == []


def test_without_masks_end_users_are_shown_by_name(tmp_path: Path, issuer: Issuer, scripted: Scripted) -> None:
    gate = Gate(tmp_path, configuration(issuer, scripted, policies([]))).start()
    try:
        portal = Portal(gate, "ok:shown")
        assert [portal.ask(), portal.ask("header")] == [200, 200]
        until(lambda: len(calls(gate, "*")) == 2 and all(call.outcome for call in calls(gate, "*")))
        (row,) = [row for row in gate.rows("usage", "--by", "end-user") if not row["total"]]
        assert (row["id"], row["calls"]) == (f"narrows:portal/{ANN}", 2)
        assert gate.stop() == 0
    finally:
        gate.kill()
