"""What the end-to-end tests stand on: llama.cpp and a scripted upstream, an issuer, and a gate before them."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anthropic
import httpx
import openai
import pytest

from e2e.gate import Gate
from e2e.issuer import Issuer
from e2e.processes import Server, free_port
from e2e.scripted import Scripted
from soak import SOAK

HERE = Path(__file__).parent
UPSTREAM_SECRET = "upstream-canary-5f2b9c1e77"

RESEARCH: dict[str, Any] = {
    "name": "research",
    "who": {"groups": ["research"]},
    "may": {"connections": ["*"], "models": ["*"], "operations": ["*"]},
    "limits": {"prompt_tokens": 2000, "output_tokens": 48},
    "prompts": [
        {
            "deny": {
                "name": "no-overrides",
                "pattern": "(?i)ignore (all |previous )+instructions",
                "message": "Prompts that override instructions are not permitted.",
            }
        }
    ],
}
SUPPORT: dict[str, Any] = {
    "name": "support",
    "who": {"groups": ["support"]},
    "may": {"connections": ["llama", "claude"], "models": ["tiny"], "operations": ["chat", "models"]},
    "limits": {"prompt_tokens": 60},
}
PLATFORM: dict[str, Any] = {
    "name": "platform",
    "who": {"groups": ["platform"]},
    "may": {"connections": ["*"], "models": ["*"], "operations": ["*"], "parameters": ["n", "echo", "store"]},
}


@pytest.fixture(scope="session")
def soak() -> int:
    """How much longer than in the fast tier loops run."""
    return SOAK


def _llama(folder: Path, *arguments: str) -> Iterator[str]:
    port = free_port()
    command = [sys.executable, str(HERE / "tiny_model.py"), str(port), *arguments]
    server = Server(command, folder / "llama.log", cwd=folder)
    try:
        server.wait_for(f"http://127.0.0.1:{port}/health", 60)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.kill()


@pytest.fixture(scope="session")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """llama.cpp's own server, for text."""
    yield from _llama(tmp_path_factory.mktemp("llama"))


@pytest.fixture(scope="session")
def llama_embeddings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """llama.cpp's own server, for embeddings."""
    yield from _llama(tmp_path_factory.mktemp("embeddings"), "embed")


@pytest.fixture(scope="session")
def issuer() -> Iterator[Issuer]:
    with Issuer() as issuer:
        yield issuer


@pytest.fixture(scope="session")
def scripted() -> Iterator[Scripted]:
    server = Scripted().start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def settings(issuer: Issuer, llama: str, llama_embeddings: str, scripted: Scripted) -> dict[str, Any]:
    """A configuration with every upstream and the two policies; tests take it apart as they need."""
    quick = {"connect": "1s", "first_byte": "1s", "idle": "1s", "total": "3s"}
    own = {"none": True}
    credential = {"bearer": UPSTREAM_SECRET}
    return {
        "gate": {"drain": "2s"},
        "recording": {"durability": "normal"},
        "identity": {"issuers": [issuer.settings()]},
        "connections": {
            "llama": {"url": llama, "dialect": "openai", "credential": own, "aliases": {"assistant": "tiny"}},
            "claude": {"url": llama, "dialect": "anthropic", "credential": own},
            "embeddings": {"url": llama_embeddings, "dialect": "openai", "credential": own},
            "scripted": {
                "url": scripted.url, "dialect": "openai", "credential": credential, "timeouts": quick,
                "max_reply": "1mb", "aliases": {"fine": "ok", "team/fine": "500"},
            },
            "patient": {"url": scripted.url, "dialect": "openai", "credential": credential},
            "dead": {"url": f"http://127.0.0.1:{free_port()}", "dialect": "openai", "credential": own},
        },
        "policies": [RESEARCH, SUPPORT, PLATFORM],
    }  # fmt: skip


@pytest.fixture(scope="module")
def gate(tmp_path_factory: pytest.TempPathFactory, settings: dict[str, Any]) -> Iterator[Gate]:
    """One gate for a module's tests. It must have logged no traceback when they are done."""
    gate = Gate(tmp_path_factory.mktemp("gate"), settings).start()
    yield gate
    assert gate.stop() == 0, gate.output
    assert "Traceback" not in gate.output, gate.output


@pytest.fixture(scope="session")
def ada(issuer: Issuer) -> str:
    """The token of one of research."""
    return issuer.token("ada", ("research",))


@pytest.fixture(scope="session")
def bob(issuer: Issuer) -> str:
    """The token of one of support."""
    return issuer.token("bob", ("support",))


@pytest.fixture(scope="session")
def pat(issuer: Issuer) -> str:
    """The token of one of platform, whom nothing limits."""
    return issuer.token("pat", ("platform",))


@pytest.fixture
def openai_client(gate: Gate) -> Iterator[Callable[..., openai.OpenAI]]:
    """Makes official OpenAI clients: `openai_client(token, "llama")`. Only the base URL and the key differ."""
    made: list[openai.OpenAI] = []

    def make(token: str, connection: str = "llama") -> openai.OpenAI:
        made.append(openai.OpenAI(base_url=f"{gate.url}/{connection}/v1", api_key=token, max_retries=0, timeout=30))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def anthropic_client(gate: Gate) -> Iterator[Callable[..., anthropic.Anthropic]]:
    """Makes official Anthropic clients."""
    made: list[anthropic.Anthropic] = []

    def make(token: str, connection: str = "claude") -> anthropic.Anthropic:
        made.append(anthropic.Anthropic(base_url=f"{gate.url}/{connection}", api_key=token, max_retries=0, timeout=30))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def http(gate: Gate) -> Iterator[httpx.Client]:
    """A plain HTTP client of the gate."""
    with httpx.Client(base_url=gate.url, timeout=30) as client:
        yield client
