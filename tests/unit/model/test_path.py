"""JSON paths are read as they are written."""

import pytest

from narrows.model.path import PathRefused, Step, child, element, parse, quoted


@pytest.mark.parametrize(
    ("path", "steps"),
    [
        ("$", ()),
        ("$.a.b_1.c-d.é", ("a", "b_1", "c-d", "é")),
        ("$[0][12]", (0, 12)),
        ("$.*[*].a", (None, None, "a")),
        ("$['a b'][\"c'd\"]", ("a b", "c'd")),
        (r"$['it\'s \\']", ("it's \\",)),
        (r"$['\u00e9\ud83d\ude00\n']", ("é😀\n",)),
        ("$['']", ("",)),
    ],
)
def test_a_path_is_read(path: str, steps: tuple[Step, ...]) -> None:
    assert parse(path) == steps


@pytest.mark.parametrize(
    ("path", "offset", "reason"),
    [
        ("", 0, "begins with"),
        ("a", 0, "begins with"),
        ("$a", 1, "expected '.'"),
        ("$..a", 1, "not supported"),
        ("$.1", 2, "expected a name"),
        ("$.a[01]", 4, "an index"),
        ("$.a[-1]", 4, "an index"),
        ("$[?(@.a)]", 2, "an index"),
        ("$['a'", 5, "expected ']'"),
        (r"$['\x']", 3, "unknown escape"),
        ("$.a b", 3, "expected '.'"),
    ],
)
def test_what_is_no_path_is_refused_with_its_place(path: str, offset: int, reason: str) -> None:
    with pytest.raises(PathRefused, match=reason) as refused:
        parse(path)
    assert (refused.value.text, refused.value.offset) == (path, offset)


def test_what_is_written_is_read_again() -> None:
    keys: list[str | int] = ["a", "b c", "it's", "back\\slash", "", "~", ".", "[0]", "é", "new\nline", "$", 0, 255, 256]
    path = "$"
    for key in keys:
        path = child(path, key) if isinstance(key, str) else element(path, key)
    assert parse(path) == tuple(keys)
    assert child("$", "plain_1") == "$.plain_1"
    assert child("$", "a b") == "$['a b']"


def test_a_name_in_quotes() -> None:
    assert quoted("'a.b'") == "a.b"
    assert quoted('"it\'s"') == "it's"
    assert quoted("a.b") is None
    with pytest.raises(PathRefused, match="escape"):
        quoted(r"'\x'")
