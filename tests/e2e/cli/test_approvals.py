"""`narrows approvals` beside a gate that serves: what waits is shown as it would be sent, and goes on when it may."""

import contextlib
import getpass
import subprocess
import threading
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from e2e.gate import NARROWS, Gate
from e2e.issuer import Issuer
from e2e.records import until
from e2e.scripted import Scripted

MAY: dict[str, Any] = {"connections": ["*"], "models": ["*"], "operations": ["*"]}
ME = f"local:{getpass.getuser()}"


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory, issuer: Issuer, scripted: Scripted) -> Iterator[Gate]:
    asks = {"name": "risky", "words": ["delete"], "in": ["user"], "by": ["security"], "hold": "20s", "message": "Why?"}
    settings = {
        "gate": {"drain": "1s"},
        "recording": {"durability": "normal"},
        "identity": {"issuers": [issuer.settings()]},
        "connections": {"scripted": {"url": scripted.url, "dialect": "openai", "credential": {"none": True}}},
        "policies": [
            {
                "name": "crew",
                "who": {"groups": ["crew"]},
                "may": MAY,
                "prompts": [{"approve": asks}],
                "mask": [{"entities": ["EMAIL_ADDRESS"], "where": ["prompt"], "with": "redact"}],
            },
            {"name": "pair", "who": {"groups": ["pair"]}, "may": MAY, "prompts": [{"approve": {**asks, "needed": 2}}]},
        ],
    }
    gate = Gate(tmp_path_factory.mktemp("approvals"), settings).start()
    yield gate
    assert gate.stop() == 0, gate.output
    assert "Traceback" not in gate.output, gate.output


class Asking:
    """A call of one user, in a thread."""

    def __init__(self, gate: Gate, issuer: Issuer, user: str, text: str, group: str = "crew") -> None:
        self.response: httpx.Response | None = None
        self._thread = threading.Thread(target=self._ask, args=(gate, issuer.token(user, (group,)), text), daemon=True)
        self._thread.start()

    def _ask(self, gate: Gate, token: str, text: str) -> None:
        body = {"model": "ok", "messages": [{"role": "user", "content": text}]}
        headers = {"authorization": f"Bearer {token}", "narrows-justification": "spring cleaning"}
        url = f"{gate.url}/scripted/v1/chat/completions"
        with contextlib.suppress(httpx.HTTPError):  # the gate was killed
            self.response = httpx.post(url, json=body, headers=headers, timeout=40, trust_env=False)
        self.at = time.monotonic()

    def answered(self) -> httpx.Response:
        self._thread.join(30)
        assert self.response is not None
        return self.response


def waiting(gate: Gate, user: str) -> dict[str, Any]:
    """The ticket of a user, once it is there."""
    return until(lambda: gate.rows("approvals", "list", "--user", user))[-1]


def test_what_waits_is_shown_masked_and_goes_on_when_it_is_approved(gate: Gate, issuer: Issuer) -> None:
    asking = Asking(gate, issuer, "ada", "delete the mails of ada.l@example.com")
    ticket = waiting(gate, "ada")
    listed = gate.run("approvals", "list").stdout
    assert f"{ticket['id']}  pending" in listed
    assert "1 of" in listed
    shown = gate.run("approvals", "show", ticket["id"]).stdout
    assert "delete the mails of [EMAIL_ADDRESS]" in shown
    assert "ada.l@example.com" not in shown
    assert "spring cleaning" in shown
    assert "found at $.messages[0].content" in shown
    approved = gate.run("approvals", "approve", ticket["id"], "--reason", "fine")
    decided = time.monotonic()
    assert approved.returncode == 0
    assert f"Recorded as {ME}" in approved.stderr
    assert asking.answered().status_code == 200
    assert asking.at - decided < 2
    (after,) = gate.rows("approvals", "list", "--user", "ada", "--all")
    assert (after["state"], after["used"]) == ("consumed", 1)
    assert [(each["who"], each["reason"]) for each in after["decisions"]] == [(ME, "fine")]
    again = gate.run("approvals", "approve", ticket["id"])
    assert (again.returncode, "its calls have gone on" in again.stderr) == (1, True)
    assert f"narrows sessions show {ticket['id']}" in gate.run("approvals", "show", ticket["id"]).stdout
    assert "[EMAIL_ADDRESS]" in gate.run("sessions", "show", ticket["id"]).stdout


def test_who_is_rejected_is_told_why(gate: Gate, issuer: Issuer) -> None:
    asking = Asking(gate, issuer, "bob", "delete everything")
    ticket = waiting(gate, "bob")
    rejected = gate.run("approvals", "reject", ticket["id"], "--reason", "not on a Friday")
    assert rejected.returncode == 0
    answer = asking.answered()
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "approval_rejected")
    assert "not on a Friday" in answer.text


def test_the_local_operator_is_one_person(gate: Gate, issuer: Issuer) -> None:
    asking = Asking(gate, issuer, "cy", "delete a little", group="pair")
    ticket = waiting(gate, "cy")
    first = gate.run("approvals", "approve", ticket["id"])
    assert "still needed: 1 of" in first.stdout
    assert gate.run("approvals", "approve", ticket["id"]).returncode == 1
    time.sleep(0.3)
    assert asking.response is None
    gate.run("approvals", "reject", ticket["id"], "--reason", "too few of us")
    assert asking.answered().status_code == 403


def test_a_watch_tells_what_is_new(gate: Gate, issuer: Issuer) -> None:
    command = [NARROWS, "approvals", "list", "--watch", "--user", "dot", "-c", str(gate.config)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as watch:
        assert watch.stderr is not None
        assert watch.stdout is not None
        assert "Nothing waits" in watch.stderr.readline()
        asking = Asking(gate, issuer, "dot", "delete a dot")
        ticket = waiting(gate, "dot")
        assert f"{ticket['id']}  asked by corp:dot (risky): chat with ok on scripted" in watch.stdout.readline()
        gate.run("approvals", "reject", ticket["id"], "--reason", "no")
        assert f"{ticket['id']}  rejected, {ME} rejects: no" in watch.stdout.readline()
        watch.terminate()
    assert asking.answered().status_code == 403


def test_what_is_decided_while_no_gate_runs_counts_when_it_does(gate: Gate, issuer: Issuer) -> None:
    asking = Asking(gate, issuer, "eve", "delete what is left")
    ticket = waiting(gate, "eve")
    gate.kill()
    with pytest.raises(AssertionError):
        asking.answered()
    assert gate.run("approvals", "approve", ticket["id"]).returncode == 0
    gate.start()
    assert Asking(gate, issuer, "eve", "delete what is left").answered().status_code == 200
    assert gate.rows("approvals", "list", "--user", "eve", "--all")[-1]["state"] == "consumed"
