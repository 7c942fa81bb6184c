"""The work in a JSON text, told before it is parsed."""

import json
from typing import Any

import pytest

from narrows.dialects.weight import BUSY, MOST, is_busy, is_too_much


@pytest.mark.parametrize("node", ["x", "\\", '"', {}, [], {"k": 1}, {"k": "v"}, [["a"]]])
@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
def test_many_nodes_of_any_kind_are_work(node: Any, separators: tuple[str, str]) -> None:
    data = json.dumps([node] * 3 * BUSY, separators=separators).encode()
    assert is_busy(data)
    assert not is_busy(data[: len(data) // 20])


@pytest.mark.parametrize(
    "value", ["words, and more words. " * 10_000, [0.5] * 50_000, 'say "x" \n' * 30_000, [1] * 60_000]
)
def test_long_texts_and_vectors_are_none(value: Any) -> None:
    assert not is_busy(json.dumps({"value": value}).encode())


def test_what_stands_in_strings_is_no_node() -> None:
    code = json.dumps({"content": '{"a": [1], "b": {}} \\' * MOST}).encode()
    assert not is_too_much(code)
    assert not is_too_much(b'["%b"]' % (b"{[" * MOST))


@pytest.mark.parametrize("node", [b'"a"', b"{}", b"[]", b'"\\\\"', b'"\\""'])
def test_the_most_is_exact(node: bytes) -> None:
    assert not is_too_much(b"[" + b",".join([node] * (MOST - 1)) + b"]")
    assert is_too_much(b"[" + b",".join([node] * MOST) + b"]")
