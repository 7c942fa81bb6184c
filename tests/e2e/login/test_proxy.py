"""The loopback proxy between official clients and a gate: the credential is added and renewed, replies stream."""

import json
import time
from collections.abc import Iterator

import anthropic
import httpx
import openai
import pytest

from e2e.gate import NARROWS, Gate
from e2e.login.person import Person
from e2e.processes import Server
from e2e.scripted import Scripted

USELESS = "not-a-token-of-anybody"
HELLO = [{"role": "user", "content": "hello model"}]


class Running:
    """A proxy that runs, and its person."""

    def __init__(self, person: Person, server: Server, url: str) -> None:
        self.person, self.server, self.url = person, server, url


@pytest.fixture(scope="module")
def proxy(login_gate: Gate, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One proxy for a module's tests."""
    home = tmp_path_factory.mktemp("alice")
    person = Person("alice", home, login_gate.url)
    person.sign_in("--browser")
    person.spoil(USELESS)
    server = Server([NARROWS, "proxy", "--port", "0", "--json"], home / "proxy.log", env=person.env, cwd=home)
    deadline = time.monotonic() + 30
    while "}" not in server.output:
        assert server.process.poll() is None, server.output
        assert time.monotonic() < deadline, server.output
        time.sleep(0.01)
    said = json.loads(server.output.splitlines()[0])
    assert said["gate"] == login_gate.url
    assert said["key"] is None
    yield Running(person, server, said["url"])
    assert server.stop() == 0, server.output
    assert "Traceback" not in server.output, server.output


def test_the_openai_sdk_streams_through_it(proxy: Running) -> None:
    with openai.OpenAI(base_url=f"{proxy.url}/llama/v1", api_key="unused", max_retries=0) as client:
        stream = client.chat.completions.create(model="tiny", messages=HELLO, max_tokens=8, temperature=0, stream=True)
        assert "".join(chunk.choices[0].delta.content or "" for chunk in stream)


def test_the_anthropic_sdk_streams_through_it(proxy: Running) -> None:
    with (
        anthropic.Anthropic(base_url=f"{proxy.url}/claude", api_key="unused", max_retries=0) as client,
        client.messages.stream(model="tiny", max_tokens=8, messages=HELLO) as stream,
    ):
        assert "".join(stream.text_stream)


def test_a_call_is_recorded_as_this_person_s_with_the_tools_own_name(proxy: Running, login_gate: Gate) -> None:
    httpx.get(f"{proxy.url}/llama/v1/models", headers={"user-agent": "my-tool/1"}, trust_env=False).raise_for_status()
    (row,) = [json.dumps(row) for row in login_gate.rows("sessions", "list") if "my-tool/1" in json.dumps(row)]
    assert "oidc:alice" in row


def test_a_token_that_the_gate_does_not_take_is_renewed_within_the_call(proxy: Running) -> None:
    """The fixture has made the kept token useless, though not old."""
    httpx.get(f"{proxy.url}/llama/v1/models", trust_env=False).raise_for_status()
    assert proxy.person.kept()["access"] != USELESS


def test_what_is_sent_arrives_at_once_and_who_hangs_up_is_missed_upstream(proxy: Running, scripted: Scripted) -> None:
    """The model begins a reply and says nothing more: what arrives was not held back."""
    with openai.OpenAI(base_url=f"{proxy.url}/patient/v1", api_key="unused", max_retries=0) as client:
        stream = client.chat.completions.create(model="stalls", messages=HELLO, stream=True)
        assert next(stream).choices[0].delta.content
        before = scripted.cut.count("stalls")
        stream.close()
    deadline = time.monotonic() + 30
    while scripted.cut.count("stalls") == before:
        assert time.monotonic() < deadline, "the model was left to stream to nobody"
        time.sleep(0.01)


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.test"},
        {"host": "evil.test:80"},
        {"origin": "https://evil.test"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
    ],
)
def test_a_web_page_does_not_get_through(proxy: Running, headers: dict[str, str]) -> None:
    for method in ("GET", "POST", "OPTIONS"):
        reply = httpx.request(method, f"{proxy.url}/llama/v1/models", headers=headers, trust_env=False)
        assert reply.status_code == 403
        assert reply.json()["error"]["code"] == "narrows_proxy"
        assert "access-control-allow-origin" not in reply.headers


def test_it_says_nothing_of_calls_and_never_a_token(proxy: Running) -> None:
    httpx.get(f"{proxy.url}/llama/v1/models?canary-query", headers={"x-api-key": "canary-key"}, trust_env=False)
    kept = proxy.person.kept()
    for secret in ("canary", kept["access"], kept["refresh"], "/llama"):
        assert secret not in proxy.server.output
