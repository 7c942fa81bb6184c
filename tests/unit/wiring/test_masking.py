"""Engines: the same for the same settings, read back from the disk, rebuilt when what is there is damaged."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Barrier, Event
from threading import enumerate as enumerate_threads
from typing import Any

import msgspec
import pytest

from narrows.config.problem import ConfigError
from narrows.config.schema import Config
from narrows.masking.detectors import identity_us, secrets_source
from narrows.masking.masker import Masker
from narrows.masking.section import Compile, Section
from narrows.matching.gate import Gate, Part
from narrows.policy.case_runs import run_cases
from narrows.policy.cases import read_cases
from narrows.policy.compile import compile_policies
from narrows.policy.tokens import EstimatingCounter
from narrows.wiring import masking
from narrows.wiring.detectors import vocabulary
from narrows.wiring.masking import EngineLoader, load_engine, masked_entities, needs_engine

OWN = {"patterns": [{"name": "badge", "entity": "BADGE", "pattern": "B-[0-9]{4}"}]}
TEXT = "054-28-6917 and B-1234"


@pytest.fixture(autouse=True)
def _small_table(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Compiling the whole table takes seconds; that it is whole is another test's business. What a test leaves to be
    compiled is none of the next one's."""
    settled()
    monkeypatch.setattr(masking, "DETECTORS", identity_us.DETECTORS)
    monkeypatch.setattr(masking, "PAUSE", 0.0)
    yield
    settled()


@pytest.fixture
def compilations(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of gates that had to be compiled at once, each time."""
    seen: list[int] = []
    compile_gates = Section.compile_gates

    def counted(section: Section, parts: Sequence[Part], compile_all: Compile) -> list[Gate]:
        seen.append(len(parts))
        return compile_gates(section, parts, compile_all)

    monkeypatch.setattr(Section, "compile_gates", counted)
    return seen


def config(detectors: dict[str, Any] | None = None, mask: list[dict[str, Any]] | None = None) -> Config:
    plain = {
        "connections": {"one": {"url": "https://x", "dialect": "openai", "credential": {"none": True}}},
        "policies": [
            {
                "name": "p",
                "who": {"service_accounts": ["*"]},
                "may": {"connections": ["*"], "models": ["*"], "operations": ["*"]},
                "mask": mask or [],
            }
        ],
        "detectors": detectors or {},
    }
    return msgspec.convert(plain, Config)


def masked(loader: EngineLoader, settings: Config) -> str:
    return Masker(loader.load(settings)).mask(TEXT).text


def settled() -> None:
    """Waits until no engine compiles any more what can wait."""
    for thread in enumerate_threads():
        if thread.name == "narrows-matchers":
            thread.join(60)


def test_shipped_and_own_detectors_together() -> None:
    assert Masker(load_engine(config(OWN), None)).mask(TEXT).text == "[US_SSN] and [BADGE]"
    assert Masker(EngineLoader(None).load()).mask(TEXT).text == "[US_SSN] and B-1234"


def test_matchers_of_seldom_rows_are_compiled_while_calls_are_served(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(masking, "DETECTORS", secrets_source.DETECTORS)
    monkeypatch.setattr(masking, "BREATH", 0.0)
    for warm in (True, False):
        started = set(enumerate_threads())
        engine = EngineLoader(None).load(warm=warm)
        compiling = [thread for thread in enumerate_threads() if thread not in started]
        assert {thread.name for thread in compiling} <= {"narrows-matchers"}
        for thread in compiling:
            thread.join(60)
        matchers = [row.find for section in engine._sections for row in section.rows]
        assert all(matcher._search != matcher._first_search for matcher in matchers) is warm


def test_what_is_on_disk_is_not_compiled_again(tmp_path: Path, compilations: list[int]) -> None:
    assert masked(EngineLoader(tmp_path), config(OWN)) == "[US_SSN] and [BADGE]"
    settled()
    assert compilations
    compilations.clear()
    assert masked(EngineLoader(tmp_path), config(OWN)) == "[US_SSN] and [BADGE]"
    settled()
    assert not compilations
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_a_first_engine_serves_before_all_is_compiled_and_finds_the_same(
    tmp_path: Path, compilations: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = Event()
    compile_rest = Section.compile_rest

    def waiting(section: Section) -> Iterator[None]:
        assert go_on.wait(60)
        return compile_rest(section)

    monkeypatch.setattr(Section, "compile_rest", waiting)
    first = EngineLoader(tmp_path)
    assert masked(first, config()) == "[US_SSN] and B-1234"
    assert compilations == [1]
    # A second process, which finds what there is so far; it does not compile what the first one compiles.
    second = EngineLoader(tmp_path)
    assert masked(second, config()) == "[US_SSN] and B-1234"
    go_on.set()
    settled()
    engines = [loader._table(later=True) for loader in (first, second)]
    assert not any(section.waits for section in engines)
    assert compilations == [1] * len(engines[0]._gates)
    assert engines[0].dump() == engines[1].dump()
    assert masked(second, config()) == "[US_SSN] and B-1234"


def test_what_a_gate_left_uncompiled_a_command_compiles_at_once_and_keeps(
    tmp_path: Path, compilations: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Section, "compile_rest", lambda _: iter(()))
    EngineLoader(tmp_path).load()
    settled()
    compilations.clear()
    EngineLoader(tmp_path).load(warm=False)
    assert compilations
    compilations.clear()
    assert not EngineLoader(tmp_path)._table(later=True).waits
    assert not compilations


def test_a_damaged_file_is_rebuilt(tmp_path: Path, compilations: list[int]) -> None:
    EngineLoader(tmp_path).load(warm=False)
    (path,) = tmp_path.iterdir()
    good = path.read_bytes()
    for place in (-1, 200):
        compilations.clear()
        path.write_bytes(good[:place] + bytes([good[place] ^ 1]) + good[len(good[:place]) + 1 :])
        assert Masker(EngineLoader(tmp_path).load(warm=False)).mask(TEXT).text == "[US_SSN] and B-1234"
        assert compilations
        assert path.read_bytes() == good


def test_what_this_machine_can_not_load_is_rebuilt(tmp_path: Path, compilations: list[int]) -> None:
    """The file is whole, but what is in it is another processor's."""
    loader = EngineLoader(tmp_path)
    loader.load(warm=False)
    (path,) = tmp_path.iterdir()
    good = path.read_bytes()
    dumps = [b"abcd" if index == 2 else gate.dump() for index, gate in enumerate(loader._table(later=False)._gates)]
    for spoilt in (
        path.stem.encode() + b"\0\0\0\x04abcd",
        path.stem.encode() + b"".join(len(dump).to_bytes(4, "big") + dump for dump in (_derived(good), *dumps)),
    ):
        compilations.clear()
        loader._files.write(path.stem, spoilt)
        assert Masker(EngineLoader(tmp_path).load(warm=False)).mask(TEXT).text == "[US_SSN] and B-1234"
        assert compilations
        assert path.read_bytes() == good


def _derived(kept: bytes) -> bytes:
    """What is derived, out of a whole file: behind the head and the key."""
    at = kept.index(b"\n") + 1 + 32 + 64
    return kept[at + 4 : at + 4 + int.from_bytes(kept[at : at + 4], "big")]


def test_the_same_settings_give_the_same_engine(tmp_path: Path, compilations: list[int]) -> None:
    (tmp_path / "list").write_text("bluebird\n")
    own = {"words": [{"name": "w", "entity": "W", "file": str(tmp_path / "list")}]}
    loader = EngineLoader(None)
    first = loader.load(config(own))
    assert loader.load(config(own, mask=[{"entities": ["US_SSN"]}])) is first
    (tmp_path / "list").write_text("redfox\n")
    second = loader.load(config(own))
    assert second is not first
    assert Masker(second).mask("bluebird redfox").text == "bluebird [W]"
    assert loader.load(config()) is not second
    settled()
    assert compilations == [1] * len(loader._table(later=True)._gates)


def test_apart_every_pattern_stands_by_itself() -> None:
    engine = EngineLoader(None).apart(config(OWN).detectors)
    assert Masker(engine).mask("B-1234").text == "[ROW_0]"
    assert len(engine.entities) == 1 + len(identity_us.DETECTORS)


def test_what_is_wrong_is_told_and_the_old_engine_stays() -> None:
    loader = EngineLoader(None)
    first = loader.load(config(OWN))
    with pytest.raises(ConfigError) as caught:
        loader.load(config({"patterns": [{**OWN["patterns"][0], "pattern": "^"}]}))
    assert [problem.key for problem in caught.value.problems] == ["detectors.patterns[0].pattern"]
    assert loader.load(config(OWN)) is first


@pytest.mark.parametrize(
    ("detectors", "mask", "needed"),
    [
        ({}, [], False),
        (OWN, [], True),
        ({}, [{"entities": ["US_SSN"]}], True),
        ({}, [{"fields": ["ssn"]}], False),
    ],
)
def test_who_needs_an_engine(detectors: dict[str, Any], mask: list[dict[str, Any]], *, needed: bool) -> None:
    assert needs_engine(config(detectors, mask)) is needed


def test_what_a_case_has_masked() -> None:
    mask = [
        {"entities": ["US_SSN"], "allow": ["078-05-1121"]},
        {"entities": ["BADGE"], "where": ["response"]},
        {"entities": ["US_ITIN"], "mode": "observe"},
        {"fields": ["x"]},
    ]
    settings = config(OWN, mask)
    policies = compile_policies(settings, vocabulary(settings.detectors))
    text = """\
cases:
  - as: &a {service_account: a}
    connection: one
    prompt: 054-28-6917 B-1234 912-70-1234
    masks: [US_SSN]
    expect: allow
  - {as: *a, connection: one, prompt: 078-05-1121, masks: [], expect: allow}
"""
    cases = read_cases(text.encode(), "cases.yaml", policies)
    masked = masked_entities(load_engine(settings, None))
    results = run_cases(cases, policies, lambda: ((), ()), EstimatingCounter(), masked)
    assert [result.masks for result in results] == [("US_SSN",), ()]


def test_gates_are_compiled_side_by_side_and_given_in_order() -> None:
    both_run = Barrier(2)

    def compiled(part: tuple[str, ...]) -> bytes:
        both_run.wait(timeout=10)
        return part[0].encode()

    assert list(masking.in_threads(compiled, [("a",), ("b",)])) == [b"a", b"b"]
