"""The small JSONPath."""

import pytest

from narrows.dialects.jsonpath import first, parse, places, replaced

TREE = {"a": {"b": [{"c": 1}, {"c": 2}, {"d": 3}]}, "x y": [5, 6]}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("$.a.b[*].c", [1, 2]),
        ("$.a.b[1].c", [2]),
        ("$['x y'][0]", [5]),
        ("$['x y'][*]", [5, 6]),
        ("$.a.*[0].c", [1]),
        ("$.a.b[9].c", []),
        ("$.none.c", []),
        ("$.a.b.c", []),
    ],
)
def test_places(path: str, found: list[int]) -> None:
    assert [holder[key] for holder, key in places(TREE, parse(path))] == found


@pytest.mark.parametrize("path", ["", "a", "$", "$a", "$..a", "$.a[", "$.a[-1]", "$[?(@.a)]", "$.a b"])
def test_what_is_no_path(path: str) -> None:
    with pytest.raises(ValueError, match=r"must|can't"):
        parse(path)


def test_first() -> None:
    assert first(TREE, parse("$.a.b[*].c")) == 1
    assert first(TREE, parse("$.z")) is None
    assert first(TREE, None) is None


def test_replaced_copies_what_it_changes() -> None:
    changed = replaced(TREE, parse("$.a.b[0].c"), 9)
    assert changed["a"]["b"][0] == {"c": 9}
    assert TREE["a"]["b"][0] == {"c": 1}  # type: ignore[index]
    assert replaced({}, parse("$.parameters.cap"), 5) == {"parameters": {"cap": 5}}
