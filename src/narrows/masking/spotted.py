"""Masks what plug-ins found in a text together with what the engine finds.

A plug-in sees whole texts, so its findings are there before a text is masked: a `Spotter` is a masker that knows them.
Its streams hold a field until it has ended, and are otherwise like any other; so all that masks requests, replies and
arguments masks these findings, too, and need not know of them. A text that nobody has analysed is never let through. To
learn which texts will be asked for, the same code runs before with a `Collector`, which only takes note of them.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from typing import Final

from narrows.masking import standins
from narrows.masking.engine import Source
from narrows.masking.findings import HOLD, Finding, stand_in
from narrows.masking.masker import Masked, Masker
from narrows.masking.plan import NOBODY
from narrows.masking.streaming import MaskStream
from narrows.masking.tokenizing import respelled
from narrows.model.plan import Transform
from narrows.model.span import Span, Spans

LONGEST: Final = 1_000_000
"""Characters of the longest text that is analysed; what language models of plug-ins take at most, too."""

_NAMING: Final = re.compile(r"[^\W\d_]{2}|[^\x00-\x7f\W\d_]")
_NO_PROSE: Final = re.compile(r"[a-z0-9._:/@+=-]*\Z|(?=\S*[0-9_])[A-Za-z0-9._:/@+=-]*\Z")
"""What has no white space, and no capital or a digit or `_`: ids, names of models and members, words of an API."""

_START: Final = attrgetter("start")

Ranks = Mapping[tuple[str, str], int]
"""Of an engine's sources, by detector and entity."""


class NotAnalyzed(LookupError):
    """A text is to be masked that no plug-in has seen. It does not say which."""


class TooLong(ValueError):
    """A text has more than LONGEST characters."""


def is_analyzed(text: str) -> bool:
    """Whether a text can hold what plug-ins look for: it has two letters in a row, or one of another script, and is
    more than an id."""
    return _NAMING.search(text) is not None and _NO_PROSE.match(text) is None


def wanted(masker: Masker) -> Ranks:
    """What a masker masks that only plug-ins find."""
    engine, floors = masker._engine, masker._chosen.selection.floors
    return {(source.name, source.entity): rank for source, rank in engine.others if floors[rank] < NOBODY}


def alone(masker: Masker) -> Masker:
    """What masks texts that are nobody's words, such as the name of a model or a place: without plug-ins."""
    return masker.engine_only if isinstance(masker, Spotter | Collector) else masker


class Spotter(Masker):
    """A masker, and what plug-ins found in the texts of one call. `spans` may become more as a reply comes."""

    __slots__ = ("_ranks", "_spans", "_strict", "engine_only")

    def __init__(self, masker: Masker, ranks: Ranks, spans: Spans, *, strict: bool = True) -> None:
        """`strict`: a text that has not been analysed raises NotAnalyzed; else it is masked without plug-ins."""
        self._engine, self._chosen = masker._engine, masker._chosen
        self._ranks = ranks
        self._spans = spans
        self._strict = strict
        self.engine_only = masker

    def mask(self, text: str, before: str = "") -> Masked:
        masked = self.engine_only.mask(text, *([before] if before else []))
        spans = self._spans.get(text)
        if spans is None:
            if self._strict and is_analyzed(text):
                raise NotAnalyzed
            return masked
        found = list(self._findings(text, spans)) if spans else []
        if not found:
            return masked
        union, tokens = self._union(text, [*masked.findings, *found]), self._chosen.tokens
        return union if tokens is None else respelled(tokens, text, union)

    def stream(self, before: str = "") -> MaskStream:
        return _Held(self, before)

    def _findings(self, text: str, spans: Iterable[Span]) -> Iterator[Finding]:
        """What the plan masks of it. A stand-in is a wall for plug-ins, too: they take its letters for a name."""
        selection, chosen, plain = self._chosen.selection, self._chosen, self._engine.folder.plain
        walls = standins.find(text, self._engine.entities)
        for span in spans:
            rank = self._ranks.get((span.detector, span.entity))
            if rank is None or span.score < selection.floors[rank]:
                continue
            for start, end in _outside(text, span, walls):
                value = plain(text[start:end])
                transform = chosen.transform(rank, span.score, value)
                if transform is not None and value.casefold() not in selection.allowed[rank]:
                    yield Finding(start, end, span.entity, span.detector, span.score, transform)

    def _union(self, text: str, findings: list[Finding]) -> Masked:
        """Overlapping findings become one: the label of one that is blocked, then of the surest, then of the longest;
        the strictest transform."""
        findings.sort(key=_START)  # The engine's own come first where both begin alike.
        made: list[Finding] = []
        cluster: list[Finding] = []
        for finding in findings:
            if cluster and finding.start >= max(one.end for one in cluster):
                made.append(_joined(cluster))
                cluster = []
            cluster.append(finding)
        made.append(_joined(cluster))
        parts: list[str] = []
        at = 0
        for finding in made:
            plain = text[finding.start : finding.end]
            source, value = Source(finding.detector, finding.entity), self._engine.folder.plain(plain)
            put = stand_in(source, finding.transform, value, self._chosen.key, plain, self._chosen.tokens)
            parts += (text[at : finding.start], put)
            at = finding.end
        parts.append(text[at:])
        return Masked("".join(parts), tuple(made))


class _Held(MaskStream):
    """One field, which is masked when it has ended."""

    __slots__ = ("_before", "_parts", "_spotter")

    def __init__(self, spotter: "Spotter | Collector", before: str) -> None:
        self._spotter, self._before = spotter, before
        self._parts: list[str] = []
        self.findings: list[Finding] = []

    def feed(self, delta: str) -> str:
        self._parts.append(delta)
        return ""

    def finish(self, delta: str = "") -> str:
        self._parts.append(delta)
        masked = self._spotter.mask("".join(self._parts), self._before)
        self._parts.clear()
        self.findings += masked.findings
        return masked.text


class Collector(Masker):
    """Finds nothing, and takes note of the texts that it is given. `texts` is emptied by `take`."""

    __slots__ = ("engine_only", "texts")

    def __init__(self, *, noting: bool = True) -> None:
        self.texts: dict[str, None] = {}
        self.engine_only: Masker = Collector(noting=False) if noting else self

    def mask(self, text: str, before: str = "") -> Masked:  # noqa: ARG002 - what stands before is no plug-in's business
        """Raises TooLong."""
        if self.engine_only is not self and is_analyzed(text):
            if len(text) > LONGEST:
                raise TooLong
            self.texts[text] = None
        return Masked(text, ())

    def stream(self, before: str = "") -> MaskStream:
        return _Noted(self, before)

    def take(self) -> tuple[str, ...]:
        """The texts noted since the last time, each once, in order."""
        texts = tuple(self.texts)
        self.texts.clear()
        return texts


class _Noted(_Held):
    """One field, of which no more is kept than may be analysed."""

    __slots__ = ("_size",)

    def __init__(self, collector: Collector, before: str) -> None:
        super().__init__(collector, before)
        self._size = 0

    def feed(self, delta: str) -> str:
        """Raises TooLong."""
        self._size += len(delta)
        if self._size > LONGEST:
            raise TooLong
        return super().feed(delta)


def _outside(text: str, span: Span, walls: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The parts of a span between stand-ins, without white space around them; none in which no letter or digit is."""
    at = span.start
    for start, end in (*((start, end) for start, end in walls if end > span.start and start < span.end), (span.end, 0)):
        value = text[at:start]
        if any(map(str.isalnum, value)):
            left = len(value) - len(value.lstrip())
            yield at + left, at + len(value.rstrip())
        at = max(at, end)


def _joined(cluster: Sequence[Finding]) -> Finding:
    best = max(cluster, key=lambda one: (one.transform is Transform.BLOCK, one.score, one.end - one.start))
    start, end = cluster[0].start, max(one.end for one in cluster)
    transform = max(one.transform for one in cluster)
    if end - start > HOLD:
        transform = max(transform, Transform.REDACT)
    return Finding(start, end, best.entity, best.detector, best.score, transform)
