"""What masking puts in place of a finding, and how masking recognises it again.

Four forms: `[US_SSN]`, `[US_SSN:` twenty letters `]` for a keyed hash, the same with twelve for a token, and eight
stars with the last four characters for `partial`. A text that went through the gate once comes back as history, so
`mask(mask(x)) == mask(x)` must hold. It does because a stand-in is a wall: folding turns it into one character that no
pattern, keyword or word matches, over which no context is looked for, and beside which no detector matches that minds
its neighbours. A second pass so sees less of each text than the first did, never more, and finds nothing new.

Only names of entities that the engine knows make a wall, and a hash is made of letters no checksum can hide in:
brackets around a secret don't protect it. This module knows no detectors and no texts but the stand-ins.
"""

import re
from collections.abc import Iterator
from typing import Final

NAME: Final = re.compile(r"[A-Z][A-Z0-9_]{0,47}\Z")
"""What the name of an entity looks like."""

HASH_LETTERS: Final = "bcdfghjkmnpqrstv"
"""One letter for each value of four bits; no vowels, so no words."""

HASH_LENGTH: Final = 20
TOKEN_LENGTH: Final = 12
"""Of a token: few enough for a model to repeat, and of a principal's million values two are alike at one in 500."""

STARS: Final = "*" * 8
SHOWN: Final = 4
LEAST_FOR_PARTIAL: Final = 9
"""Letters and digits a value must have for four of them to be shown."""

_BRACKETED: Final = re.compile(
    rf"\[([A-Z][A-Z0-9_]{{0,47}})"
    rf"(?::[{HASH_LETTERS}]{{{TOKEN_LENGTH}}}(?:[{HASH_LETTERS}]{{{HASH_LENGTH - TOKEN_LENGTH}}})?)?\]"
)
_TOKEN: Final = re.compile(rf"\[[A-Z][A-Z0-9_]{{0,47}}:[{HASH_LETTERS}]{{{TOKEN_LENGTH}}}\]")
_BEGUN_TOKEN: Final = re.compile(rf"\[(?:[A-Z][A-Z0-9_]{{0,47}}(?::[{HASH_LETTERS}]{{0,{TOKEN_LENGTH}}})?)?\Z")
_STARRED: Final = re.compile(rf"\*{{{len(STARS)}}}[A-Za-z0-9]{{{SHOWN}}}")
_UNFINISHED: Final = re.compile(
    rf"(?:\[(?:[A-Z][A-Z0-9_]{{0,47}}(?::[{HASH_LETTERS}]{{0,{HASH_LENGTH}}})?)?"
    rf"|\*{{1,{len(STARS)}}}|\*{{{len(STARS)}}}[A-Za-z0-9]{{1,{SHOWN - 1}}})\Z"
)
LONGEST: Final = 48 + HASH_LENGTH + 3


def redacted(entity: str) -> str:
    return f"[{entity}]"


def hashed(entity: str, digest: bytes) -> str:
    """Eighty bits of the digest, spelled in letters."""
    return f"[{entity}:{_spelled(digest, HASH_LENGTH)}]"


def token(entity: str, digest: bytes) -> str:
    """Forty-eight bits of the digest, spelled in letters."""
    return f"[{entity}:{_spelled(digest, TOKEN_LENGTH)}]"


def _spelled(digest: bytes, length: int) -> str:
    return "".join(HASH_LETTERS[byte >> 4] + HASH_LETTERS[byte & 15] for byte in digest[: length // 2])


def partial(entity: str, folded: str) -> str:
    """Eight stars, whatever the length, and the last four letters or digits; a short value is redacted."""
    shown = [character for character in folded if character.isascii() and character.isalnum()]
    if len(shown) < LEAST_FOR_PARTIAL:
        return redacted(entity)
    return STARS + "".join(shown[-SHOWN:])


def find(text: str, entities: frozenset[str]) -> list[tuple[int, int]]:
    """Where stand-ins are, in order. They can't overlap, so where the text is cut does not matter."""
    found = list(_bracketed(text, entities)) if "[" in text else []
    if STARS in text:
        found = sorted([*found, *(match.span() for match in _STARRED.finditer(text))])
    return found


def tokens(text: str) -> Iterator[re.Match[str]]:
    """What has the form of a token, of any entity."""
    return _TOKEN.finditer(text)


def begun_token(text: str) -> int:
    """Where the end of the text could be the beginning of a token; its length if it is not."""
    match = _BEGUN_TOKEN.search(text, max(0, len(text) - LONGEST))
    return match.start() if match else len(text)


def length(text: str, at: int) -> int:
    """Of the stand-in at a place; of all that follows where there is none."""
    if text.startswith(STARS, at):
        return len(STARS) + SHOWN
    end = text.find("]", at)
    return (len(text) if end < 0 else end + 1) - at


def is_token(text: str) -> bool:
    return _TOKEN.fullmatch(text) is not None


def _bracketed(text: str, entities: frozenset[str]) -> Iterator[tuple[int, int]]:
    for match in _BRACKETED.finditer(text):
        if match.group(1) in entities:
            yield match.span()


def unfinished(text: str) -> int:
    """Where the end of the text could be the beginning of a stand-in; its length if it is not."""
    match = _UNFINISHED.search(text, max(0, len(text) - LONGEST))
    return match.start() if match else len(text)
