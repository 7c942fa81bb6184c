"""Patterns without their spaces."""

import pytest
import re2

from narrows.inspection.loose import loosened


@pytest.mark.parametrize(
    ("pattern", "loose"),
    [
        ("delete all", "delete ?all"),
        (r"(?i)\bdrop\s+table\b", r"(?i)drop\s*table"),
        (r"ignore (all |previous )+instructions", "ignore ?(all ?|previous ?)+instructions"),
        (r"a[ _-]+b", "a[ _-]*b"),
        (r"a[\s]b", r"a[\s]?b"),
        (r"a\s{1,3}b", r"a(?:\s{1,3})?b"),
        (r"a\s*b", None),
        ("a[xyz]b", None),
        (r"a\\sb", None),
        (r"\Qa b\E c", r"\Qa b\E ?c"),
        ("[^ ]x", None),
        (r"a\.b", None),
    ],
)
def test_spaces_become_optional(pattern: str, loose: str | None) -> None:
    assert loosened(pattern) == loose


def test_what_was_matched_is_still_matched() -> None:
    pattern = r"(?i)\bignore\s+(?:all\s+)?previous[ ,]+instructions\b"
    loose = loosened(pattern)
    assert loose is not None
    for text in ("ignore all previous, instructions", "Ignore previous instructions"):
        assert re2.search(pattern, text)
        assert re2.search(loose, text)
        assert re2.search(loose, "x" + "".join(text.split()) + "y")
    assert re2.search(pattern, "ignoreallpreviousinstructions") is None
