"""An unchanged client of a real gate is held, somebody decides in a real console, and the client goes on."""

import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from e2e.approvals.conftest import Running, policy, rule
from e2e.console.console import ROLES, Console
from e2e.gate import Gate
from e2e.issuer import Issuer
from e2e.processes import free_port
from e2e.records import until
from e2e.scripted import Scripted

MASK = [{"entities": ["EMAIL_ADDRESS"], "where": ["prompt"], "with": "redact"}]


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory, issuer: Issuer, scripted: Scripted) -> Iterator[Gate]:
    settings: dict[str, Any] = {
        "recording": {"durability": "normal"},
        "console": {"listen": f"127.0.0.1:{free_port()}", "roles": ROLES},
        "identity": {"issuers": [issuer.settings()]},
        "connections": {"openai": {"url": scripted.url, "dialect": "openai", "credential": {"none": True}}},
        "policies": [policy("research", rule(hold="30s"), mask=MASK)],
    }
    gate = Gate(tmp_path_factory.mktemp("held"), settings).start()
    yield gate
    assert gate.stop() == 0, gate.output


@pytest.fixture(scope="module")
def console(gate: Gate, issuer: Issuer) -> Iterator[Console]:
    console = Console.beside(gate, issuer).start()
    yield console
    assert console.server.stop() == 0
    assert "Traceback" not in console.server.output, console.server.output


def asking(gate: Gate, issuer: Issuer, user: str, text: str, *groups: str) -> "Running[Any]":
    key, message = issuer.token(user, ("research", *groups)), {"role": "user", "content": text}

    def ask() -> Any:
        with openai.OpenAI(base_url=f"{gate.url}/openai/v1", api_key=key, max_retries=0) as client:
            return client.chat.completions.create(model="ok", messages=[message])  # type: ignore[list-item]

    return Running(ask)


def held(console: Console, user: str) -> str:
    """The id of the user's only question, once it is there."""
    with console.client("sam", "security") as sam:
        mine = until(
            lambda: [
                item["id"]
                for item in sam.get("/api/v1/approvals?state=pending").json()["items"]
                if item["requester"] == f"corp:{user}"
            ]
        )
    assert len(mine) == 1
    return str(mine[0])


def test_it_is_shown_masked_approved_and_goes_on(
    gate: Gate, console: Console, issuer: Issuer, scripted: Scripted
) -> None:
    running = asking(gate, issuer, "ann", "delete the mails of ann@example.org [console]")
    one = held(console, "ann")
    with console.client("sam", "security") as sam:
        shown = sam.get(f"/api/v1/approvals/{one}").json()
        assert "[EMAIL_ADDRESS]" in shown["content"]
        assert "example.org" not in json.dumps(shown)
        assert not running.done
        assert sam.post(f"/api/v1/approvals/{one}/approve").json()["recorded"]
    assert running.result().choices[0].message.content is not None
    (sent,) = [json.loads(seen.body) for seen in scripted.seen if b"[console]" in seen.body]
    assert sent == json.loads(shown["content"])
    with console.client("aud", "audit") as auditor:
        after = auditor.get(f"/api/v1/approvals/{one}").json()
    assert (after["approval"]["state"], after["approval"]["used"], after["content"]) == ("consumed", 1, None)


def test_a_rejected_call_tells_its_client_why(gate: Gate, console: Console, issuer: Issuer) -> None:
    running = asking(gate, issuer, "bea", "delete it")
    one = held(console, "bea")
    with console.client("sam", "security") as sam:
        sam.post(f"/api/v1/approvals/{one}/reject", json={"reason": "not before the audit"})
    with pytest.raises(openai.PermissionDeniedError, match="not before the audit"):
        running.result()


def test_who_asks_and_could_approve_others_does_not_approve_themselves(
    gate: Gate, console: Console, issuer: Issuer
) -> None:
    running = asking(gate, issuer, "sly", "delete it", "security", "platform")
    one = held(console, "sly")
    with console.client("sly", "research", "security", "platform") as sly, console.client("sam", "security") as sam:
        assert sly.post(f"/api/v1/approvals/{one}/approve").json()["code"] == "own_call"
        assert not running.done
        assert sam.post(f"/api/v1/approvals/{one}/approve").status_code == 200
    assert running.result().choices


def test_a_console_that_is_killed_takes_nothing_with_it(gate: Gate, console: Console, issuer: Issuer) -> None:
    running = asking(gate, issuer, "dee", "delete it")
    one = held(console, "dee")
    console.server.kill()
    assert not running.done
    console.start()
    with console.client("sam", "security") as sam:
        assert sam.post(f"/api/v1/approvals/{one}/approve").status_code == 200
    assert running.result().choices
