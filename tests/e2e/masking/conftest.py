"""Gates that mask, before one scripted upstream: one group of callers for each way to mask."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import anthropic
import httpx
import openai
import pytest

import warm
from e2e import scripted as scripts
from e2e.gate import Gate
from e2e.issuer import Issuer
from e2e.scripted import Behaviour, Scripted
from narrows.masking.engine import Engine
from narrows.wiring.masking import EngineLoader

SOME = ["US_SSN", "CREDIT_CARD", "EMAIL_ADDRESS", "GITHUB_TOKEN"]
EVERYTHING: dict[str, Any] = {
    "connections": ["*"], "models": ["*"], "operations": ["*"], "parameters": ["n", "store", "echo"],
}  # fmt: skip
MASKS: dict[str, list[dict[str, Any]]] = {
    "redact": [{"entities": SOME}],
    "partial": [{"entities": SOME, "with": "partial"}],
    "hash": [{"entities": SOME, "with": "hash"}],
    "block": [{"entities": ["US_SSN"], "with": "block"}],
    "prompts": [{"entities": SOME, "where": ["prompt"]}],
    "replies": [{"entities": SOME, "where": ["response"]}],
    "observe": [{"entities": SOME, "mode": "observe"}],
    "fields": [{"fields": ["$.customer.ssn", "$.items[*].note", "password"]}],
    "allow": [{"entities": SOME, "allow": ["noreply@example.com"], "threshold": 0.8}],
}


def policy(group: str, mask: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {"name": group, "who": {"groups": [group]}, "may": EVERYTHING, "mask": mask, **more}


@pytest.fixture(scope="session")
def settings(issuer: Issuer, scripted: Scripted) -> dict[str, Any]:
    """A configuration with every dialect and a policy for each way to mask."""
    own = {"none": True}
    return {
        "gate": {"drain": "2s"},
        "recording": {"durability": "normal"},
        "identity": {"issuers": [issuer.settings()]},
        "connections": {
            "openai": {"url": scripted.url, "dialect": "openai", "credential": own},
            "claude": {"url": scripted.url, "dialect": "anthropic", "credential": own},
            "json": {"url": scripted.url, "dialect": "json", "credential": own},
        },
        "policies": [
            *(policy(group, mask) for group, mask in MASKS.items()),
            policy("media", MASKS["redact"], media="allow"),
        ],
    }


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """The engine of every shipped detector; its compiled patterns are kept for the gates, too."""
    directory = warm.lend(tmp_path_factory.mktemp("detectors"))
    engine = EngineLoader(directory).load(warm=False)
    warm.keep(directory)
    return engine


@pytest.fixture(scope="package")
def gate(tmp_path_factory: pytest.TempPathFactory, settings: dict[str, Any]) -> Iterator[Gate]:
    """One gate for all these tests. It must have logged no traceback when they are done."""
    gate = Gate(tmp_path_factory.mktemp("gate"), settings).start()
    yield gate
    assert gate.stop() == 0, gate.output
    assert "Traceback" not in gate.output, gate.output


@pytest.fixture(scope="session")
def token(issuer: Issuer) -> Callable[[str], str]:
    """The token of one whom this policy is about."""
    made: dict[str, str] = {}

    def of(group: str) -> str:
        return made.setdefault(group, issuer.token(f"user-of-{group}", (group,)))

    return of


@pytest.fixture
def says(monkeypatch: pytest.MonkeyPatch) -> Callable[[Behaviour], str]:
    """Teaches the upstream a behaviour; gives the model's name that asks for it."""
    numbers = itertools.count()

    def teach(behaviour: Behaviour) -> str:
        name = f"script-{next(numbers)}"
        monkeypatch.setitem(scripts.BEHAVIOURS, name, behaviour)
        return name

    return teach


Post = Callable[..., httpx.Response]


@pytest.fixture
def post(gate: Gate, token: Callable[[str], str]) -> Iterator[Post]:
    """Posts as one of a group: `post("redact", "/openai/v1/embeddings", {…})`."""
    with httpx.Client(base_url=gate.url, timeout=30) as client:

        def send(group: str, path: str, body: Any) -> httpx.Response:
            return client.post(path, json=body, headers={"authorization": f"Bearer {token(group)}"})

        yield send


@pytest.fixture
def openai_of(openai_client: Callable[..., openai.OpenAI], token: Callable[[str], str]) -> Callable[..., openai.OpenAI]:
    """The official OpenAI client of one of a group."""
    return lambda group: openai_client(token(group), "openai")


@pytest.fixture
def anthropic_of(
    anthropic_client: Callable[..., anthropic.Anthropic], token: Callable[[str], str]
) -> Callable[..., anthropic.Anthropic]:
    """The official Anthropic client of one of a group."""
    return lambda group: anthropic_client(token(group), "claude")
