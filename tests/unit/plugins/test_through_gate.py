"""Moderation endpoints and judges: asked through the gate, believed where they answer as they must."""

import asyncio
import json
from typing import Any

import msgspec
import pytest

from narrows.config.plugins import Judge, Moderation
from narrows.plugins.kinds import classifying
from narrows.plugins.through_gate import JudgeModel, ModerationEndpoint
from narrows.ports.inner import InnerReply
from narrows.ports.plugin import PluginFailed

LABELS = ("violence", "flagged")


class Calls:
    """A gate that answers every call with the next answer it was given."""

    def __init__(self, *answers: Any, status: int = 200) -> None:
        self.answers = list(answers)
        self.status = status
        self.made: list[tuple[str, str, str, Any]] = []

    async def post(self, account: str, purpose: str, path: str, body: bytes) -> InnerReply:
        self.made.append((account, purpose, path, json.loads(body)))
        if not self.answers:
            await asyncio.sleep(60)
        answer = self.answers.pop(0)
        data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        return InnerReply(self.status, data, "call_1")


def moderation(calls: Calls, *labels: str) -> ModerationEndpoint:
    named = labels or LABELS
    settings = Moderation(connection="openai", model="omni", account="guard")
    return ModerationEndpoint("safety", settings, named, classifying(set(named), 0.5), calls)


def judge(calls: Calls, **more: Any) -> JudgeModel:
    settings = Judge(connection="openai", model="gpt", account="guard", **more)
    return JudgeModel("law", settings, ("law", 'a "b"'), classifying({"law", 'a "b"'}, 0.5), calls)


def result(score: float, flagged: bool = False, **more: Any) -> dict[str, Any]:
    return {"flagged": flagged, "categories": {"violence": score > 0.9}, "category_scores": {"violence": score}} | more


def said(text: str, finish: str = "stop") -> dict[str, Any]:
    return {"choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish}]}


async def test_a_moderation_endpoint_is_asked_about_all_texts_at_once() -> None:
    calls = Calls({"id": "modr", "model": "omni", "results": [result(0.97, True), result(0.1)]})
    assert await moderation(calls).ask(["x", "y \udc00"], 5.0) == [("flagged", "violence"), ()]
    assert calls.made == [
        ("guard", "classifier.safety", "/openai/v1/moderations", {"model": "omni", "input": ["x", "y ?"]})
    ]


async def test_an_endpoint_without_scores_says_yes_or_no() -> None:
    calls = Calls({"results": [result(0.97, category_scores=None)]})
    assert await moderation(calls, "violence").ask(["x"], 5.0) == [("violence",)]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"no json", "no answer"),
        ({"results": []}, "no answer"),
        ({"results": [{"flagged": True}]}, "no answer"),
        ({"results": [result(0.1, category_scores={"violence": "0.1"})]}, "no answer"),
        ({"results": [result(0.1, category_scores={"hate": 0.1})]}, "knows no category 'violence'"),
        ({"results": [result(3)]}, "a score that is none"),
    ],
)
async def test_any_other_answer_of_it_is_a_failure(answer: Any, reason: str) -> None:
    with pytest.raises(PluginFailed, match=reason):
        await moderation(Calls(answer)).ask(["x"], 5.0)


async def test_a_judge_is_told_the_labels_and_asked_about_each_text() -> None:
    calls = Calls(said('{"labels": {"law": 0.9}}'), said('{"labels": {}}'))
    assert await judge(calls, max_tokens=50).ask(["x", "y"], 5.0) == [("law",), ()]
    account, purpose, path, body = calls.made[0]
    assert (account, purpose, path) == ("guard", "classifier.law", "/openai/v1/chat/completions")
    assert (body["model"], body["max_tokens"]) == ("gpt", 50)
    assert '"law", "a \\"b\\""' in body["messages"][0]["content"]
    assert body["messages"][1] == {"role": "user", "content": "x"}
    own = judge(Calls(said('{"labels": {}}')), prompt="Say {labels}, {}!")
    assert own._prompt == 'Say "law", "a \\"b\\"", {}!'


@pytest.mark.parametrize(
    "answer",
    [
        b"no json",
        {"choices": []},
        said("It is about law."),
        said('```json\n{"labels": {}}\n```'),
        said('{"labels": {"law": 0.9}, "why": "x"}'),
        said('{"labels": ["law"]}'),
        said('{"labels": {"medicine": 0.9}}'),
        said('{"labels": {"law": 9}}'),
        said('{"labels": {"law": 0.9}}', "length"),
        {"choices": [*said("{}")["choices"], *said("{}")["choices"]]},
        {"choices": [{"message": {"content": None}, "finish_reason": "stop"}]},
    ],
)
async def test_any_other_answer_of_a_judge_is_a_failure(answer: Any) -> None:
    with pytest.raises(PluginFailed):
        await judge(Calls(answer)).ask(["x"], 5.0)


@pytest.mark.parametrize("make", [moderation, judge])
async def test_refusals_and_silence_are_failures(make: Any) -> None:
    with pytest.raises(PluginFailed, match=r"status 403 \(call_1\)"):
        await make(Calls({}, status=403)).ask(["x"], 5.0)
    with pytest.raises(PluginFailed, match="in time"):
        await make(Calls()).ask(["x"], 0.01)
    assert await make(Calls()).end() is None


def test_settings_are_read_as_they_are_written() -> None:
    plain = {"connection": "c", "model": "m", "as": "guard"}
    assert msgspec.convert(plain, Judge).account == "guard"
