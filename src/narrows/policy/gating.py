"""Makes the gates of a policy set: over the patterns of all its rules, as they are written and loosened.

The patterns are cut into parts, each compiled by itself, so that one that is added or taken away costs the part it is
in, and a plan asks no more than the parts that its own patterns are in. What a gate can't be made of it does not know,
and it is asked. Compiling a part takes some hundred milliseconds, and belongs off the event loop. Pure.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, TypeAlias

import msgspec

from narrows.matching.gate import Gate, GateRefused, GateUnreadable
from narrows.matching.widened import FORMAT, Widener
from narrows.model.plan import Rule
from narrows.policy.patterns import Pattern
from narrows.policy.sieve import Gates, Key, PatternGate

LEAST: Final = 128
MOST: Final = 384
"""Patterns of one part, but of the last, which may have fewer."""

_ENDS: Final = 2
"""Of 256 patterns, those behind which a part ends. It is the pattern that says so, not its place: what is added before
moves no later end."""

Loosened: TypeAlias = Callable[[str], str | None]
"""The source of a pattern's loose form; None where it would be the same."""

Part: TypeAlias = tuple[tuple[Key, str | None], ...]
"""Patterns that are compiled together, each with the source of its loose form."""


class Made(msgspec.Struct, frozen=True, eq=False):
    """The gates of one part."""

    exact: PatternGate
    loose: PatternGate


class _Kept(msgspec.Struct, frozen=True, array_like=True):
    """How a part is kept: which of its patterns the gates know, by place, and the gates themselves."""

    exact: tuple[int, ...]
    exact_gate: bytes
    loose: tuple[int, ...]
    loose_gate: bytes


def parts(rules: Iterable[Rule], loosened: Loosened) -> tuple[Part, ...]:
    """The patterns of rules, each once, in parts."""
    found: list[Part] = []
    part: list[tuple[Key, str | None]] = []
    patterns = (matcher for rule in rules for matcher in rule.matchers if isinstance(matcher, Pattern))
    for key in dict.fromkeys(pattern.key for pattern in patterns):
        source, loose = key
        part.append((key, loose or loosened(source)))
        ends = hashlib.sha256(source.encode()).digest()[0] < _ENDS
        if len(part) >= MOST or (ends and len(part) >= LEAST):
            found.append(tuple(part))
            part = []
    return (*found, tuple(part)) if part else tuple(found)


def name(part: Part, release: str) -> str:
    """A file name for what `dump` gives of a part, in this release of the engines."""
    named = msgspec.json.encode([FORMAT, release, part])
    return hashlib.sha256(named).hexdigest()


def make(part: Part, widener: Widener) -> Made:
    """Compiles a part."""
    return Made(
        _gate([key for key, _ in part], [source for (source, _), _ in part], widener),
        _gate([key for key, _ in part], [loose for _, loose in part], widener),
    )


def _gate(keys: Sequence[Key], sources: Sequence[str | None], widener: Widener) -> PatternGate:
    """A gate over what these sources are widened to. One without a source never occurs."""
    widened = {number: () if source is None else widener.widen(source) for number, source in enumerate(sources)}
    known = {number: patterns for number, patterns in widened.items() if patterns is not None}
    gate = _compiled(known)
    if gate is None:
        known = {number: patterns for number, patterns in known.items() if _compiled({number: patterns}) is not None}
        gate = _compiled(known)
    if gate is None:
        return PatternGate(Gate.compile(()), {})
    return PatternGate(gate, {keys[number]: number for number in known})


def _compiled(widened: Mapping[int, Sequence[str]]) -> Gate | None:
    try:
        return Gate.compile(tuple((number, pattern) for number, some in widened.items() for pattern in some))
    except GateRefused:
        return None


def dump(part: Part, made: Made) -> bytes:
    """A part's gates, for `load` under the same name."""
    exact, loose = (
        tuple(number for number, (key, _) in enumerate(part) if key in each.numbers)
        for each in (made.exact, made.loose)
    )
    return msgspec.msgpack.encode(_Kept(exact, made.exact.gate.dump(), loose, made.loose.gate.dump()))


def load(part: Part, dumped: bytes) -> Made | None:
    """What `dump` gave; None where this processor can't use it."""
    try:
        kept = msgspec.msgpack.decode(dumped, type=_Kept)
        exact, loose = (
            PatternGate(Gate.load(gate), {part[number][0]: number for number in numbers})
            for gate, numbers in ((kept.exact_gate, kept.exact), (kept.loose_gate, kept.loose))
        )
    except (msgspec.DecodeError, GateUnreadable, IndexError):
        return None
    return Made(exact, loose)


def together(made: Iterable[Made]) -> Gates:
    """The gates of some parts."""
    all_made = tuple(made)
    return Gates(tuple(each.exact for each in all_made), tuple(each.loose for each in all_made))
