"""What the demo prints to paste."""

import msgspec

from narrows.cli.welcome import welcome
from narrows.demo.run import Running

RUNNING = Running(
    gate="http://127.0.0.1:8080",
    console="http://127.0.0.1:8081",
    provider="http://127.0.0.1:2",
    metrics="http://127.0.0.1:9090/metrics",
    data="/tmp/demo",
    config="/tmp/demo/demo.yaml",
    keeps=False,
    found=True,
    upstream=None,
    tokens={"alice": "token-a", "bob": "token-b"},
)


def test_it_can_be_pasted() -> None:
    text = welcome(RUNNING, "sample-small", "narrows")
    for part in (
        "export ALICE=token-a\ncurl http://127.0.0.1:8080/openai/v1/chat/completions",
        'base_url="http://127.0.0.1:8080/openai/v1"',
        'base_url="http://127.0.0.1:8080/anthropic"',
        "FOR DEVELOPMENT ONLY",
        "\nnarrows sessions list\n",
        "\nnarrows usage budgets -c /tmp/demo/demo.yaml\n",
        "removed at the end",
    ):
        assert part in text


def test_it_follows_what_runs() -> None:
    changes = {"keeps": True, "found": False, "upstream": "http://127.0.0.1:11434"}
    text = welcome(msgspec.structs.replace(RUNNING, **changes), "llama3", ".venv/bin/narrows")
    assert "removed at the end" not in text
    assert ".venv/bin/narrows sessions list --data /tmp/demo\n" in text
    assert "http://127.0.0.1:11434" in text
    assert '"model": "llama3"' in text
    assert "sample-" not in text.replace("sample-large", "", 1)
