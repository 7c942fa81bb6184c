"""Strict JSON objects, for everything that identity reads: headers, claims, key sets, discovery, introspection.

It owns the refusal of texts on whose meaning two parsers could differ: duplicate member names, `NaN`, broken UTF-8.
"""

import json
from typing import Any, Final, NoReturn

Json = dict[str, Any]


def _unique(pairs: list[tuple[str, Any]]) -> Json:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("duplicate member name")
    return members


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant)


def strict_object(data: bytes) -> Json | None:
    """The JSON object that `data` is, or None if it is anything else."""
    try:
        # Decoded here, because json.loads would guess UTF-16 and UTF-32 from bytes.
        value = _DECODER.decode(data.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
