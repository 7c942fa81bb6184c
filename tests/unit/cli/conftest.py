"""The command as a user runs it, in this process: arguments in, exit code and what was printed out."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from narrows.cli.main import main
from unit.cli.command import Ran
from unit.cli.recorded import fill

CONFIG = """\
store: data
identity:
  issuers: [{name: corp, issuer: https://idp.example.com, audience: narrows}]
connections:
  openai: {url: https://api.example.com, dialect: openai, credential: {bearer: "${env:UPSTREAM_KEY}"}}
policies:
  - name: research
    who: {groups: [research]}
    may: {connections: [openai], models: ["gpt-*"], operations: [chat, models]}
    prompts: [{deny: {name: overrides, pattern: "(?i)ignore all"}}]
"""


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No configuration, demo or terminal of the machine gets in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("UPSTREAM_KEY", "upstream-canary-91c2")
    monkeypatch.delenv("NARROWS_CONFIG", raising=False)
    monkeypatch.setenv("TZ", "UTC")


@pytest.fixture(autouse=True)
def _own_log() -> Iterator[None]:
    """A command that sets up the log does so for its own output, which is closed after the test."""
    logger = logging.getLogger("narrows")
    before = (logger.handlers[:], logger.level, logger.propagate)
    yield
    logger.handlers[:], logger.level, logger.propagate = before


@pytest.fixture
def narrows(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    def run(*arguments: str) -> Ran:
        monkeypatch.setattr("sys.argv", ["narrows", *arguments])
        code = 0
        try:
            main()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 1 if ended.code else 0
        captured = capsys.readouterr()
        assert "Traceback" not in captured.out + captured.err
        return Ran(code, captured.out, captured.err)

    return run


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """./narrows.yaml."""
    path = tmp_path / "narrows.yaml"
    path.write_text(CONFIG)
    return path


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """./data, with the calls that `recorded` tells of."""
    asyncio.run(fill(tmp_path / "data"))
    return tmp_path / "data"
