"""Masks JSON that comes in pieces, such as a tool call's arguments, and leaves it JSON.

Each key and each string is a text of its own: what is masked in it is what the masker masks in the decoded string, and
what is not masked keeps its spelling, escapes and all. A number or a literal is a text of its own as well; masked, it
becomes a string. Before a value stands its name, as detectors read it (see `context`): that of the member it is in, in
arrays too. Values that field rules cover (see `fields`) are masked whole, but for `null`, which holds nothing. Keys are
only scanned, below a covered member too.

What is no JSON (`json_lexer` says where that begins) is one text to its end. Under field rules nobody can say any more
which values they cover: if it breaks within an object, the rest is masked whole.

As in a `MaskStream`, every split gives the same, nothing goes out that belongs to a finding, and what is held is
bounded. Two keys of an object that are masked alike are left alike.
"""

from collections import deque
from dataclasses import dataclass
from typing import Final, assert_never

from narrows.masking import standins
from narrows.masking.context import before
from narrows.masking.fields import LONGEST_KEY, FieldRule, FieldRules, FieldStream
from narrows.masking.findings import Finding, blocks
from narrows.masking.json_lexer import JsonLexer, Kind, Token
from narrows.masking.masker import Masker
from narrows.masking.numbers import is_measured
from narrows.masking.streaming import MaskStream
from narrows.model.names import named
from narrows.model.path import child, element

SHOWN_KEY: Final = 128
"""Characters of a key in the path of a finding; an ellipsis stands for the rest."""

MOST_CLEAN: Final = 256
"""Numbers and literals that a stream remembers to hold nothing: flags and small numbers come again and again."""

_NO_FIELDS: Final = FieldRules(())
_UNREADABLE: Final = FieldRule("unreadable")
"""Covers the rest of a document that broke where field rules hold."""


@dataclass(frozen=True, slots=True)
class ArgumentFinding:
    """A finding and the value, or with `in_key` the key, in which it is: `path` has masked keys. What is found in the
    rest that is no JSON is at `$`. Places count the characters of the decoded string."""

    path: str
    finding: Finding
    in_key: bool = False


@dataclass(frozen=True, slots=True)
class MaskedArguments:
    text: str
    findings: tuple[ArgumentFinding, ...]

    @property
    def blocked(self) -> bool:
        """Whether something was found that the plan or a field rule blocks: the caller refuses the call."""
        return blocks([found.finding for found in self.findings])


def mask_arguments(masker: Masker, text: str, fields: FieldRules | None = None) -> MaskedArguments:
    """Masks a text that is there as a whole, by the same code."""
    stream = ArgumentsStream(masker, fields)
    masked = stream.finish(text)
    return MaskedArguments(masked, tuple(stream.findings))


class ArgumentsStream:
    """One JSON text. `feed` and `finish` return text that may go out."""

    __slots__ = ("_blocked", "_clean", "_done", "_levels", "_lexer", "_masker", "_place", "_rules", "_text")

    def __init__(self, masker: Masker, fields: FieldRules | None = None) -> None:
        self._masker = masker
        self._rules = _NO_FIELDS if fields is None else fields
        self._place = self._rules.place()
        self._lexer = JsonLexer()
        self._levels: list[_Level] = []
        self._text: _Text | None = None
        self._done: list[ArgumentFinding] = []
        self._blocked = False
        self._clean: set[tuple[str, str]] = set()

    @property
    def findings(self) -> list[ArgumentFinding]:
        """What was found so far, in order; the last one may still grow, and so may the key in its path."""
        return [*self._done, *(() if self._text is None else self._placed(self._text))]

    @property
    def blocked(self) -> bool:
        """Whether something was found that the plan or a field rule blocks: the caller refuses the call."""
        return self._blocked or (self._text is not None and blocks(self._text.findings))

    @property
    def complete(self) -> bool:
        """Whether what came so far is JSON that needs nothing more."""
        return self._lexer.complete

    @property
    def in_object(self) -> bool:
        """Whether what comes next may belong to a member of an object."""
        return self._lexer.in_object

    def feed(self, piece: str) -> str:
        return "".join([self._take(token) for token in self._lexer.feed(piece)])

    def finish(self, piece: str = "") -> str:
        """The rest of the text, after a last piece. A string that was not closed is not closed here."""
        parts = [self._take(token) for token in self._lexer.finish(piece)]
        if self._text is not None:
            parts.append(self._end_text())
        return "".join(parts)

    def _take(self, token: Token) -> str:
        match token.kind:
            case Kind.TEXT:
                return self._feed_text(token)
            case Kind.KEY:
                self._levels[-1].key = ""
                self._text = _Text(token.kind, self._masker.stream())
            case Kind.STRING:
                self._enter()
                self._text = _Text(token.kind, self._stream(self._place.rule, before(self._name())))
            case Kind.END:
                return self._end_text() + token.text
            case Kind.SCALAR:
                return self._scalar(token.text)
            case Kind.STRUCTURE:
                self._structure(token.text)
            case Kind.TAIL:
                broken = bool(self._rules) and self._lexer.in_object
                self._text = _Text(token.kind, self._stream(_UNREADABLE if broken else None))
            case Kind.SPACE:
                pass
            case _:
                assert_never(token.kind)
        return token.text

    def _feed_text(self, token: Token) -> str:
        text = self._text
        if text is None:
            raise AssertionError("the lexer opens each text before its parts")
        if text.kind is Kind.KEY:
            level = self._levels[-1]
            level.key += token.text[: LONGEST_KEY + 1 - len(level.key)]
        return text.feed(token)

    def _end_text(self) -> str:
        text, self._text = self._text, None
        if text is None:
            raise AssertionError("the lexer closes what it has opened")
        out = text.finish()
        self._done += self._placed(text)
        self._blocked = self._blocked or blocks(text.findings)
        if text.kind is Kind.KEY:
            self._levels[-1].shown = text.shown
        elif text.kind is Kind.STRING:
            self._leave()
        return out

    def _structure(self, character: str) -> None:
        if character in "{[":
            self._enter()
            self._levels.append(_Level(0 if character == "[" else -1, self._name()))
        elif character in "}]":
            self._levels.pop()
            self._leave()

    def _enter(self) -> None:
        """A value begins."""
        if self._levels and self._rules:
            level = self._levels[-1]
            self._place.down(level.key if level.index < 0 else level.index)

    def _leave(self) -> None:
        """A value has ended."""
        if self._levels:
            if self._rules:
                self._place.up()
            if self._levels[-1].index >= 0:
                self._levels[-1].index += 1

    def _scalar(self, literal: str) -> str:
        self._enter()
        rule = self._place.rule if literal != "null" else None
        if rule is None:
            context = before(self._name(), quoted=False)
            known = (context, literal)
            clean = known in self._clean or is_measured(literal)
            masked = literal if clean else self._mask_scalar(literal, self._masker.stream(context))
            if masked == literal and not clean and len(self._clean) < MOST_CLEAN:
                self._clean.add(known)
        else:
            masked = self._mask_scalar(literal, self._rules.stream(rule))
        self._leave()
        return masked

    def _mask_scalar(self, literal: str, stream: MaskStream | FieldStream) -> str:
        masked = stream.finish(literal)
        if stream.findings:
            path = self._path()
            self._done += [ArgumentFinding(path, finding) for finding in stream.findings]
            self._blocked = self._blocked or blocks(stream.findings)
            return f'"{masked}"'
        return masked

    def _stream(self, rule: FieldRule | None, context: str = "") -> MaskStream | FieldStream:
        return self._masker.stream(context) if rule is None else self._rules.stream(rule)

    def _name(self) -> str:
        """What the value that is being read is called."""
        if not self._levels:
            return ""
        level = self._levels[-1]
        return named(level.key, level.name) if level.index < 0 else level.name

    def _placed(self, text: "_Text") -> list[ArgumentFinding]:
        if not text.findings:
            return []
        path = "$" if text.kind is Kind.TAIL else self._path(text.shown if text.kind is Kind.KEY else None)
        return [ArgumentFinding(path, finding, text.kind is Kind.KEY) for finding in text.findings]

    def _path(self, key: str | None = None) -> str:
        """Of the value that is being read; of the key, where one is."""
        path = "$"
        for level in self._levels:
            shown = key if key is not None and level is self._levels[-1] else level.shown
            path = child(path, shown) if level.index < 0 else element(path, level.index)
        return path


@dataclass(slots=True)
class _Level:
    """An object or an array that is open."""

    index: int
    """Of the element; less than 0 in an object."""

    name: str = ""
    """What it is called itself, and with it each of its elements."""

    key: str = ""
    """The beginning of the member's name: enough of it for the field rules and for the name of its value."""

    shown: str = ""
    """The same, masked, for paths."""


class _Text:
    """A key, a string or the tail: masked as it is decoded, put out as it was spelled."""

    __slots__ = ("_at", "_counted", "_escapes", "_fed", "_stream", "kind", "shown")

    def __init__(self, kind: Kind, stream: MaskStream | FieldStream) -> None:
        self.kind = kind
        self._stream = stream
        self._fed = 0
        self._at = 0
        """How far the decoded text has gone out, or been masked."""

        self._counted = 0
        """Findings whose stand-in has gone out."""

        self._escapes: deque[tuple[int, str]] = deque()
        """Spellings of what has not gone out, by place."""

        self.shown = ""
        """The beginning of what has gone out, decoded."""

    @property
    def findings(self) -> list[Finding]:
        return self._stream.findings

    def feed(self, token: Token) -> str:
        self._escapes.extend([(self._fed + place, spelled) for place, spelled in token.escapes])
        self._fed += len(token.text)
        return self._put_out(self._stream.feed(token.text))

    def finish(self) -> str:
        return self._put_out(self._stream.finish())

    def _put_out(self, masked: str) -> str:
        """Masked text is spelled: between its stand-ins as it came."""
        findings = self._stream.findings
        if self._counted:
            # A finding that is being swallowed has grown, and nothing went out for it.
            self._at = max(self._at, findings[self._counted - 1].end)
        if self.kind is Kind.KEY and len(self.shown) < SHOWN_KEY:
            room = SHOWN_KEY - len(self.shown)
            self.shown += masked if len(masked) <= room else masked[:room] + "…"
        parts: list[str] = []
        done = 0
        for finding in findings[self._counted :]:
            stop = done + finding.start - self._at
            parts.append(self._spelled(masked[done:stop]))
            done = stop + standins.length(masked, stop)  # It needs no escapes, so it is the same in JSON.
            parts.append(masked[stop:done])
            self._at = finding.end
        self._counted = len(findings)
        parts.append(self._spelled(masked[done:]))
        return "".join(parts)

    def _spelled(self, text: str) -> str:
        """What goes out unmasked at the place reached, as it came."""
        escapes, start = self._escapes, self._at
        while escapes and escapes[0][0] < start:
            escapes.popleft()
        self._at = end = start + len(text)
        if not escapes or escapes[0][0] >= end:
            return text
        parts: list[str] = []
        done = 0
        while escapes and escapes[0][0] < end:
            place, spelled = escapes.popleft()
            parts += (text[done : place - start], spelled)
            done = place - start + 1
        parts.append(text[done:])
        return "".join(parts)
