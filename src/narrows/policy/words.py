"""Whole words and phrases as the source of a linear-time pattern (RE2), whatever their case.

A word's ends are where no letter, digit or underscore of any script stands beside it. Scripts that write no spaces
between words (Chinese, Japanese, Thai and the like) have no such ends, so there a word is found anywhere.
"""

import re
from collections.abc import Sequence
from typing import Final

_BEFORE: Final = r"(?:^|[^\pL\pN\pM_])"
_BEHIND: Final = r"(?:$|[^\pL\pN\pM_])"
_UNSPACED: Final = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u3130-\u318f\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
_GAP: Final = r"[\s\x0b\x1c-\x1f\x{85}\pZ]+"
_SPACE: Final = re.compile(r"\s+")


def words_source(words: Sequence[str]) -> str:
    """A pattern that matches where one of the words stands whole. White space in a phrase stands for any amount."""
    alike: dict[tuple[str, str], list[str]] = {}
    for word in (word.strip() for word in words):
        spelled = _GAP.join(_quoted(part) for part in _SPACE.split(word))
        alike.setdefault((_end(word[0], _BEFORE), _end(word[-1], _BEHIND)), []).append(spelled)
    # The ends are classes of all scripts, large once compiled: they are written once for all words that need them.
    sources = [f"{before}(?:{'|'.join(some)}){behind}" for (before, behind), some in alike.items()]
    return f"(?i)(?:{'|'.join(sources)})"


SHORTEST_LOOSE: Final = 6
"""Letters of a single word that is found among others it has run together with; shorter ones stand in many words."""


def loose_source(words: Sequence[str]) -> str | None:
    """The same for a text whose words have run together: with spaces or without, and whatever stands beside them. Of
    single words only long ones; None where no word is left."""
    parts = [_SPACE.split(word.strip()) for word in words]
    loose = [rf"{_GAP[:-1]}*".join(map(_quoted, part)) for part in parts if sum(map(len, part)) >= SHORTEST_LOOSE]
    return f"(?i)(?:{'|'.join(loose)})" if loose else None


def _end(letter: str, edge: str) -> str:
    """What must stand beside a word's first or last character; nothing beside a sign, which ends itself."""
    return edge if (letter.isalnum() or letter == "_") and _UNSPACED.match(letter) is None else ""


def _quoted(text: str) -> str:
    """The text as RE2 takes it literally: `re.escape` writes escapes of other characters that RE2 does not know."""
    return "".join(f"\\{sign}" if sign.isascii() and not sign.isalnum() and sign != "_" else sign for sign in text)
