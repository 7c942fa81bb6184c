r"""Which disguises may be in a text at all: the patterns that give them away, in a few passes of vectorscan.

Patterns are written for RE2, over characters; vectorscan gets them over the bytes of UTF-8 (`rendered`). There a
pattern matches wherever it matches for RE2, and sometimes more: what is any letter (`\pL`), and what is anything but
these (`[^...]`), is every character that is not ASCII. So a trigger may fire for nothing, and never fails to fire.

Patterns of this package are few, and the same for everybody: what was compiled is kept, and a caller may keep it
elsewhere.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from enum import Enum
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

from narrows.matching.gate import Gate, Part


class Group(Enum):
    """Triggers that are looked for together. How they are grouped is a matter of speed, and of what compiling takes."""

    SIGNS = 1
    RUNS = 2
    """Only in texts that are ASCII; in others they are looked for as they are rendered for those."""
    DIGITS = 3
    """Only in texts with FEWEST_DIGITS."""
    WIDE = 4
    """Only in texts that are not ASCII."""


FEWEST_DIGITS: Final = 6

VIEWERS: Final = 8
"""Sets of triggers of which the compiled gates are kept; there are as many as kinds are left out in different ways."""


MakesGates: TypeAlias = Callable[[Sequence[Part]], Sequence[Gate]]
"""Gives a gate for each part, in their order."""


class Trigger(NamedTuple):
    """One pattern (RE2), and where it is looked for."""

    group: Group
    pattern: str


class Triggers:
    """Which of several triggers fire for a text. Has no state; threads may share it."""

    __slots__ = ("_digits", "_runs", "_signs", "_wide")

    def __init__(self, triggers: Sequence[Trigger], gates: MakesGates | None = None) -> None:
        """`gates` makes the gates; by default they are compiled. Raises ValueError for a pattern that can't be
        rendered."""
        narrow: dict[Group, list[tuple[int, str]]] = {group: [] for group in Group}
        wide: list[Part] = []
        for index, (group, pattern) in enumerate(triggers):
            if group is Group.WIDE:
                narrow[group].append((index, rendered(pattern)))
                continue
            narrow[group].append((index, rendered(pattern, wide=False)))
            if group is Group.RUNS or _WIDE_PART.search(pattern) is not None:
                # These are large, and together they would be larger still: each for itself is soon compiled.
                wide.append(((index, rendered(pattern)),))
            elif pattern.startswith("(?i)"):
                narrow[Group.WIDE].append((index, _FOLDED_ONLY))
        together = (Group.SIGNS, Group.RUNS, Group.DIGITS, Group.WIDE)
        parts = [*(tuple(narrow[group]) for group in together), *wide]
        made = (gates or compiled)(parts)
        self._signs, self._runs, self._digits = made[:3]
        self._wide = tuple(made[3:])

    def hits(self, text: str) -> list[int]:
        """The numbers of those that fire, ascending."""
        data = text.encode("utf-8", "surrogatepass")
        found = self._signs.scan(data)
        if len(data) - len(data.translate(None, b"0123456789")) >= FEWEST_DIGITS:
            found += self._digits.scan(data)
        if len(data) == len(text):
            found += self._runs.scan(data)
            found.sort()
            return found
        for gate in self._wide:
            found += gate.scan(data)
        return sorted(set(found)) if found else found


def compiled(parts: Sequence[Part]) -> list[Gate]:
    """A gate for each part, compiled unless it has been in this process."""
    return [_gate(part) for part in parts]


@lru_cache(maxsize=VIEWERS * 16)
def _gate(part: Part) -> Gate:
    return Gate.compile(part)


_WIDE_PART: Final = re.compile(r"\\p[LN]|\\x\{|\\x[89a-f]|\[\^")
"""What is more than ASCII in a pattern, beside letters that are folded. A class that is negated is."""

_FOLDED_ONLY: Final = r"\xc5\xbf|\xe2\x84\xaa"
"""What a pattern of ASCII can match beside it where case does not matter: the long s and the sign of Kelvin."""

_TOKEN: Final = re.compile(
    r"(?P<class>\[\^?(?:\\x\{[0-9a-f]+\}|\\x[0-9a-f]{2}|\\p[LN]|\\.|[^\]\\])+\])"
    r"|(?P<anchor>\\[bA])"
    r"|(?P<one>\\x\{[0-9a-f]+\}|\\x[0-9a-f]{2}|\\p[LN]|\\.)"
    r"|(?P<syntax>\(\?:|\((?!\?)|\{[0-9,]+\}|[)|*+?^$])"
    r"|(?P<plain>[^\\\[\](){}|*+?^$.])"
)
_MEMBER: Final = re.compile(r"(?P<kind>\\p[LN]|\\[sd])|(?P<low>MEMBER)(?:-(?P<high>MEMBER))?".replace(
    "MEMBER", r"(?:\\x\{[0-9a-f]+\}|\\x[0-9a-f]{2}|\\.|[^\\])"
))  # fmt: skip

_LAST: Final = 0x10FFFF
_WIDTHS: Final = ((0x80, 0x7FF, 2), (0x800, 0xFFFF, 3), (0x10000, _LAST, 4))
_LEADS: Final = {2: 0xC0, 3: 0xE0, 4: 0xF0}
_WIDE: Final = (0x80, _LAST)
_ANY_WIDE: Final = r"[\xc2-\xf4][\x80-\xbf]{1,3}"
_NEVER: Final = r"\xff"
"""No byte of UTF-8."""
_KINDS: Final = {
    r"\pL": ((0x41, 0x5A), (0x61, 0x7A), _WIDE),
    r"\pN": ((0x30, 0x39), _WIDE),
    r"\s": ((0x09, 0x0A), (0x0C, 0x0D), (0x20, 0x20)),
    r"\d": ((0x30, 0x39),),
}
_CONTROLS: Final = {"n": 0x0A, "r": 0x0D, "t": 0x09}
_FOLDED: Final = {0x4B: 0x212A, 0x53: 0x17F}
"""Letters that RE2 takes for K and S where case does not matter: the sign of Kelvin, and the long s."""

_Range = tuple[int, int]


def rendered(pattern: str, *, wide: bool = True) -> str:
    """A pattern over the bytes of UTF-8, in ASCII, that matches where this one (RE2) does; without `wide`, only where
    that takes none but ASCII characters. Raises ValueError for syntax that the patterns of this package do not use.
    """
    cased = not pattern.startswith("(?i)")
    at = 0 if cased else 4
    parts: list[str] = []
    while at < len(pattern):
        token = _TOKEN.match(pattern, at)
        if token is None:
            raise ValueError(f"no pattern of triggers: {pattern[at:]!r}")
        at = token.end()
        text = token.group()
        match token.lastgroup:
            case "class":
                parts.append(_one_of(_members(text), cased=cased, wide=wide, negated=text.startswith("[^")))
            case "one":
                parts.append(_one_of(_KINDS.get(text) or [(_code(text), _code(text))], cased=cased, wide=wide))
            case "plain":
                parts.append(_one_of([(ord(text), ord(text))], cased=cased, wide=wide))
            case _:
                parts.append(text)
    return "".join(parts)


def _members(source: str) -> list[_Range]:
    """The characters of a class; for one that is negated, those that it leaves out and that are ASCII."""
    inner = source[2:-1] if source.startswith("[^") else source[1:-1]
    found: list[_Range] = []
    for member in _MEMBER.finditer(inner):
        if member["kind"]:
            found += _KINDS[member["kind"]]
        else:
            found.append((_code(member["low"]), _code(member["high"] or member["low"])))
    return found


def _code(character: str) -> int:
    if len(character) == 1:
        return ord(character)
    if character.startswith(r"\x"):
        return int(character[2:].strip("{}"), 16)
    return _CONTROLS.get(character[1:]) or ord(character[1:])


def _one_of(ranges: Sequence[_Range], *, cased: bool, wide: bool, negated: bool = False) -> str:
    """One character of these ranges, as bytes."""
    narrow = {code for low, high in ranges for code in range(low, min(high, 0x7F) + 1)}
    others = [(max(low, 0x80), high) for low, high in ranges if high >= 0x80]
    if not cased:
        capitals = {ord(chr(code).upper()) for code in narrow}
        narrow |= capitals | {ord(chr(code).lower()) for code in narrow}
        others += [(letter, letter) for capital, letter in _FOLDED.items() if capital in capitals]
    if negated:
        narrow, others = set(range(0x80)) - narrow, [_WIDE]
    ways = ["[" + "".join(_byte(code, code) for code in sorted(narrow)) + "]"] if narrow else []
    if wide and _WIDE in others:
        ways.append(_ANY_WIDE)
    elif wide:
        ways += [way for low, high in others for way in _as_bytes(low, high)]
    if len(ways) > 1:
        return f"(?:{'|'.join(ways)})"
    return f"(?:{ways[0]})" if ways else _NEVER


def _as_bytes(low: int, high: int) -> Iterator[str]:
    """The encodings of a range of characters, none of them ASCII."""
    for first, last, width in _WIDTHS:
        if low <= last and first <= high:
            yield from _tails(max(low, first), min(high, last), width - 1, _LEADS[width])


def _tails(low: int, high: int, rest: int, lead: int) -> Iterator[str]:
    """The same for characters of one length: `rest` bytes follow the first, which `lead` is added to."""
    if not rest:
        yield _byte(low + lead, high + lead)
        return
    size = 1 << 6 * rest
    first, last = low // size, high // size
    if first == last:
        for tail in _tails(low % size, high % size, rest - 1, 0x80):
            yield _byte(first + lead, first + lead) + tail
        return
    if low % size:
        yield from _tails(low, (first + 1) * size - 1, rest, lead)
        first += 1
    if high % size != size - 1:
        last -= 1
    if first <= last:
        yield _byte(first + lead, last + lead) + r"[\x80-\xbf]" * rest
    if high % size != size - 1:
        yield from _tails((last + 1) * size, high, rest, lead)


def _byte(low: int, high: int) -> str:
    return rf"\x{low:02x}" if low == high else rf"[\x{low:02x}-\x{high:02x}]"
