"""The demo's command before anything listens; that it runs is shown end to end."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from narrows.cli.demo import _command, _ready
from unit.cli.command import Ran
from unit.cli.test_welcome import RUNNING


def test_the_line_of_json_has_what_programs_need() -> None:
    ready = json.loads(json.dumps(_ready(RUNNING)))
    assert ready == {
        "gate": "http://127.0.0.1:8080",
        "console": "http://127.0.0.1:8081",
        "metrics": "http://127.0.0.1:9090/metrics",
        "connections": {
            "openai": {"base_url": "http://127.0.0.1:8080/openai/v1", "dialect": "openai"},
            "anthropic": {"base_url": "http://127.0.0.1:8080/anthropic", "dialect": "anthropic"},
        },
        "tokens": {"alice": "token-a", "bob": "token-b"},
    }


@pytest.mark.parametrize("arguments", [["--port", "70000"], ["--port", "x"], ["--delay", "-1"], ["--nope"]])
def test_bad_options_are_usage_errors(narrows: Callable[..., Ran], arguments: list[str]) -> None:
    ran = narrows("demo", *arguments)
    assert ran.code == 2
    assert arguments[0] in ran.err


def test_it_is_called_as_it_was_called(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "bin" / "narrows"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setattr("sys.argv", [str(program)])
    monkeypatch.setenv("PATH", "/nowhere")
    assert _command() == "bin/narrows"
    monkeypatch.chdir("/")
    assert _command() == str(program).lstrip("/")
    monkeypatch.setenv("PATH", str(program.parent))
    assert _command() == "narrows"
