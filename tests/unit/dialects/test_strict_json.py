"""One reading of a body, or a refusal that says where it is wrong; checked against the public JSON vectors, too."""

import base64
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from narrows.dialects.strict_json import MAX_DEPTH, Malformed, case_variant, read, scan, shown, written_otherwise
from narrows.model.refusal import Code
from narrows.model.verdict import Deny

GOVERNED = ("model", "stream")
VECTORS = Path(__file__).parents[4] / "shared" / "data" / "json_test_suite.jsonl"
DUPLICATES = {"y_object_duplicated_key.json", "y_object_duplicated_key_and_value.json"}
"""The suite allows a parser to take them; we never do."""


def refused(data: bytes) -> str:
    result = read(data, GOVERNED)
    assert isinstance(result, Deny), result
    assert result.code is Code.BODY_MALFORMED
    return result.message


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "not JSON: Expecting value at line 1, column 1"),
        (b"{", "line 1, column 2"),
        (b'{"a":1}x', "Extra data at line 1, column 8"),
        (b"[]", "must be a JSON object"),
        (b'"model"', "must be a JSON object"),
        (b"null", "must be a JSON object"),
        (b'\xef\xbb\xbf{"a":1}', "byte order mark"),
        (b'{"a":"\xff"}', "not UTF-8 at byte 6"),
        (b'{"a":"\xed\xa0\x80"}', "not UTF-8"),
        (b'{"a":NaN}', "NaN is not a JSON number"),
        (b'{"a":-Infinity}', "-Infinity is not"),
        (b'{"a":"\\ud800"}', "surrogate"),
        (b'{"\\udc00":1}', "surrogate"),
        (b'{"a":1,"a":1}', "key 'a' stands twice"),
        (b'{"a": {"b":1,"b":2}}', "key 'b' stands twice"),
        (b'{"a":[{"b":1,"c":1,"b":2}]}', "key 'b' stands twice"),
        (b'{"mod\\u0065l":1,"model":2}', "key 'model' stands twice"),
        (b'{"Model":"x"}', "key 'Model' must be written 'model'"),
        (b'{"model":"x","MODEL":"y"}', "key 'MODEL' must be written 'model'"),
        (b'{"\xc5\xbftream":true}', "must be written 'stream'"),
        (b'{"a":"\x00"}', "control character"),
        (b"{'a':1}", "line 1, column 2"),
        (b'{"a":1,}', "line 1"),
        (b'{"a":01}', "line 1"),
        (b'{"a":' + b"[" * 100_000, "deep"),
        (b'{"a":' * 100_000, "deep"),
    ],
)
def test_a_refusal_says_what_and_where(data: bytes, says: str) -> None:
    assert says in refused(data)


@pytest.mark.parametrize("space", [b"", b" "])
def test_depth_is_counted_from_the_body(space: bytes) -> None:
    inner = MAX_DEPTH - 1
    assert isinstance(read(b'{"a":%b%b%b}' % (space, b"[" * inner, b"]" * inner), ()), dict)
    assert "deep" in refused(b'{"a":%b%b%b}' % (space, b"[" * MAX_DEPTH, b"]" * MAX_DEPTH))
    objects = b'{"a":' * MAX_DEPTH + b"{}" + b"}" * MAX_DEPTH
    assert "deep" in refused(objects)


def test_brackets_in_strings_are_not_depth() -> None:
    data = json.dumps({"a": "[{" * 500}).encode()
    assert read(data, ()) == {"a": "[{" * 500}
    assert read(data.replace(b": ", b":"), ()) == {"a": "[{" * 500}


@pytest.mark.parametrize(
    "literal", [b"1.0", b"1e5", b"1E400", b"-0", b"-0.0", b"0.1e1", b"9" * 5000, b"1234567890123456", b"1.10"]
)
@pytest.mark.parametrize("space", [b"", b" ", b"\n\t"])
def test_literals_survive(literal: bytes, space: bytes) -> None:
    body = read(b'{"a":%b%b}' % (space, literal), ())
    assert msgspec.json.encode(body) == b'{"a":%b}' % literal


def test_plain_integers_are_integers() -> None:
    assert read(b'{"a": 100, "b": -5}', ()) == {"a": 100, "b": -5}
    assert read(b'{"a":100,"b":-5}', ()) == {"a": 100, "b": -5}


def test_escapes_mean_what_they_say() -> None:
    assert read(b'{"a":"\\ud83d\\ude00\\u00e9\\/"}', ()) == {"a": "😀é/"}


def test_a_key_that_is_shown_is_short_and_printable() -> None:
    assert shown("\x1b[31m") == "'\\x1b[31m'"
    assert len(shown("k" * 1000)) < 80


def test_case_variants() -> None:
    assert case_variant(["model", "x"], GOVERNED) is None
    assert case_variant(["X-Extra", "Other"], GOVERNED) is None
    assert case_variant(["model", "Stream"], GOVERNED) == "Stream"
    assert written_otherwise(["modelid"], ["modelId"]) == "modelid"
    assert written_otherwise(["modelId"], ["modelId"]) is None


def vectors() -> list[tuple[str, bytes]]:
    rows = [json.loads(line) for line in VECTORS.read_text().splitlines()]
    return [(row["name"].rpartition("/")[2], base64.b64decode(row["body_base64"])) for row in rows]


@pytest.mark.skipif(not VECTORS.exists(), reason="the public JSON vectors in ../shared are absent")
def test_public_vectors() -> None:
    wrong = []
    for name, data in vectors():
        for text in (data, b'{"v":' + data + b"}", b'{"v": ' + data + b"}"):
            try:
                scan(text)
                taken = True
            except Malformed:
                taken = False
            if (name.startswith("y_") and not taken and name not in DUPLICATES) or (name.startswith("n_") and taken):
                wrong.append((name, text[:80]))
    assert wrong == []


@pytest.mark.parametrize("style", [{}, {"indent": 2}, {"separators": (",", ":")}, {"separators": (" , ", " : ")}])
def test_white_space_in_any_style(style: dict[str, Any]) -> None:
    body = {"a": "one, two: [3, {4: 5}]  ", "b": [1, {"c": []}, {}], " d : ": None}
    assert read(json.dumps(body, **style).encode(), ()) == body
    doubled = json.dumps(body, **style).encode()[:-1].rstrip() + b', "b": 1}'
    assert "'b' stands twice" in refused(doubled)
