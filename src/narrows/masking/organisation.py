"""Patterns that an organisation writes itself, made into detectors.

They are what people write for `re`: with groups that capture, `+` and `*`, `\\b` at an end. A group is a plain group,
an unbounded repeat ends after BOUND (the last one of a pattern goes on as far as it matches), and `\\b` at either end
says that no word character stands there. What still can't be matched in linear time and exactly in a stream is refused,
and the message says what to change. The module knows the syntax, no configuration.
"""

import re
from typing import Final

from narrows.masking.detector import CONTEXT, Detector
from narrows.masking.patterns import Bounds, PatternRefused, parse_class

BOUND: Final = 256
"""How often a repeat without an upper bound repeats at most."""

BOUNDS: Final = Bounds(repeat=BOUND, captures=True)
"""What such a pattern may have that a shipped one may not. A section of these detectors is made with it."""

WORD: Final = "A-Za-z0-9_"

_LAST_REPEAT: Final = re.compile(
    r"(\[(?:\^?\](?:[^\]\\]|\\.)*|(?:[^\]\\]|\\.)+)\]|\\[dwsDWS]|(?<!\\)[A-Za-z0-9_])([+*])\Z"
)
"""A class, an escape or a letter that repeats without end, at the end of a pattern."""


def detector(
    name: str,
    entity: str,
    pattern: str,
    *,
    keywords: tuple[str, ...] = (),
    score: float = 1.0,
    ignore_case: bool = False,
    window: int = CONTEXT,
) -> Detector:
    """A detector for one pattern; with keywords, only where one of them stands before it within the window.

    Raises PatternRefused; the section that is made of it refuses what is wrong within.
    """
    flag = re.match(r"\(\?([a-z]+)\)", pattern)
    if flag is not None:
        if flag.group(1) != "i":
            raise PatternRefused(f"pattern {name}: of the flags only (?i) can be given")
        ignore_case, pattern = True, pattern[flag.end() :]
    before, pattern = (WORD, pattern[2:]) if pattern.startswith(r"\b") else ("", pattern)
    after, pattern = (WORD, pattern[:-2]) if _ends_with_boundary(pattern) else ("", pattern)
    body = ""
    last = _LAST_REPEAT.search(pattern) if not after else None
    escaped = last is not None and pattern[: last.start()].endswith("\\")
    if last is not None and not escaped and "|" not in _outside_classes(pattern):
        inside = last.group(1)
        body = inside[1:-1] if inside.startswith("[") else inside
        if ignore_case:
            body = _both_cases(body)
        pattern = pattern[: last.start(2)] if last.group(2) == "+" else f"{pattern[: last.start(2)]}{{0,1}}"
    return Detector(
        name=name,
        entity=entity,
        pattern=pattern,
        ignore_case=ignore_case,
        not_before=before,
        not_after=after,
        body=body,
        keywords=keywords,
        left=window,
        score=0.0 if keywords else score,
        keyword_score=score,
    )


def _ends_with_boundary(pattern: str) -> bool:
    """Whether it ends in `\\b`, and not in an escaped backslash and a b."""
    slashes = len(pattern[:-1]) - len(pattern[:-1].rstrip("\\"))
    return pattern.endswith(r"\b") and slashes % 2 == 1


def _outside_classes(pattern: str) -> str:
    return re.sub(r"\\.|\[(?:\\.|[^\]\\])*\]", "", pattern)


def _both_cases(inside: str) -> str:
    """A class that holds both cases of its letters, spelled out."""
    mask = parse_class(inside)
    codes = {ord(c) for code in range(128) if mask >> code & 1 for c in (chr(code).lower(), chr(code).upper())}
    if mask >> 128:
        missing = [code for code in range(2, 128) if code not in codes]
        return "^" + "".join(f"\\x{code:02x}" for code in missing) if missing else inside
    return "".join(f"\\x{code:02x}" for code in sorted(codes))
