"""Gates are made once, off the event loop, and kept; until they are there rules find the same without them."""

import asyncio
import logging
import threading
from pathlib import Path

import pytest

from narrows.matching.gate import Gate
from narrows.model.plan import Plan, Rule
from narrows.model.text import Role, Text
from narrows.policy import gating
from narrows.policy.inspect import RuleInspector
from narrows.policy.patterns import Pattern
from narrows.wiring import gates as module
from narrows.wiring.gates import GateMaking, RuleGates
from unit.controls.calls import call

DROP = Plan("r", rules=(Rule("drop", "a", (Pattern("(?i)drop all"),), "m"),))
MANY = tuple(Rule(f"r{number}", "a", (Pattern(f"word{number}"),), "m") for number in range(600))


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[gating.Part]:
    """The parts that are compiled."""
    parts: list[gating.Part] = []
    real = gating.make
    monkeypatch.setattr(module, "make", lambda part, widener: parts.append(part) or real(part, widener))
    return parts


def test_what_was_made_is_read_back(tmp_path: Path, made: list[gating.Part]) -> None:
    assert RuleGates(tmp_path).kept(DROP.rules)[1] is False
    first = RuleGates(tmp_path).made(DROP.rules)
    assert first is not None
    gates, complete = RuleGates(tmp_path).kept(DROP.rules)
    assert complete
    assert gates.exact[0].gate.scan(b"DROP ALL") == [0]
    assert RuleGates(tmp_path).made(DROP.rules) is not None
    assert len(made) == 1


def test_without_a_directory_it_is_kept_in_memory(made: list[gating.Part]) -> None:
    gates = RuleGates(None)
    assert gates.made(DROP.rules) is not None
    assert gates.kept(DROP.rules)[1] is True
    assert gates.made((*DROP.rules, *DROP.rules)) is not None, "the same patterns"
    assert len(made) == 1


def test_a_change_compiles_what_changed_alone(made: list[gating.Part]) -> None:
    gates = RuleGates(None)
    gates.made(MANY)
    before = len(made)
    assert before > 1
    changed = (*MANY, Rule("more", "a", (Pattern("more"),), "m"))
    kept, complete = gates.kept(changed)
    assert (len(kept.exact), complete) == (before - 1, False)
    gates.made(changed)
    assert len(made) == before + 1


def test_what_is_damaged_is_made_anew(tmp_path: Path, made: list[gating.Part]) -> None:
    RuleGates(tmp_path).made(DROP.rules)
    (file,) = tmp_path.glob("*.rules")
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    assert RuleGates(tmp_path).kept(DROP.rules)[1] is False
    assert RuleGates(tmp_path).made(DROP.rules) is not None
    assert len(made) == 2


def test_what_is_no_longer_wanted_ends_early(monkeypatch: pytest.MonkeyPatch) -> None:
    gates, parts = RuleGates(None), []
    real = gating.make

    def interrupted(part: gating.Part, widener: object) -> gating.Made:
        parts.append(part)
        gates.forget()
        return real(part, widener)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "make", interrupted)
    assert gates.made(MANY) is None
    assert len(parts) == 1


async def test_nothing_to_look_for_needs_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(asyncio, "to_thread")
    gates, complete = await GateMaking(RuleGates(None)).kept((Rule("r", "a", (), "m", labels=("x",)),))
    assert complete
    assert gates.exact == ()


def finds(inspector: RuleInspector, value: str) -> bool:
    return bool(inspector.inspect(call(DROP, asked={"texts": (Text(Role.USER, "$.a", value),)})))


async def test_the_loop_and_the_rules_go_on_while_a_gate_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    held, began = threading.Event(), threading.Event()
    real = Gate.compile

    def slowly(part: object) -> Gate:
        began.set()
        assert held.wait(10)
        return real(part)  # type: ignore[arg-type]

    monkeypatch.setattr(Gate, "compile", slowly)
    making = GateMaking(RuleGates(None))
    gates, complete = await making.kept(DROP.rules)
    inspector = RuleInspector(gates=gates)
    assert not complete
    making.begin(inspector, DROP.rules)
    while not began.is_set():
        await asyncio.sleep(0)
    assert finds(inspector, "Drop all!")
    assert not finds(inspector, "Drop it")
    used: list[object] = []
    monkeypatch.setattr(RuleInspector, "use", lambda _self, gates: used.append(gates))
    held.set()
    while not used:
        await asyncio.sleep(0.001)
    await making.close()


async def test_a_gate_that_can_not_be_made_leaves_the_rules_as_they_are(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_args: object) -> None:
        raise MemoryError

    monkeypatch.setattr(module, "make", fails)
    making, inspector = GateMaking(RuleGates(None)), RuleInspector()
    with caplog.at_level(logging.ERROR, "narrows.rules"):
        making.begin(inspector, DROP.rules)
        await making._tasks.copy().pop()
    assert "MemoryError" in caplog.text
    assert finds(inspector, "drop all")
    await making.close()


async def test_closing_ends_what_is_being_made(monkeypatch: pytest.MonkeyPatch) -> None:
    making, parts = GateMaking(RuleGates(None)), []
    held, real = threading.Event(), gating.make

    def waits(part: gating.Part, widener: object) -> gating.Made:
        parts.append(part)
        assert held.wait(10)
        return real(part, widener)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "make", waits)
    making.begin(RuleInspector(), MANY)
    while not parts:
        await asyncio.sleep(0.001)
    closing = asyncio.create_task(making.close())
    await asyncio.sleep(0)
    held.set()
    await closing
    assert len(parts) == 1
