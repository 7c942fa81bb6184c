"""Characters that are written as escapes in an otherwise plain text, decoded in place. Linear in the text.

Percent, `\\u`, `\\x`, octal, `U+`, HTML entities, quoted-printable and UTF-7, also mixed in one word.
"""

import binascii
import re
from html.entities import html5
from typing import Final

from narrows.inspection.spans import replaced

ESCAPES: Final = (
    r"%[0-9a-fA-F]{2}|%u[0-9a-fA-F]{4}|\\[uxU][{]?[0-9a-fA-F]{2}|\\[0-7]{2}|&#[0-9xX]|&[A-Za-z]{2,8};"
    r"|=[0-9A-F]{2}|=\r?\n|\+A[A-H][A-Za-z0-9+/]{2}|U\+[0-9A-Fa-f]{4}"
)

_HEX: Final = "[0-9A-Fa-f]"
_ESCAPE: Final = re.compile(
    rf"(?P<percent>(?:%{_HEX}{{2}})+)"
    rf"|(?P<unicode>(?:(?:\\+|%)u{_HEX}{{4}})+)"
    rf"|(?P<braced>\\[ux]\{{{_HEX}{{1,6}}\}}|\\U{_HEX}{{8}}|U\+{_HEX}{{4,6}}[\s,]?)"
    rf"|(?P<bytes>(?:\\+x{_HEX}{{2}})+)"
    rf"|(?P<css>\\0000{_HEX}{{2}}[ ]?)"
    r"|(?P<octal>(?:\\[0-3]?[0-7]{2})+)"
    rf"|(?P<entity>&(?:\#[0-9]{{1,7}}(?![0-9])|\#[xX]{_HEX}{{1,6}}|[A-Za-z][A-Za-z0-9]{{1,31}});?)"
    r"|(?P<quoted>(?:=[0-9A-F]{2})+)"
    r"|(?P<utf7>\+A[A-H][A-Za-z0-9+/]{1,400}-?)"
)
_SIGN: Final = re.compile(r"%[0-9a-fA-Fu]|\\[\\uxU0-7]|U\+|&[#A-Za-z]|=[0-9A-F]|\+A")
"""What every escape begins with. Each way begins with one character of its own, so that places are found quickly."""

_SOFT_BREAK: Final = re.compile(r"=\r?\n")
_PLUS: Final = re.compile(r"(?<=[^\W_])\+(?=[^\W_])")
_HEX_PAIR: Final = re.compile(rf"{_HEX}{{2}}")
_UNIT: Final = re.compile(rf"u({_HEX}{{4}})")
_OCTAL: Final = re.compile(r"[0-7]{2,3}")


def unescape(text: str) -> str:
    """The text with every escape decoded; the plus signs of a percent-encoded one are spaces."""
    plain = replaced(_SOFT_BREAK.sub("", text), _SIGN, _ESCAPE, _plain)
    return _PLUS.sub(" ", plain) if plain != text and "%" in text else plain


def _plain(match: re.Match[str]) -> str:
    found = match.group()
    match match.lastgroup:
        case "percent" | "quoted" | "bytes":
            return _decoded(bytes(int(pair, 16) for pair in _HEX_PAIR.findall(found)))
        case "unicode":
            units = b"".join(int(unit, 16).to_bytes(2, "little") for unit in _UNIT.findall(found))
            return units.decode("utf-16-le", "replace")
        case "braced":
            return _character(int(found.strip("\\xuU+{} \n\r\t,"), 16), found)
        case "css":
            return _character(int(found[1:], 16), found)
        case "octal":
            return _decoded(bytes(int(code, 8) & 255 for code in _OCTAL.findall(found)))
        case "entity":
            return _entity(found)
        case _:
            return _utf7(found)


def _decoded(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _character(code: int, instead: str) -> str:
    return instead if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF or code == 0 else chr(code)


def _entity(entity: str) -> str:
    name = entity[1:].rstrip(";")
    if name.startswith(("#x", "#X")):
        return _character(int(name[2:], 16), entity)
    if name.startswith("#"):
        return _character(int(name[1:]), entity)
    return html5.get(name + ";", entity)


def _utf7(found: str) -> str:
    digits = found[1:].rstrip("-")
    digits = digits[: len(digits) - (len(digits) % 4 == 1)]
    data = binascii.a2b_base64(digits + "=" * (-len(digits) % 4))
    plain = data[: len(data) & ~1].decode("utf-16-be", "replace")
    return plain if plain.isprintable() else found
