"""Linear-time patterns (RE2) for prompt rules: compiled with bounds, searched by character offset.

Owns what a pattern may be and why one is refused. Knows no policy.
"""

import re
from typing import Final

import re2

MEMORY: Final = 8 << 20
"""Bytes one pattern may use for its automaton."""

LARGEST: Final = 20_000
"""Instructions of a compiled pattern; more means an absurd repetition."""

LONGEST: Final = 8_192
"""Characters of a pattern's source."""

# What users of backtracking engines reach for, and what to write instead.
_UNSUPPORTED: Final = (
    (r"\(\?<?[=!]", "look-around is not possible in linear time; match the surrounding text as well, or use `\\b`"),
    (r"\\[1-9]", "a reference back to a group is not possible in linear time; write the alternatives out"),
    (r"\(\?P=", "a reference back to a group is not possible in linear time; write the alternatives out"),
    (r"\(\?>", "atomic groups have no meaning in a linear-time pattern; use `(?:…)`"),
    (r"[*+?}]\+", "possessive repeats have no meaning in a linear-time pattern; drop the second `+`"),
    (r"\\Z", "`\\Z` is not known; use `\\z` for the end of the text"),
)


_CLASS: Final = r"\[\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]\\])*\]|\\n|\\s|\\W|\\D"
_EDGE: Final = re.compile(
    rf"\(\?:\^\|(?P<before>{_CLASS})\)|\(\?:(?:\$\|(?P<behind>{_CLASS})|(?P<last>{_CLASS})\|\$)\)"
)
"""The beginning or the end of a text, or a character beside it."""
_LITERAL: Final = re.compile(rf"{_CLASS}|\\[^Az]", re.DOTALL)
_ANCHORS: Final = ("^", "$", "\\A", "\\z")


class PatternError(ValueError):
    """A pattern that can't be used; `offset` is where in it, in characters, or None where that is unknown."""

    def __init__(self, reason: str, offset: int | None = None) -> None:
        super().__init__(reason if offset is None else f"{reason} (at character {offset + 1})")
        self.reason = reason
        self.offset = offset


def options() -> "re2.Options":
    """The options every pattern is compiled with."""
    chosen = re2.Options()
    chosen.max_mem = MEMORY
    chosen.log_errors = False
    chosen.never_capture = True
    return chosen


class Pattern:
    """A compiled pattern: the `Matcher` of prompt rules."""

    __slots__ = ("_compiled", "joinable", "loose", "source")

    def __init__(self, source: str) -> None:
        """Compiles `source`. Raises PatternError."""
        if len(source) > LONGEST:
            raise PatternError(f"it is longer than {LONGEST} characters")
        self._compile(source)
        # Whether a match in one text is also one in several joined by line feeds. Not so where a pattern looks for
        # the beginning or end of a text; word boundaries see a line feed as they see the end.
        self.joinable = _is_joinable(source)
        self.loose: str | None = None

    @classmethod
    def of_words(cls, source: str, loose: str | None = None) -> "Pattern":
        """The pattern of a list of words, as `words` writes it: as long as it need be, and a line feed ends a word as
        the end of the text does. `loose` finds them where words have run together. Raises PatternError."""
        pattern = cls.__new__(cls)
        pattern._compile(source)
        pattern.joinable = True
        pattern.loose = loose
        return pattern

    @classmethod
    def loosened(cls, source: str) -> "Pattern | None":
        """A pattern made from another by leaving something out; None where that can't be used, since it matches the
        empty text, say."""
        pattern = cls.__new__(cls)
        try:
            pattern._compile(source)
        except PatternError:
            return None
        pattern.joinable = False
        pattern.loose = None
        return pattern

    def _compile(self, source: str) -> None:
        try:
            compiled = re2.compile(source.encode(), options())
        except UnicodeEncodeError as error:
            raise PatternError("it is not valid Unicode", error.start) from None
        except re2.error as error:
            raise _explained(source, error) from None
        if compiled.programsize > LARGEST:
            raise PatternError("it is too large once compiled; use smaller repeats")
        if compiled.search(b"") is not None:
            raise PatternError("it matches the empty text, so it would match every prompt")
        self.source = source
        self._compiled = compiled

    @property
    def key(self) -> tuple[str, str | None]:
        """What it was made of: two with the same find the same, as written and loosened."""
        return self.source, self.loose

    def find(self, text: str) -> tuple[int, int] | None:
        """Character offsets of the leftmost match, or None."""
        return self.find_bytes(encode(text))

    def occurs(self, data: bytes) -> bool:
        """Whether it matches somewhere in a text that is already encoded."""
        return self._compiled.search(data) is not None

    def find_bytes(self, data: bytes) -> tuple[int, int] | None:
        """Like `find`, for a text that is already encoded; the offsets are still in characters."""
        match = self._compiled.search(data)
        if match is None:
            return None
        start = characters(data[: match.start()])
        return start, start + characters(data[match.start() : match.end()])


def _is_joinable(source: str) -> bool:
    """Whether the pattern has no anchor but such as a line feed stands for, too. What is not sure is no."""
    rest = _LITERAL.sub("", _EDGE.sub(_without_edge, source))
    return "\\Q" not in source and not any(anchor in rest for anchor in _ANCHORS)


def _without_edge(edge: re.Match[str]) -> str:
    """Nothing, if a line feed is a character that may stand beside; else the edge."""
    beside = edge["before"] or edge["behind"] or edge["last"]
    return "" if re2.fullmatch(beside.encode(), b"\n") else edge.group()


def encode(text: str) -> bytes:
    """UTF-8; a lone surrogate becomes bytes that no pattern matches, instead of an exception."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def characters(data: bytes) -> int:
    """How many characters these bytes of UTF-8 stand for."""
    return len(data) if data.isascii() else len(data.decode("utf-8", "surrogatepass"))


def _explained(source: str, error: Exception) -> PatternError:
    said = error.args[0] if error.args else b""
    reason = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    for construct, advice in _UNSUPPORTED:
        found = re.search(construct, source)
        if found is not None:
            return PatternError(advice, found.start())
    what, _, piece = reason.partition(": ")
    where = source.find(piece) if piece and piece != source else -1
    return PatternError(f"{what}: `{piece}`" if piece else what, where if where >= 0 else None)
