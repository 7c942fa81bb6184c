"""What a gate looks for on behalf of a detector: less than its pattern, found faster, and never missing a candidate.

Vectorscan finds fixed characters at no cost and counts slowly, so the outline of a pattern is its fixed characters with
what stands close to them. It knows trees of patterns, no texts.
"""

from typing import Final, NamedTuple

from narrows.masking.patterns import Chain, Chars, Choice, Node, Repeat, alphabet, length, prefixes

FIXED: Final = 3
"""Fixed characters in a row that make a pattern cheap."""

RARE: Final = 6
"""Fixed characters that are in so few texts that nothing behind them need be looked for."""

NARROW: Final = 16
"""More characters than this make a class wide, more lengths make a part long: a text is full of such."""

LONG: Final = 64
"""A longer match is worth looking only for how it begins."""

MOST_STRINGS: Final = 32
"""So many strings are still fixed characters: a gate looks for all of them at once. A text is full of more."""


class Outline(NamedTuple):
    """What a gate looks for on behalf of a detector."""

    node: Node
    fixed: bool
    """Whether it has fixed characters."""

    opening: Node | None = None
    """How it begins, where that alone has fixed characters and is in few texts: only there is the rest looked for."""


def outline(lead: Node | None, front: list[Node], node: Node, back: list[Node]) -> Outline:
    """It may hit texts without a candidate. Where fixed characters say enough, what is far only costs time."""
    if lead is not None:
        whole = Chain((*_parts(lead), *_parts(without_long_end(node))))
        start = opening(whole)
        if literal(start) >= RARE:
            return Outline(start, fixed=True)
        if literal(start) > FIXED and start != whole:
            return Outline(whole, fixed=True, opening=start)
        return Outline(whole, literal(whole) >= FIXED)
    shorter = without_wide_start(node)
    if shorter is not node:
        front = []
    if literal(shorter) >= FIXED:
        return Outline(Chain((*front, without_long_end(shorter))), fixed=True)
    return Outline(Chain((*front, shorter, *back)), fixed=False)


def live_outline(lead: Node | None, node: Node, live: Node) -> tuple[Node | None, Node | None]:
    """What a gate looks for on behalf of a detector that the end of a text may leave undecided: anywhere, and at the
    end. `live` is what the end then is, behind the lead. It may hit other texts."""
    if lead is not None:
        start = opening(lead)
        return (start if literal(start) >= FIXED else lead), None
    start = opening(node)
    if literal(start) >= FIXED and length(node)[1] > LONG:
        return start, prefixes(start)
    return None, live


def opening(node: Node) -> Node:
    """The beginning of every match, up to a part that much of anything can be."""
    for index, part in enumerate(_parts(node)):
        least, most = length(part)
        if most - least > NARROW and alphabet(part).bit_count() > NARROW:
            return Chain(_parts(node)[:index])
    return node


def without_wide_start(node: Node) -> Node:
    """The end of every match, from its first fixed character on, if much of anything can stand before that.

    Every text with a match has one of this, and a scan for it need not follow each word from its first letter.
    """
    if not isinstance(node, Chain):
        return node
    for index, part in enumerate(node.parts):
        if isinstance(part, Chars) and part.mask.bit_count() <= FIXED:
            before = Chain(node.parts[:index])
            least, most = length(before)
            wide = most - least > NARROW and alphabet(before).bit_count() > NARROW
            return Chain(node.parts[index:]) if wide else node
    return node


def without_long_end(node: Node) -> Node:
    """The beginning of every match, as long as the shortest: a last repeat is cut down to the fewest."""
    match node:
        case Chain(parts) if parts:
            return Chain((*parts[:-1], without_long_end(parts[-1])))
        case Repeat(inner, low, high) if isinstance(inner, Chars) and 0 < low < high:
            return Repeat(inner, low, low)
        case Choice(ways):
            return Choice(tuple(map(without_long_end, ways)))
        case _:
            return node


def literal(node: Node) -> int:
    """The length of the longest run of fixed characters that every match has: one of a few strings, in either case."""
    best = run = 0
    strings = 1
    for part in _parts(node):
        few, size = _strings(part)
        if few and strings * few <= MOST_STRINGS:
            strings, run = strings * few, run + size
        else:
            best = max(best, run, _inside(part))
            strings, run = (few, size) if 0 < few <= MOST_STRINGS else (1, 0)
    return max(best, run)


def _parts(node: Node) -> tuple[Node, ...]:
    return node.parts if isinstance(node, Chain) else (node,)


def _strings(node: Node) -> tuple[int, int]:
    """How many strings a part can be, if that is few, else 0; and the length of the shortest."""
    match node:
        case Chars(mask):
            size = mask.bit_count()
            return (1 if size <= 2 else size if size <= NARROW else 0), 1
        case Choice(ways):
            made = [_strings(way) for way in ways]
            return (sum(few for few, _ in made) if all(few for few, _ in made) else 0), min(size for _, size in made)
        case Chain(parts):
            few, size = 1, 0
            for part in parts:
                more, longer = _strings(part)
                few, size = (few * more if few * more <= MOST_STRINGS else 0), size + longer
            return few, size
        case Repeat(inner, low, high):
            few, size = _strings(inner)
            if (low, high) == (0, 1):
                return (few + 1 if few else 0), 0
            total = few**low if few and low == high and low <= MOST_STRINGS else 0
            return (total if total <= MOST_STRINGS else 0), size * low


def _inside(node: Node) -> int:
    """The same for a part that is too much to be taken whole."""
    match node:
        case Chain():
            return literal(node)
        case Choice(ways):
            least = min(map(literal, ways))
            return least if least > FIXED or len(ways) <= MOST_STRINGS else 0
        case Repeat(inner, low, _) if low:
            return literal(inner) * (low if _strings(inner)[0] == 1 else 1)
        case _:
            return 0
