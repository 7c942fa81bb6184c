"""JSON paths: the part of RFC 9535 without filters, slices and `..`, read and written in one place.

Texts of a request, fields that are masked and the shapes of `json` connections all name places so: `$.a.b`, `$.a[0]`,
`$.a[*]`, `$['odd key']`. Pure: it knows no document.
"""

import re
from typing import Final, TypeAlias

Step: TypeAlias = str | int | None
"""A member's name, an element's index, or None for every member or element."""

Path: TypeAlias = tuple[Step, ...]

_NAME: Final = re.compile(r"[A-Za-z_\u0080-\U0010ffff][A-Za-z0-9_\u0080-\U0010ffff-]*")
_INDEX: Final = re.compile(r"\[(0|[1-9][0-9]{0,8})\]")
_QUOTED: Final = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"", re.DOTALL)
_ESCAPE: Final = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|(.))", re.DOTALL)
_UNESCAPED: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "/": "/", "\\": "\\", "'": "'", '"': '"'}
_SURROGATES: Final = re.compile(r"[\ud800-\udbff][\udc00-\udfff]")
_ELEMENTS: Final = tuple(f"[{index}]" for index in range(256))


class PathRefused(ValueError):
    """A path that can't be read. `offset` is the character at which it fails, `reason` says why."""

    def __init__(self, text: str, offset: int, reason: str) -> None:
        super().__init__(f"path {text!r}: {reason} at character {offset + 1}")
        self.text = text
        self.offset = offset
        self.reason = reason


def parse(text: str) -> Path:
    """The steps of a path; none for the whole document, `$`. Raises PathRefused."""
    if not text.startswith("$"):
        raise PathRefused(text, 0, "a path begins with $")
    steps: list[Step] = []
    at = 1
    while at < len(text):
        step, at = _step(text, at)
        steps.append(step)
    return tuple(steps)


def quoted(text: str) -> str | None:
    """The name that a text is in quotes; None if it is not in quotes. Raises PathRefused."""
    found = _QUOTED.fullmatch(text)
    return None if found is None else _unquoted(text, found)


def child(path: str, key: str) -> str:
    """The path of a member."""
    if key.isidentifier():
        return f"{path}.{key}"
    quoted_key = key.replace("\\", "\\\\").replace("'", "\\'")
    return f"{path}['{quoted_key}']"


def element(path: str, index: int) -> str:
    """The path of an element."""
    return path + (_ELEMENTS[index] if 0 <= index < len(_ELEMENTS) else f"[{index}]")


def _step(text: str, at: int) -> tuple[Step, int]:
    if text.startswith("..", at):
        raise PathRefused(text, at, "'..' is not supported (a name alone matches at any depth)")
    if text.startswith((".*", "[*]"), at):
        return None, at + (2 if text[at] == "." else 3)
    if text[at] == ".":
        name = _NAME.match(text, at + 1)
        if name is None:
            raise PathRefused(text, at + 1, "expected a name (put one with odd characters in ['…'])")
        return name.group(), name.end()
    index = _INDEX.match(text, at)
    if index is not None:
        return int(index.group(1)), index.end()
    if text[at] != "[":
        raise PathRefused(text, at, "expected '.' or '['")
    name = _QUOTED.match(text, at + 1)
    if name is None:
        raise PathRefused(text, at + 1, "expected an index, * or a name in quotes")
    if not text.startswith("]", name.end()):
        raise PathRefused(text, name.end(), "expected ']'")
    return _unquoted(text, name), name.end() + 1


def _unquoted(text: str, found: re.Match[str]) -> str:
    group = 1 if found.group(1) is not None else 2

    def character(escape: re.Match[str]) -> str:
        if escape.group(1) is not None:
            return chr(int(escape.group(1), 16))
        plain = _UNESCAPED.get(escape.group(2))
        if plain is None:
            raise PathRefused(text, found.start(group) + escape.start(), f"unknown escape {escape.group()!r}")
        return plain

    return _SURROGATES.sub(_joined, _ESCAPE.sub(character, found.group(group)))


def _joined(pair: re.Match[str]) -> str:
    return pair.group().encode("utf-16-le", "surrogatepass").decode("utf-16-le")
