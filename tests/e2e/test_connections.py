"""How connections are reached and what they are sent: host names, the root, each kind of credential, any JSON API."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from e2e.gate import Gate
from e2e.issuer import Issuer
from e2e.records import ended
from e2e.scripted import Scripted

SECRET = "connection-canary-20b7"
JSON_SHAPE = {
    "operation": "classify",
    "paths": ["/predict/*"],
    "model": "$.model",
    "texts": ["$.inputs[*].text"],
    "output_cap": "$.options.limit",
    "prompt_usage": "$.usage.prompt_tokens",
    "completion_usage": "$.usage.completion_tokens",
}
SCIENCE = {
    "name": "science",
    "who": {"attributes": {"department": ["science", "engineering"]}, "groups": ["staff"]},
    "may": {"connections": ["*"], "models": ["*"], "operations": ["*"]},
    "limits": {"output_tokens": 30},
    "prompts": [{"deny": {"name": "no-names", "pattern": "Voldemort"}}],
}


@pytest.fixture(scope="module")
def gate(
    tmp_path_factory: pytest.TempPathFactory, settings: dict[str, Any], scripted: Scripted, issuer: Issuer
) -> Iterator[Gate]:
    """A gate with a connection for each way."""

    def connection(credential: dict[str, Any], dialect: str = "openai", **more: Any) -> dict[str, Any]:
        return {"url": scripted.url, "dialect": dialect, "credential": credential, **more}

    connections = {
        "bearer": connection({"bearer": SECRET}, models=["gpt-*"], hosts=["models.example.com"]),
        "key": connection({"x_api_key": SECRET}, models=["ok"]),
        "header": connection({"header": "X-Token", "value": SECRET}, models=["other-*"]),
        "basic": connection({"username": "gate", "password": SECRET}, models=["other-*"]),
        "any-json": connection({"none": True}, "json", json=JSON_SHAPE),
    }
    identity = {"issuers": [{**issuer.settings(), "attributes": ["department"]}]}
    changed = {"connections": connections, "identity": identity, "policies": [SCIENCE]}
    gate = Gate(tmp_path_factory.mktemp("connections"), {**settings, **changed}).start()
    yield gate
    assert gate.stop() == 0, gate.output


@pytest.fixture(scope="module")
def token(issuer: Issuer) -> str:
    return issuer.token("sue", ("staff",), department="science")


def chat(model: str) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": "hello"}]}


def post(gate: Gate, path: str, token: str, body: dict[str, Any], **headers: str) -> httpx.Response:
    return httpx.post(f"{gate.url}{path}", json=body, headers={"authorization": f"Bearer {token}", **headers})


@pytest.mark.parametrize(
    ("connection", "line"),
    [
        ("bearer", f"authorization: Bearer {SECRET}"),
        ("key", f"x-api-key: {SECRET}"),
        ("header", f"x-token: {SECRET}"),
        ("basic", "authorization: Basic " + base64.b64encode(f"gate:{SECRET}".encode()).decode()),
    ],
)
def test_the_upstreams_credential_takes_the_place_of_the_callers(
    gate: Gate, scripted: Scripted, token: str, connection: str, line: str
) -> None:
    reply = post(gate, f"/{connection}/v1/chat/completions", token, chat("ok"))
    assert reply.status_code == 200
    name = line.partition(":")[0]
    head = scripted.seen[-1].head.split("\r\n")
    assert [sent for sent in head if sent.lower().startswith(f"{name}:")] == [line]
    assert token not in scripted.seen[-1].head


def test_a_host_name_reaches_its_connection_without_a_prefix(gate: Gate, scripted: Scripted, token: str) -> None:
    reply = post(gate, "/v1/chat/completions", token, chat("anything"), host="Models.Example.com")
    assert reply.status_code == 200
    assert ended(gate, reply.headers["narrows-call-id"]).connection == "bearer"
    assert f"host: 127.0.0.1:{scripted.port}" in scripted.seen[-1].head.lower(), (
        "the upstream is called by its own name"
    )


@pytest.mark.parametrize(("model", "connection"), [("gpt-x", "bearer"), ("ok", "key"), ("other-1", "header")])
def test_at_the_root_the_model_finds_its_connection(gate: Gate, token: str, model: str, connection: str) -> None:
    reply = post(gate, "/v1/chat/completions", token, chat(model))
    assert reply.status_code == 200
    assert ended(gate, reply.headers["narrows-call-id"]).connection == connection


def test_at_the_root_a_model_that_nobody_serves(gate: Gate, token: str) -> None:
    reply = post(gate, "/v1/chat/completions", token, chat("nobodys"))
    assert (reply.status_code, reply.json()["error"]["code"]) == (403, "model_not_allowed")


@pytest.mark.parametrize(
    ("groups", "claims", "status"),
    [
        (("staff",), {"department": "science"}, 200),
        (("staff",), {"department": ["sales", "engineering"]}, 200),
        (("staff",), {"department": "sales"}, 403),
        (("staff",), {}, 403),
        ((), {"department": "science"}, 403),
    ],
)
def test_a_policy_asks_for_group_and_attribute(
    gate: Gate, issuer: Issuer, groups: tuple[str, ...], claims: dict[str, Any], status: int
) -> None:
    other = issuer.token("tim", groups, **claims)
    assert post(gate, "/key/v1/chat/completions", other, chat("ok")).status_code == status


class TestAnyJson:
    """An endpoint that speaks no known API: where things stand is declared."""

    def test_a_call(self, gate: Gate, scripted: Scripted, token: str) -> None:
        body = {
            "model": "ok",
            "inputs": [{"text": "hello"}, {"text": "there"}],
            "options": {"limit": 9_000},
            "x": [1.50],
        }
        reply = post(gate, "/any-json/predict/greeting", token, body)
        assert reply.status_code == 200
        assert reply.json()["choices"][0]["message"]["content"] == "Hello from upstream."
        assert scripted.seen[-1].head.startswith("POST /predict/greeting ")
        sent = json.loads(scripted.seen[-1].body)
        assert sent == {**body, "options": {"limit": 30}}
        record = ended(gate, reply.headers["narrows-call-id"])
        assert (record.operation, record.model, record.outcome) == ("classify", "ok", "done")
        assert record.usage is not None
        assert (record.usage.prompt, record.usage.completion) == (7, 5)

    def test_a_denied_text_is_a_problem_document(self, gate: Gate, scripted: Scripted, token: str) -> None:
        before = len(scripted.seen)
        reply = post(gate, "/any-json/predict/x", token, {"model": "ok", "inputs": [{"text": "Voldemort"}]})
        problem = reply.json()
        assert (reply.status_code, problem["status"], problem["code"]) == (403, 403, "prompt_denied")
        assert problem["request_id"] == reply.headers["x-request-id"]
        assert len(scripted.seen) == before

    @pytest.mark.parametrize("path", ["/any-json/train/x", "/any-json/predict/a/b", "/any-json/predict/a%2Fb"])
    def test_another_path_is_no_route(self, gate: Gate, token: str, path: str) -> None:
        reply = post(gate, path, token, {"model": "ok", "inputs": []})
        assert reply.status_code in (400, 403)
        assert reply.json()["code"] in ("route_unknown", "request_malformed")

    def test_an_upstreams_error_is_a_problem_document(self, gate: Gate, token: str) -> None:
        reply = post(gate, "/any-json/predict/x", token, {"model": "500", "inputs": []})
        assert (reply.status_code, reply.json()["detail"]) == (500, "upstream says no")
