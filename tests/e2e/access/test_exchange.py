"""A job of CI shows the token that its runner gave it, and calls a model as the service account of its rule."""

import json
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from e2e.console.console import Console
from e2e.gate import NARROWS, Gate
from e2e.issuer import Issuer
from e2e.processes import free_port
from e2e.records import until
from e2e.scripted import Scripted

JOB = {"repository": "acme/app", "ref": "refs/heads/main", "ref_protected": "true"}


@pytest.fixture(scope="module")
def runner() -> Iterator[Issuer]:
    """The issuer of workloads: a CI service, or a cluster."""
    with Issuer() as issuer:
        yield issuer


@pytest.fixture(scope="module")
def gate(
    tmp_path_factory: pytest.TempPathFactory, issuer: Issuer, runner: Issuer, scripted: Scripted
) -> Iterator[Gate]:
    login = {"client_id": "narrows-cli", "id_tokens": True}
    settings: dict[str, Any] = {
        "recording": {"durability": "normal"},
        "console": {"listen": f"127.0.0.1:{free_port()}", "roles": {"user": ["*"]}},
        "identity": {
            "issuers": [issuer.settings() | {"login": login}, runner.settings("ci") | {"tokens": "exchange"}],
        },
        "access": {
            "exchange": [
                {
                    "name": "acme-main",
                    "issuer": "ci",
                    "claims": {"repository": ["acme/*"], "ref": ["refs/heads/main"], "ref_protected": ["true"]},
                    "account": "acme-ci",
                    "owner": "corp:ana",
                    "purpose": "evaluation of releases",
                    "may": {"connections": ["openai"], "models": ["ok"], "operations": ["chat"]},
                    "longest": "10m",
                },
                {
                    "name": "acme-nightly",
                    "issuer": "ci",
                    "claims": {"repository": ["acme/nightly"], "kubernetes.io.namespace": ["ml"]},
                    "account": "acme-nightly",
                    "owner": "corp:eve",
                    "may": {"connections": ["openai"], "models": ["ok"], "operations": ["chat"]},
                },
            ]
        },
        "connections": {"openai": {"url": scripted.url, "dialect": "openai", "credential": {"none": True}}},
        "policies": [
            {
                "name": "automation",
                "who": {"service_accounts": ["acme-*"]},
                "may": {"connections": ["*"], "models": ["*"], "operations": ["*"]},
            },
            {
                "name": "research",
                "who": {"groups": ["research"]},
                "may": {"connections": ["*"], "models": ["*"], "operations": ["*"]},
            },
        ],
    }
    gate = Gate(tmp_path_factory.mktemp("exchange"), settings).start()
    yield gate
    assert gate.stop() == 0, gate.output


@pytest.fixture(scope="module")
def console(gate: Gate, issuer: Issuer) -> Iterator[Console]:
    console = Console.beside(gate, issuer).start()
    yield console
    assert console.server.stop() == 0
    assert "Traceback" not in console.server.output, console.server.output


def ask(console: Console, token: str, kind: str = "jwt", **more: str) -> httpx.Response:
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token": token,
        "subject_token_type": f"urn:ietf:params:oauth:token-type:{kind}",
    }
    return httpx.post(f"{console.url}/oauth/token", data=form | more, timeout=30)


def call(gate: Gate, token: str, model: str = "ok") -> Any:
    message: Any = {"role": "user", "content": "hello"}
    with openai.OpenAI(base_url=f"{gate.url}/openai/v1", api_key=token, max_retries=0) as client:
        return client.chat.completions.create(model=model, messages=[message])


def trail(store: Path) -> list[tuple[str, str, str, str]]:
    with sqlite3.connect(f"file:{store / 'control.db'}?mode=ro", uri=True) as connection:
        rows = connection.execute("SELECT who, action, target, outcome FROM audit ORDER BY seq").fetchall()
    return [tuple(row) for row in rows]


def test_a_job_calls_a_model_as_its_service_account(gate: Gate, console: Console, runner: Issuer) -> None:
    reply = ask(console, runner.token("repo:acme/app:ref:refs/heads/main", **JOB))
    assert reply.status_code == 200, reply.text
    given = reply.json()
    assert (given["token_type"], given["issued_token_type"]) == (
        "Bearer",
        "urn:ietf:params:oauth:token-type:access_token",
    )
    assert 590 < given["expires_in"] <= 600
    assert reply.headers["cache-control"] == "no-store"
    token = given["access_token"]
    assert token.startswith("nrw_at_")
    assert call(gate, token).choices[0].message.content is not None
    last = trail(console.store)[-2:]
    who = "ci:repo:acme/app:ref:refs/heads/main"
    assert [row[:2] for row in last] == [(who, "token.exchange")] * 2
    assert (last[0][2:], last[1][3], last[1][2][:4]) == (("narrows:acme-ci", "begun"), "done", "tok_")
    for name in ("control.db", "control.db-wal"):
        assert token.encode() not in (console.store / name).read_bytes()


def test_what_the_runner_signs_is_no_credential_itself(gate: Gate, runner: Issuer) -> None:
    with pytest.raises(openai.AuthenticationError):
        call(gate, runner.token("repo:acme/app:ref:refs/heads/main", **JOB))


def test_a_job_of_strangers_gets_nothing(console: Console, runner: Issuer) -> None:
    before = trail(console.store)
    for change in ({"repository": "acme-evil/app"}, {"ref": "refs/heads/x"}, {"ref_protected": "false"}):
        reply = ask(console, runner.token("anybody", **JOB | change))
        assert (reply.status_code, reply.json()["error"], reply.json()["code"]) == (
            400,
            "invalid_request",
            "not_permitted",
        )
    assert trail(console.store) == before


def test_a_person_signs_in_with_an_id_token(gate: Gate, console: Console, issuer: Issuer) -> None:
    id_token = issuer.token("ana", ("research",), aud="narrows-cli", sid="s-1", header={"typ": "JWT"})
    reply = ask(console, id_token, "id_token")
    assert reply.status_code == 200, reply.text
    assert call(gate, reply.json()["access_token"]).choices
    assert ask(console, issuer.token("ana", ("research",), aud="narrows-cli"), "id_token").status_code == 400


def test_what_its_owner_loses_the_job_loses(gate: Gate, console: Console, runner: Issuer) -> None:
    job = runner.token("nightly", repository="acme/nightly", **{"kubernetes.io": {"namespace": "ml"}})
    token = ask(console, job).json()["access_token"]
    assert call(gate, token).choices
    contain = [NARROWS, "contain", "corp:eve", "--reason", "left", "-c", str(gate.config)]
    # Of a gate that has no time to say within two seconds that it knows, the command says so, and fails.
    subprocess.run(contain, check=False, capture_output=True, timeout=60)

    def refused() -> str | None:
        try:
            call(gate, token)
        except openai.AuthenticationError as error:
            return str(error)
        return None

    assert "contained" in str(until(refused))
    reply = ask(console, job)
    assert (reply.status_code, reply.json()["code"]) == (400, "identity_contained")
    assert trail(console.store)[-1][1:] == ("token.exchange", "narrows:acme-nightly", "refused")


def test_its_use_is_in_the_report(gate: Gate, console: Console, runner: Issuer) -> None:
    token = ask(console, runner.token("repo:acme/app:ref:refs/heads/main", **JOB)).json()["access_token"]
    assert call(gate, token).choices

    # Uses are told once a minute, and when a gate ends.
    assert gate.stop() == 0
    gate.start()
    command = [NARROWS, "keys", "report", "--all", "--json", "-c", str(gate.config)]
    out = subprocess.run(command, check=True, capture_output=True, timeout=60, text=True).stdout
    rows = {row["id"]: row for row in map(json.loads, out.splitlines())}
    assert (rows["acme-main"]["found"], rows["acme-main"]["address"]) == ([], "127.0.0.1")
    assert rows["acme-main"]["account"] == "acme-ci"
