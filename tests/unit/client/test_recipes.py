"""What each tool is told: settings in the form it reads, with the right address, and no credential."""

import ast
import json
import tomllib
from pathlib import Path

import msgspec
import pytest
import yaml

from narrows.client.recipes import RECIPES, Setup, Told

SETUP = Setup(
    openai="https://gate.test/openai/v1",
    anthropic="https://gate.test/claude",
    proxy_openai="http://127.0.0.1:8089/openai/v1",
    proxy_anthropic="http://127.0.0.1:8089/claude",
    command=("/opt/my tools/narrows", "token", "--url", "https://gate.test"),
    home=Path("/people/alice"),
    model="gpt-5",
)


def told(name: str) -> Told:
    return RECIPES[name].make(SETUP)


def test_claude_code_runs_the_command_for_its_key() -> None:
    found = json.loads(told("claude-code").text)
    assert found["apiKeyHelper"] == "'/opt/my tools/narrows' token --url https://gate.test"
    assert found["env"]["ANTHROPIC_BASE_URL"] == "https://gate.test/claude", "Claude Code adds /v1 itself"
    assert told("claude-code").path == Path("/people/alice/.claude/settings.json")


def test_codex_runs_the_command_for_its_key() -> None:
    found = tomllib.loads(told("codex").text)
    provider = found["model_providers"][found["model_provider"]]
    assert provider["base_url"] == "https://gate.test/openai/v1"
    assert provider["wire_api"] == "responses"
    assert provider["auth"]["command"] == "/opt/my tools/narrows"
    assert provider["auth"]["args"] == ["token", "--url", "https://gate.test"]
    assert "env_key" not in provider, "Codex takes one of the two"
    assert found["model"] == "gpt-5"


def test_continue_and_aider_call_the_proxy() -> None:
    (model,) = yaml.safe_load(told("continue").text)["models"]
    assert (model["provider"], model["apiBase"], model["apiKey"]) == ("openai", SETUP.proxy_openai, "unused")
    aider = yaml.safe_load(told("aider").text)
    assert (aider["openai-api-base"], aider["model"]) == (SETUP.proxy_openai, "openai/gpt-5")


@pytest.mark.parametrize("name", ["openai-python", "anthropic-python", "langchain", "llama-index"])
def test_code_in_python_is_code(name: str) -> None:
    ast.parse(told(name).text)


@pytest.mark.parametrize("name", RECIPES)
def test_who_calls_what(name: str) -> None:
    made = told(name)
    assert ("127.0.0.1:8089" in made.text) is made.proxied
    assert ("https://gate.test" in made.text) is not made.proxied
    assert made.text.endswith("\n")
    assert (made.kind == "text") is (made.path is None)


def test_a_model_that_nobody_named_is_not_set_for_codex() -> None:
    text = RECIPES["codex"].make(msgspec.structs.replace(SETUP, model="MODEL")).text
    assert "model" not in tomllib.loads(text)
