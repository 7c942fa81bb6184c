"""Patterns that an organisation writes itself, made into detectors.

They are what people write for `re`: with groups that capture, `+` and `*`, `\\b` at an end. A group is a plain group,
an unbounded repeat ends after BOUND (the last one of a pattern goes on as far as it matches), and `\\b` at either end
says that no word character stands there. What still can't be matched in linear time and exactly in a stream is refused,
and the message says what to change; so is a pattern whose last repeat could not go on, as one in an alternative can't.
The module knows the syntax, no configuration.
"""

import re
from re import _constants as sc  # type: ignore[attr-defined]
from re import _parser as sre_parser  # type: ignore[attr-defined]
from typing import Any, Final

from narrows.masking.detector import CONTEXT, Detector
from narrows.masking.patterns import Bounds, PatternRefused, parse_class

BOUND: Final = 256
"""How often a repeat without an upper bound repeats at most."""

BOUNDS: Final = Bounds(repeat=BOUND, captures=True)
"""What such a pattern may have that a shipped one may not. A section of these detectors is made with it."""

BOUNDED: Final = "(?:)"
"""Ends a pattern whose last repeat is to be as bounded as the others: a part in which nothing repeats."""

WORD: Final = "A-Za-z0-9_"

_LAST_REPEAT: Final = re.compile(r"(\+|\*|\{([0-9]+),\})\??(\)*)\Z")
"""A repeat without end, at the end of a pattern, and the groups that end there."""

_PIECE: Final = re.compile(r"\\x[0-9A-Fa-f]{2}|\\[0-7]{1,3}|\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|.", re.DOTALL)
"""An escape, a class or a character: groups are their brackets."""

_PLAIN_GROUP: Final = re.compile(r"\((?!\?)|\(\?:|\(\?P<")


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
    if not after and not pattern.endswith(BOUNDED):
        pattern, body = _going_on(name, pattern)
        if body and ignore_case:
            body = _both_cases(body)
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


def _going_on(name: str, pattern: str) -> tuple[str, str]:
    """A pattern without the repeat that ends it, and the inside of a class of what repeats; empty if none does."""
    last = _LAST_REPEAT.search(pattern)
    pieces = _PIECE.findall(pattern[: last.start()]) if last is not None else []
    body = _inside(pieces[-1]) if pieces and _always_ends(pieces) else ""
    if last is not None and body:
        sign, least, groups = last.groups()
        once = {"+": "", "*": "{0,1}"}.get(sign, f"{{{least}}}")
        return f"{pattern[: last.start()]}{once}{groups}", body
    if _ends_without_bound(pattern):
        raise PatternRefused(
            f"pattern {name}: {pattern!r}: the repeat that ends it can't go on for as long as it matches; write a bound"
            " such as {1,64}, or each alternative as a pattern of its own"
        )
    return pattern, ""


def _inside(piece: str) -> str:
    """The inside of a class that matches what one piece does; empty if it is not one of characters."""
    if piece.startswith("["):
        return piece[1:-1]
    if piece.startswith("\\"):
        return piece if piece[1:] and piece[1:] not in "bBAZ0123456789" else ""
    if piece == ".":
        return r"^\n"
    return "" if piece in "^$(){}*+?|" else re.escape(piece)


def _always_ends(pieces: list[str]) -> bool:
    """Whether what follows ends every match: no group that is open behind them has alternatives, or flags."""
    levels = [True]
    for index, piece in enumerate(pieces):
        if piece == "(":
            levels.append(_PLAIN_GROUP.match("".join(pieces[index : index + 4])) is not None)
        elif piece == ")":
            levels = levels[:-1] or [False]
        elif piece == "|":
            levels[-1] = False
    return all(levels)


def _ends_without_bound(pattern: str) -> bool:
    """Whether the last part of it is a repeat without a bound. What is no pattern is refused later."""
    try:
        return _is_without_bound(list(sre_parser.parse(pattern, re.ASCII)))
    except (re.error, RecursionError, OverflowError):
        return False


def _is_without_bound(items: list[tuple[Any, Any]]) -> bool:
    if not items:
        return False
    op, argument = items[-1]
    if op in (sc.MAX_REPEAT, sc.MIN_REPEAT):
        return argument[1] is sc.MAXREPEAT or _is_without_bound(list(argument[2]))
    if op is sc.BRANCH:
        return any(_is_without_bound(list(way)) for way in argument[1])
    return op is sc.SUBPATTERN and _is_without_bound(list(argument[-1]))


def _both_cases(inside: str) -> str:
    """A class that holds both cases of its letters, spelled out."""
    mask = parse_class(inside)
    codes = {ord(c) for code in range(128) if mask >> code & 1 for c in (chr(code).lower(), chr(code).upper())}
    if mask >> 128:
        missing = [code for code in range(2, 128) if code not in codes]
        return "^" + "".join(f"\\x{code:02x}" for code in missing) if missing else inside
    return "".join(f"\\x{code:02x}" for code in sorted(codes))
