"""Whole replies of the responses API."""

import msgspec
import pytest

from narrows.model.reply import Event
from narrows.model.usage import Usage
from narrows.ports.dialect import ReplyInvalid
from unit.dialects.payloads import RESPONSE, reader, replay, said


def kept(events: list[Event]) -> list[str]:
    return [event.response_id for event in events if event.response_id is not None]


def test_a_whole_reply() -> None:
    *_, event = replay(reader("responses", stream=False), msgspec.json.encode(RESPONSE))
    assert said([event]) == "Rain"
    assert said([event], "reasoning") == "Clouds"
    assert said([event], "refusal") == "No"
    assert said([event], "tool_name:2") == "get_weather"
    assert said([event], "tool_call:2") == '{"a":1}'
    assert "Met" in said([event], "citations")
    assert event.usage == Usage(9, 3, 4, 1)
    assert (event.model, event.finish, event.response_id) == ("gpt-5-mini-2025-08-07", "completed", None)
    *_, event = replay(reader("responses", stream=False, store=True), msgspec.json.encode(RESPONSE))
    assert event.response_id == "resp_1"


def test_of_a_response_that_is_not_stored_only_items_that_are_sent_back_by_name_are_named() -> None:
    assert kept(replay(reader("responses", stream=False), msgspec.json.encode(RESPONSE))) == ["rs_1"]
    whole = {"output": [{"type": "reasoning", "id": "rs_2", "summary": [], "encrypted_content": "gAAAAB"}]}
    assert kept(replay(reader("responses", stream=False), msgspec.json.encode(whole))) == []


def test_an_output_item_that_is_none() -> None:
    with pytest.raises(ReplyInvalid, match="output item"):
        replay(reader("responses", stream=False), b'{"output":["x"]}')


@pytest.mark.parametrize("kind", [{}, [], {"a": "b"}, 1, None])
def test_a_part_whose_type_is_no_word_is_read_all_the_same(kind: object) -> None:
    part = {"type": kind, "text": "said", "more": "too"}
    tree = {**RESPONSE, "output": [{"type": "message", "content": [part]}]}
    (event,) = replay(reader("responses", stream=False), msgspec.json.encode(tree))
    assert {"said", "too"} <= {delta.text for delta in event.deltas}
