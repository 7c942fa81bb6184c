"""Finders for whole texts that are written as numbers or letters: base64, base32, hexadecimal, character codes, Morse.

What is found is decoded as a whole, and reported if the bytes are text. Each finder is linear in the text.
"""

import base64
import binascii
import re
from binascii import a2b_base64
from collections.abc import Iterator
from typing import Final

from narrows.inspection.alphabets import MORSE
from narrows.inspection.plausible import readable, text_of
from narrows.inspection.spans import Decoded, Search, Spans, search_for

BASE64: Final = r"[a-z0-9+/][A-Z]"
BASE32: Final = r"[A-Z2-7]{16}"
HEXADECIMAL: Final = r"[0-9a-fA-F]{12}|(?:(?:0[xX]|\\x)?[0-9A-Fa-f]{2,4}[ \n:,;_-]{1,3}){4}"
CODES: Final = r"(?:[0-9]{1,3}[^0-9A-Za-z]{1,3}){5}|[01]{7}|[cC][hH][aA]?[rR][a-z]*\("
MORSE_CODE: Final = r"(?:[.\x{b7}\x{2022}-]{1,5}[ /|]{1,3}){4}"

_URL_SAFE: Final = bytes.maketrans(b"-_", b"+/")
_BETWEEN: Final = re.compile(r"(?:\s|\\[rn]|[\"',+>]){1,8}")
_PIECES: Final = re.compile(rb"[A-Za-z0-9]{8,}")
_FAR: Final = 8
"""Characters between runs of one text."""

_BACKSLASH: Final = 0x5C
_SHORTEST_RUN: Final = 8
_SHORTEST_SHIFTED: Final = 24
"""Digits of a run that is also tried from its second, third and fourth digit on."""

_mixed: Final = search_for(r"[A-Za-z0-9+/_-]*(?:[a-z0-9+/_-][A-Z]|[0-9][a-z])[A-Za-z0-9+/_-]*")
"""Runs of the two alphabets that are no words."""


def find_base64(text: str) -> list[Decoded]:
    """Runs of the standard and the URL-safe alphabet, padded or not, and runs that follow each other line by line."""
    data = text.encode("ascii", "replace")
    runs = _mixed_runs(data)
    found: list[Decoded] = []
    first = 0
    for last in range(1, len(runs) + 1):
        if last < len(runs):
            end, start = runs[last - 1][1], runs[last][0]
            if start - end <= _FAR and _BETWEEN.fullmatch(text, end, start) is not None:
                continue
        if last - first == 1 or not _together(data, runs[first:last], found):
            for start, end in runs[first:last]:
                decoded = _base64(data[start:end])
                if decoded is not None:
                    found.append(Decoded(start, end, decoded))
        first = last
    return found


def _mixed_runs(data: bytes) -> Spans:
    """The runs that are no words, with their padding, in order. A run that is escaped begins behind the escape."""
    runs: Spans = []
    at, size = 0, len(data)
    while at < size:
        start, end = _mixed(data, at, size)[0]
        if start < 0:
            break
        at = end
        if start and data[start - 1] == _BACKSLASH:
            start += 1
            if _mixed(data, start, end)[0][0] < 0:
                continue
        if end - start >= _SHORTEST_RUN:
            runs.append((start, _padded(data, end) if data[end : end + 1] == b"=" else end))
    return runs


def _padded(data: bytes, end: int) -> int:
    return end + 2 if data.startswith(b"==", end) else end + 1 if data.startswith(b"=", end) else end


def _together(data: bytes, group: Spans, found: list[Decoded]) -> bool:
    """Adds what runs that follow each other say as one; whether they say anything."""
    runs = [data[start:end] for start, end in group]
    if any(b"=" in run for run in runs[:-1]):
        return False
    joined = b"".join(runs)
    whole = text_of(_base64_bytes(joined if joined.isalnum() else _digits(joined)))
    if whole is None:
        return False
    found.append(Decoded(group[0][0], group[-1][1], whole))
    return True


def _base64(run: bytes) -> str | None:
    """What a run says by itself, or behind a prefix."""
    if not run.isalnum():
        return text_of(_base64_bytes(_digits(run))) or _base64_pieces(run)
    text = text_of(_base64_bytes(run))
    return _base64_within(run) if text is None and len(run) >= _SHORTEST_SHIFTED else text


def _digits(run: bytes) -> bytes:
    return run.rstrip(b"=").translate(_URL_SAFE)


def _base64_bytes(digits: bytes) -> bytes:
    over = len(digits) % 4
    if over == 0:
        return a2b_base64(digits)
    return a2b_base64(digits[:-1] if over == 1 else digits + b"==")


def _base64_pieces(run: bytes) -> str | None:
    """Behind a prefix that is not part of it: the pieces between signs, then the other three alignments."""
    found: list[str] = []
    for piece in _PIECES.findall(run):
        text = text_of(_base64_bytes(piece))
        if text is not None:
            found.append(text)
    return "\n".join(found) if found else _base64_within(_digits(run))


def _base64_within(digits: bytes) -> str | None:
    """The other three alignments of what is long enough."""
    if len(digits) < _SHORTEST_SHIFTED:
        return None
    for skipped in (1, 2, 3):
        text = text_of(_base64_bytes(digits[skipped:]))
        if text is not None:
            return text
    return None


_BASE32_RUN: Final = re.compile(r"(?:[A-Z2-7]{8,}\s{0,2})+[A-Z2-7]{0,7}={0,6}")


def find_base32(text: str) -> Iterator[Decoded]:
    """Base32 of RFC 4648, wrapped or not, in capitals."""
    for run in _BASE32_RUN.finditer(text):
        digits = "".join(run.group().rstrip("= \r\n\t").split()).upper()
        digits = digits[: len(digits) - (0, 1, 0, 1, 0, 0, 1, 0)[len(digits) % 8]]
        if len(digits) < 16:
            continue
        try:
            decoded = text_of(base64.b32decode(digits + "=" * (-len(digits) % 8)))
        except binascii.Error:
            continue
        if decoded is not None:
            yield Decoded(run.start(), run.end(), decoded)


_HEX_STRETCH: Final = re.compile(r"[0-9A-Fa-fxX\\,:;\s_-]{11,}")
_hex_stretch: Final = search_for(r"[0-9A-Fa-fxX\\,:;\x09-\x0d\x1c-\x20_-]{11,}")
"""The same in ASCII."""

_HEX_TOKEN: Final = re.compile(r"(?<![0-9A-Za-z])(?:0[xX]|\\?x)?((?:[0-9A-Fa-f]{2})+)(?![0-9A-Fa-f])")
_HEX_GLUED: Final = re.compile(r"[0-9A-Fa-f]{12,}")


def find_hexadecimal(text: str) -> Iterator[Decoded]:
    """Runs of digits, and bytes or words apart: `64 65`, `64:65`, `0x64, 0x65`, `6465 6c65`."""
    for start, end in _stretches(_hex_stretch, _HEX_STRETCH, text):
        tokens = list(_HEX_TOKEN.finditer(text, start, end))
        digits = "".join(token[1] for token in tokens)
        if len(digits) >= 8:
            decoded = text_of(bytes.fromhex(digits))
            if decoded is not None:
                yield Decoded(tokens[0].start(), tokens[-1].end(), decoded)
                continue
        for run in _HEX_GLUED.finditer(text, start, end):
            even = run.group()[: len(run.group()) & ~1]
            decoded = text_of(bytes.fromhex(even)) or text_of(bytes.fromhex(run.group()[1:][: (len(even) - 1) & ~1]))
            if decoded is not None:
                yield Decoded(run.start(), run.end(), decoded)


def _stretches(search: Search, pattern: re.Pattern[str], text: str) -> Spans:
    """Where a pattern matches; `search` is for the same in ASCII, and faster."""
    if not text.isascii():
        return [found.span() for found in pattern.finditer(text)]
    data = text.encode()
    spans: Spans = []
    at, size = 0, len(data)
    while at < size:
        span = search(data, at, size)[0]
        if span[0] < 0:
            break
        spans.append(span)
        at = span[1]
    return spans


_CODES_STRETCH: Final = re.compile(r"\d{1,3}(?:[^0-9A-Za-z]{1,4}(?:0[xX]|[A-Za-z]{1,12}\()?\d{1,3}){4,}(?!\d)")
_BITS_STRETCH: Final = re.compile(r"[01]{7,8}(?:[\s,;_-]{0,2}[01]{7,8}){3,}")
_bits_stretch: Final = search_for(r"[01]{7,8}(?:[\x09-\x0d\x1c-\x20,;_-]{0,2}[01]{7,8}){3,}")
_codes_ahead: Final = search_for(r"[0-9]{1,3}(?:[^0-9A-Za-z]{1,4}(?:0[xX]|[A-Za-z]{1,12}\()?[0-9]{1,3}){4}")
"""The first two in ASCII; the second only where it may begin at the earliest."""

_NUMBER: Final = re.compile(r"\d{1,3}")
_BITS: Final = re.compile(r"[01]+")
_LETTER_GAP: Final = re.compile(r"(?<=\d)(?:\s*/\s*|\s{2,}|\s+0\s+)(?=\d)")


def find_codes(text: str) -> Iterator[Decoded]:
    """Characters as decimal, octal or binary numbers, and letters as their place in the alphabet."""
    for start, end in _stretches(_bits_stretch, _BITS_STRETCH, text):
        decoded = _from_bits(text[start:end])
        if decoded is not None:
            yield Decoded(start, end, decoded)
    ahead = 0
    if text.isascii():
        data = text.encode()
        ahead = _codes_ahead(data, 0, len(data))[0][0]
        if ahead < 0:
            return
    for stretch in _CODES_STRETCH.finditer(text, ahead):
        decoded = _from_numbers(stretch.group())
        if decoded is not None:
            yield Decoded(*stretch.span(), decoded)


def _from_bits(stretch: str) -> str | None:
    groups = _BITS.findall(stretch)
    if not all(len(group) in (7, 8) for group in groups):
        joined = "".join(groups)
        groups = [joined[at : at + 8] for at in range(0, len(joined) - 7, 8)]
    return text_of(bytes(int(group, 2) for group in groups))


def _from_numbers(stretch: str) -> str | None:
    numbers = _NUMBER.findall(stretch)
    values = [int(number) for number in numbers]
    if max(values) <= 26:
        words = _LETTER_GAP.split(stretch)
        return readable(" ".join("".join(_letter(int(n)) for n in _NUMBER.findall(word)) for word in words))
    if min(values) >= 9 and max(values) <= 255:
        decoded = text_of(bytes(values))
        if decoded is not None:
            return decoded
    if all(len(number) >= 2 and not set(number) & {"8", "9"} for number in numbers):
        return text_of(bytes(int(number, 8) & 255 for number in numbers))
    return None


def _letter(place: int) -> str:
    return chr(96 + place) if place else " "


_MORSE_STRETCH: Final = re.compile(r"[.\u00b7\u2022-]{1,5}(?:[ /|\n]{1,4}[.\u00b7\u2022_-]{1,5}){4,}")
_MORSE_WORDS: Final = re.compile(r"\s*[/|\n]\s*|\s{2,}")
_MORSE_SIGNS: Final = str.maketrans("\u00b7\u2022_", "..-")


def find_morse(text: str) -> Iterator[Decoded]:
    """Morse code; words are apart by a slash, a bar, a line or two spaces."""
    for stretch in _MORSE_STRETCH.finditer(text):
        signs = stretch.group().translate(_MORSE_SIGNS)
        words = ["".join(MORSE.get(sign, "\ufffd") for sign in word.split()) for word in _MORSE_WORDS.split(signs)]
        decoded = readable(" ".join(words))
        if decoded is not None:
            yield Decoded(*stretch.span(), decoded)
