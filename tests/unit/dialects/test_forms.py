"""Events in the form of other ones, with one text of their own."""

from typing import Any

from narrows.dialects.forms import alone, blank
from narrows.model.reply import Delta, Event

OUTER, INNER = frozenset({"id", "n"}), frozenset({"index", "type"})


def event(tree: Any, container: Any, key: Any, field: str = "f") -> Event:
    return Event(tree, "named", [Delta(0, field, "old", container, key)])


def test_only_the_way_to_the_text_is_kept() -> None:
    place = {"text": "old", "type": "t", "name": "secret"}
    tree = {"id": "1", "n": 5, "usage": {"n": 1}, "list": [{"x": "other"}, {"index": 7, "place": place}], "x": "y"}
    said = alone(event(tree, place, "text"), 0, "f", "new", OUTER, INNER)
    assert said is not None
    assert said.data == {"id": "1", "n": 5, "list": [{"index": 7, "place": {"text": "new", "type": "t"}}]}
    assert said.name == "named"
    said.deltas[0].container[said.deltas[0].key] = "changed"
    assert said.data["list"][0]["place"]["text"] == "changed"
    assert place["text"] == "old"


def test_an_element_that_was_told_by_its_place_is_told_by_an_index() -> None:
    place = {"text": "old"}
    said = alone(event({"list": [{}, place]}, place, "text"), 0, "f", "new", OUTER, INNER)
    assert said is not None
    assert said.data == {"list": [{"index": 1, "text": "new"}]}


def test_a_text_that_is_an_element() -> None:
    texts = ["a", "old", "b"]
    said = alone(event({"texts": texts}, texts, 1), 0, "f", "new", OUTER, INNER)
    assert said is not None
    assert said.data == {"texts": ["", "new", ""]}


def test_the_last_text_of_the_field_is_the_one() -> None:
    first, last = {"text": "1"}, {"text": "2"}
    both = Event({"a": first, "b": last}, None, [Delta(0, "f", "1", first, "text"), Delta(0, "f", "2", last, "text")])
    said = alone(both, 0, "f", "new", OUTER, INNER)
    assert said is not None
    assert said.data == {"b": {"text": "new"}}


def test_a_blank_copy_keeps_the_shape_and_no_text_mark_or_figure() -> None:
    tree = [{"type": "token", "token": {"id": 5, "text": "old", "more": ["a"]}, "usage": {"n": 1}, "done": True}]
    said = blank(event(tree, tree[0]["token"], "text"), 0, "f", "new")
    assert said is not None
    assert said.data == [{"type": "token", "token": {"id": 5, "text": "new", "more": [""]}}]
    assert tree[0]["token"]["text"] == "old"  # type: ignore[index]


def test_a_text_that_is_the_whole_document() -> None:
    tree = ["old"]
    said = blank(event(tree, tree, 0, "$"), 0, "$", "new")
    assert said is not None
    assert said.data == ["new"]


def test_no_form_without_such_a_text_or_outside_the_tree() -> None:
    place = {"text": "old"}
    for make in (lambda *a: alone(*a, OUTER, INNER), blank):
        assert make(event({"x": place}, place, "text"), 0, "another", "new") is None
        assert make(event({"x": place}, place, "text"), 1, "f", "new") is None
        assert make(event({"x": 1}, place, "text"), 0, "f", "new") is None
