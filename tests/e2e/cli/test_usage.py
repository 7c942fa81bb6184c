"""`narrows usage` beside a gate that serves: what was used is what the upstream reported, to the token and the cent."""

import csv
import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from e2e.gate import Gate
from e2e.issuer import Issuer
from e2e.records import calls, until
from e2e.scripted import Scripted
from narrows.accounting.focus import COLUMNS

PROMPT, OUTPUT = 7, 5
"""What the scripted upstream reports of each call."""

COST = PROMPT * 1 + OUTPUT * 10
"""Millionths of a dollar."""

MAY = {"connections": ["*"], "models": ["*"], "operations": ["*"]}


def configuration(issuer: Issuer, scripted: Scripted) -> dict[str, Any]:
    connection = {"url": scripted.url, "dialect": "openai", "credential": {"none": True}, "output_default": 100}
    prices = [{"models": ["*"], "input": 1, "output": 10}]
    return {
        "gate": {"drain": "1s"},
        "recording": {"durability": "normal"},
        "identity": {"issuers": [issuer.settings()]},
        "connections": {"priced": {**connection, "prices": prices}, "other": connection},
        "policies": [
            {
                "name": "thrifty",
                "who": {"groups": ["thrifty"]},
                "may": MAY,
                "limits": {"budgets": ["1 usd / day / user", "3 calls / day / user"]},
            },
            {"name": "free", "who": {"groups": ["free"]}, "may": MAY},
        ],
    }


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory, issuer: Issuer, scripted: Scripted) -> Iterator[Gate]:
    """A gate that has served seven calls."""
    gate = Gate(tmp_path_factory.mktemp("usage"), configuration(issuer, scripted)).start()
    ask(gate, issuer.token("tess", ("thrifty",)), 3)
    assert ask(gate, issuer.token("tess", ("thrifty",)), 1) == [429]
    ask(gate, issuer.token("finn", ("free",)), 2)
    assert ask(gate, issuer.token("finn", ("free",)), 1, model="500") == [500]
    until(lambda: all(call.outcome for call in calls(gate, "*")) and len(calls(gate, "*")) == 7)
    yield gate
    assert gate.stop() == 0, gate.output
    assert "Traceback" not in gate.output, gate.output


def ask(gate: Gate, token: str, times: int, model: str = "ok", connection: str = "priced") -> list[int]:
    body = {"model": model, "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 10}
    headers = {"authorization": f"Bearer {token}"}
    url = f"{gate.url}/{connection}/v1/chat/completions"
    return [httpx.post(url, json=body, headers=headers, timeout=30).status_code for _ in range(times)]


def test_sums_are_exact(gate: Gate) -> None:
    rows = {row["id"]: row for row in gate.rows("usage")}
    tess, finn, total = rows["corp:tess"], rows["corp:finn"], rows["total"]
    assert (tess["calls"], tess["refused"], tess["limited"], tess["errors"]) == (4, 1, 1, 0)
    assert (tess["prompt"], tess["output"], tess["cost"], tess["estimated"]) == (3 * PROMPT, 3 * OUTPUT, 3 * COST, 0)
    assert (finn["calls"], finn["errors"], finn["prompt"]) == (3, 1, 2 * PROMPT)
    assert (finn["cost"], finn["estimated"], finn["unpriced"]) == (2 * COST, 2 * COST, 0)
    assert (total["calls"], total["cost"]) == (7, 5 * COST)


def test_the_table_marks_what_it_reckons(gate: Gate) -> None:
    ran = gate.run("usage", "--by", "policy")
    assert ran.returncode == 0
    assert f"~0.{2 * COST:06d}" in ran.stdout
    assert "is reckoned now, with the present prices" in ran.stderr


def test_focus(gate: Gate) -> None:
    ran = gate.run("usage", "--csv")
    header, *charges = csv.reader(io.StringIO(ran.stdout, newline=""), strict=True)
    assert tuple(header) == COLUMNS
    by_user = {row["SubAccountId"]: row for row in (dict(zip(header, fields, strict=True)) for fields in charges)}
    assert by_user["corp:tess"]["BilledCost"] == f"0.{3 * COST:06d}"
    assert by_user["corp:tess"]["ConsumedQuantity"] == str(3 * (PROMPT + OUTPUT))


def test_budgets_say_what_is_left(gate: Gate) -> None:
    rows = {row["budget"]: row for row in gate.rows("usage", "budgets", "--user", "tess")}
    assert {name: (row["used"], row["held"], row["left"]) for name, row in rows.items()} == {
        "1 usd / day / user": (3 * COST, 0, 1_000_000 - 3 * COST),
        "3 calls / day / user": (3, 0, 0),
    }


def export(*rows: tuple[str, int, int]) -> str:
    """A usage export of OpenAI's of today."""
    midnight = int(datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0).timestamp())
    lines = [f"{midnight},{midnight + 86_400},{model},{prompt}.0,{output}.0" for model, prompt, output in rows]
    return "\n".join(["start_time,end_time,model,input_tokens,output_tokens", *lines]) + "\n"


def test_what_bypassed_the_gate_is_found(gate: Gate, scripted: Scripted) -> None:
    invoice = gate.directory / "invoice.csv"
    used = ("ok", 5 * PROMPT, 5 * OUTPUT)
    invoice.write_text(export(used))
    agreed = gate.run("usage", "reconcile", str(invoice), "--tolerance", "0")
    assert (agreed.returncode, "agree" in agreed.stderr) == (0, True), agreed.stdout + agreed.stderr

    body = {"model": "ok", "messages": [{"role": "user", "content": "Hello"}]}
    usage = httpx.post(f"{scripted.url}/v1/chat/completions", json=body).json()["usage"]
    past = ("ok", used[1] + usage["prompt_tokens"], used[2] + usage["completion_tokens"])
    invoice.write_text(export(past, ("o3", 1000, 10)))
    ran = gate.run("usage", "reconcile", str(invoice))
    assert ran.returncode == 1
    assert "BYPASSED: on 2 of 2 days and models" in ran.stderr
    assert ran.stdout.count("BYPASSED THE GATEWAY") == 4


def test_what_ran_when_the_gate_was_killed_is_pending(tmp_path: Path, issuer: Issuer, scripted: Scripted) -> None:
    gate, token = Gate(tmp_path, configuration(issuer, scripted)).start(), issuer.token("pim", ("thrifty",))
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(ask, gate, token, 1, "silent")
        (running,) = until(lambda: gate.rows("agents", "list", "--user", "pim"))
        assert (running["running"], running["user"]) == (1, "corp:pim")
        gate.kill()
        with pytest.raises(httpx.TransportError):
            call.result()
    gate.start()
    (row,) = gate.rows("usage", "pending")
    assert set(row["held"]) == {"thrifty|usd|day|UTC|user|corp:pim", "thrifty|calls|day|UTC|user|corp:pim"}
    assert row["until"] - row["since"] == 900_000_000
    held = {one["unit"]: one["held"] for one in gate.rows("usage", "budgets", "--user", "pim")}
    assert held == {"usd": row["held"]["thrifty|usd|day|UTC|user|corp:pim"], "calls": 1}
    (listed,) = (one for one in gate.rows("usage", "--user", "pim") if not one["total"])
    assert (listed["calls"], listed["errors"]) == (1, 1)
    assert gate.stop() == 0, gate.output
