"""`mode: observe`: decided and recorded, never enforced; and never a way around what is enforced."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from e2e.gate import Gate
from e2e.issuer import Issuer
from e2e.records import ended

MAY = {"connections": ["scripted"], "models": ["ok"], "operations": ["chat"]}
SECRET_RULE = {"deny": {"name": "secrets", "pattern": "(?i)password"}}


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory, settings: dict[str, Any]) -> Iterator[Gate]:
    policies = [
        {"name": "enforced", "who": {"groups": ["staff"]}, "may": MAY},
        {"name": "watching", "mode": "observe", "who": {"groups": ["*"]}, "may": MAY, "prompts": [SECRET_RULE]},
        {
            "name": "generous", "mode": "observe", "who": {"groups": ["staff"]},
            "may": {"connections": ["scripted"], "models": ["*"], "operations": ["*"]},
        },
        {
            "name": "partly", "who": {"groups": ["trial"]}, "may": MAY,
            "prompts": [{"deny": {**SECRET_RULE["deny"], "name": "trial-secrets", "mode": "observe"}}],
            "limits": {"prompt_tokens": 10, "mode": "observe"},
        },
    ]  # fmt: skip
    gate = Gate(tmp_path_factory.mktemp("observe"), {**settings, "policies": policies}).start()
    yield gate
    gate.stop()


def ask(gate: Gate, token: str, text: str, model: str = "ok") -> httpx.Response:
    body = {"model": model, "messages": [{"role": "user", "content": text}]}
    url = f"{gate.url}/scripted/v1/chat/completions"
    return httpx.post(url, json=body, headers={"authorization": f"Bearer {token}"})


def notes(gate: Gate, reply: httpx.Response) -> set[tuple[str, str]]:
    record = ended(gate, reply.headers["narrows-call-id"])
    return {(note.policy, note.code) for note in record.notes}


def test_beside_an_enforced_policy_it_only_adds_notes(gate: Gate, issuer: Issuer) -> None:
    reply = ask(gate, issuer.token("sam", ("staff",)), "my password is")
    assert reply.status_code == 200
    assert ("watching", "prompt_denied") in notes(gate, reply)


def test_it_never_permits_what_enforced_policies_refuse(gate: Gate, issuer: Issuer) -> None:
    """`generous` would allow every model; being watched must not open a door."""
    reply = ask(gate, issuer.token("sam", ("staff",)), "hello", model="drips")
    assert (reply.status_code, reply.json()["error"]["code"]) == (403, "model_not_allowed")


def test_alone_it_lets_everything_pass_and_notes_it(gate: Gate, issuer: Issuer) -> None:
    token = issuer.token("new", ("newcomers",))
    assert notes(gate, ask(gate, token, "hello")) == set()
    reply = ask(gate, token, "my password is")
    assert reply.status_code == 200
    assert notes(gate, reply) == {("watching", "prompt_denied")}
    other = ask(gate, token, "hello", model="unlisted")
    assert other.status_code == 200
    assert ("watching", "model_not_allowed") in notes(gate, other)


def test_one_rule_and_the_limits_of_an_enforced_policy(gate: Gate, issuer: Issuer) -> None:
    token = issuer.token("tom", ("trial",))
    reply = ask(gate, token, "my password is " + "long " * 40)
    assert reply.status_code == 200
    assert {("partly", "prompt_denied"), ("partly", "prompt_too_long")} <= notes(gate, reply)
    assert ask(gate, token, "hello", model="drips").status_code == 403


def test_where_nothing_matches_it_is_still_refused(gate: Gate, issuer: Issuer) -> None:
    assert ask(gate, issuer.token("nobody"), "hello").status_code == 403


def test_the_metric_counts_what_would_have_been_refused(gate: Gate, issuer: Issuer) -> None:
    ask(gate, issuer.token("newer", ("newcomers",)), "my password is")
    metrics = httpx.get(f"{gate.admin}/metrics").text
    assert 'narrows_observed_refusals_total{code="prompt_denied",policy="watching"}' in metrics
