"""Rules that let a reply pass: each noted once, at its place, whatever the cuts, and nothing changed."""

from typing import Any

import pytest

from narrows.masking.applied import apply
from narrows.masking.engine import Engine
from narrows.masking.section import Section
from narrows.masking.watch import Watch
from narrows.model.plan import ROW, Action, ReplyRule
from narrows.model.refusal import Code
from narrows.model.reply import Delta, Event
from narrows.model.verdict import Note
from unit.masking.samples import detector, section

NAME = f"{ROW}1"
ENGINE = Engine([section(), Section((detector("rule", "nautilus", entity=NAME),))])


def rule(name: str, **more: Any) -> ReplyRule:
    return ReplyRule(**{"name": name, "policy": "p", "action": Action.FLAG, "message": ""} | more)


RULES = (
    rule("flagged", rows=frozenset({NAME})),
    rule("observed", rows=frozenset({NAME}), action=Action.DENY, observe=True),
    rule("sure", entities=frozenset({"CREDIT_CARD"}), threshold=0.9),
    rule("surer", entities=frozenset({"CREDIT_CARD"}), threshold=0.95),
)


def watch() -> Watch:
    applied = apply(ENGINE, (), b"k" * 32, RULES)
    assert applied.response is None, "none of them stops a reply"
    assert applied.watching is not None
    return Watch(applied.watching, applied.watched, lambda field: field == "content", lambda field: False)


def notes(*events: Event) -> list[Note]:
    watching = watch()
    return [note for event in events for note in watching.look(event)]


@pytest.mark.parametrize("size", [1, 3, 100])
def test_each_rule_is_noted_once(size: int) -> None:
    text = "the nautilus and the nautilus, 4111 1111 1111 1111."
    events = [Event(None, deltas=[Delta(0, "content", text[at : at + size])]) for at in range(0, len(text), size)]
    events.append(Event(None, last=True))
    assert set(notes(*events)) == {
        Note(Code.REPLY_DENIED, "p", "flagged", "content", flagged=True),
        Note(Code.REPLY_DENIED, "p", "observed", "content"),
        Note(Code.REPLY_DENIED, "p", "sure", "content", flagged=True),
    }
    assert len(notes(*events)) == 3
    assert "".join(delta.text for event in events for delta in event.deltas) == text
    assert not any(event.masked or event.before for event in events)


def test_a_place_tells_no_name_of_a_row() -> None:
    found = notes(Event(None, deltas=[Delta(1, "$['nautilus']", "nautilus")], last=True))
    assert {note.param for note in found} == {"1:$['[…]']"} or {note.param for note in found} == {"1:$['…']"}


def test_a_clean_reply_has_no_notes() -> None:
    assert notes(Event(None, deltas=[Delta(0, "content", "hello")], last=True)) == []
