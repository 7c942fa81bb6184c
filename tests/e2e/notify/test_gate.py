"""A gate tells a service what asks for approval, and what became of it, while the client waits; the decision waits for
no channel."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.approvals.conftest import Desk, Running, configuration, policy, post, rule, token
from e2e.gate import Gate
from e2e.issuer import Issuer
from e2e.notify.test_kill import Service
from e2e.processes import free_port
from e2e.records import until
from e2e.scripted import Scripted

SECRET = "whsec_" + "A" * 32
FORM = [{"role": "user", "content": "please delete it [canary-7d3a]"}]


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service(free_port())
    yield made
    made.close()


@pytest.fixture
def gate(tmp_path: Path, issuer: Issuer, scripted: Scripted, llama: str, service: Service) -> Iterator[Gate]:
    url = f"http://127.0.0.1:{service.server.server_port}/hook"
    settings = configuration(issuer, scripted, llama, [policy("held", rule(hold="20s"))])
    settings["notify"] = {"channels": {"ops": {"webhook": {"url": url, "secret": SECRET}, "for": ["security"]}}}
    gate = Gate(tmp_path / "gate", settings).start()
    yield gate
    assert gate.stop() == 0, gate.output
    assert "Traceback" not in gate.output, gate.output


def events(service: Service) -> list[str]:
    return [told["type"].rpartition(".")[2] for _, told in service.seen]


def test_people_are_told_and_the_client_goes_on(gate: Gate, issuer: Issuer, service: Service) -> None:
    service.open.set()
    key = token(issuer, "held", "told")
    running = Running(lambda: post(gate, key, FORM, {"narrows-justification": "quarterly report"}))
    desk = Desk(gate.store)
    ticket = desk.asked("told")
    until(lambda: events(service) == ["requested"])
    data = service.seen[0][1]["data"]
    assert (data["ticket"], data["requester"], data["justification"]) == (ticket.id, "corp:told", "quarterly report")
    assert "canary-7d3a" not in str(service.seen)
    assert not running.done
    desk.say(ticket)
    assert running.result().status_code == 200
    until(lambda: events(service) == ["requested", "approved"])
    assert service.seen[1][1]["data"]["decisions"][0]["who"] == "corp:sam"
    assert "canary-7d3a" not in gate.output
    assert b"canary-7d3a" not in (gate.store / "outbox.db").read_bytes()


def test_a_decision_waits_for_no_channel(gate: Gate, issuer: Issuer, service: Service) -> None:
    """The service takes messages and answers none; the gate is killed while one is on its way."""
    key = token(issuer, "held", "slow")
    running = Running(lambda: post(gate, key, FORM))
    desk = Desk(gate.store)
    ticket = desk.asked("slow")
    until(lambda: len(service.seen) == 1)
    start = time.monotonic()
    desk.say(ticket)
    assert running.result().status_code == 200
    assert time.monotonic() - start < 5
    gate.server.kill()
    service.open.set()
    gate.start()
    until(lambda: events(service)[1:] == ["requested", "approved"])
    assert service.seen[0][0] == service.seen[1][0]
