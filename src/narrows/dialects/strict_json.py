"""Strict JSON: one reading, so that the gate and every upstream understand the same object (RFC 8259, RFC 7493).

Owns: UTF-8 without a byte order mark, no NaN or Infinity, no lone surrogates, at most 64 levels, no duplicate keys,
no case variants of governed keys (`Model`), number literals that survive re-serialising. Knows no dialect.

Two ways to one answer. Most SDKs send compact JSON, and a body whose decoding re-encodes to the very same bytes can
hold no duplicate key and no literal that would change: the fast decoder is enough. So it is where the two differ only
in white space, as other clients write it. Any other body goes through the standard library's scanner, which reports
every pair and keeps the literals.
"""

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
from msgspec import Raw

from narrows.model.call import Json
from narrows.model.refusal import Code
from narrows.model.verdict import Deny

MAX_DEPTH: Final = 64
PLAIN_DIGITS: Final = 15
"""Integers up to this many characters stay `int`; longer ones keep their literal, however a reader rounds them."""

_BOM: Final = b"\xef\xbb\xbf"
_ESCAPED_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")
_SPACES: Final = b" \t\r\n"
_decode: Final = msgspec.json.Decoder().decode
_encode: Final = msgspec.json.Encoder().encode
_format: Final = msgspec.json.format


class Malformed(Exception):
    """The bytes are not strict JSON; the message says what is wrong and, where it is known, at which place."""


def read(data: bytes, governed: Sequence[str]) -> Json | Deny:
    """The object in `data`. `governed` are the top-level keys (lower case) whose case variants are refused."""
    body = _round_trip(data)
    if body is None or (opened(data) > MAX_DEPTH and too_deep(body, MAX_DEPTH)):
        try:
            body = _careful(data)
        except Malformed as wrong:
            return Deny(Code.BODY_MALFORMED, str(wrong))
    if type(body) is not dict:
        return Deny(Code.BODY_MALFORMED, "the body must be a JSON object")
    keys = "".join(body)
    if keys.isascii() and keys.islower():
        return body
    variant = written_otherwise(body, governed)
    if variant is not None:
        return Deny(Code.BODY_MALFORMED, f"key {shown(variant)} must be written {variant.casefold()!r}", param=variant)
    return body


def scan(data: bytes) -> Any:
    """Any JSON value, under every rule but the ones on the top level. Raises Malformed."""
    value = _round_trip(data)
    if value is None:
        value = _careful(data)
    elif opened(data) > MAX_DEPTH and too_deep(value, MAX_DEPTH):
        raise Malformed(f"nested more than {MAX_DEPTH} levels deep")
    return value


def case_variant(keys: Iterable[str], governed: Iterable[str]) -> str | None:
    """A key that some reader would take for a governed one (in lower case), though it is written differently."""
    joined = "".join(keys)
    if joined.isascii() and joined.islower():
        return None
    return written_otherwise(keys, governed)


def written_otherwise(keys: Iterable[str], governed: Iterable[str]) -> str | None:
    """The same for governed names in any case."""
    names = frozenset(governed)
    folded = {name.casefold() for name in names}
    return next((key for key in keys if key not in names and key.casefold() in folded), None)


def shown(key: str) -> str:
    """A caller's key for a message: quoted, escaped, and short."""
    return ascii(key if len(key) <= 64 else key[:64] + "…")


def _round_trip(data: bytes) -> Any:
    """The decoded value if it re-encodes to `data` itself, but for white space, else None.

    A duplicate key or another literal would leave other bytes different. White space within strings is what the
    decoder found, whatever is compared here. Most bodies with white space have it as Python's `json.dumps` puts it:
    writing it there, too, is quicker than looking for any.
    """
    try:
        value = _decode(data)
        encoded = _encode(value)
        if encoded == data:
            return value
        if len(encoded) >= len(data):
            return None
        if _format(encoded, indent=0) == data:
            return value
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return value if encoded.translate(None, _SPACES) == data.translate(None, _SPACES) else None


def _careful(data: bytes) -> Any:
    if data.startswith(_BOM):
        raise Malformed("the body begins with a byte order mark")
    try:
        text = data.decode()
    except UnicodeDecodeError as wrong:
        raise Malformed(f"the body is not UTF-8 at byte {wrong.start}") from None
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as wrong:
        raise Malformed(f"not JSON: {wrong.msg} at line {wrong.lineno}, column {wrong.colno}") from None
    except RecursionError:
        raise Malformed(f"nested more than {MAX_DEPTH} levels deep") from None
    if text.count("{") + text.count("[") > MAX_DEPTH and too_deep(value, MAX_DEPTH):
        raise Malformed(f"nested more than {MAX_DEPTH} levels deep")
    if _ESCAPED_SURROGATE.search(text) is not None:
        _check_surrogates(value)
    return value


def _unique(pairs: list[tuple[str, Any]]) -> Json:
    made = dict(pairs)
    if len(made) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise Malformed(f"key {shown(key)} stands twice in one object")
            seen.add(key)
    return made


def _integer(literal: str) -> int | Raw:
    if len(literal) > PLAIN_DIGITS or literal == "-0":
        return Raw(literal)
    return int(literal)


def _constant(literal: str) -> Any:
    raise Malformed(f"{literal} is not a JSON number")


_DECODER: Final = json.JSONDecoder(
    object_pairs_hook=_unique, parse_float=Raw, parse_int=_integer, parse_constant=_constant
)


def opened(data: bytes) -> int:
    """How many brackets open in `data`. Removing them is what finds them fastest: it goes from one to the next, where
    counting looks at every byte."""
    return 2 * len(data) - len(data.replace(b"{", b"")) - len(data.replace(b"[", b""))


def too_deep(value: Any, limit: int) -> bool:
    """Whether containers nest deeper than `limit`. Goes down level by level, in C for the most part; callers count
    brackets first, so that brackets in strings cost one such pass and nothing more."""
    level = [value]
    for _ in range(limit):
        below = [inner for outer in level if type(outer) is dict for inner in outer.values()]
        below += [inner for outer in level if type(outer) is list for inner in outer]
        level = [inner for inner in below if type(inner) is dict or type(inner) is list]
        if not level:
            return False
    return True


def _check_surrogates(value: Any) -> None:
    try:
        _encode(value)
    except UnicodeEncodeError:
        raise Malformed("a string holds half of a surrogate pair") from None
