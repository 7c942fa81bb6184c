"""What is derived is the same again when it is read back, and is read for nothing else."""

import dataclasses
import subprocess
import sys

import msgspec
import pytest

from narrows.masking import derived
from narrows.masking.detector import Detector
from narrows.masking.matcher import Matcher
from narrows.masking.patterns import STRICT, Bounds
from narrows.masking.rows import Region
from narrows.masking.table import DETECTORS as SHIPPED
from unit.masking.samples import DETECTORS, detector


def plain(value: object) -> object:
    """Something that can be compared: matchers by their patterns."""
    if isinstance(value, Matcher):
        return value.pattern
    if isinstance(value, Region):
        return plain(value.outside), plain(value.until), value.until_length
    return callable(value) if callable(value) else value


def facts(made: derived.Derived) -> list[dict[str, object]]:
    rows = [*made.rows, *made.groups]
    return [{field.name: plain(getattr(row, field.name)) for field in dataclasses.fields(row)} for row in rows]


@pytest.mark.parametrize("rows", [DETECTORS, SHIPPED], ids=["samples", "shipped"])
def test_it_is_the_same_again(rows: tuple[Detector, ...]) -> None:
    made = derived.derive(rows, STRICT)
    again = derived.load(derived.dump(made), rows)
    assert again is not None
    assert facts(again) == facts(made)
    assert (again.group_of, again.layout) == (made.group_of, made.layout)
    assert [row.detector for row in again.rows] == list(rows)


def test_another_number_of_rows_or_no_such_data_is_not_read() -> None:
    dumped = derived.dump(derived.derive(DETECTORS, STRICT))
    assert derived.load(dumped, DETECTORS[:-1]) is None
    kept = msgspec.msgpack.decode(dumped)
    for spoilt in (b"", dumped[:-1], msgspec.msgpack.encode(kept[:-1])):
        assert derived.load(spoilt, DETECTORS) is None
    kept[1][0] = [None] * 4
    assert derived.load(msgspec.msgpack.encode(kept), DETECTORS) is None
    kept[1][0] = ["a"]
    assert derived.load(msgspec.msgpack.encode(kept), DETECTORS) is None


def test_the_key_is_of_all_that_is_derived_from() -> None:
    plain = detector("a", "abc")
    others = [
        dataclasses.replace(plain, **{change: value})
        for change, value in {
            "pattern": "abd",
            "not_before": "a",
            "keywords": ("k",),
            "right": 3,
            "score": 0.5,
            "min_entropy": 1.0,
            "stop_words": ("x",),
            "body": "a",
        }.items()
    ]
    keys = {derived.key([one], STRICT) for one in (plain, *others)}
    assert len({*keys, derived.key([plain], Bounds(9)), derived.key([plain, plain], STRICT)}) == len(others) + 3
    alike = dataclasses.replace(plain, examples=("abc",), validate=str.isdigit)
    assert derived.key([alike], STRICT) == derived.key([plain], STRICT)


def test_the_key_is_of_the_code_that_derives(monkeypatch: pytest.MonkeyPatch) -> None:
    before = derived.key(DETECTORS, STRICT)
    monkeypatch.setattr(derived, "_code", lambda: "another")
    assert derived.key(DETECTORS, STRICT) != before


def test_every_module_that_derives_is_of_the_key() -> None:
    printed = "import sys, narrows.masking.derived; print(*(n for n in sys.modules if n.startswith('narrows.m')))"
    imported = subprocess.run(
        [sys.executable, "-c", printed], capture_output=True, text=True, check=True
    ).stdout.split()
    assert {name for name in imported if name.count(".") > 1} == set(derived.MODULES)
