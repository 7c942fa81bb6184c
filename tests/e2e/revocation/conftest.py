"""A gate for revocations: everybody of `research` may call, what says `delete` waits for people."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from e2e.gate import Gate
from e2e.issuer import Issuer
from e2e.scripted import Scripted

MAY: dict[str, Any] = {"connections": ["*"], "models": ["*"], "operations": ["*"]}
ASKS = {"approve": {"name": "risky", "words": ["delete"], "in": ["user"], "by": ["security"], "hold": "50s"}}


@pytest.fixture(scope="package")
def gate(tmp_path_factory: pytest.TempPathFactory, issuer: Issuer, scripted: Scripted) -> Iterator[Gate]:
    """One gate for all of them. It must have logged no traceback when they are done."""
    settings = {
        "gate": {"drain": "2s"},
        "recording": {"durability": "normal"},
        "identity": {"issuers": [issuer.settings()]},
        "connections": {"openai": {"url": scripted.url, "dialect": "openai", "credential": {"none": True}}},
        "policies": [
            {"name": "people", "who": {"groups": ["research"]}, "may": MAY, "prompts": [ASKS]},
            {"name": "accounts", "who": {"service_accounts": ["*"]}, "may": MAY, "prompts": [ASKS]},
        ],
    }
    gate = Gate(tmp_path_factory.mktemp("revocation"), settings).start()
    yield gate
    assert gate.stop() == 0, gate.output
    assert "Traceback" not in gate.output, gate.output


class Caller:
    """Somebody with one credential. What it is answered has an error code, or none."""

    def __init__(self, gate: Gate, token: str) -> None:
        self._client = httpx.Client(
            base_url=gate.url, headers={"authorization": f"Bearer {token}", "user-agent": "laptop"}, timeout=20
        )

    def ask(self, text: str = "Hi", model: str = "ok", **headers: str) -> str | None:
        """The code of the refusal; None where it was answered."""
        body = {"model": model, "messages": [{"role": "user", "content": text}]}
        reply = self._client.post("/openai/v1/chat/completions", json=body, headers=headers)
        return reply.json().get("error", {}).get("code")

    def stream(self, model: str = "drips") -> "httpx.Response":
        """A stream that has begun; closed by whoever reads it."""
        body = {"model": model, "stream": True, "messages": [{"role": "user", "content": "Go on"}]}
        request = self._client.build_request("POST", "/openai/v1/chat/completions", json=body)
        return self._client.send(request, stream=True)

    def close(self) -> None:
        self._client.close()


@pytest.fixture
def callers(gate: Gate) -> Iterator[list[Caller]]:
    """Closed after the test."""
    made: list[Caller] = []
    yield made
    for each in made:
        each.close()
