"""Strict JSON against the standard library as reference: what is accepted means the same, and literals survive."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrows.dialects.strict_json import Malformed, read, scan
from narrows.model.verdict import Deny

LITERALS = st.one_of(
    st.integers().map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.from_regex(r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,4})?", fullmatch=True).filter(str.isascii),
    st.sampled_from(["1.0", "1e5", "1E400", "-0", "-0.0", "0.10", "1E+2", "123456789012345678901234567890"]),
)
TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=12,
)
STYLES: list[dict[str, Any]] = [
    {"separators": (",", ":"), "ensure_ascii": False},
    {"separators": (",", ":")},
    {},
    {"indent": 2, "ensure_ascii": False},
]


@given(tree=st.dictionaries(st.text(max_size=6), TREES, max_size=4), style=st.sampled_from(STYLES))
def test_what_is_accepted_means_the_same(tree: dict[str, Any], style: dict[str, Any]) -> None:
    body = read(json.dumps(tree, **style).encode(), ())
    assert json.loads(msgspec.json.encode(body)) == tree


@given(LITERALS, st.sampled_from(["{%s}", "{ %s }"]))
def test_number_literals_survive(literal: str, frame: str) -> None:
    data = (frame % f'"a":[{literal}],"b":{literal}').encode()
    body = read(data, ())
    assert not isinstance(body, Deny)
    assert msgspec.json.encode(body) == b'{"a":[%b],"b":%b}' % (literal.encode(), literal.encode())


@given(LITERALS)
def test_number_literals_survive_beside_spaces(literal: str) -> None:
    body = read(f'{{"m": "a, b: c", "a": [{literal}, {literal}], "b": {literal}}}'.encode(), ())
    assert not isinstance(body, Deny)
    assert msgspec.json.encode(body).decode() == f'{{"m":"a, b: c","a":[{literal},{literal}],"b":{literal}}}'


@given(st.binary(max_size=40) | st.text(alphabet='{}[]",:\\ud8e0123456789.+-nulltrue ', max_size=40).map(str.encode))
def test_garbage_is_refused_where_the_reference_refuses_it(data: bytes) -> None:
    try:
        json.loads(data.decode())
        known = True
    except (ValueError, UnicodeDecodeError):
        known = False
    try:
        scan(data)
    except Malformed:
        return
    assert known


@given(tree=st.dictionaries(st.text(min_size=1, max_size=5), TREES, min_size=1, max_size=3), again=st.integers(0, 9))
@pytest.mark.parametrize("spaced", [False, True])
def test_a_repeated_key_is_always_refused(spaced: bool, tree: dict[str, Any], again: int) -> None:
    gap = " " if spaced else ""
    members = [f"{json.dumps(key, ensure_ascii=False)}:{gap}{json.dumps(value)}" for key, value in tree.items()]
    twice = ",".join([*members, members[again % len(members)]])
    assert isinstance(read(f"{{{twice}}}".encode(), ()), Deny)
    assert isinstance(read(f'{{"deep":{gap}[{{{twice}}}]}}'.encode(), ()), Deny)


@given(st.sampled_from(["model", "messages", "stream"]), st.data())
def test_case_variants_of_governed_keys_are_refused(name: str, data: st.DataObject) -> None:
    flipped = "".join(data.draw(st.sampled_from([c, c.upper()])) for c in name)
    body = read(json.dumps({flipped: 1}).encode(), ("model", "messages", "stream"))
    assert isinstance(body, Deny) == (flipped != name)
