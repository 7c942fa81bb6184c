"""How tools are set up to call a gate: for each, the file it reads and what belongs there, or the code to write.

One table. A tool that can run a command for its credential talks to the gate itself; every other one talks to the
loopback proxy. The settings are those that the tools' own documentation gives. Nothing here holds a token.
"""

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal

import msgspec

MODEL: Final = "MODEL"
"""Stands where nobody has said which model."""

UNUSED: Final = "unused"
"""The API key of tools behind the proxy, which leaves it out."""

_REFRESH: Final = 60_000
"""Milliseconds for which a tool keeps what `narrows token` printed: less than any token has left then."""


class Setup(msgspec.Struct, frozen=True):
    """What a tool is to use. `openai` and `anthropic` are base URLs of the gate, `proxy_openai` and `proxy_anthropic`
    of the loopback proxy; `command` prints a fresh token; `home` is where the person's files are."""

    openai: str
    anthropic: str
    proxy_openai: str
    proxy_anthropic: str
    command: tuple[str, ...]
    home: Path
    model: str = MODEL
    key: str = UNUSED


class Told(msgspec.Struct, frozen=True):
    """A tool's setup. `text` is shown; with a `path` it can be written there, as `kind` says, and what is named in
    `kept` stays as it is there. `proxied`: the proxy must run. `note` says what else to know."""

    text: str
    kind: Literal["json", "toml", "yaml", "text"] = "text"
    path: Path | None = None
    kept: frozenset[str] = frozenset()
    proxied: bool = False
    note: str = ""


class Recipe(msgspec.Struct, frozen=True):
    """One tool."""

    title: str
    make: Callable[[Setup], Told]


def _claude_code(setup: Setup) -> Told:
    # https://code.claude.com/docs/en/settings and .../llm-gateway: the helper's output is sent as the API key.
    settings = {
        "apiKeyHelper": shlex.join(setup.command),
        "env": {"ANTHROPIC_BASE_URL": setup.anthropic, "CLAUDE_CODE_API_KEY_HELPER_TTL_MS": str(_REFRESH)},
    }
    return Told(
        json.dumps(settings, indent=2) + "\n",
        "json",
        setup.home / ".claude" / "settings.json",
        note="ANTHROPIC_API_KEY and ANTHROPIC_AUTH_TOKEN must not be set: they come before it.",
    )


def _codex(setup: Setup) -> Told:
    # https://developers.openai.com/codex/config-advanced: a provider whose bearer token a command prints.
    program, *arguments = setup.command
    lines = [
        'model_provider = "narrows"',
        *([] if setup.model == MODEL else [f"model = {json.dumps(setup.model)}"]),
        "",
        "[model_providers.narrows]",
        'name = "Narrows"',
        f"base_url = {json.dumps(setup.openai)}",
        'wire_api = "responses"',
        "",
        "[model_providers.narrows.auth]",
        f"command = {json.dumps(program)}",
        f"args = {json.dumps(arguments)}",
        f"refresh_interval_ms = {_REFRESH}",
    ]
    return Told(
        "\n".join(lines) + "\n",
        "toml",
        setup.home / ".codex" / "config.toml",
        note="A Codex that does not know `auth` yet can use the proxy: `narrows setup shell`.",
    )


def _continue(setup: Setup) -> Told:
    # https://docs.continue.dev/reference
    lines = [
        "name: Narrows",
        "version: 1.0.0",
        "schema: v1",
        "models:",
        "  - name: Narrows",
        "    provider: openai",
        f"    model: {json.dumps(setup.model)}",
        f"    apiBase: {json.dumps(setup.proxy_openai)}",
        f"    apiKey: {json.dumps(setup.key)}",
    ]
    path = setup.home / ".continue" / "config.yaml"
    return Told("\n".join(lines) + "\n", "yaml", path, frozenset({"name", "version", "schema"}), proxied=True)


def _aider(setup: Setup) -> Told:
    # https://aider.chat/docs/config/aider_conf.html and /docs/llms/openai-compat.html
    lines = [
        f"openai-api-base: {json.dumps(setup.proxy_openai)}",
        f"openai-api-key: {json.dumps(setup.key)}",
        f"model: {json.dumps('openai/' + setup.model)}",
    ]
    return Told("\n".join(lines) + "\n", "yaml", setup.home / ".aider.conf.yml", proxied=True)


def _cline(setup: Setup) -> Told:
    # https://docs.cline.bot/provider-config/openai-compatible: settings are made in its panel only.
    text = f"""In Cline's settings:
  API Provider  OpenAI Compatible
  Base URL      {setup.proxy_openai}
  API Key       {setup.key}
  Model ID      {setup.model}
"""
    return Told(text, proxied=True)


def _openai_python(setup: Setup) -> Told:
    return Told(
        f"""import subprocess

from openai import OpenAI


def token() -> str:
    return subprocess.run({list(setup.command)!r}, check=True, capture_output=True, text=True).stdout.strip()


client = OpenAI(base_url={setup.openai!r}, api_key=token)
""",
        note="The SDK asks for the key before each request (openai 1.106 or newer); older ones can use the proxy.",
    )


def _openai_node(setup: Setup) -> Told:
    program, *arguments = setup.command
    return Told(
        f"""import {{ execFileSync }} from "node:child_process";
import OpenAI from "openai";

const token = async () =>
  execFileSync({json.dumps(program)}, {json.dumps(arguments)}, {{ encoding: "utf8" }}).trim();

const client = new OpenAI({{ baseURL: {json.dumps(setup.openai)}, apiKey: token }});
""",
        note="The SDK asks for the key before each request (openai 6 or newer); older ones can use the proxy.",
    )


def _anthropic_python(setup: Setup) -> Told:
    return Told(
        f"""from anthropic import Anthropic

client = Anthropic(base_url={setup.proxy_anthropic!r}, api_key={setup.key!r})
""",
        proxied=True,
    )


def _anthropic_node(setup: Setup) -> Told:
    return Told(
        f"""import Anthropic from "@anthropic-ai/sdk";

const client = new Anthropic({{ baseURL: {json.dumps(setup.proxy_anthropic)}, apiKey: {json.dumps(setup.key)} }});
""",
        proxied=True,
    )


def _langchain(setup: Setup) -> Told:
    return Told(
        f"""from langchain_openai import ChatOpenAI

llm = ChatOpenAI(model={setup.model!r}, base_url={setup.proxy_openai!r}, api_key={setup.key!r})
""",
        proxied=True,
    )


def _llama_index(setup: Setup) -> Told:
    return Told(
        f"""from llama_index.llms.openai_like import OpenAILike

llm = OpenAILike(
    model={setup.model!r}, api_base={setup.proxy_openai!r}, api_key={setup.key!r}, is_chat_model=True
)
""",
        proxied=True,
        note="From the package llama-index-llms-openai-like.",
    )


def _curl(setup: Setup) -> Told:
    token = shlex.join(setup.command)
    return Told(f'curl {shlex.quote(setup.openai + "/models")} -H "Authorization: Bearer $({token})"\n')


def _shell(setup: Setup) -> Told:
    pairs = {
        "OPENAI_BASE_URL": setup.proxy_openai,
        "OPENAI_API_BASE": setup.proxy_openai,
        "OPENAI_API_KEY": setup.key,
        "ANTHROPIC_BASE_URL": setup.proxy_anthropic,
        "ANTHROPIC_API_KEY": setup.key,
    }
    lines = [f"export {name}={shlex.quote(value)}" for name, value in pairs.items()]
    return Told("\n".join(lines) + "\n", proxied=True)


RECIPES: Final = {
    "claude-code": Recipe("Claude Code", _claude_code),
    "codex": Recipe("Codex CLI", _codex),
    "continue": Recipe("Continue", _continue),
    "cline": Recipe("Cline", _cline),
    "aider": Recipe("Aider", _aider),
    "openai-python": Recipe("OpenAI's SDK for Python", _openai_python),
    "openai-node": Recipe("OpenAI's SDK for Node", _openai_node),
    "anthropic-python": Recipe("Anthropic's SDK for Python", _anthropic_python),
    "anthropic-node": Recipe("Anthropic's SDK for Node", _anthropic_node),
    "langchain": Recipe("LangChain", _langchain),
    "llama-index": Recipe("LlamaIndex", _llama_index),
    "curl": Recipe("curl", _curl),
    "shell": Recipe("whatever reads these variables", _shell),
}
