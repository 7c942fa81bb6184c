"""Deltas know their place: what they say goes back there, keys too."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from narrows.dialects.texts import (
    API_KEYS,
    FIGURES,
    LARGEST_FIGURE,
    LONG,
    MEMBERS,
    Keys,
    blob,
    collect,
    collect_key,
    collect_logprobs,
    collect_source,
    figure,
    holds_figures,
    openai_usage,
    put_back,
)
from narrows.model.reply import Delta
from narrows.model.usage import Usage

NO_COUNTS = (-1, True, 1.5, "3", None, {}, [], LARGEST_FIGURE, 10**40)
"""What an upstream may write where a count belongs."""


def collected(tree: Any) -> tuple[dict[str, Any], list[Delta]]:
    holder = {"root": tree}
    deltas: list[Delta] = []
    collect(deltas, 0, "f", holder, "root")
    return holder, deltas


def test_everything_below_a_place() -> None:
    _, deltas = collected({"k1": "a", "k2": ["b", {"k3": 1}], "type": "", "n": None})
    assert [delta.text for delta in deltas] == ["a", "b", "1", "k3", "k1", "k2", "n"]


def test_values_and_keys_go_back() -> None:
    holder, deltas = collected({"first": "a", "second": {"third": "b"}})
    for delta in deltas:
        delta.text = delta.text.upper()
    put_back(deltas)
    assert holder == {"root": {"FIRST": "A", "SECOND": {"THIRD": "B"}}}
    assert list(holder["root"]) == ["FIRST", "SECOND"]


def test_the_words_of_the_apis_are_no_texts() -> None:
    _, deltas = collected({"type": "x", "prompt_tokens": None})
    assert [delta.text for delta in deltas] == ["x"]
    assert all(key == key.lower() for key in API_KEYS)


def test_renaming_keeps_the_order() -> None:
    tree = {"a": 1, "b": 2, "c": 3}
    Keys(tree)["b"] = "z"
    assert list(tree.items()) == [("a", 1), ("z", 2), ("c", 3)]


def test_a_member_that_was_renamed_is_found_under_its_new_name() -> None:
    tree = {"a": "x", "b": "y"}
    deltas = [Delta(0, "f", "x", tree, "a"), Delta(0, "f", "y", tree, "b")]
    Keys(tree, deltas)["a"] = "z"
    assert [delta.key for delta in deltas] == ["z", "b"]


def test_figures() -> None:
    assert figure({"a": {"b": 3}}, "a", "b") == 3
    assert figure({"a": 2}, "a", "b") is None
    for value in NO_COUNTS:
        assert figure({"a": value}, "a") is None
    assert figure({"a": LARGEST_FIGURE - 1}, "a") == LARGEST_FIGURE - 1


def test_usage_in_both_wordings() -> None:
    assert openai_usage({"prompt_tokens": 5, "completion_tokens": 2}) == Usage(5, 2)
    assert openai_usage({"input_tokens": 5, "output_tokens_details": {"reasoning_tokens": 1}}) == Usage(5, reasoning=1)
    assert openai_usage("many") is None
    assert openai_usage({}) == Usage()


def test_the_parts_of_usage_in_both_wordings() -> None:
    read = {"cached_tokens": 40, "cache_write_tokens": 30, "audio_tokens": 20}
    written = {"reasoning_tokens": 4, "audio_tokens": 3, "accepted_prediction_tokens": 0}
    whole = Usage(100, 10, cached=40, reasoning=4, cache_write=30, audio_prompt=20, audio_completion=3)
    chat = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
    assert openai_usage({**chat, "prompt_tokens_details": read, "completion_tokens_details": written}) == whole
    responses = {"input_tokens": 100, "output_tokens": 10, "total_tokens": 110}
    assert openai_usage({**responses, "input_tokens_details": read, "output_tokens_details": written}) == whole


@pytest.mark.parametrize("value", NO_COUNTS)
def test_a_figure_that_is_no_count_says_nothing(value: Any) -> None:
    for names in (("prompt_tokens", "completion_tokens"), ("input_tokens", "output_tokens")):
        read, written = (f"{name}_details" for name in names)
        assert openai_usage(dict.fromkeys(names, value)) == Usage()
        details = {"cached_tokens": value, "cache_write_tokens": value, "audio_tokens": value}
        reply = {names[0]: 5, names[1]: 2, read: details, written: {"reasoning_tokens": value, "audio_tokens": value}}
        assert openai_usage(reply) == Usage(5, 2)
        assert openai_usage({names[0]: 5, names[1]: 2, read: value, written: value}) == Usage(5, 2)
        assert openai_usage({names[0]: 5, names[1]: 2, "total_tokens": value}) == Usage(5, 2)


def test_output_that_only_the_total_holds_is_output() -> None:
    reply = {"prompt_tokens": 32, "completion_tokens": 9, "completion_tokens_details": {"reasoning_tokens": 94}}
    assert openai_usage({**reply, "total_tokens": 135}) == Usage(32, 103, reasoning=94)
    assert openai_usage({**reply, "total_tokens": 40}) == Usage(32, 9, reasoning=94)
    assert openai_usage({"prompt_tokens": 2, "total_tokens": 2}) == Usage(2)


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


def test_numbers_keep_their_literal_unless_they_are_changed() -> None:
    holder, deltas = collected({"a": 4111111111111111, "b": Raw(b"1.10"), "c": 2.5, "d": True, "e": [7]})
    numbers = [delta for delta in deltas if delta.field == "number:f"]
    assert [(delta.text, delta.name) for delta in numbers] == [
        ("4111111111111111", "a"), ("1.10", "b"), ("2.5", "c"), ("7", "e"),
    ]  # fmt: skip
    numbers[0].text = "[CREDIT_CARD]"
    put_back(deltas)
    assert msgspec.json.encode(holder["root"]) == b'{"a":"[CREDIT_CARD]","b":1.10,"c":2.5,"d":true,"e":[7]}'


def test_figures_of_the_api_are_texts_only_where_they_are_too_large_or_out_of_place() -> None:
    tree = {"prompt_tokens": 5, "details": {"index": 41111111111111, "cached_tokens": 1}, "secret": 6, "index": [1, 2]}
    deltas: list[Delta] = []
    collect(deltas, 0, "f", {"usage": tree}, "usage", FIGURES)
    assert [delta.text for delta in deltas] == ["41111111111111", "6", "secret"]
    collect(deltas := [], 0, "f", {"usage": tree}, "usage", None)
    assert [delta.text for delta in deltas] == ["41111111111111", "secret"]
    assert {
        "completion_time", "created", "end_block_index", "end_page_number", "prompt_time", "queue_time",
        "search_result_index", "start_block_index", "start_page_number", "total_time",
    } >= FIGURES - API_KEYS  # fmt: skip


def test_a_long_list_of_numbers_is_one_text() -> None:
    holder, deltas = collected([1] * (LONG + 1))
    (only,) = deltas
    assert only.text == "[" + ",".join("1" * (LONG + 1)) + "]"
    put_back(deltas)
    assert holder == {"root": [1] * (LONG + 1)}
    only.text = '["x",2.50]'
    put_back(deltas)
    assert msgspec.json.encode(holder) == b'{"root":["x",2.50]}'


def test_values_go_by_the_names_of_what_holds_them() -> None:
    _, deltas = collected({"password": {"value": "a"}, "card": {"number": "b"}, "title": "c", "list": ["d"]})
    assert {delta.text: delta.name for delta in deltas if delta.key != delta.text} == {
        "a": "password", "b": "card number", "c": "", "d": "list",
    }  # fmt: skip


def test_an_object_is_its_source_and_no_member_is_lost() -> None:
    holder: dict[str, Any] = {"input": {"a": 1}, "empty": {}}
    deltas: list[Delta] = []
    collect_source(deltas, 0, "f", holder, "input")
    collect_source(deltas, 0, "f", holder, "empty")
    (only,) = deltas
    assert only.text == '{"a":1}'
    only.text = '{"[X]":1,"[X]":2}'
    put_back(deltas)
    assert msgspec.json.encode(holder) == b'{"input":{"[X]":1,"[X]_2":2},"empty":{}}'
    only.text = "no JSON"
    put_back(deltas)
    assert holder["input"] == "no JSON"


def test_blobs() -> None:
    assert (blob("p", "", "data:image/png;base64,QUJD").media_type, blob("p", "a/b", "QUJD").size) == ("image/png", 3)
    assert blob("p", "", "no base64!").size == len("no base64!")


def test_names_of_members_that_no_api_gives_are_texts() -> None:
    tree = {"usage": 1, "system_fingerprint": 2, "078-05-1120": None}
    deltas: list[Delta] = []
    for key in tree:
        collect_key(deltas, 0, tree, key)
    (only,) = deltas
    assert (only.field, only.text) == ("envelope", "078-05-1120")
    only.text = "[US_SSN]"
    put_back(deltas)
    assert list(tree) == ["usage", "system_fingerprint", "[US_SSN]"]
    assert all(name == name.lower() for name in MEMBERS)
    assert not MEMBERS & API_KEYS


def test_a_key_can_be_renamed_again_and_back() -> None:
    tree: dict[str, Any] = {"a": 1, "b": {"c": 2}}
    deltas: list[Delta] = []
    collect(deltas, 0, "other", [tree], 0)
    renamed = next(delta for delta in deltas if delta.key == "a" and isinstance(delta.container, Keys))
    for name in ("x", "b", "b", "a"):
        renamed.text = name
        put_back(deltas)
        assert list(tree.values()) == ["1" if type(tree[next(iter(tree))]) is str else 1, {"c": 2}]
        assert next(iter(tree)) == {"x": "x", "b": "b_2", "a": "a"}[name]


_MEMBERS = st.sampled_from(
    ["prompt_tokens", "total_tokens", "created", "code", "usage", "completion_tokens", "odd", ""]
)
_ITEMS = st.integers(0, 10**14) | st.none() | st.booleans() | st.text(max_size=3) | st.floats(allow_nan=False)


@given(st.dictionaries(_MEMBERS, st.integers(0, 500)) | st.dictionaries(_MEMBERS, _ITEMS))
def test_an_object_of_nothing_but_figures_holds_no_text(usage: dict[str, Any]) -> None:
    deltas: list[Delta] = []
    collect(deltas, 0, "other", {"usage": usage}, "usage", FIGURES)
    if holds_figures(usage):
        assert deltas == []


@pytest.mark.parametrize("figure", [-1, 0, 10**13 - 1])
def test_the_usage_of_every_reply_is_nothing_but_figures(figure: int) -> None:
    assert holds_figures({"prompt_tokens": figure, "completion_tokens": 1, "total_tokens": 1})
    assert holds_figures({})


@pytest.mark.parametrize("odd", [10**13, "1", 1.0, True, {"cached_tokens": 1}])
def test_what_could_be_a_text_is_no_figure(odd: Any) -> None:
    assert not holds_figures({"prompt_tokens": 1, "total_tokens": odd})
    assert not holds_figures({"prompt_tokens": 1, "4111111111111111": 2})
