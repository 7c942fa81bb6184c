"""Other texts in a request's place."""

import copy
import time
from typing import Any

import msgspec
import pytest
from msgspec import Raw

from narrows.dialects.rewriting import PlaceUnknown, rewrite, steps
from narrows.model.path import child, element

BODY: dict[str, Any] = {
    "model": "m",
    "messages": [{"role": "user", "content": "a"}, {"role": "user", "content": [{"type": "text", "text": "b"}]}],
    "odd keys": {"it's \\ odd": {"~": "c", "": ["d"]}, "n": 1},
    "tool_calls": [{"function": {"arguments": '{"city":"Oslo"}'}}],
}


def test_texts_at_their_paths() -> None:
    changed = rewrite(
        BODY,
        {
            "$.messages[0].content": "A",
            "$.messages[1].content[0].text": "B",
            "$['odd keys']['it\\'s \\\\ odd']['~']": "C",
            "$['odd keys']['it\\'s \\\\ odd'][''][0]": "D",
            "$.tool_calls[0].function.arguments": "{}",
        },
    )
    assert changed == {
        "model": "m",
        "messages": [{"role": "user", "content": "A"}, {"role": "user", "content": [{"type": "text", "text": "B"}]}],
        "odd keys": {"it's \\ odd": {"~": "C", "": ["D"]}, "n": 1},
        "tool_calls": [{"function": {"arguments": "{}"}}],
    }


def test_what_others_hold_is_not_touched() -> None:
    before = copy.deepcopy(BODY)
    changed = rewrite(BODY, {"$.messages[0].content": "A", "$['odd keys']~": "even"})
    assert before == BODY
    assert changed["tool_calls"] is BODY["tool_calls"]
    assert changed["messages"][1] is BODY["messages"][1]
    assert rewrite(BODY, {}) is BODY


def test_members_are_renamed_where_they_stand() -> None:
    body = {"a": {"x": "1", "y": "2"}, "b": 3}
    changed = rewrite(body, {"$.a~": "A", "$.a.x~": "X", "$.a.x": "one"})
    assert list(changed) == ["A", "b"]
    assert changed == {"A": {"X": "one", "y": "2"}, "b": 3}


def test_members_that_would_be_named_alike_are_numbered() -> None:
    body = {"m": {"a": 1, "b": 2, "[X]": 3, "c": 4, "[X]_3": 5}}
    changed = rewrite(body, {"$.m.a~": "[X]", "$.m.b~": "[X]", "$.m.c~": "[Y]"})
    assert changed == {"m": {"[X]_2": 1, "[X]_4": 2, "[X]": 3, "[Y]": 4, "[X]_3": 5}}


def test_members_may_exchange_their_names() -> None:
    assert rewrite({"m": {"a": 1, "b": 2}}, {"$.m.a~": "b", "$.m.b~": "a"}) == {"m": {"b": 1, "a": 2}}


def test_many_members_of_one_name_take_no_long_time() -> None:
    body = {"m": {f"key{number}": number for number in range(20_000)}}
    begun = time.perf_counter()
    changed = rewrite(body, {f"$.m.key{number}~": "[X]" for number in range(20_000)})
    assert len(changed["m"]) == 20_000
    assert time.perf_counter() - begun < 5


def test_serialised_members_are_opened_and_closed_again() -> None:
    body = {
        "messages": [Raw(b'{"role":"user","content":"a","n":1.50}'), Raw(b'{"role":"user"}')],
        "big": Raw(b'{"deep":[{"text":"b","id":123456789012345678901}]}'),
        "text": Raw(b'"c"'),
    }
    changed = rewrite(body, {"$.messages[0].content": "A", "$.big.deep[0].text": "B", "$.text": "C"})
    assert changed["messages"][1] is body["messages"][1]
    assert msgspec.json.encode(changed) == (
        b'{"messages":[{"role":"user","content":"A","n":1.50},{"role":"user"}],'
        b'"big":{"deep":[{"text":"B","id":123456789012345678901}]},"text":"C"}'
    )
    assert type(changed["messages"][0]) is type(changed["big"]) is Raw


def test_a_number_that_changes_becomes_a_string_and_any_other_keeps_its_literal() -> None:
    body = {"a": 4111, "b": [1, Raw(b"1.50"), 0.5], "c": True, "d": Raw(b'{"n":[1.50,12345678901234567890]}')}
    texts = {"$.a": "4111", "$.b[0]": "1", "$.b[1]": "1.50", "$.b[2]": "0.5", "$.c": "true", "$.d.n[0]": "1.50"}
    assert msgspec.json.encode(rewrite(body, texts)) == msgspec.json.encode(body)
    changed = rewrite(body, {path: f"[{text}]" for path, text in texts.items()})
    assert msgspec.json.encode(changed) == (
        b'{"a":"[4111]","b":["[1]","[1.50]","[0.5]"],"c":"[true]","d":{"n":["[1.50]",12345678901234567890]}}'
    )


def test_a_list_of_numbers_is_replaced_by_its_source_or_by_a_string() -> None:
    vector = [0.5, Raw(b"1.50"), -1, 3, 4, 5]
    body = {"v": vector, "big": Raw(b'{"v":[[1,2,3,4,5.0]]}')}
    assert rewrite(body, {"$.v": "[0.5,1.50,-1,3,4,5]"})["v"] is vector
    changed = rewrite(body, {"$.v": '[0.5,1.50,"[X]",3,4,5]', "$.big.v[0]": "[X]"})
    assert msgspec.json.encode(changed) == b'{"v":[0.5,1.50,"[X]",3,4,5],"big":{"v":["[X]"]}}'


@pytest.mark.parametrize(
    "path",
    [
        "", "$", "$~", "messages", "$.", "$.messages[9].content", "$.messages[0].none", "$.messages.content",
        "$.messages[0]", "$.messages[0].content.deeper", "$.messages[0].content[0]", "$.messages[0]~",
        "$.messages[-1].content", "$['odd keys", "$.messages[*].content", "$.number.x", "$.nothing",
        "$['odd keys'].n~~",
    ],
)  # fmt: skip
def test_a_place_that_is_not_there(path: str) -> None:
    with pytest.raises(PlaceUnknown) as raised:
        rewrite({**BODY, "number": Raw(b"1.50"), "nothing": None}, {path: "X"})
    assert "messages" not in str(raised.value)


def test_steps_are_what_child_and_element_join() -> None:
    keys: list[str | int] = ["a", "b c", "it's", "back\\slash", "", "~", ".", "[0]", "é", "new\nline", 0, 12, 300]
    path = "$"
    for key in keys:
        path = child(path, key) if isinstance(key, str) else element(path, key)
    assert steps(path) == tuple(keys)
