"""What events say again is a text once, and is changed in all of them."""

import pytest

from narrows.dialects.envelope import MOST_NAMES, Envelope, collect_word, is_random
from narrows.model.reply import Delta, Event

HEX = "67a23a641264224750bb46be1092e3d348ee006b47f24fc7d1"


@pytest.mark.parametrize(
    "name", [f"resp_{HEX}", f"chatcmpl-{HEX[:32]}", "f59ccec0-38fa-cf8e-be87-443f08f8c7e9", f"chat_cmpl-{HEX}"]
)
def test_random_ids_are_no_texts(name: str) -> None:
    assert is_random(name)
    deltas: list[Delta] = []
    collect_word(deltas, 0, {"id": name}, "id")
    assert deltas == []


@pytest.mark.parametrize(
    "name", ["call_4111111111111111", "4111111111111111", "41111111111111111111111111111111", "ada@example.org", "078"]
)
def test_other_ids_are_texts(name: str) -> None:
    assert not is_random(name)
    deltas: list[Delta] = []
    collect_word(deltas, 0, {"id": name}, "id")
    assert [(delta.field, delta.text) for delta in deltas] == [("envelope:id", name)]


def test_what_repeats_is_a_text_once_however_far_reading_is_ahead() -> None:
    envelope = Envelope()
    events = [Event({"model": model, "id": "x 1"}) for model in ("a 1", "a 1", "b 2", "a 1", "b 2", "b 2")]
    for event in events:
        for key in event.data:
            envelope.read(event.deltas, event.data, key, event.data[key])
    assert [len(event.deltas) for event in events] == [2, 0, 1, 1, 1, 0]
    for event in events:
        for delta in event.deltas:
            delta.container[delta.key] = delta.text.replace("1", "[ONE]")
        envelope.mend(event)
    assert [event.data["model"] for event in events] == ["a [ONE]", "a [ONE]", "b 2", "a [ONE]", "b 2", "b 2"]
    assert {event.data["id"] for event in events} == {"x [ONE]"}


def test_padding_is_a_text_each_time() -> None:
    envelope = Envelope()
    deltas: list[Delta] = []
    for _ in range(2):
        envelope.read(deltas, {"obfuscation": "abc"}, "obfuscation", "abc")
    assert [delta.field for delta in deltas] == ["envelope:padding"] * 2


def test_names_of_events() -> None:
    envelope = Envelope()
    events = [Event({}, name) for name in ("ssn 1", "ssn 1", "other")]
    for event in events:
        envelope.read_name(event)
    assert [len(event.deltas) for event in events] == [1, 0, 1]
    for event in events:
        for delta in event.deltas:
            delta.container[delta.key] = delta.text.replace("1", "[ONE]")
        envelope.mend(event)
    assert [event.name for event in events] == ["ssn [ONE]", "ssn [ONE]", "other"]


def test_of_more_names_than_are_known_each_is_a_text() -> None:
    envelope = Envelope()
    for number in range(MOST_NAMES):
        envelope.read_name(Event({}, f"n{number}"))
    for _ in range(2):
        event = Event({}, "one more 1")
        envelope.read_name(event)
        (delta,) = event.deltas
        delta.container[delta.key] = "[ONE]"
        envelope.mend(event)
        assert event.name == "[ONE]"
