"""Own controls are loaded by their entry points and kept while their settings are alike; what can't be used is told."""

import gc
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from narrows.config.plugins import ClassifierSettings, ControlSettings, Webhook
from narrows.config.problem import ConfigError
from narrows.config.schema import Config
from narrows.inspection.novelty import Sessions
from narrows.model.secret import Secret
from narrows.policy.inspect import RuleInspector
from narrows.policy.policyset import PolicySet
from narrows.wiring.order import controls
from narrows.wiring.plugged import NO_OWN, PluggedControls
from unit.plugins.installed import install
from unit.policy.world import compiled, policy, settings

WORDS = ControlSettings(name="quota", plugin="words", options={"word": "pineapple"})
HOOK = ControlSettings(name="hook", webhook=Webhook(url="http://127.0.0.1:1", secret=Secret("whsec_" + "A" * 40)))
POLICIES = compiled(policy("a"))


def config(*controls: ControlSettings, classifiers: tuple[ClassifierSettings, ...] = (), **more: Any) -> Config:
    return msgspec.structs.replace(settings(policy("a", **more)), controls=controls, classifiers=classifiers)


@pytest.fixture
async def plugged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[PluggedControls]:
    points = {"words": "parrot:Words", "broken": "no_such_module:Nothing"}
    install(tmp_path, monkeypatch, classifiers={"topics": "parrot:Topics"}, controls=points)
    made = PluggedControls()
    yield made
    await made.close()
    gc.collect()


async def test_nothing_configured_is_nothing_to_do(plugged: PluggedControls) -> None:
    assert await plugged.build(config(), POLICIES) == NO_OWN
    plugged.settle(config())


async def test_controls_stand_in_their_order_and_are_kept_while_alike(plugged: PluggedControls) -> None:
    first = await plugged.build(config(WORDS, HOOK), POLICIES)
    assert [control.name for control in first.controls] == ["control.quota", "control.hook"]
    plugged.settle(config(WORDS, HOOK))
    other = msgspec.structs.replace(WORDS, mode="observe")
    second = await plugged.build(config(HOOK, other), POLICIES)
    plugged.settle(config(HOOK, other))
    assert second.controls[0] is first.controls[1]
    assert second.controls[1] is not first.controls[0]
    third = await plugged.build(config(), POLICIES)
    plugged.settle(config())
    assert third.controls == ()


@pytest.mark.parametrize(
    ("row", "place", "said"),
    [
        ({"plugin": "wrods"}, "controls[1].plugin", "offers a control called wrods"),
        ({"plugin": "broken"}, "controls[1].plugin", "can't be used: ModuleNotFoundError"),
        ({"plugin": "words", "options": {}}, "controls[1].plugin", "can't be used: KeyError"),
        (
            {"webhook": Webhook(url="https://x", secret=Secret("whsec_" + "A" * 40), ca_bundle="/nowhere")},
            "controls[1].webhook",
            "can't be used",
        ),
    ],
)
async def test_what_can_not_be_used_is_told_with_its_key(
    plugged: PluggedControls, row: dict[str, Any], place: str, said: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        await plugged.build(config(HOOK, ControlSettings(name="odd", **row)), POLICIES)
    ((key, message),) = [(problem.key, problem.message) for problem in refused.value.problems]
    assert key == place
    assert said in message


async def test_classifiers_run_where_a_rule_names_a_label(plugged: PluggedControls) -> None:
    row = ClassifierSettings(name="topics", plugin="topics", labels=("topic:finance",))
    assert (await plugged.build(config(classifiers=(row,)), POLICIES)).classify is None
    policies: PolicySet = compiled(policy("a", prompts=[{"deny": {"labels": ["topic:*"]}}]))
    own = await plugged.build(config(classifiers=(row,)), policies)
    assert own.classify is not None
    assert own.classify.name == "classify"


async def test_classifiers_run_where_a_rule_on_replies_names_a_label(plugged: PluggedControls) -> None:
    row = ClassifierSettings(name="topics", plugin="topics", labels=("topic:finance",), timeout=10.0)
    policies = compiled(policy("a", responses=[{"deny": {"labels": ["topic:*"]}}]))
    own = await plugged.build(config(classifiers=(row,)), policies)
    assert own.classify is None
    assert own.classify_replies is not None
    request, reply = controls(RuleInspector(), Sessions(b"k" * 32), own=own)
    assert "classify_replies" in {control.name for control in request}
    assert [control.name for control in reply].index("classify_replies") < len(reply) - 1


async def test_they_stand_where_it_is_written(plugged: PluggedControls) -> None:
    row = ClassifierSettings(name="topics", plugin="topics", labels=("topic:finance",))
    policies = compiled(policy("a", prompts=[{"deny": {"labels": ["topic:*"]}}]))
    own = await plugged.build(config(WORDS, classifiers=(row,)), policies)
    request, reply = controls(RuleInspector(), Sessions(b"s" * 32), own=own)
    names = [control.name for control in request]
    assert names.index("new_content") < names.index("classify") < names.index("scan")
    assert names.index("prompt_rules") < names.index("control.quota") < names.index("output_cap")
    assert "control.quota" in {control.name for control in reply}
    assert "classify" not in {control.name for control in reply}
