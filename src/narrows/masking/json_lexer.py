"""Reads JSON that comes in arbitrary pieces: structure, strings decoded with the way back to their spelling, scalars.

No token depends on where the text was cut, and the sources of all tokens together are the text. Where it stops being
JSON a TAIL begins: the rest of the text as one, decoded like a string that never ends, since what broke is still most
likely JSON with a mistake in it. A tail begins at the character that can't stand there, or at the scalar before it:
`4111 1111` is no number but the beginning of one text.

Read as JSON although it is not, because readers exist that do: raw control characters in strings, escapes that JSON
does not know (their backslash is a character like others), lone surrogates, a comma before a closing bracket, `NaN` and
`Infinity`, and several arrays or objects in a row. Not read as JSON although it is: what nests deeper than MOST_DEPTH,
and scalars longer than LONGEST_SCALAR; that bounds what is held. A text that is cut off is JSON as far as it goes.

The module knows nothing of masking but what a stand-in begins with: in `[US_SSN]` the bracket is no array's.
"""

import re
from enum import Enum, auto
from typing import Final, NamedTuple

MOST_DEPTH: Final = 64
"""Objects and arrays within each other, as in the bodies of calls."""

LONGEST_SCALAR: Final = 1024
"""Characters of a number or a literal; and of the white space behind it, for which it waits to see what follows."""


class Kind(Enum):
    SPACE = auto()
    """White space between tokens."""

    STRUCTURE = auto()
    """One of `{}[],:`."""

    KEY = auto()
    """The quote that opens the name of a member."""

    STRING = auto()
    """The quote that opens a value."""

    TEXT = auto()
    """A part of a key, a string or the tail, decoded."""

    END = auto()
    """The quote that closes a key or a string."""

    SCALAR = auto()
    """A number or a literal, whole."""

    TAIL = auto()
    """Nothing itself: what follows is no JSON. All further tokens are TEXT."""


class Token(NamedTuple):
    kind: Kind
    text: str
    """The source; for TEXT what it means."""

    escapes: tuple[tuple[int, str], ...] = ()
    """For TEXT: the places in `text` of characters that are spelled otherwise in the source, and how."""

    @property
    def source(self) -> str:
        """The token as it came."""
        parts: list[str] = []
        done = 0
        for place, spelled in self.escapes:
            parts += (self.text[done:place], spelled)
            done = place + 1
        return "".join((*parts, self.text[done:]))


class _Expect(Enum):
    VALUE = auto()
    ELEMENT = auto()
    """A value, or the end of an array."""

    KEY = auto()
    """A key, or the end of an object."""

    COLON = auto()
    NEXT = auto()
    """A comma, or the end of an object or array."""

    DONE = auto()
    """Nothing more, or another object or array."""


_SPACE: Final = re.compile(r"[ \t\n\r]*")
_STAND_IN: Final = re.compile(r"\[(?!Na|In)[A-Z]")
_BEGUN_STAND_IN: Final = re.compile(r"\[[NI]?\Z")
_RUN: Final = re.compile(r'[^ \t\n\r,:{}\[\]"]+')
_SCALAR: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null|NaN|-?Infinity")
_BEGUN_NUMBER: Final = re.compile(
    r"-?(?:(?:0|[1-9][0-9]*)(?:\.|(?:\.[0-9]+)?(?:[eE](?:[+-]?[0-9]*))?)?)?",
)
_LITERALS: Final = ("true", "false", "null", "NaN", "Infinity", "-Infinity")
_PLAIN: Final = re.compile(r'[^"\\]+')
_PLAIN_TAIL: Final = re.compile(r"[^\\]+")
_HEX: Final = re.compile(r"[0-9A-Fa-f]{0,4}")
_LOW: Final = re.compile(r"\\u[dD][c-fC-F][0-9A-Fa-f]{2}")
_BEGUN_LOW: Final = re.compile(r"(?:\\(?:u(?:[dD](?:[c-fC-F][0-9A-Fa-f]?)?)?)?)?")
_SIMPLE: Final = {
    '"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t",
}  # fmt: skip


class JsonLexer:
    """One text."""

    __slots__ = ("_closes", "_containers", "_expect", "_held", "_inside", "broken")

    def __init__(self) -> None:
        self._containers: list[str] = []
        self._expect = _Expect.VALUE
        self._held = ""
        self._inside = False
        self._closes = _Expect.NEXT
        self.broken = False
        """Whether the tail has begun."""

    @property
    def complete(self) -> bool:
        """Whether what was read so far is JSON that needs nothing more."""
        return self._expect is _Expect.DONE and not self.broken

    @property
    def in_object(self) -> bool:
        """Whether a member could come: some object is open, or was when the tail began."""
        return "{" in self._containers

    def feed(self, piece: str) -> list[Token]:
        """The tokens that are certain, whatever follows."""
        return self._read(piece, final=False)

    def finish(self, piece: str = "") -> list[Token]:
        """The rest."""
        return self._read(piece, final=True)

    def _read(self, piece: str, *, final: bool) -> list[Token]:
        text, at = self._held + piece, 0
        tokens: list[Token] = []
        while at < len(text):
            reached = self._step(text, at, tokens, final=final)
            if reached < 0:
                break
            at = reached
        self._held = text[at:]
        return tokens

    def _step(self, text: str, at: int, tokens: list[Token], *, final: bool) -> int:
        """Reads on from a place and says how far it came; less than 0: what follows decides."""
        if self._inside or self.broken:
            return self._read_text(text, at, tokens, final=final)
        stop = _end(_SPACE, text, at, len(text))
        if stop > at:
            tokens.append(Token(Kind.SPACE, text[at:stop]))
            return stop
        character = text[at]
        if character == '"':
            return self._open_string(at, tokens)
        if character in "{[":
            if not final and _BEGUN_STAND_IN.match(text, at):
                return -1
            return self._open(text, at, tokens)
        if character in "}],:":
            return self._structure(character, at, tokens)
        if self._expect in (_Expect.VALUE, _Expect.ELEMENT):
            return self._scalar(text, at, tokens, final=final)
        return self._break(at, tokens)

    def _break(self, at: int, tokens: list[Token]) -> int:
        self.broken = True
        tokens.append(Token(Kind.TAIL, ""))
        return at

    def _after_value(self) -> _Expect:
        return _Expect.NEXT if self._containers else _Expect.DONE

    def _open_string(self, at: int, tokens: list[Token]) -> int:
        if self._expect is _Expect.KEY:
            kind, self._closes = Kind.KEY, _Expect.COLON
        elif self._expect in (_Expect.VALUE, _Expect.ELEMENT):
            kind, self._closes = Kind.STRING, self._after_value()
        else:
            return self._break(at, tokens)
        self._inside = True
        tokens.append(Token(kind, '"'))
        return at + 1

    def _open(self, text: str, at: int, tokens: list[Token]) -> int:
        wanted = self._expect in (_Expect.VALUE, _Expect.ELEMENT, _Expect.DONE)
        if not wanted or len(self._containers) >= MOST_DEPTH or _STAND_IN.match(text, at):
            return self._break(at, tokens)
        self._containers.append(text[at])
        self._expect = _Expect.KEY if text[at] == "{" else _Expect.ELEMENT
        tokens.append(Token(Kind.STRUCTURE, text[at]))
        return at + 1

    def _structure(self, character: str, at: int, tokens: list[Token]) -> int:
        container = self._containers[-1] if self._containers else ""
        match character, self._expect:
            case ":", _Expect.COLON:
                self._expect = _Expect.VALUE
            case ",", _Expect.NEXT:
                self._expect = _Expect.KEY if container == "{" else _Expect.ELEMENT
            case ("}", _Expect.KEY | _Expect.NEXT) | ("]", _Expect.ELEMENT | _Expect.NEXT) if container + character in (
                "{}",
                "[]",
            ):
                self._containers.pop()
                self._expect = self._after_value()
            case _:
                return self._break(at, tokens)
        tokens.append(Token(Kind.STRUCTURE, character))
        return at + 1

    def _scalar(self, text: str, at: int, tokens: list[Token], *, final: bool) -> int:
        """A scalar is certain when the comma or bracket behind it is seen, or the end."""
        stop = _end(_RUN, text, at, at + LONGEST_SCALAR + 1)
        literal = text[at:stop]
        if len(literal) > LONGEST_SCALAR or not _begins_scalar(literal):
            return self._break(at, tokens)
        if stop == len(text) and not final:
            return -1
        if _SCALAR.fullmatch(literal) is None:
            return self._break(at, tokens)
        behind = _end(_SPACE, text, stop, stop + LONGEST_SCALAR + 1)
        if behind - stop <= LONGEST_SCALAR:
            if behind == len(text) and not final:
                return -1
            if behind < len(text) and text[behind] not in self._may_follow():
                return self._break(at, tokens)
        tokens.append(Token(Kind.SCALAR, literal))
        self._expect = self._after_value()
        return stop

    def _may_follow(self) -> str:
        if not self._containers:
            return ""
        return ",}" if self._containers[-1] == "{" else ",]"

    def _read_text(self, text: str, at: int, tokens: list[Token], *, final: bool) -> int:
        """To the end of the string or of what there is."""
        plain = _PLAIN_TAIL if self.broken else _PLAIN
        parts: list[str] = []
        escapes: list[tuple[int, str]] = []
        start, length = at, 0
        while at < len(text) and (self.broken or text[at] != '"'):
            run = plain.match(text, at)
            if run is not None:
                parts.append(run.group())
                length += run.end() - at
                at = run.end()
                continue
            character, width = _unescape(text, at, final=final)
            if not width:
                break
            if width > 1:
                escapes.append((length, text[at : at + width]))
            parts.append(character)
            length += 1
            at += width
        if parts:
            tokens.append(Token(Kind.TEXT, "".join(parts), tuple(escapes)))
        if at < len(text) and text[at] == '"' and not self.broken:
            tokens.append(Token(Kind.END, '"'))
            self._inside, self._expect = False, self._closes
            return at + 1
        return at if at > start else -1


def _end(pattern: re.Pattern[str], text: str, at: int, stop: int) -> int:
    match = pattern.match(text, at, stop)
    return at if match is None else match.end()


def _begins_scalar(literal: str) -> bool:
    return _BEGUN_NUMBER.fullmatch(literal) is not None or any(word.startswith(literal) for word in _LITERALS)


def _unescape(text: str, at: int, *, final: bool) -> tuple[str, int]:
    """The character that a backslash begins, and how many it is spelled with; 0: what follows decides."""
    if at + 1 == len(text):
        return "\\", 1 if final else 0
    simple = _SIMPLE.get(text[at + 1])
    if simple is not None:
        return simple, 2
    if text[at + 1] != "u":
        return "\\", 1
    stop = _end(_HEX, text, at + 2, at + 6)
    if stop < at + 6:
        return "\\", 0 if stop == len(text) and not final else 1
    code = int(text[at + 2 : stop], 16)
    if not 0xD800 <= code < 0xDC00:
        return chr(code), 6
    if _LOW.match(text, stop):
        return chr(0x10000 + ((code & 0x3FF) << 10) + (int(text[stop + 2 : stop + 6], 16) & 0x3FF)), 12
    if not final and _BEGUN_LOW.fullmatch(text, stop):
        return "", 0
    return chr(code), 6
