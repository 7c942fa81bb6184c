"""What is derived from the rows of a section before anything is compiled: facts, keyword groups, and which gate looks
for what. Deriving it takes most of a second for hundreds of rows, so it can be kept beside the compiled gates.

What is kept is plain data. It is named by all that it was derived from: the rows as they are written, and the code that
derives. So a file is of this release and of these rows, or is not found; what can't be read is derived anew.
"""

import hashlib
import marshal
import sys
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cache
from types import ModuleType
from typing import Any, Final, get_type_hints

import msgspec

from narrows.masking import keywords, patterns
from narrows.masking.detector import Detector
from narrows.masking.folding import Folder
from narrows.masking.keywords import Group, KeywordRefused
from narrows.masking.layout import Layout, lay_out
from narrows.masking.matcher import Matcher
from narrows.masking.patterns import PatternRefused
from narrows.masking.rows import Region, Row, compile_row, decision
from narrows.masking.shapes import Shapes
from narrows.matching import gate

MODULES: Final = (
    "narrows.masking.detector",
    "narrows.masking.folding",
    "narrows.masking.keywords",
    "narrows.masking.layout",
    "narrows.masking.matcher",
    "narrows.masking.outlines",
    "narrows.masking.patterns",
    "narrows.masking.rows",
    "narrows.masking.shapes",
    "narrows.masking.standins",
    "narrows.matching.gate",
    __name__,
)
"""What derives: these modules, all of them imported here or by what is imported here."""

_MATCHERS: Final = ("find", "alive", "lead", "led")
_OWN: Final = frozenset(("detector", "region", "decide", *_MATCHERS))
_PLAIN: Final = tuple(field.name for field in fields(Row) if field.name not in _OWN)
_UNWRITTEN: Final = frozenset(("validate", "examples", "counterexamples"))
"""What of a detector nothing is derived from."""

_WRITTEN: Final = tuple(field.name for field in fields(Detector) if field.name not in _UNWRITTEN)

_Facts: Final[Any] = msgspec.defstruct(
    "_Facts", [(name, get_type_hints(Row)[name]) for name in _PLAIN], array_like=True, frozen=True
)


@dataclass(frozen=True, slots=True)
class Derived:
    """All that a section is but for its gates."""

    rows: Sequence[Row]
    groups: Sequence[Group]
    group_of: Sequence[int]
    """By row: its keyword group, -1 if it has none."""

    layout: Layout


class _Kept(msgspec.Struct, array_like=True, frozen=True):
    facts: list[_Facts]
    matchers: list[tuple[str | None, ...]]
    """By row: of each of _MATCHERS its pattern."""

    regions: dict[int, tuple[str, str | None, int]]
    groups: list[tuple[str, str | None, tuple[str, ...]]]
    group_of: tuple[int, ...]
    layout: Layout


def derive(detectors: Sequence[Detector], bounds: patterns.Bounds) -> Derived:
    """Raises PatternRefused."""
    shapes = Shapes()
    rows = tuple(compile_row(row, bounds, known=True, shapes=shapes) for row in detectors)
    _check_names(rows)
    groups, group_of = _groups(rows)
    return Derived(rows, groups, group_of, lay_out(rows, groups, group_of, shapes))


def key(detectors: Sequence[Detector], bounds: patterns.Bounds) -> str:
    """A name for what is derived from these rows, and for the gates that are compiled from it."""
    rows = [[getattr(detector, name) for name in _WRITTEN] for detector in detectors]
    named = msgspec.json.encode([gate.key(()), _code(), bounds.repeat, bounds.captures, rows])
    return hashlib.sha256(named).hexdigest()


def dump(derived: Derived) -> bytes:
    """For `load`, with the same detectors."""
    rows, groups = derived.rows, derived.groups
    kept = _Kept(
        [_Facts(*(getattr(row, name) for name in _PLAIN)) for row in rows],
        [tuple(_pattern(getattr(row, name)) for name in _MATCHERS) for row in rows],
        {
            index: (row.region.outside.pattern, _pattern(row.region.until), row.region.until_length)
            for index, row in enumerate(rows)
            if row.region is not None
        },
        [(group.pattern, _pattern(group.matcher), group.foreign) for group in groups],
        tuple(derived.group_of),
        derived.layout,
    )
    return msgspec.msgpack.encode(kept)


def load(dumped: bytes | memoryview, detectors: Sequence[Detector]) -> Derived | None:
    """None for what `dump` has not given, of as many rows."""
    try:
        kept = msgspec.msgpack.decode(dumped, type=_Kept)
    except msgspec.MsgspecError:
        return None
    if not len(kept.facts) == len(kept.matchers) == len(kept.group_of) == len(detectors):
        return None
    rows = []
    for index, (detector, facts, found) in enumerate(zip(detectors, kept.facts, kept.matchers, strict=True)):
        plain = {name: getattr(facts, name) for name in _PLAIN}
        matchers: dict[str, Any] = dict(zip(_MATCHERS, map(_matcher, found), strict=False))
        if len(matchers) != len(_MATCHERS) or matchers["find"] is None:
            return None
        region = kept.regions.get(index)
        made = None if region is None else Region(Matcher(region[0]), _matcher(region[1]), region[2])
        rows.append(Row(detector=detector, region=made, decide=decision(detector), **plain, **matchers))
    groups = tuple(Group(pattern, _matcher(matcher), foreign) for pattern, matcher, foreign in kept.groups)
    return Derived(tuple(rows), groups, kept.group_of, kept.layout)


def _pattern(matcher: Matcher | None) -> str | None:
    return None if matcher is None else matcher.pattern


def _matcher(pattern: str | None) -> Matcher | None:
    return None if pattern is None else Matcher(pattern)


@cache
def _code() -> str:
    """Tells this version of what derives from every other: Python's own parser of patterns, and these modules."""
    digest = hashlib.sha256(sys.version.encode())
    for name in MODULES:
        digest.update(_source(sys.modules[name]))
    return digest.hexdigest()


def _source(module: ModuleType) -> bytes:
    """Of a module without source, its code."""
    loader: Any = module.__loader__
    source = loader.get_source(module.__name__)
    return source.encode() if source is not None else marshal.dumps(loader.get_code(module.__name__))


def _check_names(rows: Sequence[Row]) -> None:
    seen: set[str] = set()
    for row in rows:
        if row.detector.name in seen:
            raise PatternRefused(f"two detectors are called {row.detector.name}")
        seen.add(row.detector.name)


def _groups(rows: Sequence[Row]) -> tuple[tuple[Group, ...], tuple[int, ...]]:
    """The keyword groups, and each row's."""
    folder = Folder()
    words: list[tuple[str, ...]] = []
    for row in rows:
        folded = {folder.plain(keyword) for keyword in row.detector.keywords}
        words.append(tuple(sorted(folded)))
    try:
        made = {group: keywords.group(group) for group in sorted(set(words)) if group}
    except KeywordRefused as error:
        raise PatternRefused(str(error)) from None
    places = {group: index for index, group in enumerate(made)}
    return tuple(made.values()), tuple(places.get(group, -1) for group in words)
