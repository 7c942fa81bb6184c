"""Decoding what an upstream answered. More forgiving than requests: what is sent on is what was parsed here, so
duplicate keys can't mean two things, and text that is broken can be mended without hiding anything from a guard.

Mended: bytes that are not UTF-8 and halves of surrogate pairs become U+FFFD (models that emit bytes cut characters
in two). Everything else that is not JSON is `ReplyInvalid`.
"""

import json
from typing import Any, Final

import msgspec
from msgspec import Raw

from narrows.dialects.strict_json import opened, too_deep
from narrows.ports.dialect import ReplyInvalid

MAX_DEPTH: Final = 200
"""Well below where Python's own recursion ends, so that whoever walks a reply need not think of it."""

_TOO_DEEP: Final = f"the model server sent JSON nested more than {MAX_DEPTH} levels deep"
_decode: Final = msgspec.json.Decoder().decode


def decode(data: bytes) -> Any:
    """The JSON value in `data`, every string of it encodable. Raises ReplyInvalid."""
    try:
        value = _decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        value = _mended(data)
    if len(data) > 2 * MAX_DEPTH and opened(data) > MAX_DEPTH and too_deep(value, MAX_DEPTH):
        raise ReplyInvalid(_TOO_DEEP)
    return value


def decode_object(data: bytes) -> dict[str, Any]:
    """The same where only an object makes sense."""
    try:
        value = _decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        value = _mended(data)
    if len(data) > 2 * MAX_DEPTH and opened(data) > MAX_DEPTH and too_deep(value, MAX_DEPTH):
        raise ReplyInvalid(_TOO_DEEP)
    if type(value) is not dict:
        raise ReplyInvalid("the model server sent JSON that is not an object")
    return value


def _mended(data: bytes) -> Any:
    text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
    try:
        return _whole(_DECODER.decode(text))
    except (ValueError, RecursionError):
        raise ReplyInvalid("the model server sent something that is not JSON") from None


def _integer(literal: str) -> int | Raw:
    return int(literal) if len(literal) < 16 else Raw(literal)


def _constant(literal: str) -> Any:
    raise ValueError(literal)


_DECODER: Final = json.JSONDecoder(parse_float=Raw, parse_int=_integer, parse_constant=_constant)


def _whole(value: Any) -> Any:
    """The value with the halves of surrogate pairs in its strings and keys replaced."""
    if type(value) is str:
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if type(value) is list:
        return [_whole(inner) for inner in value]
    if type(value) is dict:
        return {_whole(key): _whole(inner) for key, inner in value.items()}
    return value
