"""Words of which every match of a pattern holds one: where none of them stands, the pattern need not be run.

To look for a few words in a text costs a fraction of running an automaton over it, and most prompts hold none of them.
It reads a pattern that RE2 has accepted, knows only what it must of the syntax (https://github.com/google/re2/wiki/Syntax)
and says None where it is not sure. The answer holds for texts of ASCII alone, in which no letter but its other case is
the same without regard to case. Pure.
"""

import re
from typing import Final

SHORTEST: Final = 3
"""Characters that a word needs to be worth looking for."""

LONGEST: Final = 24
"""Characters of a word that are looked for: more would only give an adversary more to compare."""

_TOKEN: Final = re.compile(
    r"""
    (?P<flags> \(\?[a-zA-Z-]+\) )
  | (?P<open> \( (?: \? (?: [a-zA-Z-]*: | P?<\w+> ) )? )
  | (?P<close> \) )
  | (?P<bar> \| )
  | (?P<times> (?: [*+?] | \{ (?P<least> [0-9]+ ) (?: , [0-9]* )? \} ) \?? )
  | (?P<any> [.^$] | \\[dDwWsSbBAz] | \[ \^? \]? (?: \\. | \[ : \^? \w+ : \] | [^]\\] )* \] )
  | (?P<character> \\[^a-zA-Z0-9] | \{ (?! , [0-9]* \} ) | [^\\{] )
    """,
    re.VERBOSE | re.DOTALL,
)

Words = frozenset[str]


def needles(pattern: str, shortest: int = SHORTEST) -> Words | None:
    """Words in lower case; a text of ASCII in which none of them stands, whatever its case, holds no match."""
    reader = _Reader(pattern)
    try:
        words = reader.alternatives()
    except RecursionError:
        return None
    if reader.at < len(pattern) or not words or _worth(words) < shortest:
        return None
    return frozenset(word[:LONGEST] for word in words)


def _worth(words: Words) -> int:
    return min(map(len, words))


class _Reader:
    """Reads a pattern from left to right; `at` is how far it came. What it does not understand it does not pass."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self.at = 0

    def alternatives(self) -> Words | None:
        """Reads up to the end of the group. Each branch has words of its own, and any of them may match."""
        found: Words | None = self._branch()
        while self._next("bar") is not None:
            other = self._branch()
            found = None if found is None or other is None else found | other
        return found

    def _branch(self) -> Words | None:
        """The best words among the parts that stand in a row: the runs of characters, and what groups must hold."""
        offers: list[Words] = []
        run = ""
        while (piece := self._piece()) is not None:
            words, character = piece
            times = self._next("times")
            if times is not None and (times[0][0] in "*?" or int(times["least"] or 1) == 0):
                words, character = None, ""
            run += character
            if not character or times is not None:
                offers.append(frozenset((run,)))
                run = ""
            if words:
                offers.append(words)
        offers.append(frozenset((run,)))
        return max(offers, key=_worth)

    def _piece(self) -> tuple[Words | None, str] | None:
        """One part: what a group must hold, or a character; neither for what stands for many. None at the end."""
        if self._next("flags", "any") is not None:
            return None, ""
        if (found := self._next("character")) is not None:
            character = found[0][-1]
            return None, character.lower() if character.isascii() else ""
        start = self.at
        if self._next("open") is None:
            return None
        words = self.alternatives()
        if self._next("close") is None:
            self.at = start
            return None
        return words, ""

    def _next(self, *kinds: str) -> "re.Match[str] | None":
        found = _TOKEN.match(self._pattern, self.at)
        if found is None or found.lastgroup not in kinds:
            return None
        self.at = found.end()
        return found
