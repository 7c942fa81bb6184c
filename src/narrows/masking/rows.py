"""One detector, compiled: its patterns for the gates, its matchers, and what makes a candidate a finding.

It turns a `Detector` into facts that the engine uses and refuses one that could not be matched exactly in a stream.
It knows no other detector and no text.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import log2
from typing import Final

from narrows.masking import outlines, patterns, standins
from narrows.masking.detector import MOST_CONTEXT, Detector
from narrows.masking.matcher import Matcher, TooLarge
from narrows.masking.patterns import (
    ANYTHING,
    SEPARATORS,
    WALL,
    Chain,
    Chars,
    Node,
    PatternRefused,
    Repeat,
    bits,
    parse,
    parse_class,
    render,
    render_gate,
)
from narrows.masking.shapes import Shapes

MOST_LEAD: Final = 256
"""Characters a lead may have. With MOST_CONTEXT it is what a stream keeps of what it has released."""


@dataclass(frozen=True, slots=True)
class Region:
    """How a finding goes on behind its pattern."""

    outside: Matcher
    """A character that is not of the body."""

    until: Matcher | None
    until_length: int


@dataclass(frozen=True, slots=True)
class Row:
    """A compiled detector. Lengths are in characters."""

    detector: Detector
    gate: str
    """Hits every text in which there is a candidate."""

    opening: str
    """Hits every text that `gate` hits, and is looked for first; empty if that would be no faster."""

    literal: bool
    """Whether that has fixed characters, which a gate finds at no cost."""

    shape: int | None
    """Else the shape (see `shapes`) that every candidate has in it, so that a text without it need not be looked at."""

    live: str
    """Hits every text whose end could begin a candidate, go on with one, or decide one, and some others. Empty if
    `alive` is None."""

    crossing: bool
    """Whether that can reach over a separator; other rows need not be asked while a word grows."""

    tail: int | None
    """The tail (see `shapes`) that a text which `live` hits has in its last `reach` characters."""

    pre: int
    """1 if `find` takes the character before a candidate along."""

    suf: int
    """1 if `find` takes the character behind a candidate along."""

    least: int
    most: int
    find: Matcher
    """A candidate, with `pre` and `suf`."""

    alive: Matcher | None
    """Where the earliest undecided start is, if there is one; `pre` characters too early. None if it can't reach over
    a separator: it is then not asked."""

    lead: Matcher | None
    """Its lead alone."""

    led: Matcher | None
    """Its lead with a candidate behind it."""

    least_lead: int
    most_lead: int
    last_of_lead: bytes
    """The bytes a lead can end with."""

    first: bytes
    """The bytes a candidate can begin with; the engine looks at one before it asks a matcher."""

    alphabet: bytes
    """The bytes a candidate is made of."""

    forbidden: bytes
    """Behind a lead: the bytes that may not stand before a candidate."""

    region: Region | None
    reach: int
    """How far before the end of a text an undecided start can be."""

    keyworded: bool
    best: float
    """The highest score there can be."""

    decide: Callable[[str], bool] | None
    """See `decision`."""


def compile_row(
    detector: Detector,
    bounds: patterns.Bounds = patterns.STRICT,
    *,
    known: bool = False,
    shapes: Shapes | None = None,
) -> Row:
    """Raises PatternRefused, which names the detector and says what to change.

    `known`: these patterns were compiled before, so that the matchers may wait for their first use. `shapes` may serve
    many rows.
    """
    try:
        row = _compile(detector, bounds, shapes or Shapes())
        if not known:
            compile_matchers(row)
    except (PatternRefused, TooLarge) as error:
        raise PatternRefused(f"detector {detector.name}: {error}") from None
    return row


def compile_matchers(row: Row) -> None:
    """Raises TooLarge."""
    region = row.region
    for matcher in (row.find, row.alive, row.lead, row.led, *((region.outside, region.until) if region else ())):
        if matcher is not None:
            matcher.compile()


def _compile(detector: Detector, bounds: patterns.Bounds, shapes: Shapes) -> Row:
    node = parse(detector.pattern, ignore_case=detector.ignore_case, bounds=bounds)
    least, most = _bounded(node, "pattern", patterns.MOST_LENGTH)
    lead = parse(detector.lead, ignore_case=detector.ignore_case, bounds=bounds) if detector.lead else None
    least_lead, most_lead = _bounded(lead, "lead", MOST_LEAD) if lead is not None else (0, 0)
    before, after = parse_class(detector.not_before), parse_class(detector.not_after)
    region = _region(detector)
    _check(detector, region)
    # Around a candidate stands what may stand there: an edge, but never a wall if the detector minds its neighbours.
    front: list[Node] = [] if lead is not None or not before else [_none_of(before)]
    back: list[Node] = [_none_of(after)] if after else []
    start: list[Node] = [lead] if lead is not None else front
    outline = outlines.outline(lead, front, node, back)
    live, crossing = _liveness(detector, node)
    return Row(
        detector=detector,
        gate=render_gate(outline.node),
        opening="" if outline.opening is None else render_gate(outline.opening),
        literal=outline.fixed,
        shape=None if outline.fixed else shapes.hit(node if lead is None else Chain((lead, node))),
        live=_live_gate(lead, front, node, live) if crossing else "",
        crossing=crossing,
        tail=shapes.tail(live) if crossing and not lead else None,
        pre=len(front),
        suf=len(back),
        least=least,
        most=most,
        find=Matcher(render(Chain((*front, node, *back)))),
        alive=Matcher(render(Chain((*start, live))) + r"\z") if crossing else None,
        lead=Matcher(render(lead)) if lead is not None else None,
        led=Matcher(render(Chain((lead, node, *back)))) if lead is not None else None,
        least_lead=least_lead,
        most_lead=most_lead,
        last_of_lead=_bytes(patterns.last(lead)) if lead is not None else b"",
        first=_bytes(patterns.first(node)),
        alphabet=_bytes(patterns.alphabet(node)),
        forbidden=_bytes(before | bits(WALL)) if before else b"",
        region=region,
        reach=most + (detector.right + 1 if detector.keywords else 0),
        keyworded=bool(detector.keywords),
        best=max(detector.score, detector.keyword_score if detector.keywords else 0.0),
        decide=decision(detector),
    )


def _bounded(node: Node, what: str, most_allowed: int) -> tuple[int, int]:
    least, most = patterns.length(node)
    if least < 1:
        raise PatternRefused(f"its {what} matches the empty text")
    if most > most_allowed:
        raise PatternRefused(f"its {what} can be {most} characters long, the most is {most_allowed}; bound its repeats")
    return least, most


def _check(detector: Detector, region: Region | None) -> None:
    if not standins.NAME.match(detector.entity):
        raise PatternRefused(f"{detector.entity!r} is no name of an entity: A-Z, 0-9 and _, at most 48")
    if not (0 <= detector.left <= MOST_CONTEXT and 0 <= detector.right <= MOST_CONTEXT):
        raise PatternRefused(f"its context is more than {MOST_CONTEXT} characters")
    if detector.keywords and detector.keyword_score < detector.score:
        raise PatternRefused("a keyword may not make it less sure: masking twice would then mask more")
    if region is not None and (detector.not_after or detector.right):
        raise PatternRefused("a detector with a body has no not_after and no right context")
    if detector.until and not detector.body:
        raise PatternRefused("until without a body")


def _region(detector: Detector) -> Region | None:
    if not detector.body:
        return None
    body = parse_class(detector.body)
    until, length = None, 0
    if detector.until:
        node = parse(detector.until, ignore_case=detector.ignore_case)
        _, length = _bounded(node, "until", MOST_LEAD)
        if patterns.alphabet(node) & ~body:
            raise PatternRefused("its until has characters that its body has not")
        until = Matcher(render(node))
    return Region(Matcher(render(_none_of(body, walls=True))), until, length)


def _none_of(mask: int, *, walls: bool = False) -> Chars:
    """Any byte but these; an edge always, a wall only if asked for."""
    return Chars(ANYTHING.mask & ~mask & (ANYTHING.mask if walls else ~bits(WALL)))


def _liveness(detector: Detector, node: Node) -> tuple[Node, bool]:
    """What the end of a text is, from a start that more text could decide otherwise; and whether it can be longer
    than a word."""
    started = patterns.prefixes(node)
    if started is None:
        raise PatternRefused("its pattern matches nothing")
    crossing = bool(patterns.alphabet(node) & SEPARATORS)
    if detector.keywords and detector.right:
        waiting = Chain((node, Repeat(ANYTHING, 0, detector.right)))
        return patterns.Choice((started, waiting)), True
    return started, crossing


def _live_gate(lead: Node | None, front: list[Node], node: Node, live: Node) -> str:
    anywhere, ending = outlines.live_outline(lead, node, live)
    ways = [] if anywhere is None else [render_gate(anywhere)]
    if ending is not None:
        ways.append(render_gate(Chain((*(front if anywhere is None else ()), ending))) + r"\z")
    return "|".join(ways)


def _bytes(mask: int) -> bytes:
    codes = [code for code in range(patterns.OTHER) if mask >> code & 1]
    return bytes([*codes, patterns.OTHER_BYTE] if mask >> patterns.OTHER & 1 else codes)


def decision(detector: Detector) -> Callable[[str], bool] | None:
    """The validator, the entropy and the stop words in one; None if there is none of them."""
    validate, least, words = detector.validate, detector.min_entropy, detector.stop_words
    if least <= 0 and not words:
        return validate

    def decide(value: str) -> bool:
        if words and holds_any(value.lower(), words):
            return False
        if least > 0 and entropy(value) < least:
            return False
        return validate is None or validate(value)

    return decide


def holds_any(value: str, words: Sequence[str]) -> bool:
    return any(word in value for word in words)


def entropy(value: str) -> float:
    """Shannon's, in bits a character."""
    size = len(value)
    if not size:
        return 0.0
    counts = [value.count(character) for character in set(value)]
    return log2(size) - sum([count * log2(count) for count in counts]) / size
