"""Words in disguise: leetspeak, letters apart, words run together or cut, ROT13, reversed text, uneven white space.

For each there is a pattern (RE2) of what gives it away, and what makes it plain.
Everything is linear in the text.
"""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from narrows.inspection.spans import Decoded, replaced

LEET: Final = r"(?i)[a-z][0-9@$!|+]{1,2}[a-z]|\b[1345@$][a-z]{3}"
APART: Final = (
    r"(?:^|[^\pL\pN])(?:\pL[ \t\r\n._*|/+~,\x{a0}\x{b7}\x{2022}-]{1,3}){4}\pL(?:$|[^\pL\pN])"
    r"|(?:[\x{3040}-\x{9fff}\x{ac00}-\x{d7a3}][ ._*|-]){3}"
)
JOINED: Final = r"\pL(?:[_.\x{b7}\x{2022}+=/-]+\pL+){3}|[A-Z][a-z]+(?:[A-Z][a-z]*){3}"
CUT: Final = r"\pL(?:\*{2,3}|`|~~|\\|\x{ad})\pL|>\pL|['\x22]\s?[+.&|]{1,2}\s?['\x22]|\pL['\x22]\s?['\x22]\pL|\pL-\r?\n"
ROT13: Final = (
    r"(?i)[b-df-hj-np-tv-z]{6}|\b(?:gur|naq|lbh|lbhe|nyy|sbe|sebz|jvgu|vtaber|cyrnfr|cebzcg|flfgrz|cnffjbeq|svyr|svyrf"
    r"|gnoyr|qngnonfr|frperg|npphag|hfref?|erirny|rkrphgr|furyy|xrl|xrlf|znxr|uryc|trg|qebc|jvcr|xvyy|qnvf|jvr|jvrq|yrf"
    r"|gbqb|gbqbf|nyyr|nyyrf|ybf|ryvzvan|obeenqb|nezn|obzo)\b"
)
REVERSED: Final = (
    r"(?i)\b(?:eht|dna|rof|woh|tahw|era|uoy|ruoy|lla|taht|siht|htiw|morf|erongi|esaelp|tpmorp|metsys|drowssap|elif|selif|elbat"
    r"|esabatad|terces|yek|syek|resu|sresu|laever|etucexe|llehs|ekam|pleh|teg|pord|epiw|etirw|daer|nur|lliw|nac|wohs"
    r"|odot|sodot|sal|sel|ella|elle|etanimile|etel?ed|s?noit[a-z]*|gni[a-z]{2,})\b"
)
UNEVEN: Final = (
    r"[\pL\pN,][ \t]*\r?\n[ \t]*\pL|\pL(?:[ \t]{2,}|\t|[\x{a0}\x{1680}\x{2000}-\x{200a}\x{202f}\x{205f}\x{3000}])\pL"
)
PUNYCODE: Final = r"(?i)\bxn--[a-z0-9]"

_LEET_WORD: Final = re.compile(r"(?<![A-Za-z0-9@$!|+])[A-Za-z]*[0-9@$!|+][A-Za-z0-9@$!|+]*")
"""A word with a digit or a sign in it. The others stay what they are."""

_LEET_I: Final = str.maketrans("0134567892@$!|+", "oieasgtbgzasilt")
_LEET_L: Final = str.maketrans("0134567892@$!|+", "oleasgtbgzasilt")
_LETTERS: Final = re.compile(r"[A-Za-z@$]|^4$")


def leet(text: str) -> str:
    """Digits and signs as the letters they stand for, in what is no number; `1` as i."""
    return _LEET_WORD.sub(_as_i, text)


def leet_with_l(text: str) -> str:
    """The same with `1` as l. Without any it would be the same as with i, and the text stays as it is."""
    return _LEET_WORD.sub(_as_l, text) if "1" in text else text


def _as_i(word: re.Match[str]) -> str:
    return word.group().translate(_LEET_I) if _LETTERS.search(word.group()) else word.group()


def _as_l(word: re.Match[str]) -> str:
    return word.group().translate(_LEET_L) if _LETTERS.search(word.group()) else word.group()


_APART_RUN: Final = re.compile(
    r"(?<![^\W_])(?:[^\W\d_][ \t\r\n._*|/+~,\xa0\u00b7\u2022-]{1,3}){4,}[^\W\d_](?![^\W_])"
    r"|(?:[\u3040-\u9fff\uac00-\ud7a3][ ._*|-]){3,}[\u3040-\u9fff\uac00-\ud7a3]"
)
_SEPARATORS: Final = re.compile(r"[\W_]+")
_SEEN_WITH: Final = 32
"""Characters shown before and behind letters apart."""


def find_apart(text: str) -> Iterator[Decoded]:
    """Letters apart: `d e l e t e`. The separator that comes most often is dropped, any other is a space."""
    for run in _APART_RUN.finditer(text):
        start, end = run.span()
        between = Counter(_SEPARATORS.findall(run.group())).most_common(1)[0][0]
        plain = "".join("" if part == between else " " if _SEPARATORS.match(part) else part for part in _parts(run))
        yield Decoded(start, end, text[max(0, start - _SEEN_WITH) : start] + plain + text[end : end + _SEEN_WITH])


_PARTS: Final = re.compile(r"[\W_]+|[^\W_]")


def _parts(run: re.Match[str]) -> list[str]:
    return _PARTS.findall(run.group())


_JOINED_RUN: Final = re.compile(
    r"(?<![^\W\d_])[^\W\d_]+(?:[_.\u00b7\u2022+=/-]+[^\W\d_]+){3,}|[A-Z][a-z]+(?:[A-Z][a-z]*){3,}"
)
_JOINED_ASCII: Final = re.compile(
    r"(?<![A-Za-z])[A-Za-z]+(?:[_.+=/-]+[A-Za-z]+){3,}|[A-Z][a-z]+(?:[A-Z][a-z]*){3,}", re.ASCII
)
_JOINTS: Final = re.compile(r"[_.\u00b7\u2022+=/-]+|(?<=[A-Za-z])(?=[A-Z])")


def words_apart(text: str) -> str:
    """Spaces in what is four words and more without any: `ignore_all_previous_instructions`."""
    return (_JOINED_ASCII if text.isascii() else _JOINED_RUN).sub(_apart, text)


def _apart(run: re.Match[str]) -> str:
    return _JOINTS.sub(" ", run.group())


_CUT_SIGN: Final = re.compile(r"[*`~<\xad'\"\\-]")
_CUT: Final = re.compile(
    r"\*{1,3}|`|~~|<[^<>]{0,64}>|\xad|['\"]\s?[+.&|]{1,2}\s?['\"]"
    r"|(?<=[^\W\d_])(?:\\|['\"]\s?['\"]|-\r?\n[ \t]*)(?=[^\W\d_])"
)


def whole_words(text: str) -> str:
    """Words cut by markup, by quotes that a program would join, or by a hyphen at the end of a line, made whole."""
    return replaced(text, _CUT_SIGN, _CUT, _nothing)


def _nothing(_cut: re.Match[str]) -> str:
    return ""


_ROT13: Final = str.maketrans(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", "nopqrstuvwxyzabcdefghijklmNOPQRSTUVWXYZABCDEFGHIJKLM"
)
_WORD: Final = re.compile(r"[^\W\d_]+")


def rot13(text: str) -> str:
    """Each letter by the one thirteen places on."""
    return text.translate(_ROT13)


def backwards(text: str) -> str:
    """The text from its end."""
    return text[::-1]


def words_backwards(text: str) -> str:
    """Each word backwards, in its place."""
    return _WORD.sub(lambda word: word.group()[::-1], text)


def even_spaces(text: str) -> str:
    """One space for every run of white space."""
    return " ".join(text.split())


_LABEL: Final = re.compile(r"(?i)\bxn--([a-z0-9-]{1,59})")


def from_punycode(text: str) -> str:
    """The text with labels of host names as they are shown."""
    return _LABEL.sub(_label, text)


def _label(match: re.Match[str]) -> str:
    try:
        return match[1].encode("ascii").decode("punycode")
    except (UnicodeError, ValueError, OverflowError):
        return match.group()
