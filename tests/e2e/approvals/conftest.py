"""A gate whose policies ask people, one policy for each group, so that a test has its users and tickets to itself."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import Any, Generic, TypeVar

import anthropic
import httpx
import openai
import pytest

from e2e.gate import Gate
from e2e.issuer import Issuer
from e2e.records import until
from e2e.scripted import Scripted
from narrows.model.approval import Answered, Decision, Review, Ticket, TicketState
from narrows.stores.sqlite.decisions import SqliteDecisions
from narrows.wiring.clock import SystemClock

T = TypeVar("T")

MAY: dict[str, Any] = {"connections": ["*"], "models": ["*"], "operations": ["*"]}
RISKY: Any = [{"role": "user", "content": "please delete it"}]


def rule(**more: Any) -> dict[str, Any]:
    """A rule that asks security about `delete`."""
    return {"approve": {"name": "risky", "words": ["delete"], "in": ["user"], "by": ["security"], **more}}


def policy(name: str, *rules: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A policy for the group of its own name."""
    return {"name": name, "who": {"groups": [name]}, "may": MAY, "prompts": list(rules), **more}


def conditions(name: str, **condition: Any) -> dict[str, Any]:
    """A policy that asks about calls, whatever they say."""
    return policy(name, approvals=[{"name": "dear", "by": ["security"], "hold": "20s", **condition}])


MASK = [{"entities": ["EMAIL_ADDRESS"], "where": ["prompt"], "with": "redact"}]

POLICIES = [
    policy("held", rule(hold="20s")),
    policy("brief", rule(hold="1s")),
    policy("masked", rule(hold="20s"), mask=MASK),
    policy("ephemeral", rule(hold="3s", expires="3s")),
    policy("why", rule(hold="20s", justification="required")),
    policy("pair", rule(hold="20s", needed=2)),
    policy("watched", rule(mode="observe")),
    policy("capped", rule(hold="20s"), limits={"output_tokens": 100}),
    conditions("first", first_use=True),
    conditions("long", prompt_tokens=100),
    conditions("dear", cost="0.01 usd"),
]


def configuration(issuer: Issuer, scripted: Scripted, llama: str, policies: list[dict[str, Any]]) -> dict[str, Any]:
    """A gate before the scripted upstream, and before llama.cpp for the other dialect."""
    own = {"none": True}
    prices = [{"models": ["*"], "input": 1, "output": 10}]
    return {
        "gate": {"drain": "5s"},
        "recording": {"durability": "normal"},
        "identity": {"issuers": [issuer.settings()]},
        "connections": {
            "openai": {"url": scripted.url, "dialect": "openai", "credential": own, "prices": prices},
            "claude": {"url": llama, "dialect": "anthropic", "credential": own, "prices": prices},
        },
        "policies": policies,
    }


class Desk:
    """Those who decide, beside a gate's store."""

    def __init__(self, store: Path) -> None:
        self._store = store

    def tickets(self, user: str, state: TicketState | None = None) -> list[Review]:
        """The tickets of a user, oldest first."""
        with closing(SqliteDecisions(self._store, SystemClock())) as decisions:
            found = [each for each in decisions.list() if each.ticket.requester == f"corp:{user}"]
        return [each for each in found if state in (None, each.state)]

    def every(self) -> list[Review]:
        """The tickets of everybody."""
        with closing(SqliteDecisions(self._store, SystemClock())) as decisions:
            return list(decisions.list())

    def asked(self, user: str, count: int = 1) -> Ticket:
        """The newest of so many tickets of a user, once they are there."""
        return until(lambda: (found := self.tickets(user)) and len(found) >= count and found)[-1].ticket

    def shown(self, ticket: Ticket) -> str:
        """What people see of it."""
        with closing(SqliteDecisions(self._store, SystemClock())) as decisions:
            body = decisions.content(ticket.id)
        assert body is not None
        return body.decode()

    def say(self, ticket: Ticket, answer: Answered = Answered.APPROVE, who: str = "corp:sam", **more: Any) -> Review:
        """Somebody of security decides."""
        with closing(SqliteDecisions(self._store, SystemClock())) as decisions:
            at = SystemClock().now()
            more = {"reason": "no", **more} if answer is Answered.REJECT else more
            return decisions.decide(Decision(ticket.id, who, answer, at, groups=("corp:security",), **more))


@pytest.fixture(scope="package")
def gate(tmp_path_factory: pytest.TempPathFactory, issuer: Issuer, scripted: Scripted, llama: str) -> Iterator[Gate]:
    """One gate for all of them. It must have logged no traceback when they are done."""
    gate = Gate(tmp_path_factory.mktemp("approvals"), configuration(issuer, scripted, llama, POLICIES)).start()
    yield gate
    assert gate.stop() == 0, gate.output
    assert "Traceback" not in gate.output, gate.output


@pytest.fixture
def desk(gate: Gate) -> Desk:
    return Desk(gate.store)


class Running(Generic[T]):
    """A call in a thread: `result` is what it gave, or raises what it raised."""

    def __init__(self, call: Callable[[], T]) -> None:
        self._call = call
        self._given: list[T] = []
        self._raised: list[BaseException] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def done(self) -> bool:
        return not self._thread.is_alive()

    def result(self, seconds: float = 60.0) -> T:
        self._thread.join(seconds)
        assert self.done, "it still runs"
        if self._raised:
            raise self._raised[0]
        return self._given[0]

    def _run(self) -> None:
        try:
            self._given.append(self._call())
        except BaseException as error:  # noqa: BLE001 - it is raised where the result is asked for
            self._raised.append(error)


def token(issuer: Issuer, group: str, user: str = "") -> str:
    return issuer.token(user or f"{group}-user", (group,))


def gpt(gate: Gate, key: str, **options: Any) -> AbstractContextManager[openai.OpenAI]:
    """The official SDK as it comes: its own timeouts and retries."""
    return openai.OpenAI(base_url=f"{gate.url}/openai/v1", api_key=key, **options)


def claude(gate: Gate, key: str, **options: Any) -> AbstractContextManager[anthropic.Anthropic]:
    return anthropic.Anthropic(base_url=f"{gate.url}/claude", auth_token=key, api_key=None, **options)


def post(
    gate: Gate,
    key: str,
    messages: Any = RISKY,
    headers: dict[str, str] | None = None,
    timeout: float = 40.0,
    **body: Any,
) -> httpx.Response:
    """The same without a client that tries again."""
    return httpx.post(
        f"{gate.url}/openai/v1/chat/completions",
        json={"model": "ok", "messages": messages, **body},
        headers={"authorization": f"Bearer {key}", **(headers or {})},
        timeout=timeout,
        trust_env=False,
    )


def code(response: httpx.Response) -> str:
    return str(response.json()["error"]["code"])
