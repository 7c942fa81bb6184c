"""The syntax of detectors' patterns: parsed once, checked, and rendered for both engines that match it.

A pattern is a small tree over a byte alphabet: 127 ASCII characters and one byte for everything else. Both vectorscan
and RE2 get it rendered as explicit byte classes, so that they can't disagree about case, `\\w` or white space. From
the tree come the facts that masking a stream needs: the language of all prefixes, whether a match can contain white
space, its alphabet and its greatest length. The module knows no text and no detector.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from re import _constants as sc  # type: ignore[attr-defined]
from re import _parser as sre_parser  # type: ignore[attr-defined]
from typing import Any, Final, TypeAlias

EDGE: Final = "\x00"
"""Stands before the first and behind the last character of a field, and where a run of dropped characters is too long.
No class of a pattern matches it."""

WALL: Final = "\x01"
"""Stands for what masking itself has put in (see `standins`). No class of a pattern matches it, and a detector that
minds its neighbours does not match beside it."""

OTHER: Final = 128
"""The bit of every character that is not ASCII; its byte is OTHER_BYTE."""

OTHER_BYTE: Final = 0xFF

UNIVERSE: Final = (1 << 129) - 4
"""What a class can match: all but EDGE and WALL."""

MOST_LENGTH: Final = 2000
"""The longest match a pattern may have. What is longer is a `body`."""


MOST_COUNTED: Final = 32
"""The largest number of repeats that a gate counts."""

MOST_REPEAT: Final = 1000
"""The highest bound of one repeat: RE2's own limit."""

SPACES: Final = " \t\n\r\f\v"
_DIGITS: Final = "0123456789"
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"


class PatternRefused(ValueError):
    """A pattern that can't be matched in linear time, or not exactly in a stream; the message says what to change."""


@dataclass(frozen=True, slots=True)
class Chars:
    """One character out of a set: bit i for the ASCII character i, bit OTHER for all others."""

    mask: int


@dataclass(frozen=True, slots=True)
class Chain:
    parts: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Choice:
    ways: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Repeat:
    inner: "Node"
    low: int
    high: int


Node: TypeAlias = Chars | Chain | Choice | Repeat

ANYTHING: Final = Chars((1 << 129) - 1)
"""Any byte at all, EDGE and WALL too."""


def bits(characters: str) -> int:
    mask = 0
    for character in characters:
        mask |= 1 << ord(character)
    return mask


SPACE_BITS: Final = bits(SPACES)
SEPARATORS: Final = SPACE_BITS | 1 << OTHER
"""Where a stream asks whether it may go on: white space, and what is not ASCII (Chinese and Thai have no spaces)."""

_CATEGORIES: Final = {
    sc.CATEGORY_DIGIT: bits(_DIGITS),
    sc.CATEGORY_SPACE: SPACE_BITS,
    sc.CATEGORY_WORD: bits(_DIGITS + _LETTERS + _LETTERS.upper() + "_"),
}
_NEGATED: Final = {
    sc.CATEGORY_NOT_DIGIT: sc.CATEGORY_DIGIT,
    sc.CATEGORY_NOT_SPACE: sc.CATEGORY_SPACE,
    sc.CATEGORY_NOT_WORD: sc.CATEGORY_WORD,
}
WORD_BITS: Final = _CATEGORIES[sc.CATEGORY_WORD]


@dataclass(frozen=True, slots=True)
class Bounds:
    """What to do with what a shipped row may not have: unbounded repeats (0: refuse them) and capture groups."""

    repeat: int = 0
    captures: bool = False


STRICT: Final = Bounds()


def parse(pattern: str, *, ignore_case: bool = False, bounds: Bounds = STRICT) -> Node:
    """The tree of a pattern. Raises PatternRefused."""
    flags = re.ASCII | (re.IGNORECASE if ignore_case else 0)
    try:
        parsed = sre_parser.parse(pattern, flags)
    except (re.error, RecursionError, OverflowError) as error:
        raise PatternRefused(f"{pattern!r} is not a regular expression: {error}") from None
    try:
        return _chain(list(parsed), parsed.state.flags, bounds)
    except PatternRefused as refused:
        raise PatternRefused(f"{pattern!r}: {refused}") from None
    except RecursionError:
        raise PatternRefused("a pattern is nested too deeply") from None


def parse_class(inside: str) -> int:
    """The set that the inside of a character class names, as bits. Raises PatternRefused."""
    node = parse(f"[{inside}]") if inside else Chain(())
    match node:
        case Chars(mask):
            return mask
        case Chain((Chars(mask),)):
            return mask
        case Chain(()):
            return 0
        case _:
            raise PatternRefused(f"[{inside}] is not one character class")


def _chain(items: list[tuple[Any, Any]], flags: int, bounds: Bounds) -> Node:
    parts = [_one(op, argument, flags, bounds) for op, argument in items]
    return parts[0] if len(parts) == 1 else Chain(tuple(parts))


def _one(op: Any, argument: Any, flags: int, bounds: Bounds) -> Node:
    if op in (sc.LITERAL, sc.NOT_LITERAL, sc.ANY, sc.IN):
        mask = _mask(op, argument, flags)
        if not mask:
            raise PatternRefused("a class that no character of a text is in")
        return Chars(mask)
    if op is sc.BRANCH:
        return Choice(tuple(_chain(list(way), flags, bounds) for way in argument[1]))
    if op is sc.SUBPATTERN:
        group, added, removed, inner = argument
        if group is not None and not bounds.captures:
            raise PatternRefused("a group that captures; write (?:…)")
        return _chain(list(inner), (flags | added) & ~removed, bounds)
    if op in (sc.MAX_REPEAT, sc.MIN_REPEAT):
        return _repeat(argument, flags, bounds)
    raise PatternRefused(f"{_NAMES.get(op, str(op).lower())} can't be matched exactly in a stream")


_NAMES: Final = {
    sc.AT: "an anchor (^, $, \\b)",
    sc.ASSERT: "look-around",
    sc.ASSERT_NOT: "look-around",
    sc.GROUPREF: "a back-reference",
    sc.GROUPREF_EXISTS: "a conditional group",
}


def _repeat(argument: Any, flags: int, bounds: Bounds) -> Node:
    low, high, inner = argument
    if high is sc.MAXREPEAT:
        if not bounds.repeat:
            raise PatternRefused("a repeat without an upper bound; write {1,64}, or use a body")
        high = max(int(low), bounds.repeat)
    node = _chain(list(inner), flags, bounds)
    if high > MOST_REPEAT:
        raise PatternRefused(f"a repeat of more than {MOST_REPEAT}")
    return node if (low, high) == (1, 1) else Repeat(node, int(low), int(high))


def _mask(op: Any, argument: Any, flags: int) -> int:
    if op is sc.LITERAL:
        return _cased(_literal(argument), flags)
    if op is sc.NOT_LITERAL:
        return UNIVERSE & ~_cased(_literal(argument), flags)
    if op is sc.ANY:
        return UNIVERSE if flags & re.DOTALL else UNIVERSE & ~bits("\n")
    return _set(argument, flags)


def _literal(code: int) -> int:
    if code > 127:
        raise PatternRefused(f"{chr(code)!r} is not ASCII; a word list can hold it")
    return (1 << code) & UNIVERSE


def _set(items: list[tuple[Any, Any]], flags: int) -> int:
    mask, negate = 0, False
    for op, argument in items:
        if op is sc.NEGATE:
            negate = True
        elif op is sc.LITERAL:
            mask |= _literal(argument)
        elif op is sc.RANGE:
            first, last = argument
            mask |= _literal(first) | _literal(last) | (1 << (last + 1)) - (1 << first)
        elif argument in _NEGATED:
            mask |= UNIVERSE & ~_CATEGORIES[_NEGATED[argument]]
        else:
            mask |= _CATEGORIES[argument]
    mask = _cased(mask, flags)
    return UNIVERSE & ~mask if negate else UNIVERSE & mask


def _cased(mask: int, flags: int) -> int:
    if not flags & re.IGNORECASE:
        return mask
    lower = mask >> ord("a") & (1 << 26) - 1
    upper = mask >> ord("A") & (1 << 26) - 1
    return mask | lower << ord("A") | upper << ord("a")


def length(node: Node) -> tuple[int, int]:
    """The least and the greatest length of a match."""
    match node:
        case Chars():
            return 1, 1
        case Chain(parts):
            sizes = [length(part) for part in parts]
            return sum(low for low, _ in sizes), sum(high for _, high in sizes)
        case Choice(ways):
            sizes = [length(way) for way in ways]
            return min(low for low, _ in sizes), max(high for _, high in sizes)
        case Repeat(inner, least, most):
            low, high = length(inner)
            return low * least, high * most


def alphabet(node: Node) -> int:
    """Every character that can occur in a match, as bits."""
    match node:
        case Chars(mask):
            return mask
        case Chain(parts) | Choice(parts):
            union = 0
            for part in parts:
                union |= alphabet(part)
            return union
        case Repeat(inner, _, high):
            return alphabet(inner) if high else 0


def first(node: Node) -> int:
    """Every character a match can begin with, as bits."""
    return _edge(node, backwards=False)


def last(node: Node) -> int:
    """Every character a match can end with, as bits."""
    return _edge(node, backwards=True)


def _edge(node: Node, *, backwards: bool) -> int:
    match node:
        case Chars(mask):
            return mask
        case Chain(parts):
            union = 0
            for part in reversed(parts) if backwards else parts:
                union |= _edge(part, backwards=backwards)
                if length(part)[0] > 0:
                    break
            return union
        case Choice(ways):
            union = 0
            for way in ways:
                union |= _edge(way, backwards=backwards)
            return union
        case Repeat(inner, _, high):
            return _edge(inner, backwards=backwards) if high else 0


def prefixes(node: Node) -> Node | None:
    """The language of all non-empty prefixes, or None if there is no character in it."""
    match node:
        case Chars():
            return node
        case Choice(ways):
            return _either([way for way in map(prefixes, ways) if way is not None])
        case Repeat(inner, _, high):
            start = prefixes(inner)
            if start is None or high == 0:
                return None
            if isinstance(inner, Chars):
                return Repeat(inner, 1, high)
            return Chain((Repeat(inner, 0, high - 1), start)) if high > 1 else start
        case Chain(parts):
            return _prefixes_of_chain(parts)


def _prefixes_of_chain(parts: tuple[Node, ...]) -> Node | None:
    tail: Node | None = None
    for part in reversed(parts):
        start = prefixes(part)
        if tail is None:
            tail = start
        elif isinstance(part, Chars):
            tail = Chain((part, Repeat(tail, 0, 1)))
        elif start is None:
            tail = Chain((part, tail))
        else:
            tail = Choice((start, Chain((part, tail))))
    return tail


def _either(ways: list[Node]) -> Node | None:
    if len(ways) < 2:
        return ways[0] if ways else None
    return Choice(tuple(ways))


def render(node: Node) -> str:
    """The pattern for both engines, over bytes."""
    return _rendered(node, None)


def render_gate(node: Node) -> str:
    """A pattern that hits wherever `render` does, and more: repeats above MOST_COUNTED have no upper bound, since
    vectorscan makes a state of each and takes seconds to compile them."""
    return _rendered(node, MOST_COUNTED)


def _rendered(node: Node, most: int | None) -> str:
    match node:
        case Chars(mask):
            return render_class(mask)
        case Chain(parts):
            return "".join(_rendered(part, most) for part in parts)
        case Choice(ways):
            return "(?:" + "|".join(_rendered(way, most) for way in ways) + ")"
        case Repeat(inner, low, high):
            inside = _rendered(inner, most)
            if not isinstance(inner, Chars | Choice):
                inside = f"(?:{inside})"
            if (low, high) == (0, 1):
                return inside + "?"
            if most is not None and high > most and high > low:
                return inside + f"{{{low},}}"
            return inside + (f"{{{low}}}" if low == high else f"{{{low},{high}}}")


@lru_cache(maxsize=1024)
def render_class(mask: int) -> str:
    """A class as `[\\x41-\\x5a]`; the byte of OTHER for its bit. Kept, since hundreds of rows share a few dozen."""
    codes = [code for code in range(OTHER) if mask >> code & 1]
    if len(codes) == 1 and not mask >> OTHER:
        return f"\\x{codes[0]:02x}"
    if mask == ANYTHING.mask:
        return "[\\x00-\\xff]"
    ranges: list[list[int]] = []
    for code in codes:
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    inside = "".join(f"\\x{low:02x}" if low == high else f"\\x{low:02x}-\\x{high:02x}" for low, high in ranges)
    other = f"\\x{OTHER_BYTE:02x}" if mask >> OTHER & 1 else ""
    return f"[{inside}{other}]"
