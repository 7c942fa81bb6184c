"""What becomes of held calls when something changes meanwhile: policies, credentials, the gate itself."""

import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from e2e.approvals.conftest import MAY, RISKY, Desk, Running, code, configuration, policy, post, rule, token
from e2e.gate import Gate
from e2e.issuer import Issuer
from e2e.records import until
from e2e.scripted import Scripted
from narrows.model.approval import Answered, TicketState

HELD = policy("held", rule(hold="20s"))
OTHERS = policy("others", rule())
SERVICE = {**policy("service", rule(hold="20s")), "who": {"service_accounts": ["batch"]}}

Makes = Callable[..., Gate]


@pytest.fixture
def make(tmp_path: Path, issuer: Issuer, scripted: Scripted, llama: str) -> Iterator[Makes]:
    """Starts a gate of the test's own with these policies."""
    gates: list[Gate] = []

    def start(*policies: dict[str, Any]) -> Gate:
        gates.append(Gate(tmp_path / "gate", configuration(issuer, scripted, llama, list(policies))).start())
        return gates[-1]

    yield start
    for gate in gates:
        gate.stop()
        assert "Traceback" not in gate.output, gate.output


def change(gate: Gate, *policies: dict[str, Any]) -> None:
    """Other policies, once they are in force."""
    before = gate.output.count("is in force")
    gate.write({**gate.settings, "policies": list(policies)})
    until(lambda: gate.output.count("is in force") > before)


def begin(gate: Gate, key: str, user: str = "ada") -> tuple[Desk, Running[Any]]:
    """A call that is held."""
    desk = Desk(gate.store)
    running = Running(lambda: post(gate, key))
    desk.asked(user)
    return desk, running


def test_a_policy_that_is_about_others_changes_nothing(make: Makes, issuer: Issuer) -> None:
    gate = make(HELD, OTHERS)
    desk, running = begin(gate, token(issuer, "held", "ada"))
    change(gate, HELD, {**OTHERS, "prompts": []})
    desk.say(desk.asked("ada"))
    assert running.result().status_code == 200


def test_a_policy_that_is_about_the_call_has_it_judged_anew_and_the_approval_stands(
    make: Makes, issuer: Issuer
) -> None:
    gate = make(HELD)
    key = token(issuer, "held", "ada")
    desk, running = begin(gate, key)
    change(gate, {**HELD, "limits": {"prompt_tokens": 5_000}})
    desk.say(desk.asked("ada"))
    told = running.result()
    assert (told.status_code, code(told), told.headers["retry-after"]) == (409, "approval_pending", "1")
    assert post(gate, key).status_code == 200
    assert len(desk.tickets("ada")) == 1


def test_what_is_denied_meanwhile_is_not_let_through_by_an_approval(
    make: Makes, issuer: Issuer, scripted: Scripted
) -> None:
    gate = make(HELD)
    key = token(issuer, "held", "ada")
    desk, running = begin(gate, key)
    change(gate, policy("held", rule(hold="20s"), {"deny": {"words": ["delete"]}}))
    desk.say(desk.asked("ada"))
    before = len(scripted.seen)
    assert running.result().status_code == 409
    refused = post(gate, key)
    assert (refused.status_code, code(refused)) == (403, "prompt_denied")
    assert len(scripted.seen) == before


def test_a_rule_that_asked_and_was_changed_asks_anew(make: Makes, issuer: Issuer) -> None:
    gate = make(HELD)
    key = token(issuer, "held", "ada")
    desk, running = begin(gate, key)
    first = desk.asked("ada")
    change(gate, policy("held", rule(hold="20s", needed=2)))
    told = running.result()
    assert (told.status_code, told.headers["retry-after"]) == (409, "1"), "at once: the question is void"
    again = Running(lambda: post(gate, key))
    second = desk.asked("ada", 2)
    assert first.digest != second.digest
    (before, _) = desk.tickets("ada")
    assert before.state is TicketState.CANCELLED
    desk.say(second)
    desk.say(second, who="corp:tom")
    assert again.result().status_code == 200


def test_a_permission_that_is_gone_refuses_what_was_approved(make: Makes, issuer: Issuer) -> None:
    gate = make(HELD, OTHERS)
    desk, running = begin(gate, token(issuer, "held", "ada"))
    change(gate, {**HELD, "may": {**MAY, "models": ["another"]}}, OTHERS)
    desk.say(desk.asked("ada"))
    refused = running.result()
    assert (refused.status_code, code(refused)) == (403, "model_not_allowed")


def test_a_key_that_is_revoked_meanwhile_goes_no_further(make: Makes, scripted: Scripted) -> None:
    gate = make(SERVICE)
    made = gate.rows("keys", "create", "batch", "--owner", "ada")[0]
    desk = Desk(gate.store)
    time.sleep(0.5)  # until the gate has seen the key
    running = Running(lambda: post(gate, made["key"]))
    ticket = until(desk.every)[0].ticket
    assert (ticket.requester, ticket.owner) == ("narrows:batch", "corp:ada")
    assert gate.run("keys", "revoke", "batch").returncode == 0
    time.sleep(0.5)
    before = len(scripted.seen)
    desk.say(ticket)
    assert running.result().status_code == 401
    assert len(scripted.seen) == before


def test_a_token_that_expires_meanwhile_goes_no_further(make: Makes, issuer: Issuer) -> None:
    gate = make(HELD)
    exact = {"issuers": [{**issuer.settings(), "leeway": "0s"}]}
    gate.settings["identity"] = exact
    change(gate, HELD)
    desk, running = begin(gate, issuer.token("ada", ("held",), lifetime=3))
    time.sleep(3.5)
    desk.say(desk.asked("ada"))
    assert running.result().status_code == 401


def test_a_gate_that_drains_tells_who_is_held_at_once(make: Makes, issuer: Issuer) -> None:
    gate = make(HELD)
    key = token(issuer, "held", "ada")
    desk, running = begin(gate, key)
    began = time.monotonic()
    gate.server.signal(signal.SIGTERM)
    told = running.result()
    assert time.monotonic() - began < 2
    assert (told.status_code, code(told)) == (409, "approval_pending")
    assert gate.stop() == 0
    desk.say(desk.asked("ada"))
    gate.start()
    assert post(gate, key).status_code == 200, "questions and answers outlive the gate"
    assert len(desk.tickets("ada")) == 1


def test_an_answer_survives_a_kill_and_lets_one_call_go(make: Makes, issuer: Issuer, scripted: Scripted) -> None:
    gate = make(HELD)
    key = token(issuer, "held", "ada")
    desk, running = begin(gate, key)
    ticket = desk.asked("ada")
    gate.kill()
    with pytest.raises(Exception, match=r".+"):
        running.result()
    desk.say(ticket)
    gate.start()
    before = len(scripted.seen)
    with ThreadPoolExecutor(8) as pool:
        replies = [pool.submit(post, gate, key) for _ in range(8)]
        desk.say(desk.asked("ada", 2), Answered.REJECT)
        codes = sorted(reply.result().status_code for reply in replies)
    assert codes == [200, *[403] * 7]
    assert len(scripted.seen) == before + 1


def test_an_approved_text_is_known_of_its_session_after_a_restart(make: Makes, issuer: Issuer) -> None:
    gate = make(HELD)
    key = token(issuer, "held", "ada")
    desk, running = begin(gate, key)
    desk.say(desk.asked("ada"))
    reply = running.result().json()["choices"][0]["message"]
    assert gate.stop() == 0
    gate.start()
    history = [*RISKY, {"role": "assistant", "content": reply["content"]}, {"role": "user", "content": "thanks"}]
    assert post(gate, key, history).status_code == 200
    assert len(desk.tickets("ada")) == 1
    other = [*history[:2], {"role": "user", "content": "now delete the rest"}]
    asked = Running(lambda: post(gate, key, other))
    desk.say(desk.asked("ada", 2), Answered.REJECT)
    assert code(asked.result()) == "approval_rejected"
