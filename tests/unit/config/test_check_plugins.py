"""Plug-ins that are two things or none, ask what is not there, or leave a rule's label to nobody, are problems."""

from typing import Any

import msgspec
import pytest

from narrows.config.check_plugins import PluginChecks, webhook_key
from narrows.config.schema import Config
from narrows.model.secret import Secret
from unit.policy.world import policy, settings

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
HOOK = {"url": "https://hooks.example/x", "secret": SECRET}


def hook(value: Any) -> Any:
    """Plain settings with their secrets as such."""
    if isinstance(value, dict):
        return {name: Secret(inner) if name == "secret" else hook(inner) for name, inner in value.items()}
    return [hook(inner) for inner in value] if isinstance(value, list) else value


def problems(rules: list[dict[str, Any]] | None = None, **sections: Any) -> list[tuple[str, str, str | None]]:
    config = settings(policy("a", prompts=rules or []))
    typed = {
        name: msgspec.convert(hook(rows), next(f.type for f in msgspec.structs.fields(Config) if f.name == name))
        for name, rows in sections.items()
    }
    checks = PluginChecks(msgspec.structs.replace(config, **typed))
    checks.run()
    return [(problem.key, problem.message, problem.hint) for problem in checks.problems]


def classifier(**more: Any) -> dict[str, Any]:
    return {"name": "topics", "labels": ["topic:finance", "topic:health"], **more}


@pytest.mark.parametrize(
    ("row", "place", "said"),
    [
        ({}, "", "says nothing of how"),
        ({"plugin": "x", "webhook": HOOK}, "", "gives `plugin` and `webhook`"),
        ({"webhook": {**HOOK, "url": "http://hooks.example/x"}}, ".webhook.url", "plain http"),
        ({"webhook": {**HOOK, "url": "nowhere"}}, ".webhook.url", "must begin with"),
        ({"webhook": {**HOOK, "secret": "whsec_short"}}, ".webhook.secret", "is not `whsec_`"),
        ({"webhook": HOOK, "processes": 2}, ".processes", "is for plug-ins"),
        ({"webhook": HOOK, "options": {"a": "b"}}, ".options", "is for plug-ins"),
        ({"plugin": "x", "labels": ["topic:*"]}, ".labels[0]", "is no label"),
        ({"plugin": "x", "labels": ["a", "a"]}, ".labels[1]", "stands here twice"),
        (
            {"moderation": {"connection": "opnai", "model": "m", "as": "guard"}},
            ".moderation.connection",
            "no connection",
        ),
        (
            {"judge": {"connection": "openai", "model": "m", "as": "guard", "prompt": "say"}},
            ".judge.prompt",
            "does not say where the labels stand",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_key(row: dict[str, Any], place: str, said: str) -> None:
    ((key, message, _),) = problems(classifiers=[classifier(**row)])
    assert key == f"classifiers[0]{place}"
    assert said in message


@pytest.mark.parametrize(
    "row",
    [
        {"plugin": "x", "processes": 2, "environment": ["HF_HOME"]},
        {"webhook": HOOK},
        {"webhook": {**HOOK, "url": "http://127.0.0.1:8000/x"}},
        {"moderation": {"connection": "openai", "model": "m", "as": "guard"}},
        {"judge": {"connection": "openai", "model": "m", "as": "guard", "prompt": "say {labels}"}},
    ],
)
def test_one_way_is_fine(row: dict[str, Any]) -> None:
    assert problems(classifiers=[classifier(**row)]) == []


def test_names_are_taken_once() -> None:
    rows = [classifier(plugin="x"), classifier(plugin="y")]
    assert [key for key, _, _ in problems(classifiers=rows)] == ["classifiers[1].name"]
    controls = [{"name": "quota", "plugin": "x"}, {"name": "quota", "webhook": HOOK}]
    assert [key for key, _, _ in problems(controls=controls)] == ["controls[1].name"]


def test_a_label_that_no_classifier_gives_is_a_problem_with_the_nearest_one() -> None:
    rules = [{"allow": {"labels": ["topic:*", "topic:finanse"]}}, {"flag": {"labels": ["toxic"]}}]
    first, second = problems(rules, classifiers=[classifier(plugin="x")])
    assert first == (
        "policies[0].prompts[0].allow.labels[1]",
        "no classifier gives a label `topic:finanse`",
        "did you mean `topic:finance`?",
    )
    assert second[0] == "policies[0].prompts[1].flag.labels[0]"
    assert problems([{"deny": {"labels": ["x"]}}])[0][2] == "configure one"


def test_a_webhooks_key_has_24_to_64_bytes() -> None:
    assert webhook_key(SECRET) is not None
    assert webhook_key(SECRET.removeprefix("whsec_")) is None
    assert webhook_key("whsec_AAAA") is None
    assert webhook_key("whsec_" + "A" * 88) is None
    assert webhook_key("whsec_!" + "A" * 40) is None
