"""What is sent and what is recorded are the same bytes."""

from typing import Any

import msgspec
import pytest

from narrows.dialects.pieces import assemble

BODY: dict[str, Any] = {
    "model": "m",
    "messages": [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}],
    "tools": [],
    "extra": {"x": msgspec.Raw(b"1.0")},
}


def test_pieces_and_labels() -> None:
    forward = assemble(dict(BODY), ("messages", "tools"))
    assert msgspec.json.decode(forward.body) == {**BODY, "extra": {"x": 1.0}}
    assert b"1.0" in forward.body
    assert [content.label for content in forward.contents] == ["$", "$.messages[0]", "$.messages[1]"]
    assert forward.contents[2].data == b'{"role":"user","content":"b"}'
    assert msgspec.json.decode(forward.contents[0].data) == {"model": "m", "tools": [], "extra": {"x": 1.0}}


@pytest.mark.parametrize("body", [{}, {"messages": [1, 2]}, {"messages": [{}]}, {"messages": "text"}])
def test_odd_bodies_are_sent_as_they_are(body: dict[str, Any]) -> None:
    assert msgspec.json.decode(assemble(dict(body), ("messages",)).body) == body
