"""Where a provider's access tokens can't be verified, its ID token is exchanged at the console, by itself."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from e2e.gate import NARROWS, Gate
from e2e.login.person import Person
from e2e.oidc_provider.provider import OidcProvider
from e2e.processes import Server, free_port

LOGIN = {
    "client_id": "cli",
    "scopes": ["openid", "offline_access"],
    "parameters": {"prompt": "consent"},
    "id_tokens": True,
    "longest": "10m",
}
EVERYBODY = {
    "name": "people",
    "who": {"users": ["*"]},
    "may": {"connections": ["llama"], "models": ["*"], "operations": ["models"]},
}


@pytest.fixture(scope="module")
def id_gate(
    tmp_path_factory: pytest.TempPathFactory, oidc_provider: OidcProvider, settings: dict[str, Any]
) -> Iterator[Gate]:
    """A gate with its console. Access tokens of this provider are opaque, and nobody is asked about them."""
    directory, port = tmp_path_factory.mktemp("ids"), free_port()
    own = {
        **settings,
        "identity": {"issuers": [oidc_provider.settings(login=LOGIN)]},
        "console": {"listen": f"127.0.0.1:{port}", "url": f"http://127.0.0.1:{port}"},
        "policies": [EVERYBODY],
    }
    gate = Gate(directory, own).start()
    console = Server([NARROWS, "console", "-c", str(gate.config)], directory / "console.log", cwd=directory)
    try:
        console.wait_for(f"http://127.0.0.1:{port}/healthz")
        yield gate
    finally:
        console.stop()
        assert gate.stop() == 0, gate.output
    assert "Traceback" not in gate.output + console.output, gate.output + console.output


def status(gate: Gate, token: str) -> int:
    reply = httpx.get(f"{gate.url}/llama/v1/models", headers={"authorization": f"Bearer {token}"}, trust_env=False)
    return reply.status_code


def test_an_id_token_becomes_a_token_that_the_gate_takes_and_so_does_the_next(id_gate: Gate, tmp_path: Path) -> None:
    alice = Person("alice", tmp_path, id_gate.url)
    said = alice.sign_in("--browser")
    assert (said["subject"], said["renewed"]) == ("alice", True)
    token = alice.token()
    assert token.startswith("nrw_at_")
    assert status(id_gate, token) == 200
    alice.age(0)
    fresh = alice.token()
    assert fresh != token
    assert status(id_gate, fresh) == 200


def test_an_id_token_that_is_here_already(id_gate: Gate, tmp_path: Path, oidc_provider: OidcProvider) -> None:
    bob = Person("bob", tmp_path, id_gate.url)
    (bob.home / "token").write_text(oidc_provider.id_token("bob"))
    done = bob.run("login", "--url", id_gate.url, "--id-token", "token")
    assert done.returncode == 0, done.stderr
    assert "nothing to renew it with" in done.stderr
    assert status(id_gate, bob.token()) == 200
    (bob.home / "token").write_text(oidc_provider.id_token("bob")[:-4] + "AAAA")
    done = bob.run("login", "--url", id_gate.url, "--id-token", "-", given=(bob.home / "token").read_text())
    assert done.returncode == 1
    assert "can't be used" in done.stderr
