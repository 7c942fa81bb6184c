"""The small JSONPath."""

import pytest

from narrows.dialects.jsonpath import first, located, parse, places, replaced

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
    with pytest.raises(ValueError, match=r"^path |must name"):
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


def test_every_place_has_a_path_of_its_own() -> None:
    tree = {"a": [{"b c": 1}, {"b c": 2}]}
    found = [(holder[key], where) for holder, key, where in located(tree, parse("$.a[*]['b c']"))]
    assert found == [(1, "$.a[0]['b c']"), (2, "$.a[1]['b c']")]
    assert list(located(tree, parse("$.none"))) == []
