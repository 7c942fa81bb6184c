"""What `narrows setup` prints and writes works as it stands: it is run here against a gate."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import httpx
import pytest

from e2e.gate import Gate
from e2e.login.person import Person

ASK = """
stream = client.chat.completions.create(
    model="tiny", messages=[{"role": "user", "content": "hello"}], max_tokens=4, stream=True
)
assert "".join(chunk.choices[0].delta.content or "" for chunk in stream)
print("answered")
"""


@pytest.fixture(scope="module")
def alice(login_gate: Gate, tmp_path_factory: pytest.TempPathFactory) -> Person:
    """Somebody who has signed in."""
    person = Person("alice", tmp_path_factory.mktemp("alice"), login_gate.url)
    person.sign_in("--browser")
    return person


def shown(person: Person, *arguments: str) -> str:
    done = person.run("setup", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def run(person: Person, *command: str) -> str:
    done = subprocess.run(
        command, env=person.env, cwd=person.home, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_openai_sdk_with_the_code_that_is_shown(alice: Person) -> None:
    code = shown(alice, "openai-python", "--connection", "llama") + ASK
    assert run(alice, sys.executable, "-c", code) == "answered\n"


def test_curl_with_the_line_that_is_shown(alice: Person) -> None:
    line = shown(alice, "curl", "--connection", "llama")
    assert json.loads(run(alice, "sh", "-c", line.replace("curl ", "curl --silent --fail ", 1)))["data"]


def test_what_is_written_for_claude_code_gives_it_a_key_that_the_gate_takes(alice: Person, login_gate: Gate) -> None:
    shown(alice, "claude-code", "--connection", "claude", "--write")
    settings = json.loads((alice.home / ".claude" / "settings.json").read_text())
    key = run(alice, "sh", "-c", settings["apiKeyHelper"]).strip()
    # Claude Code sends the helper's output both ways.
    reply = httpx.post(
        settings["env"]["ANTHROPIC_BASE_URL"] + "/v1/messages",
        json={"model": "tiny", "max_tokens": 4, "messages": [{"role": "user", "content": "hello"}]},
        headers={"x-api-key": key, "authorization": f"Bearer {key}", "anthropic-version": "2023-06-01"},
        trust_env=False,
        timeout=30,
    )
    assert reply.status_code == 200, reply.text


def test_what_is_written_for_codex_gives_it_a_key_that_the_gate_takes(alice: Person) -> None:
    shown(alice, "codex", "--connection", "llama", "--write")
    settings = tomllib.loads((alice.home / ".codex" / "config.toml").read_text())
    provider = settings["model_providers"][settings["model_provider"]]
    key = run(alice, provider["auth"]["command"], *provider["auth"]["args"]).strip()
    reply = httpx.get(
        provider["base_url"] + "/models", headers={"authorization": f"Bearer {key}"}, trust_env=False, timeout=30
    )
    assert reply.status_code == 200, reply.text
    assert not list(Path(alice.home / ".codex").glob("*.before-narrows*"))
