"""The controls that policies ask for, and which of them judge large calls apart."""

from typing import Any

from narrows.policy.compile import compile_policies
from narrows.wiring.blueprint import PURE
from narrows.wiring.probing import GATE_ONLY, NO_PROBING, ProbingControls, Tried, probing_controls
from unit.policy.world import policy, settings

ALL: dict[str, Any] = {
    "probing": {"echo": {}, "floods": {}, "enumeration": {}},
    "responses": [{"flag": {"packs": ["reply-links"]}}],
}


def made(tried: Tried | None, **more: Any) -> ProbingControls:
    config = settings(policy("a", **more))
    return probing_controls(config, compile_policies(config), tried)


def names(controls: ProbingControls) -> list[str]:
    return [control.name for part in controls for control in part]


def test_without_probing_there_is_nothing() -> None:
    assert made(Tried()) == NO_PROBING


def test_everything_at_once() -> None:
    assert names(made(Tried(), **ALL)) == ["enumeration", "sketch", "floods", "echo", "reply_packs"]


def test_apart_from_the_gate_only_what_needs_no_memory() -> None:
    apart = names(made(None, **ALL))
    assert apart == ["sketch", "echo", "reply_packs"]
    assert set(apart) <= PURE
    assert GATE_ONLY.isdisjoint(PURE)
    assert set(names(made(Tried(), **ALL))) == set(apart) | GATE_ONLY


def test_each_by_itself() -> None:
    assert names(made(Tried(), probing={"enumeration": {}})) == ["enumeration"]
    assert names(made(Tried(), probing={"floods": {}})) == ["sketch", "floods"]
    assert names(made(Tried(), probing={"echo": {}})) == ["echo"]
