"""A gate and a console on one data directory, and a provider that tells them of its people."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from e2e.console.console import ROLES, Console
from e2e.gate import Gate
from e2e.issuer import Issuer
from e2e.processes import free_port
from e2e.revocation.conftest import Caller, callers  # noqa: F401 - a fixture
from e2e.scripted import Scripted

TOKEN = "scim-canary-" + "7f3a9c" * 6
AUDIENCE = "https://narrows.example/ssf"
CLIENT = "narrows-cli"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


@pytest.fixture(scope="package")
def gate(tmp_path_factory: pytest.TempPathFactory, issuer: Issuer, scripted: Scripted) -> Iterator[Gate]:
    """People of `research` may call, as the directory says who they are. The canary must show nowhere."""
    provider: dict[str, Any] = {
        **issuer.settings(),
        "scim": {"token": TOKEN},
        "logout": {"clients": [CLIENT]},
        "events": {"issuer": issuer.url, "jwks_uri": f"{issuer.url}/jwks", "audience": [AUDIENCE]},
    }
    may = {"connections": ["*"], "models": ["*"], "operations": ["*"]}
    settings = {
        "gate": {"drain": "2s"},
        "recording": {"durability": "normal"},
        "console": {"listen": f"127.0.0.1:{free_port()}", "roles": ROLES},
        "identity": {"issuers": [provider]},
        "connections": {"openai": {"url": scripted.url, "dialect": "openai", "credential": {"none": True}}},
        "policies": [
            {"name": "people", "who": {"groups": ["research"]}, "may": may},
            {"name": "accounts", "who": {"service_accounts": ["*"]}, "may": may},
        ],
    }
    gate = Gate(tmp_path_factory.mktemp("directory"), settings).start()
    yield gate
    assert gate.stop() == 0, gate.output
    assert "Traceback" not in gate.output, gate.output


@pytest.fixture(scope="package")
def console(gate: Gate, issuer: Issuer) -> Iterator[Console]:
    console = Console.beside(gate, issuer).start()
    yield console
    assert console.server.stop() == 0
    assert "Traceback" not in console.server.output, console.server.output
    assert TOKEN not in console.server.output
    assert not any(TOKEN.encode() in path.read_bytes() for path in gate.store.rglob("*") if path.is_file())


class Provider:
    """The provider's side of SCIM."""

    def __init__(self, console: Console) -> None:
        headers = {"authorization": f"Bearer {TOKEN}", "content-type": "application/scim+json"}
        self.client = httpx.Client(base_url=f"{console.url}/scim/v2/corp", headers=headers, timeout=20)

    def make(self, kind: str, **body: Any) -> str:
        """The id of a new resource."""
        reply = self.client.post(f"/{kind}", json=body)
        assert reply.status_code == 201, reply.text
        return str(reply.json()["id"])

    def patch(self, path: str, *operations: dict[str, Any]) -> None:
        reply = self.client.patch(path, json={"schemas": [PATCH], "Operations": list(operations)})
        assert reply.status_code in (200, 204), reply.text

    def active(self, user: str, value: object) -> None:
        self.patch(f"/Users/{user}", {"op": "Replace", "path": "active", "value": value})

    def team(self, name: str) -> str:
        """The id of a group, made when it is not there."""
        found = self.client.get("/Groups", params={"filter": f'displayName eq "{name}"'}).json()["Resources"]
        return str(found[0]["id"]) if found else self.make("Groups", displayName=name)

    def member(self, team: str, user: str) -> None:
        self.patch(f"/Groups/{team}", {"op": "Add", "path": "members", "value": [{"value": user}]})


@pytest.fixture
def provider(console: Console) -> Iterator[Provider]:
    provider = Provider(console)
    yield provider
    provider.client.close()


def research(provider: Provider, name: str) -> str:
    """The id of a person of research."""
    user = provider.make("Users", userName=name)
    provider.member(provider.team("research"), user)
    return user


def person(gate: Gate, issuer: Issuer, made: list[Caller], name: str, **claims: Any) -> Caller:
    """Somebody whose token says nothing of groups."""
    caller = Caller(gate, issuer.token(name, **claims))
    made.append(caller)
    return caller
