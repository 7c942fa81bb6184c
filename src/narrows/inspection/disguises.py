"""Words in disguise: leetspeak, letters apart, words run together or cut, ROT13, reversed text, uneven white space.

For each there is a pattern (RE2) of what gives it away, and what makes it plain.
Everything is linear in the text.
"""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from narrows.inspection.spans import Decoded, replaced, search_for

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

_LEET_SIGNS: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@$!|+"
_leet_word: Final = search_for(r"(?:[A-Za-z]+[0-9@$!|+]|[0-9!|+]*[@$]|[0-9!|+]+[A-Za-z])[A-Za-z0-9@$!|+]*|4")
"""A word with a digit or a sign in it, which is no number, and a 4. The others stay what they are."""

_FOUR: Final = 0x34
_LEET_I: Final = bytes.maketrans(b"0134567892@$!|+", b"oieasgtbgzasilt")
_LEET_L: Final = bytes.maketrans(b"0134567892@$!|+", b"oleasgtbgzasilt")


def leet(text: str) -> str:
    """Digits and signs as the letters they stand for, in what is no number; `1` as i."""
    return _as_letters(text, _LEET_I)


def leet_with_l(text: str) -> str:
    """The same with `1` as l. Without any it would be the same as with i, and the text stays as it is."""
    return _as_letters(text, _LEET_L) if "1" in text else text


def _as_letters(text: str, letters: bytes) -> str:
    data = text.encode("utf-8", "surrogatepass")
    parts: list[bytes] = []
    done = at = 0
    size = len(data)
    while at < size:
        start, end = _leet_word(data, at, size)[0]
        if start < 0:
            break
        at = end
        if end - start == 1 and data[start] == _FOUR and not _alone(data, start):
            continue
        parts.append(data[done:start])
        parts.append(data[start:end].translate(letters))
        done = end
    if not parts:
        return text
    parts.append(data[done:])
    return b"".join(parts).decode("utf-8", "surrogatepass")


def _alone(data: bytes, place: int) -> bool:
    """Whether no more of a word stands beside a byte."""
    before = place > 0 and data[place - 1] in _LEET_SIGNS
    return not before and (place + 1 == len(data) or data[place + 1] not in _LEET_SIGNS)


_APART_RUN: Final = re.compile(
    r"(?<![^\W_])(?:[^\W\d_][ \t\r\n._*|/+~,\xa0\u00b7\u2022-]{1,3}){4,}[^\W\d_](?![^\W_])"
    r"|(?:[\u3040-\u9fff\uac00-\ud7a3][ ._*|-]){3,}[\u3040-\u9fff\uac00-\ud7a3]"
)
_APART_ASCII: Final = re.compile(
    r"[A-Za-z](?<![A-Za-z0-9].)[ \t\r\n._*|/+~,-]{1,3}(?:[A-Za-z][ \t\r\n._*|/+~,-]{1,3}){3,}[A-Za-z](?![A-Za-z0-9])"
)
_SEPARATORS: Final = re.compile(r"[\W_]+")
_SEEN_WITH: Final = 32
"""Characters shown before and behind letters apart."""


def find_apart(text: str) -> Iterator[Decoded]:
    """Letters apart: `d e l e t e`. The separator that comes most often is dropped, any other is a space."""
    for run in (_APART_ASCII if text.isascii() else _APART_RUN).finditer(text):
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
_joined_ascii: Final = search_for(r"[A-Za-z]+(?:[_.+=/-]+[A-Za-z]+){3,}|[A-Z][a-z]+(?:[A-Z][a-z]*){3,}")
_JOINTS: Final = re.compile(r"[_.\u00b7\u2022+=/-]+|(?<=[A-Za-z])(?=[A-Z])")
_SIGNS_APART: Final = str.maketrans("_.+=/-", "      ")


def words_apart(text: str) -> str:
    """Spaces in what is four words and more without any: `ignore_all_previous_instructions`."""
    if not text.isascii():
        return _JOINED_RUN.sub(_apart, text)
    data = text.encode()
    parts: list[str] = []
    done = 0
    size = len(data)
    while done < size:
        start, end = _joined_ascii(data, done, size)[0]
        if start < 0:
            break
        parts.append(text[done:start])
        run = text[start:end]
        # Where nothing but signs is between words, these can be told by them.
        parts.append(" ".join(run.translate(_SIGNS_APART).split()) if run.islower() else _JOINTS.sub(" ", run))
        done = end
    if not parts:
        return text
    parts.append(text[done:])
    return "".join(parts)


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
_WORDS: Final = re.compile(r"([^\W\d_]+)")


def rot13(text: str) -> str:
    """Each letter by the one thirteen places on."""
    return text.translate(_ROT13)


def backwards(text: str) -> str:
    """The text from its end."""
    return text[::-1]


def words_backwards(text: str) -> str:
    """Each word backwards, in its place."""
    parts = _WORDS.split(text)
    parts[1::2] = [word[::-1] for word in parts[1::2]]
    return "".join(parts)


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
