"""Access for a time, end to end: asked for at a real console, approved by rule or by a person, used at a real gate for
what it was given for and nothing else, from where it was bound to, until its end."""

import hashlib
import json
import os
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
import trustme

from e2e.console.console import ROLES, Console
from e2e.gate import NARROWS, Gate
from e2e.issuer import Issuer
from e2e.processes import free_port
from e2e.records import ended, until
from e2e.scripted import Scripted
from narrows.client.logins import Login, Logins
from narrows.client.tokens import Tokens
from narrows.model.secret import Secret

HELLO = [{"role": "user", "content": "hello"}]
OPENAI = {"connections": ["openai"], "operations": ["chat", "models"]}
RULES = [
    {
        "name": "small",
        "who": {"groups": ["research"]},
        "may": {**OPENAI, "models": ["ok", "silent"]},
        "longest": "1h",
        "approve": "rule",
    },
    {
        "name": "here",
        "who": {"groups": ["travel"]},
        "may": {**OPENAI, "models": ["*"]},
        "approve": "rule",
        "bind": ["network"],
    },
    {
        "name": "device",
        "who": {"groups": ["device"]},
        "may": {**OPENAI, "models": ["*"]},
        "approve": "rule",
        "bind": ["certificate"],
    },
    {
        "name": "large",
        "who": {"groups": ["research"]},
        "may": {**OPENAI, "models": ["*"]},
        "approve": {"by": ["security"], "needed": 2},
    },
]
POLICIES = [
    {
        "name": "with-access",
        "who": {"credential": ["grant"]},
        "may": {"connections": ["*"], "models": ["*"], "operations": ["*"]},
    },
    {
        "name": "always",
        "who": {"groups": ["research"]},
        "may": {"connections": ["openai"], "models": ["500"], "operations": ["chat"]},
    },
]


class Place(NamedTuple):
    """A gate with TLS that asks for client certificates, a console beside it, and who signs what."""

    gate: Gate
    console: Console
    issuer: Issuer
    servers: trustme.CA
    clients: trustme.CA

    def call(
        self,
        token: str,
        model: str = "ok",
        connection: str = "openai",
        address: str = "192.0.2.7",
        leaf: trustme.LeafCert | None = None,
    ) -> httpx.Response:
        context = ssl.create_default_context()
        self.servers.configure_trust(context)
        if leaf is not None:
            leaf.configure_cert(context)
        headers = {"authorization": f"Bearer {token}", "x-forwarded-for": address}
        url = f"{self.gate.url}/{connection}/v1/chat/completions"
        body = {"model": model, "messages": HELLO}
        return httpx.post(url, json=body, headers=headers, verify=context, timeout=30)

    def ask(self, who: str, *groups: str, **changes: Any) -> dict[str, Any]:
        """What has become of a request for the model `ok`."""
        wish = {**OPENAI, "models": ["ok"], "for": "1h", "reason": "the outage", **changes}
        with self.console.client(who, *groups) as client:
            reply = client.post("/api/v1/access", json=wish)
        assert reply.status_code == 201, reply.text
        shown: dict[str, Any] = reply.json()
        return shown

    def token(self, ident: str, who: str, *groups: str) -> str:
        with self.console.client(who, *groups) as client:
            reply = client.post(f"/api/v1/access/{ident}/token")
        assert reply.status_code == 201, reply.text
        return str(reply.json()["token"])


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, issuer: Issuer, scripted: Scripted) -> Iterator[Place]:
    folder: Path = tmp_path_factory.mktemp("access")
    servers, clients = trustme.CA(), trustme.CA()
    issued = servers.issue_cert("127.0.0.1")
    issued.private_key_pem.write_to_path(folder / "gate.key")
    (folder / "gate.pem").write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    clients.cert_pem.write_to_path(folder / "clients.pem")
    upstream = {"url": scripted.url, "dialect": "openai", "credential": {"none": True}}
    tls = {name: str(folder / file) for name, file in (("certificate", "gate.pem"), ("key", "gate.key"))}
    settings: dict[str, Any] = {
        "gate": {"tls": {**tls, "client_ca": str(folder / "clients.pem")}, "trusted_proxies": ["127.0.0.1/32"]},
        "recording": {"durability": "normal"},
        "console": {"listen": f"127.0.0.1:{free_port()}", "roles": ROLES},
        "identity": {"issuers": [issuer.settings()]},
        "connections": {"openai": upstream, "other": upstream},
        "access": {"rules": RULES},
        "policies": POLICIES,
    }
    gate = Gate(folder, settings).start()
    console = Console.beside(gate, issuer).start()
    yield Place(gate, console, issuer, servers, clients)
    assert console.server.stop() == 0, console.server.output
    assert gate.stop() == 0, gate.output
    assert "Traceback" not in gate.output + console.server.output


def refusal(reply: httpx.Response) -> tuple[int, str]:
    return reply.status_code, reply.json()["error"]["code"]


def test_what_a_rule_approves_is_good_for_just_that(place: Place, issuer: Issuer) -> None:
    own = issuer.token("ada", ("research",))
    assert refusal(place.call(own)) == (403, "model_not_allowed")
    given = place.ask("ada", "research")
    assert (given["state"], given["rule"]) == ("active", "small")
    token = place.token(given["id"], "ada", "research")
    reply = place.call(token)
    assert reply.status_code == 200, reply.text
    record = ended(place.gate, reply.headers["narrows-call-id"])
    assert record.credential == f"tok_{token[7:19]}"
    assert refusal(place.call(token, "500")) == (403, "scope_exceeded")
    assert refusal(place.call(token, connection="other")) == (403, "scope_exceeded")
    late = place.call(token, "silent-1")
    assert refusal(late) == (403, "scope_exceeded")
    assert ended(place.gate, late.headers["narrows-call-id"]).refusal == "scope_exceeded"


def test_lists_of_models_show_what_a_token_is_good_for(place: Place) -> None:
    token = place.token(place.ask("ida", "research", models=["ok", "silent"])["id"], "ida", "research")
    context = ssl.create_default_context()
    place.servers.configure_trust(context)
    headers = {"authorization": f"Bearer {token}"}
    reply = httpx.get(f"{place.gate.url}/openai/v1/models", headers=headers, verify=context)
    assert {model["id"] for model in reply.json()["data"]} == {"ok", "silent"}


def test_it_ends_by_itself(place: Place) -> None:
    token = place.token(place.ask("bea", "research", **{"for": "3s"})["id"], "bea", "research")
    assert place.call(token).status_code == 200
    over = until(lambda: (reply := place.call(token)).status_code == 401 and reply)
    assert refusal(over) == (401, "credential_expired")


def test_two_others_approve_and_nobody_for_themselves(place: Place) -> None:
    asked = place.ask("cid", "research", "security", models=["*"])
    one = f"/api/v1/access/{asked['id']}"
    assert (asked["state"], asked["rule"]) == ("pending", "large")
    with place.console.client("cid", "research", "security") as cid:
        assert cid.post(f"{one}/approve").json()["code"] == "own_access"
        assert cid.post(f"{one}/token").json()["code"] == "grant_closed"
    for who, state in (("sam", "pending"), ("sue", "active")):
        with place.console.client(who, "security") as client:
            said = client.post(f"{one}/approve", json={"reason": "agreed"}).json()
            assert (said["recorded"], said["access"]["state"]) == (True, state)
    token = place.token(asked["id"], "cid", "research", "security")
    assert place.call(token, "fine").status_code != 403


def test_revoking_the_grant_ends_its_tokens(place: Place) -> None:
    given = place.ask("dan", "research")
    tokens = [place.token(given["id"], "dan", "research") for _ in range(2)]
    assert [place.call(token).status_code for token in tokens] == [200, 200]
    done = place.gate.run("revoke", "grant", given["id"], "--reason", "lost")
    assert done.returncode == 0, done.stderr
    for token in tokens:
        assert refusal(place.call(token)) == (401, "credential_revoked")
    with place.console.client("dan", "research") as dan:
        assert dan.get(f"/api/v1/access/{given['id']}").json()["state"] == "revoked"
        assert dan.post(f"/api/v1/access/{given['id']}/token").json()["code"] == "grant_closed"


def test_the_first_network_is_the_only_one_after_a_restart_too(place: Place) -> None:
    token = place.token(place.ask("eli", "travel")["id"], "eli", "travel")
    assert place.call(token, address="2001:db8:1:2::1").status_code == 200
    assert place.call(token, address="2001:db8:1:2::ffff").status_code == 200
    assert refusal(place.call(token, address="2001:db8:1:3::1")) == (401, "credential_bound")
    assert place.gate.stop() == 0
    place.gate.start()
    assert refusal(place.call(token, address="192.0.2.7")) == (401, "credential_bound")
    assert place.call(token, address="2001:db8:1:2::1").status_code == 200
    assert "credential_bound: the credential tok_" in place.gate.output


def test_a_certificate_binds_and_a_token_without_it_is_nothing(place: Place) -> None:
    leaf, other = place.clients.issue_cert("fay@example.com"), place.clients.issue_cert("eve@example.com")
    der = ssl.PEM_cert_to_DER_cert(leaf.cert_chain_pems[0].bytes().decode())
    with place.console.client("fay", "device") as fay:
        wish = {**OPENAI, "models": ["ok"], "for": "1h", "reason": "the outage"}
        assert fay.post("/api/v1/access", json=wish).json()["code"] == "access_not_offered"
    given = place.ask("fay", "device", certificate=hashlib.sha256(der).hexdigest())
    token = place.token(given["id"], "fay", "device")
    assert place.call(token, leaf=leaf).status_code == 200
    for shown in (None, other):
        assert refusal(place.call(token, leaf=shown)) == (401, "credential_bound")
    stranger = trustme.CA().issue_cert("fay@example.com")
    with pytest.raises(httpx.HTTPError):
        place.call(token, leaf=stranger)


def test_the_command_line_asks_with_a_sign_in_and_decides_beside_the_store(place: Place, tmp_path: Path) -> None:
    now = int(time.time())
    url = place.gate.url
    login = Login(url, {}, {}, "hal", "hal", now, console=place.console.url)
    key = Secret(place.issuer.token("hal", ("research",)))
    Logins(tmp_path / "narrows").keep(login, Tokens(key, now + 600, now))
    here = {**os.environ, "XDG_STATE_HOME": str(tmp_path), "NARROWS_URL": url}

    def narrows(*arguments: str) -> str:
        done = subprocess.run(
            [NARROWS, "access", *arguments], capture_output=True, text=True, timeout=60, check=False, env=here
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    wish = ("--connection", "openai", "--operation", "chat", "--for", "10m", "--reason", "the outage")
    asked = json.loads(narrows("request", *wish, "--model", "*", "--json"))
    assert asked["state"] == "pending"
    for _ in range(2):
        # As the same person: one operator is one of the two who must approve.
        place.gate.run("access", "approve", asked["id"])
    assert json.loads(narrows("show", asked["id"], "--json"))["state"] == "pending"
    with place.console.client("sam", "security") as sam:
        assert sam.post(f"/api/v1/access/{asked['id']}/approve").json()["access"]["state"] == "active"
    assert place.call(narrows("token", asked["id"]).strip(), "ok").status_code == 200


def test_a_token_for_calls_opens_no_console(place: Place) -> None:
    token = place.token(place.ask("gil", "research")["id"], "gil", "research")
    headers = {"authorization": f"Bearer {token}"}
    reply = httpx.get(f"{place.console.url}/api/v1/whoami", headers=headers)
    assert (reply.status_code, reply.json()["code"]) == (403, "scope_exceeded")
