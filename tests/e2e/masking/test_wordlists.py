"""A word list's file is part of the configuration: its change alone takes force, and a broken one does not."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from e2e.gate import Gate
from e2e.masking import wire
from e2e.masking.conftest import policy
from e2e.records import until
from e2e.scripted import Behaviour, Scripted
from narrows.wiring.wordlists import LONG


@pytest.fixture
def gate(tmp_path: Path, settings: dict[str, Any]) -> Iterator[Gate]:
    """One whose list is long enough to be compiled apart."""
    names = "".join(f"Project {number:06d}\n" for number in range(LONG // 10))
    (tmp_path / "names.txt").write_text(names + "Blue Falcon\n", encoding="utf-8")
    lists = {"words": [{"name": "projects", "entity": "PROJECT_NAME", "file": str(tmp_path / "names.txt")}]}
    policies = [policy("both", [{"entities": ["PROJECT_NAME"]}])]
    gate = Gate(tmp_path / "gate", {**settings, "detectors": lists, "policies": policies})
    gate.start()
    yield gate
    assert gate.stop() == 0, gate.output
    assert "Traceback" not in gate.output, gate.output


def test_a_changed_list_takes_force_and_a_broken_one_does_not(
    gate: Gate,
    tmp_path: Path,
    token: Callable[[str], str],
    says: Callable[[Behaviour], str],
    scripted: Scripted,
) -> None:
    model = says(wire.replies(wire.chat_reply({"content": "yes"})))
    head = {"authorization": f"Bearer {token('both')}"}
    text = "blue falcon, red fox, project 000007"

    def sent() -> str:
        body = {"model": model, "messages": [{"role": "user", "content": text}]}
        assert httpx.post(f"{gate.url}/openai/v1/chat/completions", json=body, headers=head).status_code == 200
        return scripted.seen[-1].body.decode()

    names = tmp_path / "names.txt"
    until(lambda: "[PROJECT_NAME], red fox, [PROJECT_NAME]" in sent())
    fresh = tmp_path / "fresh.txt"
    fresh.write_text(names.read_text(encoding="utf-8") + "Red Fox\n", encoding="utf-8")
    fresh.replace(names)
    until(lambda: "[PROJECT_NAME], [PROJECT_NAME], [PROJECT_NAME]" in sent(), 20)
    accepted = gate.output.count("the new configuration is in force (policies ")
    assert accepted == 1
    names.write_text("--\n", encoding="utf-8")
    until(lambda: "the new configuration is refused" in gate.output)
    assert "names.txt:1:1: detectors.words[0].file: an entry has 1 to 32 words" in gate.output
    assert "[PROJECT_NAME], [PROJECT_NAME], [PROJECT_NAME]" in sent()
    names.write_text("Red Fox\n", encoding="utf-8")
    until(lambda: "blue falcon, [PROJECT_NAME], project 000007" in sent())
    lines = [line for line in gate.output.splitlines() if "(policies " in line]
    assert len({line.rpartition("(policies ")[2] for line in lines}) == len(lines) == 3
