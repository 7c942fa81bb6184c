"""A masker of one call, whose stand-ins have a way back.

A value is known by what it says, not by how JSON spells it: a key in a tool's result, with `\\n` for each end of a
line, has the stand-in that it has in a letter, and so has one in JSON in a string of JSON. Else a model that copies it
from the one to the other would hand on the spelling. Texts that are no JSON are taken as they are written.
"""

from bisect import bisect_right
from dataclasses import replace
from typing import Final

from narrows.masking import standins
from narrows.masking.findings import Finding
from narrows.masking.json_lexer import JsonLexer, Kind, Token
from narrows.masking.masker import Masked, Masker
from narrows.masking.streaming import MaskStream
from narrows.masking.tokens import Tokens
from narrows.model.plan import Transform

MOST_NESTED: Final = 8
"""JSON texts within each other that are looked into."""


class TokenMasker(Masker):
    """Made for one call, of a masker that other calls share."""

    __slots__ = ("_tokens",)

    def __init__(self, masker: Masker, tokens: Tokens) -> None:
        self._engine, self._chosen = masker._engine, masker._chosen.keyed(tokens)
        self._tokens = tokens

    def mask(self, text: str, before: str = "") -> Masked:
        return respelled(self._tokens, text, super().mask(text, before))

    def stream(self, before: str = "") -> MaskStream:
        return _Whole(self, before)


class _Whole(MaskStream):
    """One field, which is masked when it has ended: how it spells a value shows only then."""

    __slots__ = ("_before", "_masker", "_parts")

    def __init__(self, masker: TokenMasker, before: str) -> None:
        self._masker, self._before = masker, before
        self._parts: list[str] = []
        self.findings: list[Finding] = []

    def feed(self, delta: str) -> str:
        self._parts.append(delta)
        return ""

    def finish(self, delta: str = "") -> str:
        masked = self._masker.mask("".join((*self._parts, delta)), self._before)
        self._parts.clear()
        self.findings += masked.findings
        return masked.text


def respelled(tokens: Tokens, text: str, masked: Masked) -> Masked:
    """What masking made of a text, with the stand-ins of values as they are meant."""
    if "\\" not in text or not _may_be_json(text) or not masked.findings:
        return masked
    layer = _Layer(text)
    parts: list[str] = []
    at = done = 0
    for finding in masked.findings:
        begin = at + finding.start - done
        end = begin + standins.length(masked.text, begin)
        put = masked.text[begin:end]
        if finding.transform is Transform.TOKEN and standins.is_token(put):
            meant = layer.meant(finding.start, finding.end)
            if meant != text[finding.start : finding.end]:
                put = tokens.stand_in(finding.entity, meant)
        parts += (masked.text[at:begin], put)
        at, done = end, finding.end
    parts.append(masked.text[at:])
    return replace(masked, text="".join(parts))


def _may_be_json(text: str) -> bool:
    return text.lstrip(" \t\r\n")[:1] in ("{", "[")


class _Layer:
    """A JSON text and its strings."""

    __slots__ = ("_begins", "_depth", "_strings", "_text")

    def __init__(self, text: str, depth: int = 1) -> None:
        self._text = text
        self._depth = depth
        self._strings: list[tuple[int, Token]] = []
        if depth <= MOST_NESTED and _may_be_json(text):
            at, broken = 0, False
            for token in JsonLexer().finish(text):
                broken = broken or token.kind is Kind.TAIL
                if token.kind is Kind.TEXT and token.escapes and not broken:
                    self._strings.append((at, token))
                at += len(token.source)
        self._begins = [begin for begin, _ in self._strings]

    def meant(self, start: int, end: int) -> str:
        """What stands from start to end; as it is written where that is not within one string."""
        written = self._text[start:end]
        index = bisect_right(self._begins, start) - 1
        if "\\" not in written or index < 0:
            return written
        begin, token = self._strings[index]
        places = _places(token)
        if end - begin > len(token.source) or start - begin not in places or end - begin not in places:
            return written
        return _Layer(token.text, self._depth + 1).meant(places[start - begin], places[end - begin])


def _places(token: Token) -> dict[int, int]:
    """By place in the source of a string, the place in what it says; none within an escape."""
    spelled = {place: len(escape) for place, escape in token.escapes}
    places, at = {}, 0
    for place in range(len(token.text)):
        places[at] = place
        at += spelled.get(place, 1)
    places[at] = len(token.text)
    return places
