"""Commands are answered at once by plug-ins that run beside them, and nothing is left running."""

import gc
import threading
from pathlib import Path
from typing import Any

import msgspec
import pytest

from narrows.config.plugins import AnalyzerSettings, ClassifierSettings, Moderation
from narrows.config.schema import Config
from narrows.masking.engine import Engine, Source
from narrows.model.plan import Mask, Plan, Rule, Transform
from narrows.model.text import Role, Text
from narrows.model.verdict import Proceed
from narrows.ports.plugin import PluginFailed
from narrows.wiring.aside import Aside
from narrows.wiring.plugged import NO_OWN
from unit.controls.calls import begun, call
from unit.masking.samples import section
from unit.plugins.installed import install
from unit.policy.world import compiled, policy, settings

TOPICS = ClassifierSettings(name="topics", plugin="topics", labels=("topic:finance",))
PEOPLE = AnalyzerSettings(name="people", plugin="parrot", entities=("PERSON",))
RULES = [{"deny": {"labels": ["topic:*"]}}]


@pytest.fixture(autouse=True)
def parrot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, classifiers={"topics": "parrot:Topics"}, parrot="parrot:Parrot")


def config(**more: Any) -> Config:
    return msgspec.structs.replace(settings(policy("a", prompts=RULES)), **more)


def asked(text: str, **plan: Any) -> Any:
    return call(Plan("r", **plan), asked={"texts": (Text(Role.USER, "$.a", text),), "body": {"a": text}})


def test_labels_are_known_at_once() -> None:
    threads = threading.active_count()
    rule = Rule("r", "p", (), "no", labels=("topic:*",))
    with Aside(config(classifiers=(TOPICS,)), compiled(policy("a", prompts=RULES))) as aside:
        control = aside.own().classify
        assert control is not None
        about = asked("my loan", rules=(rule,))
        verdict = begun(control, about).on_request(about)
        assert isinstance(verdict, Proceed)
        assert verdict.call is not None
        assert verdict.call.labels == {"my loan": ("topic:finance",)}
        failing = asked("Raise", rules=(rule,))
        with pytest.raises(PluginFailed, match="failed with KeyError"):
            begun(control, failing).on_request(failing)
    assert threading.active_count() == threads
    gc.collect()


def test_what_is_asked_through_the_gate_says_that_none_runs() -> None:
    safety = ClassifierSettings(
        name="safety", labels=("topic:x",), moderation=Moderation(connection="openai", model="m", account="guard")
    )
    with Aside(config(classifiers=(safety,)), compiled(policy("a", prompts=RULES))) as aside:
        control = aside.own().classify
        assert control is not None
        about = asked("x", rules=(Rule("r", "p", (), "no", labels=("topic:*",)),))
        with pytest.raises(PluginFailed, match="does not run here"):
            begun(control, about).on_request(about)


def test_spans_are_known_at_once() -> None:
    engine = Engine([section()], others=[Source("people", "PERSON")])
    mask = Mask("m", "p", frozenset({"PERSON"}), Transform.REDACT)
    with Aside(config(), compiled(policy("a"))) as aside:
        assert aside.analyze(engine) is None
        assert aside.own() is NO_OWN
    masked = _Policies((mask,))
    detectors = msgspec.structs.replace(config().detectors, analyzers=(PEOPLE,))
    with Aside(config(detectors=detectors), masked) as aside:  # type: ignore[arg-type]
        control = aside.analyze(engine)
        assert control is not None
        about = asked("ask Ada", masks=(mask,))
        verdict = begun(control, about).on_request(about)
        assert isinstance(verdict, Proceed)
        assert verdict.call is not None
        assert [span.entity for span in (verdict.call.spans or {})["ask Ada"]] == ["PERSON"]
    gc.collect()


class _Policies:
    """Policies, as far as it is asked what they mask."""

    def __init__(self, masks: tuple[Mask, ...]) -> None:
        self.read_entities = frozenset(entity for mask in masks for entity in mask.entities)
        self.rules: tuple[Rule, ...] = ()
