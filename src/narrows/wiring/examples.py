"""Runs what each detector says of itself: the examples in which it must find something, and those in which nothing.

A detector is judged by what it finds by itself, whatever others find in the same text, so here each has an entity of
its own that a plan can ask for.
"""

import dataclasses
from collections.abc import Collection, Iterator, Sequence

import msgspec

from narrows.masking.detector import Detector
from narrows.masking.engine import Engine
from narrows.masking.masker import Masker
from narrows.masking.plan import Plan, Rule


class Broken(msgspec.Struct, frozen=True):
    """An example that does not hold. `expected`: whether the detector should have found something."""

    detector: str
    entity: str
    text: str
    expected: bool


def apart(rows: Sequence[Detector], first: int) -> tuple[Detector, ...]:
    """The same rows, each with an entity of its own, numbered from `first` on. The patterns stay, so that what was
    compiled for the others serves for these."""
    return tuple(dataclasses.replace(row, entity=f"ROW_{first + index}") for index, row in enumerate(rows))


def broken_examples(engine: Engine, rows: Sequence[Detector], chosen: Collection[str]) -> Iterator[Broken]:
    """The examples that do not hold, of the rows that are chosen by name. The engine has these rows `apart`, counted
    from 0."""
    for index, row in enumerate(rows):
        if row.name not in chosen:
            continue
        masker = Masker(engine, Plan((Rule(frozenset((f"ROW_{index}",))),)))
        for texts, expected in ((row.examples, True), (row.counterexamples, False)):
            for text in texts:
                if bool(masker.mask(text).findings) is not expected:
                    yield Broken(row.name, row.entity, text, expected)
