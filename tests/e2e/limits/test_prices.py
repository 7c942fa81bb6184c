"""Prices before a real gate: calls of models that the shipped table knows, and a newer table while it runs."""

import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from e2e.gate import NARROWS, Gate
from e2e.issuer import Issuer
from e2e.limits.conftest import configuration, policy, raw
from e2e.records import until
from e2e.scripted import Scripted
from narrows.model.usage import Usage
from narrows.stores.sqlite.archive import Archive
from narrows.stores.sqlite.views import CallView

MODEL = "gpt-4o-mini"
IN_FORCE = "the new configuration is in force"


@pytest.fixture
def settings(issuer: Issuer, scripted: Scripted) -> dict[str, Any]:
    whole = configuration(issuer, scripted, [policy("spends", budgets=["1 usd / day / user"])])
    whole["connections"]["priced"] = {**whole["connections"]["unpriced"], "provider": "openai"}
    return whole


def prices(gate: Gate, *arguments: str) -> str:
    done = subprocess.run(
        [NARROWS, "prices", *arguments, "-c", str(gate.config)], capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout


def latest(gate: Gate) -> CallView:
    def look() -> CallView | None:
        call = next(iter(Archive(gate.store).calls()), None)
        return call if call is not None and call.outcome else None

    call = until(look)
    assert call is not None
    return call


def test_a_gate_that_runs_takes_a_newer_table(tmp_path: Path, settings: dict[str, Any], issuer: Issuer) -> None:
    token, gate = issuer.token("pru", ("spends",)), Gate(tmp_path, settings).start()
    assert raw(gate, token, model=MODEL).status_code == 200
    call = latest(gate)
    # 7 tokens at 0.15 and 5 at 0.60 dollars a million: 4.05 millionths.
    assert (call.cost, [*(call.settled or {}).values()]) == (5, [5])
    assert (call.prices or "").startswith("genai-prices ")
    # The service tier that a call asks for has its own price: 0.25 and 1.
    assert raw(gate, token, model=MODEL, service_tier="priority").status_code == 200
    assert latest(gate).cost == 7
    refused = raw(gate, token, model="ok:unheard-of")
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "price_unknown")

    (tmp_path / "own.csv").write_text(f"model,input,output\n{MODEL},100,1000\nok:*,1,10\n")
    told = prices(gate, "update", str(tmp_path / "own.csv"))
    began = time.monotonic()
    assert until(lambda: IN_FORCE in gate.output), gate.output
    assert time.monotonic() - began < 2
    assert raw(gate, token, model=MODEL).status_code == 200
    call = latest(gate)
    assert call.cost == 7 * 100 + 5 * 1000
    assert (call.prices or "").split(",")[0] in told
    assert raw(gate, token, model="ok:unheard-of").status_code == 200
    assert latest(gate).cost == 57

    prices(gate, "reset")
    assert until(lambda: gate.output.count(IN_FORCE) == 2), gate.output
    assert raw(gate, token, model="ok:unheard-of").status_code == 403
    assert gate.stop() == 0
    assert "Traceback" not in gate.output


def test_a_table_that_is_damaged_is_not_taken_and_the_old_one_stays(
    tmp_path: Path, settings: dict[str, Any], issuer: Issuer
) -> None:
    token, gate = issuer.token("pia", ("spends",)), Gate(tmp_path, settings).start()
    (gate.store / "prices.json").write_text('{"format": 1')
    assert until(lambda: "is damaged" in gate.output), gate.output
    assert raw(gate, token, model=MODEL).status_code == 200
    assert latest(gate).cost == 5
    assert gate.stop() == 0
    assert "Traceback" not in gate.output


def test_every_kind_of_token_that_is_reported_has_its_price(
    tmp_path: Path, settings: dict[str, Any], issuer: Issuer
) -> None:
    (tmp_path / "own.csv").write_text(
        "model,input,output,cached,cache_write,audio_input,audio_output\nkinds,10,100,1,20,50,500\n"
    )
    gate = Gate(tmp_path, settings)
    prices(gate, "update", str(tmp_path / "own.csv"))
    token = issuer.token("pat", ("spends",))
    gate.start()
    assert raw(gate, token, model="kinds", messages=[{"role": "user", "content": "hello " * 100}]).status_code == 200
    call = latest(gate)
    assert call.usage == Usage(100, 10, 40, 4, 30, 20, 3)
    assert call.cost == 10 * 10 + 40 * 1 + 30 * 20 + 20 * 50 + 7 * 100 + 3 * 500
    assert gate.stop() == 0
