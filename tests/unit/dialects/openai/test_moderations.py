"""Moderations: texts in every form; categories and scores are no texts, whatever else there is, is."""

from typing import Any

import msgspec
import pytest

from narrows.model.verdict import Deny
from unit.dialects.payloads import REPLIES, asked, read, reader, replay, sent


@pytest.mark.parametrize(
    ("given", "texts"),
    [
        ("one", ["one"]),
        (["one", "two"], ["one", "two"]),
        ([{"type": "text", "text": "one"}], ["one"]),
    ],
)
def test_what_is_judged_is_text(given: Any, texts: list[str]) -> None:
    body = {"model": "omni", "input": given}
    result = asked("moderations", body)
    assert [text.value for text in result.texts] == texts
    assert result.opaque == ()
    assert sent("moderations", body, model="other") == {"model": "other", "input": given}


def test_images_are_opaque() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGVsbG8="}}
    result = asked("moderations", {"model": "omni", "input": [{"type": "text", "text": "one"}, image]})
    assert [text.value for text in result.texts] == ["one"]
    assert len(result.opaque) == 1


@pytest.mark.parametrize("given", [None, 7, [], {"text": "one"}])
def test_what_is_no_input_is_refused(given: Any) -> None:
    assert isinstance(read("moderations", {"model": "omni", "input": given}), Deny)
    assert isinstance(read("moderations", {"input": "one"}), Deny)


def test_what_nobody_knows_is_read_as_text() -> None:
    assert "more" in [text.value for text in asked("moderations", {"model": "m", "input": "a", "note": "more"}).texts]


def test_categories_and_scores_pass_untouched() -> None:
    reads = reader("moderations", stream=False)
    (event,) = replay(reads, msgspec.json.encode(REPLIES["moderations"]))
    assert {delta.text for delta in event.deltas} == {"modr-1", "omni-moderation-latest"}
    assert event.model == "omni-moderation-latest"
    assert msgspec.json.decode(reads.write(event)) == REPLIES["moderations"]


def test_strings_and_figures_elsewhere_are_texts() -> None:
    rows = [
        {"flagged": "who", "categories": {"violence": "what"}, "category_scores": {"violence": 4111111111111111}},
        {"flagged": True, "categories": {"054-28-6917": True}, "reason": "why"},
        {"category_applied_input_types": {"violence": ["text", "where"]}},
        "when",
    ]
    (event,) = replay(reader("moderations", stream=False), msgspec.json.encode({"results": rows, "warning": "w"}))
    texts = {delta.text for delta in event.deltas}
    assert texts >= {"who", "what", "4111111111111111", "why", "where", "when", "w"}
    assert any("054-28-6917" in delta.text or "054-28-6917" in delta.field for delta in event.deltas)
