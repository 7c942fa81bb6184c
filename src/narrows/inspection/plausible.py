"""Whether decoded bytes are text that somebody could have meant. Knows no encoding but UTF-8 and UTF-16."""

import re
from typing import Final

SHORTEST: Final = 4
"""Characters of a decoded text; a shorter one says nothing."""

FRAGMENT: Final = 12
"""Characters in a row that count as text among bytes that are none."""

FRAGMENTS: Final = 64

_CONTROLS: Final = "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffd-\uffff"
_TEXT: Final = re.compile(f"[^{_CONTROLS}]{{{FRAGMENT},}}")
_STRANGE: Final = re.compile(f"[{_CONTROLS}]")
_SAMPLE: Final = 64
"""Bytes that are looked at to see whether a text may be UTF-16."""

_PAGES: Final = 3
"""The upper halves of a text's UTF-16 are of so few pages, or all of Chinese characters."""

_CHINESE: Final = bytes(range(0x4E, 0xA0))

_REPLACEMENT: Final = "\ufffd".encode()
_CONTROL: Final = 1
_NEVER: Final = 2
_FIRST: Final = bytes(
    _NEVER
    if 0x80 <= code < 0xC2 or code > 0xF4
    else _CONTROL
    if code in (*range(9), 11, 12, *range(14, 32), 127)
    else 0
    for code in range(256)
)
"""Of each byte, whether a text of UTF-8 never begins with it, or only one with a control character does."""

_NO_CONTROLS: Final = bytes(code for code in range(256) if _FIRST[code] != _CONTROL)

_LETTERS: Final = re.compile(r"[^\W_]{2}")
_ONE_ALPHABET: Final = re.compile(
    "[\t\n\r -~\u00a0-\u024f]+|[\t\n\r -~\u0370-\u052f]+|[\t\n\r -~\u3000-\u30ff\u4e00-\u9fff\uff00-\uff5e]+"
    "|[\t\n\r -~\uac00-\ud7a3]+|[\t\n\r -~\u0590-\u06ff]+|[\t\n\r -~\u0900-\u097f]+|[\t\n\r -~\u0e00-\u0e7f]+"
)


def text_of(data: bytes) -> str | None:
    """The text these bytes are, or the stretches of text in them, a line each; None where they are no text."""
    length = len(data)
    if length < SHORTEST:
        return None
    first = _FIRST[data[0]]
    if length < 2 * SHORTEST:
        # So few bytes hold neither a fragment nor, as UTF-16, a text.
        if first or data.translate(None, _NO_CONTROLS):
            return None
        text = data.decode("utf-8", "replace")
        return None if "\ufffd" in text and not _is_utf8(data) else readable(text)
    text = data.decode("utf-8", "replace") if first != _NEVER or length > FRAGMENT else "\ufffd"
    if first != _NEVER and ("\ufffd" not in text or (_REPLACEMENT in data and _is_utf8(data))):
        return _wide(data) or readable(text) if "\0" in text else readable(text)
    wide = _wide(data)
    return readable(text) if wide is None and length > FRAGMENT else wide


def _is_utf8(data: bytes) -> bool:
    """For the rare text that has the sign in it which stands for what is none: exceptions cost most of the time."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _wide(data: bytes) -> str | None:
    """As UTF-16 of either order, if that gives a text of one alphabet."""
    upper, lower = data[1:_SAMPLE:2], data[: min(_SAMPLE, len(data) - 1) : 2]
    if (
        len(set(upper)) > _PAGES
        and len(set(lower)) > _PAGES
        and upper.translate(None, _CHINESE)
        and lower.translate(None, _CHINESE)
    ):
        return None
    even = data[: len(data) & ~1]
    for encoding in ("utf-16-le", "utf-16-be"):
        text = even.decode(encoding, "replace").lstrip("\ufeff")
        if len(text) >= SHORTEST and _ONE_ALPHABET.fullmatch(text) is not None:
            return text
    return None


def readable(text: str) -> str | None:
    """The text, or the stretches of it that are text; None where it is none."""
    if _STRANGE.search(text) is not None:
        stretches = []
        for found in _TEXT.finditer(text):
            if _LETTERS.search(found.group()) is not None:
                stretches.append(found.group())
            if len(stretches) == FRAGMENTS:
                break
        return "\n".join(stretches) or None
    return text if len(text) >= SHORTEST and _LETTERS.search(text) is not None else None
