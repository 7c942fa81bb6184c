"""What a linear-time pattern (RE2, UTF-8) needs of a text, as patterns for a `Gate` over the text's bytes.

Wherever RE2 finds a match one of the widened patterns does, whatever the bytes are: what the two engines see otherwise
(characters that are not ASCII, case beyond ASCII, beginnings and ends, repeats of many) is only ever widened. So what
the gate does not hit need not be asked. It knows as much of the syntax (https://github.com/google/re2/wiki/Syntax) as
it must, asks RE2 itself what a class or a character stands for, and says None where it is not sure. Pure.

Each pattern is in bytes, and a text of it may be any bytes: broken UTF-8 and NUL are bytes like others.
"""

import re
from collections.abc import Sequence
from typing import Final

import msgspec
import re2

FORMAT: Final = 1
"""Raised when a pattern is widened otherwise than before."""

MOST: Final = 4_000
"""Patterns that one is widened to: one for each word of a list, say."""

LARGEST: Final = 250
"""Positions of one pattern; what is behind them is left out."""

FEW: Final = 4
"""Branches that stay together; where there are more, each becomes a pattern of its own, so that it is found by what is
fixed in it."""

_REPEATS: Final = 16
"""Times that a character is asked for, and beyond which "at most" is no longer told from "any number"."""

_GROUPS: Final = 2
"""The same of what is longer than a character."""

_WIDE: Final = r"\x80-\xff"
_TOKEN: Final = re.compile(
    r"""
    (?P<flags> \(\? (?P<set> [imsU]* ) (?: - (?P<unset> [imsU]+ ) )? (?P<scope> [:)] ) )
  | (?P<open> \( (?: \? P? < \w+ > )? (?! \? ) )
  | (?P<close> \) )
  | (?P<bar> \| )
  | (?P<times> (?: [*+?] | \{ (?P<least> [0-9]+ ) (?P<upto> , (?P<most> [0-9]* ) )? \} ) \?? )
  | \\Q (?P<quoted> .*? ) (?: \\E | \Z )
  | (?P<anchor> [\^$] | \\[AzbB] )
  | (?P<class> \. | \\[dDwWsSC] | \\[pP] (?: \{ \^? \w+ \} | [A-Z] )
      | \[ \^? \]? (?: \\ [pP] (?: \{ \^? \w+ \} | [A-Z] ) | \\ x \{ [0-9a-fA-F]+ \} | \\. | \[ : \^? \w+ : \]
      | [^]\\] )* \] )
  | \\ x (?: \{ (?P<hex> [0-9a-fA-F]{1,6} ) \} | (?P<pair> [0-9a-fA-F]{2} ) )
  | \\ (?P<control> [afnrtv] )
  | \\ (?P<sign> [^a-zA-Z0-9\x80-\U0010ffff] )
  | (?P<character> [^\\()|*+?^$.\[] )
    """,
    re.VERBOSE | re.DOTALL,
)
_NARROW: Final = re.compile(r"\\[dsw]|\[(?!\^)(?:\\[dsw]|\\[^a-zA-Z0-9]|\\[afnrtv]|\[:\w+:\]|[^]\\\x80-\U0010ffff])+\]")
"""Classes of nothing but ASCII, as long as case counts."""
_CONTROLS: Final = {"a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_FOLDED: Final = ((0x80, 0x3000), (0xA600, 0xAC00), (0xFB00, 0xFB20), (0xFF00, 0x10000), (0x10400, 0x11000),
                  (0x11800, 0x11900), (0x16E00, 0x17000), (0x1E800, 0x1EA00))  # fmt: skip
"""Where characters stand that have another case, with room for those that will be added there."""


class _Letter(msgspec.Struct, frozen=True):
    """One character that is known: its spellings in bytes."""

    spelled: tuple[bytes, ...]


class _Class(msgspec.Struct, frozen=True):
    """One character of ASCII out of `low`; if `wide`, or any other."""

    low: bytes
    wide: bool


class _Anchor(msgspec.Struct, frozen=True):
    """A place between characters."""

    sign: str


class _Row(msgspec.Struct, frozen=True):
    """One after the other."""

    parts: "tuple[_Node, ...]"


class _Either(msgspec.Struct, frozen=True):
    """One of them."""

    branches: "tuple[_Node, ...]"


class _Times(msgspec.Struct, frozen=True):
    """As often; `most` None: any number."""

    part: "_Node"
    least: int
    most: int | None


_Node = _Letter | _Class | _Anchor | _Row | _Either | _Times
_NOTHING: Final = _Row(())
_BEGINNING: Final = _Anchor("^")
_END: Final = _Anchor("$")


class Widener:
    """Widens patterns one after another, and remembers what RE2 said of characters and classes."""

    __slots__ = ("_classes", "_folds", "_letters")

    def __init__(self) -> None:
        self._classes: dict[tuple[str, bool, bool], _Class] = {}
        self._letters: dict[str, _Letter] = {}
        self._folds = b""

    def widen(self, pattern: str) -> tuple[str, ...] | None:
        """Patterns, in ASCII, one of which matches wherever this one does, which RE2 has accepted. They are to be
        compiled as a `Gate` does. None where there is none that says something."""
        reader = _Reader(pattern, self)
        try:
            node = reader.alternatives()
            if node is None or reader.at < len(pattern):
                return None
            written = [_write(_cut(each)) for each in _apart(node) if _least(each)]
        except (RecursionError, _TooMany, re2.error):
            return None
        return tuple(dict.fromkeys(written)) if written and _least(node) else None

    def letter(self, character: str, *, fold: bool) -> _Letter:
        """A character, or with `fold` all that are one with it but for their case."""
        if not fold or (character.isascii() and not character.isalpha()):
            return _Letter((character.encode(),))
        known = self._letters.get(character)
        if known is None:
            if not self._folds:
                others = "".join(chr(code) for low, high in _FOLDED for code in range(low, high))
                self._folds = bytes(range(128)) + others.encode()
            found = _all(f"(?i)\\x{{{ord(character):x}}}", self._folds)
            known = self._letters[character] = _Letter(tuple(sorted({*found, character.encode()})))
        return known

    def characters(self, source: str, *, fold: bool, dotall: bool) -> _Class:
        """What a class stands for."""
        key = source, fold, dotall
        known = self._classes.get(key)
        if known is None:
            flags = ("i" if fold else "") + ("s" if dotall else "")
            low = b"".join(_all(f"(?{flags}){source}" if flags else source, bytes(range(128))))
            # Two letters of ASCII have another case beyond it.
            wide = _NARROW.fullmatch(source) is None or (fold and any(letter in low for letter in b"ksKS"))
            known = self._classes[key] = _Class(low, wide)
        return known


def _all(source: str, data: bytes) -> list[bytes]:
    return [found.group() for found in re2.compile(source.encode()).finditer(data)]


class _TooMany(Exception):
    """More patterns than are made of one."""


class _Reader:
    """Reads a pattern from left to right; `at` is how far it came. What it does not understand it does not pass."""

    def __init__(self, pattern: str, widener: Widener) -> None:
        self._pattern = pattern
        self._widener = widener
        self._fold = self._dotall = False
        self.at = 0

    def alternatives(self) -> _Node | None:
        """Reads up to the end of the group; flags that are set in it end with it."""
        flags = self._fold, self._dotall
        branches = [self._branch()]
        while self._next("bar") is not None:
            branches.append(self._branch())
        self._fold, self._dotall = flags
        return branches[0] if len(branches) == 1 else _Either(tuple(branches))

    def _branch(self) -> _Node:
        parts: list[_Node] = []
        while (piece := self._piece()) is not None:
            last: _Node | None = None
            for node in piece:
                if last is not None:
                    parts.append(last)
                last = node
            if last is None:
                continue
            while (times := self._next("times")) is not None:
                last = _repeated(last, times)
            parts.append(last)
        return parts[0] if len(parts) == 1 else _Row(tuple(parts))

    def _piece(self) -> Sequence[_Node] | None:
        """The next parts, the last of which may be repeated. None at the end of the branch."""
        found = _TOKEN.match(self._pattern, self.at)
        if found is None or found["close"] or found["bar"] or found["times"]:
            return None
        start, self.at = self.at, found.end()
        if found["flags"] or found["open"]:
            node = self._group(found)
            if node is None:
                self.at = start
                return None
            return node
        if found["anchor"]:
            sign = {"\\A": "^", "\\z": "$"}.get(found["anchor"], found["anchor"])
            return (_Anchor(sign),)
        if found["class"]:
            return (self._widener.characters(found["class"], fold=self._fold, dotall=self._dotall),)
        return [self._widener.letter(character, fold=self._fold) for character in _characters(found)]

    def _group(self, found: "re.Match[str]") -> Sequence[_Node] | None:
        """A group, read to its end; nothing for flags that hold from here on. None where it has no end."""
        before = self._fold, self._dotall
        if found["flags"]:
            for flags, value in ((found["set"], True), (found["unset"] or "", False)):
                self._fold = value if "i" in flags else self._fold
                self._dotall = value if "s" in flags else self._dotall
            if found["scope"] == ")":
                return ()
        node = self.alternatives()
        self._fold, self._dotall = before
        return None if node is None or self._next("close") is None else (node,)

    def _next(self, kind: str) -> "re.Match[str] | None":
        found = _TOKEN.match(self._pattern, self.at)
        if found is None or not found[kind]:
            return None
        self.at = found.end()
        return found


def _characters(found: "re.Match[str]") -> str:
    """The characters that a token stands for."""
    if found["quoted"] is not None:
        return found["quoted"]
    if code := found["hex"] or found["pair"]:
        return chr(int(code, 16))
    return _CONTROLS[found["control"]] if found["control"] else found["sign"] or found["character"]


def _repeated(node: _Node, times: "re.Match[str]") -> _Node:
    sign = times["times"][0]
    if sign != "{":
        return _Times(node, int(sign == "+"), 1 if sign == "?" else None)
    least = int(times["least"])
    return _Times(node, least, least if not times["upto"] else int(times["most"]) if times["most"] else None)


def _least(node: _Node) -> int:
    """Bytes that every match has at least."""
    match node:
        case _Letter(spelled):
            return min(map(len, spelled))
        case _Class():
            return 1
        case _Anchor():
            return 0
        case _Row(parts):
            return sum(map(_least, parts))
        case _Either(branches):
            return min(map(_least, branches))
        case _Times(part, least):
            return _least(part) * least


def _bound(node: _Node) -> int:
    """Up to how many times it is told apart how often something occurs."""
    return _REPEATS if isinstance(node, _Class | _Letter) else _GROUPS


def _size(node: _Node) -> int:
    """About as many positions as the automaton has for it."""
    match node:
        case _Letter(spelled):
            return sum(map(len, spelled)) if len(spelled) > 1 and len(spelled[0]) > 1 else len(spelled[0])
        case _Class(_, wide):
            return 2 if wide else 1
        case _Anchor():
            return 0
        case _Row(parts):
            return sum(map(_size, parts))
        case _Either(branches):
            return sum(map(_size, branches))
        case _Times(part, least, most):
            return _size(part) * max(1, min(least, _bound(part)), most == 0)


def _apart(node: _Node) -> list[_Node]:
    """The node as many nodes, one of which matches wherever it does. Raises _TooMany."""
    if isinstance(node, _Either):
        result = [each for branch in node.branches for each in _apart(branch)]
    elif isinstance(node, _Row):
        result = _distributed(node)
    else:
        result = [node]
    if len(result) > MOST:
        raise _TooMany
    return result


def _distributed(row: _Row) -> list[_Node]:
    """The row once for each branch of the first choice among many in it."""
    for index, part in enumerate(row.parts):
        chosen = _apart(part) if isinstance(part, _Row | _Either) and _least(part) else []
        if len(chosen) > FEW:
            before, behind = row.parts[:index], row.parts[index + 1 :]
            return [_Row((*before, branch, *behind)) for branch in chosen]
    return [row]


def _cut(node: _Node) -> _Node:
    """The beginning of a node that is too large."""
    if _size(node) <= LARGEST or not isinstance(node, _Row):
        return node
    kept: list[_Node] = []
    for part in node.parts:
        kept.append(part)
        if _size(_Row(tuple(kept))) > LARGEST and _least(_Row(tuple(kept[:-1]))) > 2:
            return _Row(tuple(kept[:-1]))
    return node


def _write(node: _Node) -> str:
    """The node as a pattern. Anchors stay only where nothing but they can stand before, or behind; they are those of
    lines, so that texts may be joined by line feeds."""
    return f"(?m){_spell(node, first=True, last=True)}"


def _spell(node: _Node, *, first: bool = False, last: bool = False) -> str:
    match node:
        case _Letter(spelled):
            return _spell_letter(spelled)
        case _Class(low, wide):
            return f"{_set(low, wide=wide)}[{_WIDE}]{{0,3}}" if wide else _set(low, wide=False)
        case _Anchor(sign):
            kept = sign in ("\\b", "\\B") or (first and node == _BEGINNING) or (last and node == _END)
            return sign if kept else ""
        case _Row(parts):
            end = len(parts) - 1
            return "".join(
                _spell(each, first=first and at == 0, last=last and at == end) for at, each in enumerate(parts)
            )
        case _Either(branches):
            return f"(?:{'|'.join(dict.fromkeys(_spell(each, first=first, last=last) for each in branches))})"
        case _Times(part, least, most):
            return _spell_times(part, least, most)


def _spell_letter(spelled: Sequence[bytes]) -> str:
    """All spellings; those of one byte as a class."""
    single = b"".join(each for each in spelled if len(each) == 1)
    written = [_set(single, wide=False)] if single else []
    written += [_codes(each) for each in spelled if len(each) > 1]
    return written[0] if len(written) == 1 else f"(?:{'|'.join(written)})"


def _spell_times(part: _Node, least: int, most: int | None) -> str:
    if isinstance(part, _Class):
        # A character is up to four bytes, all of which are in the class if it is wide.
        upto = None if most is None else most * (4 if part.wide else 1)
        return _set(part.low, wide=part.wide) + _braces(min(least, _REPEATS), upto, _REPEATS)
    spelled = _spell(part)
    bound = _bound(part)
    return f"(?:{spelled}){_braces(min(least, bound), most, bound)}" if spelled else ""


def _braces(least: int, most: int | None, bound: int) -> str:
    if most is not None and most <= bound:
        return f"{{{least},{most}}}"
    return {0: "*", 1: "+"}.get(least, f"{{{least},}}")


def _set(low: bytes, *, wide: bool) -> str:
    """One byte out of these, or with `wide` of a character that is not ASCII."""
    if len(low) == 1 and not wide:
        return _codes(low)
    return f"[{_codes(low)}{_WIDE if wide else ''}]"


def _codes(data: bytes) -> str:
    return "".join([f"\\x{byte:02x}" for byte in data])
