"""Strict JSON objects."""

import pytest

from narrows.identity.documents import strict_object


def test_an_object_is_read() -> None:
    assert strict_object(b' {"a": [1, 2.5, true, null, "\xc3\xa9"]} ') == {"a": [1, 2.5, True, None, "é"]}


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b'"text"',
        b"null",
        b'{"a": 1} x',
        b'{"a": NaN}',
        b'{"a": -Infinity}',
        b'{"a": 1, "a": 1}',
        b'{"a": {"b": 1, "b": 2}}',
        b'{"a": "\xff"}',
        b'\xef\xbb\xbf{"a": 1}',
        '{"a": 1}'.encode("utf-16"),
        b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"a": ' + b"9" * 10_000 + b"}",
    ],
)
def test_anything_else_is_none(data: bytes) -> None:
    assert strict_object(data) is None
