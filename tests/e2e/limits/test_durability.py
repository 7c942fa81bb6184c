"""Counters outlive the process, however it ends, and an edited configuration."""

import random
import time
from pathlib import Path
from typing import Any

import openai
import pytest

from e2e.crowd import Crowd
from e2e.gate import Gate
from e2e.issuer import Issuer
from e2e.limits.conftest import HELLO, configuration, policy, raw
from e2e.records import until
from e2e.scripted import Scripted
from narrows.stores.sqlite.archive import Archive

IN_FORCE = "the new configuration is in force"


@pytest.fixture
def settings(issuer: Issuer, scripted: Scripted) -> dict[str, Any]:
    return configuration(issuer, scripted, [policy("kept", budgets=["6 calls / day / user"])])


def passed(gate: Gate, token: str, most: int) -> int:
    """How many calls pass before one is refused for the budget."""
    for number in range(most):
        reply = raw(gate, token)
        if reply.status_code != 200:
            assert reply.json()["error"]["code"] == "budget_exceeded", reply.text
            return number
    return most


@pytest.mark.parametrize("kills", [False, True])
def test_counters_are_the_same_after_a_restart(
    tmp_path: Path, settings: dict[str, Any], issuer: Issuer, kills: bool
) -> None:
    token, gate = issuer.token("kim", ("kept",)), Gate(tmp_path, settings)
    for _ in range(2):
        gate.start()
        assert passed(gate, token, 2) == 2
        if kills:
            gate.kill()
        else:
            assert gate.stop() == 0
    gate.start()
    assert passed(gate, token, 10) == 2
    assert gate.stop() == 0
    assert "Traceback" not in gate.output


def test_a_call_that_was_running_when_the_gate_was_killed_still_counts(
    tmp_path: Path, settings: dict[str, Any], issuer: Issuer, scripted: Scripted
) -> None:
    token, gate = issuer.token("kit", ("kept",)), Gate(tmp_path, settings).start()
    with openai.OpenAI(base_url=f"{gate.url}/priced/v1", api_key=token, max_retries=0, timeout=30) as asks:
        streams = [
            iter(asks.chat.completions.create(model="drips:killed", messages=HELLO, max_tokens=500, stream=True))
            for _ in range(3)
        ]
        for stream in streams:
            next(stream)
        gate.kill()
    gate.start()
    assert passed(gate, token, 10) == 3
    assert gate.stop() == 0
    assert "Traceback" not in gate.output


def test_a_budget_that_is_edited_while_a_call_runs_keeps_its_counter(
    tmp_path: Path, settings: dict[str, Any], issuer: Issuer
) -> None:
    token, gate = issuer.token("eve", ("kept",)), Gate(tmp_path, settings).start()
    with openai.OpenAI(base_url=f"{gate.url}/priced/v1", api_key=token, max_retries=0, timeout=30) as asks:
        stream = asks.chat.completions.create(model="finishes", messages=HELLO, max_tokens=500, stream=True)
        next(iter(stream))
        assert passed(gate, token, 2) == 2
        edit(gate, settings, "2 calls / day / user")
        # Three are counted, one of them still runs: there is no room, and what runs is not touched.
        assert passed(gate, token, 1) == 0
        assert [piece.choices[0].finish_reason for piece in stream][-1] == "stop"
    edit(gate, settings, "5 calls / day / user")
    assert passed(gate, token, 10) == 2
    assert gate.stop() == 0
    assert "Traceback" not in gate.output


def edit(gate: Gate, settings: dict[str, Any], budget: str) -> None:
    """Has the gate load the same with another budget."""
    before = gate.output.count(IN_FORCE)
    gate.write(gate.placed({**settings, "policies": [policy("kept", budgets=[budget])]}))
    until(lambda: gate.output.count(IN_FORCE) > before)


def crowd_of(gate: Gate, token: str) -> Crowd:
    body = {"model": "ok:kill-loop", "messages": HELLO, "max_tokens": 10}
    return Crowd(gate, token, "/priced/v1/chat/completions", lambda _: body, callers=6)


def test_killed_again_and_again_under_load_a_budget_is_used_up_to_the_call(
    tmp_path: Path, settings: dict[str, Any], issuer: Issuer, scripted: Scripted, soak: int
) -> None:
    most, random_ = 600 * soak, random.Random(3)
    settings["policies"] = [policy("kept", budgets=[f"{most} calls / day / user"])]
    token, gate = issuer.token("kay", ("kept",)), Gate(tmp_path, settings)
    for _ in range(3 * soak):
        gate.start()
        with crowd_of(gate, token) as crowd:
            until(lambda crowd=crowd: crowd.statuses[200] > 8, 20)
            time.sleep(random_.uniform(0.0, 0.3))
            gate.kill()
    gate.start()
    with crowd_of(gate, token) as crowd:
        until(lambda: crowd.statuses[429] > 8, 60)
    assert gate.stop() == 0
    assert "Traceback" not in gate.output
    forwarded = [call for call in Archive(gate.store).calls() if call.forwarded]
    # What was cut by a kill holds what it held, and so it counts.
    assert sum(sum((call.settled or call.reserved or {}).values()) for call in forwarded) == most
    assert len(scripted.bodies("ok:kill-loop")) <= most
    assert len(forwarded) == most
