"""The process of a plug-in, without the process: what it is told and what it answers."""

import io
from pathlib import Path

import msgspec
import pytest

from narrows.plugins.frames import LENGTH, Analyzed, Start, Started, frame
from narrows.plugins.worker import build, installed, run
from narrows.ports.analyzer import Wanted
from unit.plugins.installed import install

WANTED = Wanted(frozenset({"PERSON"}))


@pytest.fixture(autouse=True)
def parrot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, monkeypatch, parrot="parrot:Parrot", broken="no_such_module:Nothing")


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
    assert msgspec.msgpack.decode(started, type=Started) == Started(("CITY", "CRASH", "PERSON"))
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
