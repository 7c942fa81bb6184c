"""narrows.yaml changes under a running gate: a good version is in force within a second, a broken one never."""

import copy
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from e2e.gate import Gate
from e2e.records import until


@pytest.fixture
def own(tmp_path: Path, settings: dict[str, Any]) -> Iterator[Gate]:
    """A gate whose configuration this test may change."""
    gate = Gate(tmp_path, copy.deepcopy(settings)).start()
    yield gate
    assert gate.stop() == 0, gate.output


def status(gate: Gate, token: str, model: str = "ok", connection: str = "scripted") -> int:
    body = {"model": model, "messages": [{"role": "user", "content": "hello"}]}
    url = f"{gate.url}/{connection}/v1/chat/completions"
    return httpx.post(url, json=body, headers={"authorization": f"Bearer {token}"}).status_code


def changed(gate: Gate, **parts: Any) -> dict[str, Any]:
    return {**copy.deepcopy(gate.settings), **parts}


def without_research(gate: Gate) -> dict[str, Any]:
    return changed(gate, policies=[policy for policy in gate.settings["policies"] if policy["name"] != "research"])


def test_a_policy_change_is_in_force_within_a_second(own: Gate, ada: str) -> None:
    assert status(own, ada) == 200
    for settings, expected in ((without_research(own), 403), (own.settings, 200)):
        began = time.monotonic()
        own.write(settings)
        until(lambda wanted=expected: status(own, ada) == wanted, seconds=3)
        assert time.monotonic() - began < 1.5  # a second for the gate, the rest for this machine


@pytest.mark.parametrize(
    ("broken", "complaint"),
    [
        ("gate: [", "narrows.yaml"),
        ("connections: {}\npolicies: []\n", "connections"),
        ("not: a configuration\n", "not"),
        ("", "narrows.yaml"),
    ],
)
def test_a_broken_version_is_refused_and_the_old_one_stays(own: Gate, ada: str, broken: str, complaint: str) -> None:
    own.write(broken)
    until(lambda: "refused" in own.output and complaint in own.output)
    assert status(own, ada) == 200
    own.write(without_research(own))
    until(lambda: status(own, ada) == 403)
    assert "Traceback" not in own.output


def test_a_misspelt_key_is_named_with_its_line_and_the_nearest_right_one(own: Gate, ada: str) -> None:
    text = own.config.read_text(encoding="utf-8").replace("output_tokens:", "output_tokns:")
    line = next(number for number, row in enumerate(text.splitlines(), 1) if "output_tokns" in row)
    own.write(text)
    until(lambda: "output_tokns" in own.output)
    assert f":{line}" in own.output
    assert "output_tokens" in own.output
    assert status(own, ada) == 200


def test_a_pattern_that_does_not_compile_is_refused(own: Gate, ada: str) -> None:
    policy = copy.deepcopy(own.settings["policies"][0])
    policy["prompts"][0]["deny"]["pattern"] = "(unclosed"
    own.write(changed(own, policies=[policy]))
    until(lambda: "(unclosed" in own.output)
    assert status(own, ada) == 200


def test_connections_come_and_go(own: Gate, ada: str, scripted: Any) -> None:
    more = changed(own)
    more["connections"]["second"] = {"url": scripted.url, "dialect": "openai", "credential": {"none": True}}
    own.write(more)
    until(lambda: status(own, ada, connection="second") == 200, seconds=3)
    own.write(own.settings)
    until(lambda: status(own, ada, connection="second") == 403, seconds=3)


def test_a_stream_keeps_the_policy_it_began_with(own: Gate, pat: str) -> None:
    body = {"model": "finishes", "messages": [{"role": "user", "content": "hello"}], "stream": True}
    url, headers = f"{own.url}/patient/v1/chat/completions", {"authorization": f"Bearer {pat}"}
    with httpx.stream("POST", url, json=body, headers=headers) as reply:
        own.write(changed(own, policies=own.settings["policies"][:1]))
        text = "".join(reply.iter_text())
    assert "[DONE]" in text
    until(lambda: status(own, pat) == 403)
