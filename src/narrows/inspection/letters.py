"""Letters that are not what they seem: look-alikes, marks, other forms, and signs that are not shown.

How one character folds is the caller's to say (`Alphabet`): this package does not know what masking folds. Added here
is what a denied phrase hides behind and a card number does not: accents, small capitals, Braille, tag characters.
The patterns are RE2; everything is linear in the text.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final

from narrows.inspection.alphabets import SIGNS, TO_CYRILLIC, TO_GREEK, TURNED
from narrows.inspection.plausible import text_of
from narrows.inspection.spans import Decoded

LETTERS_KEPT: Final = 20_000
"""Characters of which an Alphabet remembers the folding; others are folded each time they come."""

_HIDDEN: Final = (
    r"\x{ad}\x{34f}\x{61c}\x{115f}\x{1160}\x{17b4}\x{17b5}\x{180b}-\x{180f}\x{200b}-\x{200f}\x{202a}-\x{202e}"
    r"\x{2060}-\x{206f}\x{3164}\x{fe00}-\x{fe0e}\x{feff}\x{ffa0}\x{e0000}-\x{e0fff}"
)
_MARKS: Final = r"\x{300}-\x{36f}\x{483}-\x{489}\x{1ab0}-\x{1aff}\x{1dc0}-\x{1dff}\x{20d0}-\x{20ff}\x{fe20}-\x{fe2f}"
_FORMS: Final = (
    r"\x{1d00}-\x{1dbf}\x{2070}-\x{209f}\x{2102}\x{210a}-\x{2115}\x{2119}-\x{211d}\x{2124}\x{2128}-\x{2134}\x{2139}"
    r"\x{249c}-\x{24e9}\x{2800}-\x{28ff}\x{a730}\x{a731}\x{a7ae}\x{a7af}\x{a4d0}-\x{a4f7}\x{ff10}-\x{ff19}"
    r"\x{ff21}-\x{ff3a}\x{ff41}-\x{ff5a}\x{1d400}-\x{1d7ff}\x{1f130}-\x{1f189}\x{1f1e6}-\x{1f1ff}\x{250}-\x{2ad}"
    r"\x{2b0}-\x{2b8}"
)
# What Western languages and Vietnamese write all the time is left out, and so is one accent or two in a word.
_ACCENTED: Final = r"[\x{e0}-\x{f6}\x{f8}-\x{19f}\x{1b1}-\x{24f}\x{1e00}-\x{1e9f}]"
_RARE: Final = (
    r"[\x{115}\x{12d}\x{14f}\x{180}-\x{19f}\x{1b1}-\x{1dc}\x{1f0}-\x{217}\x{21c}-\x{24f}\x{1e00}-\x{1e7f}"
    r"\x{1e88}-\x{1e9d}]"
)
_OTHER_SCRIPTS: Final = r"[\x{370}-\x{3ff}\x{400}-\x{52f}\x{531}-\x{587}]"
# Small and capital letters of Greek and Cyrillic that look like Latin ones; five in a row are hardly a word of theirs.
_ALIKE: Final = (
    r"[\x{391}\x{392}\x{395}-\x{397}\x{399}\x{39a}\x{39c}\x{39d}\x{39f}\x{3a1}\x{3a4}\x{3a5}\x{3a7}\x{3bf}\x{3c1}\x{405}"
    r"\x{406}\x{408}\x{410}\x{412}\x{415}\x{41a}\x{41c}-\x{41e}\x{420}-\x{422}\x{425}\x{430}\x{435}\x{43e}\x{440}"
    r"\x{441}\x{443}\x{445}\x{455}\x{456}\x{458}\x{501}\x{4bb}\x{51b}\x{51d}\x{4cf}\x{475}\x{578}\x{57d}\x{561}\x{570}]"
)

MIXED: Final = rf"[A-Za-z]{_OTHER_SCRIPTS}|{_OTHER_SCRIPTS}[A-Za-z]"
FOLDED: Final = (
    rf"[{_HIDDEN}{_MARKS}{_FORMS}]|{MIXED}|{_ALIKE}{{5}}"
    rf"|{_ACCENTED}[A-Za-z]?{_ACCENTED}[A-Za-z]?{_ACCENTED}|{_RARE}"
)
UPSIDE_DOWN: Final = r"[\x{250}\x{254}\x{1dd}\x{183}\x{265}\x{1d09}\x{29e}\x{26f}\x{279}\x{287}\x{28c}\x{28d}\x{28e}]"
TAGS: Final = r"[\x{e0020}-\x{e007e}]{2}"
HIDDEN_BYTES: Final = r"[\x{fe00}-\x{fe0f}\x{e0100}-\x{e01ef}]{4}|[\x{200b}-\x{200d}\x{2060}\x{feff}]{16}"


class Alphabet(dict[int, str]):
    """What characters are seen as, learnt as they come: a table for `str.translate`."""

    def __init__(self, fold_character: Callable[[str], str], *, scripts: bool) -> None:
        """`fold_character` gives what one character is seen as: none, one or several. With `scripts`, letters of Greek,
        Cyrillic and Armenian stay what they are."""
        super().__init__()
        self._fold = fold_character
        self._scripts = scripts

    def __missing__(self, code: int) -> str:
        character = chr(code)
        if self._scripts and 0x370 <= code <= 0x58F and character.isalpha():
            folded = character
        else:
            folded = "".join(map(_letter, SIGNS.get(character) or self._fold(character)))
        if len(self) < LETTERS_KEPT:
            self[code] = folded
        return folded

    def fold(self, text: str) -> str:
        """Hidden characters dropped; marks, look-alikes and other forms of letters made plain."""
        return text.translate(self)

    def fold_words(self, text: str) -> str:
        """The same, and words of several scripts in the one that most of their letters are of."""
        return one_script(unicodedata.normalize("NFC", text).translate(self))


def _letter(character: str) -> str:
    """Without its accents where it is a Latin letter."""
    if character.isascii():
        return character
    base = SIGNS.get(character) or unicodedata.normalize("NFD", character)[0]
    return base if base.isascii() else character


_WORD: Final = re.compile(r"[^\W\d_]+")
_CYRILLIC: Final = re.compile("[\u0400-\u052f]")
_GREEK: Final = re.compile("[\u0370-\u03ff]")


def one_script(text: str) -> str:
    """Words of Cyrillic or Greek in which Latin look-alikes stand, made all Cyrillic or Greek."""
    return _WORD.sub(_one_script, text)


def _one_script(match: re.Match[str]) -> str:
    word = match.group()
    if word.isascii():
        return word
    cyrillic, greek = len(_CYRILLIC.findall(word)), len(_GREEK.findall(word))
    if max(cyrillic, greek) * 3 < len(word):
        return word
    return word.translate(TO_CYRILLIC if cyrillic >= greek else TO_GREEK)


def turned(text: str) -> str:
    """The text upside down."""
    return text.translate(TURNED)[::-1]


_TAGS: Final = {0xE0000 + code: chr(code) for code in range(0x20, 0x7F)}
_TAG_RUN: Final = re.compile("[\U000e0020-\U000e007e]{2,}")
_SELECTORS: Final = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]{4,}")
_BIT_RUN: Final = re.compile("[\u200b-\u200d\u2060\ufeff]{16,}")


def from_tags(text: str) -> str:
    """The text with tag characters as the ASCII they stand for."""
    return text.translate(_TAGS)


def from_tags_apart(text: str) -> str:
    """The same with spaces around them."""
    return _TAG_RUN.sub(lambda run: f" {run.group()} ", text).translate(_TAGS)


def find_hidden_bytes(text: str) -> Iterator[Decoded]:
    """Text in signs that are not shown: bytes as variation selectors, bits of zero width."""
    for run in _SELECTORS.finditer(text):
        plain = text_of(bytes(_selected(sign) for sign in run.group()))
        if plain is not None:
            yield Decoded(*run.span(), plain)
    for run in _BIT_RUN.finditer(text):
        yield from _from_bits(run)


def _selected(sign: str) -> int:
    return ord(sign) - (0xFE00 if sign <= "\ufe0f" else 0xE0100 - 16)


def _from_bits(run: re.Match[str]) -> Iterator[Decoded]:
    common = [sign for sign, _ in Counter(run.group()).most_common(2)]
    if len(common) < 2:
        return
    for zero, one in (common, common[::-1]):
        bits = "".join("0" if sign == zero else "1" for sign in run.group() if sign in (zero, one))
        plain = text_of(bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits) - 7, 8)))
        if plain is not None:
            yield Decoded(*run.span(), plain)
