"""What is sent and what is recorded are the same bytes; a compacted body is sent like any other."""

import pickle
from typing import Any

import msgspec
import pytest

from narrows.dialects.pieces import LARGE, assemble, compact
from narrows.model.call import Asked

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


def test_a_compacted_body_is_the_same_body() -> None:
    body = {**BODY, "grammar": "g" * LARGE, "big": ["x" * LARGE], "max_tokens": 5}
    asked = Asked("chat", "m", body)
    small = pickle.loads(pickle.dumps(compact(asked, ("messages",), frozenset({"model", "max_tokens"}))))
    assert type(small.body["grammar"]) is msgspec.Raw
    assert type(small.body["messages"][0]) is msgspec.Raw
    assert small.body["max_tokens"] == 5
    assert assemble(dict(small.body), ("messages",)) == assemble(dict(body), ("messages",))
