"""Deltas know their place: what they say goes back there, keys too."""

from typing import Any

from narrows.dialects.texts import API_KEYS, Keys, collect, collect_logprobs, figure, openai_usage, put_back
from narrows.model.reply import Delta
from narrows.model.usage import Usage


def collected(tree: Any) -> tuple[dict[str, Any], list[Delta]]:
    holder = {"root": tree}
    deltas: list[Delta] = []
    collect(deltas, 0, "f", holder, "root")
    return holder, deltas


def test_everything_below_a_place() -> None:
    _, deltas = collected({"k1": "a", "k2": ["b", {"k3": 1}], "type": "", "n": None})
    assert [delta.text for delta in deltas] == ["a", "b", "k3", "k1", "k2", "n"]


def test_values_and_keys_go_back() -> None:
    holder, deltas = collected({"first": "a", "second": {"third": "b"}})
    for delta in deltas:
        delta.text = delta.text.upper()
    put_back(deltas)
    assert holder == {"root": {"FIRST": "A", "SECOND": {"THIRD": "B"}}}
    assert list(holder["root"]) == ["FIRST", "SECOND"]


def test_the_words_of_the_apis_are_no_texts() -> None:
    _, deltas = collected({"type": "x", "prompt_tokens": 5})
    assert [delta.text for delta in deltas] == ["x"]
    assert all(key == key.lower() for key in API_KEYS)


def test_renaming_keeps_the_order() -> None:
    tree = {"a": 1, "b": 2, "c": 3}
    Keys(tree)["b"] = "z"
    assert list(tree.items()) == [("a", 1), ("z", 2), ("c", 3)]


def test_figures() -> None:
    assert figure({"a": {"b": 3}}, "a", "b") == 3
    assert figure({"a": 2}, "a", "b") is None
    for value in (-1, True, 1.5, "3", None, {}):
        assert figure({"a": value}, "a") is None


def test_usage_in_both_wordings() -> None:
    assert openai_usage({"prompt_tokens": 5, "completion_tokens": 2}) == Usage(5, 2)
    assert openai_usage({"input_tokens": 5, "output_tokens_details": {"reasoning_tokens": 1}}) == Usage(5, reasoning=1)
    assert openai_usage("many") is None
    assert openai_usage({}) == Usage()


def test_the_bytes_of_a_token_go_where_it_is_changed() -> None:
    top = [{"token": "a", "bytes": [97]}, {"token": "b", "bytes": None}]
    tree = {"logprobs": {"content": [{"token": "a", "logprob": -1, "bytes": [97], "top_logprobs": top}]}}
    for text, left in (("a", [97]), ("", [])):
        deltas: list[Delta] = []
        collect_logprobs(deltas, 0, "logprobs", tree, "logprobs")
        assert [delta.text for delta in deltas] == ["a", "a", "b"]
        for delta in deltas[:2]:
            delta.text = text
        put_back(deltas)
        (entry,) = tree["logprobs"]["content"]
        assert (entry["token"], entry["bytes"]) == (text, left)
        assert (top[0]["token"], top[0]["bytes"]) == (text, left)
    assert top[1] == {"token": "b", "bytes": None}


def test_keys_that_are_named_alike_lose_no_member() -> None:
    tree = {"a@b.example": 1, "c@d.example": 2, "kept": 3}
    slot = Keys(tree)
    slot["a@b.example"] = "[X]"
    slot["c@d.example"] = "[X]"
    assert tree == {"[X]": 1, "[X]_2": 2, "kept": 3}
    assert list(tree) == ["[X]", "[X]_2", "kept"]
