"""Classifiers run where a rule names their labels, each in its own way."""

import gc
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from narrows.config.plugins import ClassifierSettings, Judge, Moderation, Webhook
from narrows.config.problem import ConfigError
from narrows.model.plan import Rule
from narrows.model.secret import Secret
from narrows.ports.inner import InnerReply
from narrows.wiring.classifiers import MODERATED, Classifiers
from unit.plugins.installed import install

KEY = Secret("whsec_" + "A" * 40)


class Calls:
    """A gate whose moderation endpoint flags nothing, and whose judge finds law in everything."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    async def post(self, account: str, purpose: str, path: str, body: bytes) -> InnerReply:
        asked = json.loads(body)
        self.sizes.append(len(asked.get("input", [])))
        clean = {"flagged": False, "categories": {}}
        said = {"message": {"content": '{"labels": {"law": 1}}'}, "finish_reason": "stop"}
        answer = {"results": [clean] * len(asked["input"])} if "input" in asked else {"choices": [said]}
        return InnerReply(200, json.dumps(answer).encode())


def rules(*labels: str) -> list[Rule]:
    return [Rule("r", "p", (), "no", labels=labels)]


def row(name: str, *labels: str, **more: Any) -> ClassifierSettings:
    return ClassifierSettings(name=name, labels=labels, **more)


@pytest.fixture
async def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Classifiers, Calls]]:
    install(tmp_path, monkeypatch, classifiers={"topics": "parrot:Topics"})
    calls = Calls()
    classifiers = Classifiers(calls)
    yield classifiers, calls
    await classifiers.close()
    gc.collect()


async def test_only_what_a_rule_names_is_started(made: tuple[Classifiers, Calls]) -> None:
    classifiers, _ = made
    rows = [row("topics", "topic:finance", plugin="topics"), row("odd", "odd", plugin="nobody")]
    (pool,) = await classifiers.pools(rows, rules("topic:*"))
    assert (pool.name, pool.labels, pool.required) == ("topics", {"topic:finance"}, True)
    assert await pool.classify(["my loan"]) == [("topic:finance",)]
    with pytest.raises(ConfigError) as refused:
        await classifiers.pools(rows, rules("odd"))
    assert refused.value.problems[0].key == "classifiers[1]"
    classifiers.settle()


async def test_each_way_has_batches_and_slots_of_its_own(made: tuple[Classifiers, Calls]) -> None:
    classifiers, calls = made
    through: dict[str, Any] = {"connection": "c", "model": "m", "account": "guard"}
    rows = [
        row("safety", "flagged", moderation=Moderation(**through, concurrency=3), on_failure="pass"),
        row("law", "law", judge=Judge(**through, concurrency=2)),
        row(
            "hook", "tone", webhook=Webhook(url="http://127.0.0.1:1", secret=Secret("whsec_" + "A" * 40), concurrency=5)
        ),
    ]
    safety, law, hook = await classifiers.pools(rows, rules("*"))
    assert [(pool.settings.processes, pool.settings.batch) for pool in (safety, law, hook)] == [
        (3, MODERATED),
        (2, 1),
        (5, 64),
    ]
    assert not safety.required
    texts = [f"text {number}" for number in range(MODERATED + 5)]
    assert await safety.classify(texts) == [()] * len(texts)
    assert calls.sizes == [MODERATED, 5]
    assert await law.classify(["x", "y"]) == [("law",), ("law",)]
