"""Rows that the API defines are no texts; whatever else a reply of rows holds is."""

from typing import Any

import pytest

from narrows.dialects.openai.listed_reply import read_listed
from narrows.model.reply import Event


def read(tree: dict[str, Any]) -> Event:
    event = Event(tree)
    read_listed(tree, event, "rows", lambda key, value: key == "score" and type(value) is float)
    return event


def texts(tree: dict[str, Any]) -> list[str]:
    return [delta.text for delta in read(tree).deltas]


def test_what_the_rows_are_known_to_hold_is_no_text() -> None:
    assert texts({"rows": [{"score": 0.5}, {"score": 0.25}], "object": "list"}) == []


@pytest.mark.parametrize(
    ("tree", "said"),
    [
        ({"rows": [{"score": "said"}]}, "said"),
        ({"rows": [{"more": ["said"]}]}, "said"),
        ({"rows": ["said"]}, "said"),
        ({"rows": "said"}, "said"),
        ({"rows": [], "other": {"x": "said"}}, "said"),
        ({"rows": [{"said so": None}]}, "said so"),
        ({"id": "said"}, "said"),
    ],
)
def test_anything_else_is(tree: dict[str, Any], said: str) -> None:
    assert said in texts(tree)


def test_the_model_is_noted() -> None:
    assert read({"model": "m", "rows": []}).model == "m"
    assert read({"model": 1}).model is None
