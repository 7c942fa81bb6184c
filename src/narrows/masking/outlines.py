"""What a gate looks for on behalf of a detector: less than its pattern, found faster, and never missing a candidate.

Vectorscan finds fixed characters at no cost and counts slowly, so the outline of a pattern is its fixed characters with
what stands close to them. It knows trees of patterns, no texts.
"""

from typing import Final

from narrows.masking.patterns import Chain, Chars, Choice, Node, Repeat, alphabet, length

FIXED: Final = 3
"""Fixed characters in a row that make a pattern cheap."""

NARROW: Final = 16
"""More characters than this make a class wide, more lengths make a part long: a text is full of such."""


def outline(lead: Node | None, front: list[Node], node: Node, back: list[Node]) -> tuple[Node, bool]:
    """What the gate looks for, and whether it has fixed characters. It may hit texts without a candidate.

    Fixed characters say enough: what can stand behind them, and how long it is, then only costs time.
    """
    if lead is not None:
        start = lead.parts[0] if isinstance(lead, Chain) else lead
        if literal(start) >= FIXED:
            return start, True
        whole = Chain((lead, without_long_end(node)))
        return whole, literal(whole) >= FIXED
    shorter = without_wide_start(node)
    if shorter is not node:
        front = []
    if literal(shorter) >= FIXED:
        return Chain((*front, without_long_end(shorter))), True
    return Chain((*front, shorter, *back)), False


def without_wide_start(node: Node) -> Node:
    """The end of every match, from its first fixed character on, if much of anything can stand before that.

    Every text with a match has one of this, and a scan for it need not follow each word from its first letter.
    """
    if not isinstance(node, Chain):
        return node
    for index, part in enumerate(node.parts):
        if isinstance(part, Chars) and part.mask.bit_count() <= 2:
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
    """The length of the longest run of fixed characters that every match has; either case of a letter is fixed."""
    parts = node.parts if isinstance(node, Chain) else (node,)
    best = run = 0
    for part in parts:
        match part:
            case Chars(mask) if mask.bit_count() <= 2:
                run += 1
                continue
            case Chain():
                inner = literal(part)
            case Choice(ways):
                inner = min(map(literal, ways))
            case Repeat(repeated, low, _) if low:
                inner = literal(repeated)
            case _:
                inner = 0
        best, run = max(best, run, inner), 0
    return max(best, run)
