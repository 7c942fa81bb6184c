"""Examples are run detector by detector; the shipped ones hold, all of them."""

import dataclasses
from pathlib import Path

import pytest

import warm
from narrows.config.schema import Detectors
from narrows.masking.detector import Detector
from narrows.masking.engine import Engine
from narrows.masking.section import Section
from narrows.masking.table import DETECTORS
from narrows.wiring.examples import Broken, apart, broken_examples
from narrows.wiring.masking import EngineLoader

ROW = Detector(name="four", entity="FOUR", pattern="[0-9]{4}", examples=("1234",), counterexamples=("123",))
OTHER = Detector(name="five", entity="FIVE", pattern="[0-9]{5}", score=0.9)


def broken(*rows: Detector, only: str | None = None) -> list[Broken]:
    chosen = {row.name for row in rows} if only is None else {only}
    return list(broken_examples(Engine([Section(apart(rows, 0))]), rows, chosen))


def test_good_examples() -> None:
    assert broken(ROW, OTHER) == []


def test_broken_ones_are_told() -> None:
    row = dataclasses.replace(ROW, examples=("1234", "12"), counterexamples=("12345",))
    assert broken(OTHER, row) == [Broken("four", "FOUR", "12", True), Broken("four", "FOUR", "12345", False)]
    assert broken(OTHER, row, only="five") == []


def test_what_another_detector_finds_does_not_count() -> None:
    row = dataclasses.replace(OTHER, examples=("1234",), counterexamples=())
    assert broken(ROW, row) == [Broken("five", "FIVE", "1234", True)]


@pytest.mark.timeout(300)
def test_every_shipped_example_holds(tmp_path: Path) -> None:
    engine = EngineLoader(warm.lend(tmp_path)).apart(Detectors())
    warm.keep(tmp_path)
    assert list(broken_examples(engine, DETECTORS, {row.name for row in DETECTORS})) == []
