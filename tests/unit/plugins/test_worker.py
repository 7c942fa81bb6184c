"""The process of a plug-in, without the process: what it is told and what it answers."""

import io
from pathlib import Path

import msgspec
import pytest

from narrows.plugins.frames import LENGTH, Analyzed, Classified, Start, Started, frame
from narrows.plugins.worker import build, build_classifier, installed, run
from narrows.ports.analyzer import Wanted
from narrows.ports.classifier import ENTRY_POINTS, Sought
from unit.plugins.installed import install

WANTED = Wanted(frozenset({"PERSON"}))


@pytest.fixture(autouse=True)
def parrot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    points = {"parrot": "parrot:Parrot", "broken": "no_such_module:Nothing"}
    install(tmp_path, monkeypatch, classifiers={"topics": "parrot:Topics"}, **points)


def answers(*messages: object) -> list[bytes]:
    """What it writes for these messages."""
    sink = io.BytesIO()
    run(io.BytesIO(b"".join(map(frame, messages))), sink)
    data, found = sink.getvalue(), []
    while data:
        (size,) = LENGTH.unpack(data[: LENGTH.size])
        found.append(data[LENGTH.size : LENGTH.size + size])
        data = data[LENGTH.size + size :]
    return found


def test_plug_ins_are_found_by_their_entry_points() -> None:
    assert {"parrot", "broken"} <= installed().keys()
    assert build("parrot", WANTED).analyze("ask Ada")[0].entity == "PERSON"


@pytest.mark.parametrize(
    ("plugin", "wanted", "reason"),
    [
        ("nobody", WANTED, "called 'nobody'"),
        ("parrot", Wanted(frozenset({"PLANET"})), "does not find PLANET, but CITY"),
    ],
)
def test_what_can_not_be_used_says_why(plugin: str, wanted: Wanted, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        build(plugin, wanted)


def test_it_says_what_it_finds_and_then_answers_texts() -> None:
    started, first, second = answers(Start("parrot", WANTED, 9.0), ("ask Ada", ""), ("Raise",))
    assert msgspec.msgpack.decode(started, type=Started) == Started()
    assert msgspec.msgpack.decode(first, type=Analyzed) == Analyzed((((4, 7, "PERSON", 0.85),), ()))
    assert msgspec.msgpack.decode(second, type=Analyzed) == Analyzed(error="KeyError")


def test_one_that_can_not_be_loaded_ends_after_saying_so() -> None:
    (told,) = answers(Start("broken", WANTED, 9.0), ("never read",))
    assert "no_such_module" in (msgspec.msgpack.decode(told, type=Started).error or "")


def test_it_ends_with_its_input() -> None:
    assert answers() == []
    sink = io.BytesIO()
    run(io.BytesIO(frame(Start("parrot", WANTED, 9.0)) + b"\0\0\0\x09half"), sink)
    assert len(sink.getvalue()) > LENGTH.size


def test_a_classifier_is_found_in_a_group_of_its_own_and_answers_with_labels() -> None:
    assert "topics" in installed(ENTRY_POINTS)
    assert "topics" not in installed()
    sought = Sought(frozenset({"topic:finance"}))
    started, first, second = answers(Start("topics", sought, 9.0), ("my loan", ""), ("Raise",))
    assert msgspec.msgpack.decode(started, type=Started) == Started()
    assert msgspec.msgpack.decode(first, type=Classified) == Classified(({"topic:finance": 0.9}, {}))
    assert msgspec.msgpack.decode(second, type=Classified) == Classified(error="KeyError")


@pytest.mark.parametrize(
    ("plugin", "labels", "reason"),
    [
        ("nobody", {"topic:finance"}, "offers a classifier called 'nobody'"),
        ("topics", {"topic:war"}, "does not give topic:war, but environment, topic:finance"),
    ],
)
def test_a_classifier_that_can_not_be_used_says_why(plugin: str, labels: set[str], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        build_classifier(plugin, Sought(frozenset(labels)))
