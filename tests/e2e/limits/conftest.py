"""A gate whose every policy limits one group, so that a test has its users, its counters and its upstream to itself."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import openai
import pytest

from e2e.gate import Gate
from e2e.issuer import Issuer
from e2e.records import until
from e2e.scripted import Scripted
from narrows.stores.sqlite.archive import Archive
from narrows.stores.sqlite.selection import Filters
from narrows.stores.sqlite.views import CallView

HELLO: Any = [{"role": "user", "content": "hello"}]

PRICES = [{"models": ["*"], "input": 1, "output": 10}]
"""A millionth of a dollar for each token of a prompt, ten for each of a reply."""


def policy(name: str, **limits: Any) -> dict[str, Any]:
    """A policy that limits the group of its own name."""
    may = {"connections": ["*"], "models": ["*"], "operations": ["*"]}
    return {"name": name, "who": {"groups": [name]}, "may": may, "limits": limits}


CALLS = {"per": "day", "scope": "user"}

POLICIES = [
    policy("dear", budgets=["0.0008 usd / day / user"]),
    policy("patiently", calls="2 / second"),
    policy("few", concurrent={"calls": 2}),
    policy("crew", concurrent={"agents": 3, "window": "5m"}),
    policy("named", concurrent={"agents": 3}, agents="declared"),
    policy("capped", max_cost="0.001 usd"),
    policy("lenient", budgets=[{"limit": "1 usd", "per": "day", "scope": "user", "unpriced": "allow"}]),
    policy("shared", budgets=["3 calls / day / group"]),
    policy("also-shared", budgets=["5 calls / day / group"]),
    policy("on-behalf", budgets=["2 calls / day / end user"]),
    {
        **policy("portal", budgets=["2 calls / day / end user"], concurrent={"calls": 8}),
        "who": {"service_accounts": ["portal", "batch"]},
    },
    policy("counted", budgets=["50 calls / day / user"]),
    policy("metered", budgets=["9000 tokens / day / user"]),
    policy("left", budgets=["100000 tokens / day / user"], concurrent={"calls": 1}),
    policy("once", budgets=["1 call / day / user"]),
    policy("watched", budgets=["1 call / day / user"], mode="observe"),
    policy("looked-at", budgets=["1 usd / day / user"], mode="observe"),
    policy("lied-to", budgets=["1 usd / day / user", "100000 tokens / day / user"]),
    policy("cut", budgets=["1 usd / day / user"]),
    {**policy("shouting", calls="3 / hour"), "prompts": [{"deny": {"pattern": "(?i)drop table", "name": "sql"}}]},
    policy(
        "measured", budgets=[{"limit": "3 calls", "per": "day", "scope": "user", "soft": "50%"}, "1 usd / day / user"]
    ),
    policy("large", budgets=["2 calls / day / user", "1 usd / day / user"]),
]


def configuration(issuer: Issuer, scripted: Scripted, policies: list[dict[str, Any]]) -> dict[str, Any]:
    """A gate before the scripted upstream, with prices and without."""
    connection = {"url": scripted.url, "dialect": "openai", "credential": {"none": True}, "output_default": 100}
    return {
        "gate": {"drain": "2s", "trusted_proxies": ["127.0.0.1"]},
        "recording": {"durability": "normal"},
        "identity": {"issuers": [issuer.settings()]},
        "connections": {
            "priced": {**connection, "prices": PRICES},
            "unpriced": {**connection, "models": ["*"]},
            "claude": {**connection, "dialect": "anthropic"},
            "hasty": {**connection, "prices": PRICES, "timeouts": {"first_byte": "1s"}},
        },
        "limits": {"end_user": {"header": "x-end-user", "from": ["portal"]}},
        "policies": policies,
    }


@pytest.fixture(scope="package")
def gate(tmp_path_factory: pytest.TempPathFactory, issuer: Issuer, scripted: Scripted) -> Iterator[Gate]:
    """One gate for all of them. It must have logged no traceback when they are done."""
    gate = Gate(tmp_path_factory.mktemp("limits"), configuration(issuer, scripted, POLICIES)).start()
    yield gate
    assert gate.stop() == 0, gate.output
    assert "Traceback" not in gate.output, gate.output


Asks = Callable[..., openai.OpenAI]


@pytest.fixture
def client(gate: Gate, issuer: Issuer) -> Iterator[Asks]:
    """Makes official OpenAI clients: `client("dear")` is of somebody in that group. They try again as they come."""
    made: list[openai.OpenAI] = []

    def make(*groups: str, user: str = "", connection: str = "priced", **options: Any) -> openai.OpenAI:
        token = issuer.token(user or f"{groups[0]}-user", groups)
        made.append(openai.OpenAI(base_url=f"{gate.url}/{connection}/v1", api_key=token, timeout=30, **options))
        return made[-1]

    yield make
    for client in made:
        client.close()


def ask(client: openai.OpenAI, model: str = "ok", **more: Any) -> Any:
    """A small chat call; the model's name says how the upstream behaves."""
    return client.chat.completions.create(model=model, messages=HELLO, **{"max_tokens": 10, **more})


def code(refused: openai.APIStatusError) -> str:
    return str(refused.response.json()["error"]["code"])


def recorded(gate: Gate, user: str, least: int = 1) -> list[CallView]:
    """The calls of a user, oldest first, once there are so many or more and all have ended."""

    def look() -> list[CallView] | None:
        found = list(Archive(gate.store).calls(Filters(user=f"corp:{user}"), newest_first=False))
        return found if len(found) >= least and all(call.outcome or not call.forwarded for call in found) else None

    views = until(look)
    assert views is not None
    return views


def settled(call: CallView) -> int:
    """What a call came to on its only budget."""
    assert call.settled is not None
    (amount,) = call.settled.values()
    return amount


def reserved(call: CallView) -> int:
    """What it held there."""
    assert call.reserved is not None
    (amount,) = call.reserved.values()
    return amount


def raw(gate: Gate, token: str, headers: dict[str, str] | None = None, **body: Any) -> httpx.Response:
    """The same without a client that tries again."""
    asked = {"model": "ok", "messages": HELLO, "max_tokens": 10, **body}
    return httpx.post(
        f"{gate.url}/priced/v1/chat/completions",
        content=json.dumps(asked),
        headers={"authorization": f"Bearer {token}", "content-type": "application/json", **(headers or {})},
        timeout=30,
        trust_env=False,
    )
