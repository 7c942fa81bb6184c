"""Patterns that do not ask for spaces: for views in which the words of a phrase have run together.

From `d e l e t e  a l l` with one and the same separator nobody can tell where the words end. The view of it is
`deleteall`, and the pattern that is to find it there must take every space as one that may be missing.
"""

import re
from typing import Final

KINDS: Final = frozenset({"apart"})
"""Kinds of views that are to be searched with loosened patterns as well."""

_TOKEN: Final = re.compile(
    r"(?P<literal>\\Q.*?(?:\\E|$))"
    r"|(?P<space>\\s|\\W| |\[(?!\^)\]?(?:\\.|\[:\w+:\]|[^\]\\])*\])(?P<repeat>[+*?]\??|\{\d+(?:,\d*)?\}\??)?"
    r"|(?P<edge>\\b)"
    r"|\\.|\[\^?\]?(?:\\.|\[:\w+:\]|[^\]\\])*\]|.",
    re.DOTALL,
)
_SPACES: Final = re.compile(r"\\s|\\W| |\[:space:\]|\[:blank:\]")


def loosened(pattern: str) -> str | None:
    """The same pattern (RE2) with every white space optional and no word boundaries; None where that changes nothing.

    It may match more than was meant, the empty text included: the caller compiles it with that check.
    """
    loose = _TOKEN.sub(_loose, pattern)
    return None if loose == pattern else loose


def _loose(match: re.Match[str]) -> str:
    if match["edge"]:
        return ""
    space = match["space"]
    if not space or (space.startswith("[") and not _SPACES.search(space)):
        return match.group()
    repeat = match["repeat"] or ""
    if not repeat:
        return f"{space}?"
    if repeat.startswith(("*", "?")):
        return match.group()
    if repeat.startswith("+"):
        return f"{space}*{repeat[1:]}"
    return f"(?:{match.group()})?"
