"""One written value at a time: texts, numbers, durations, sizes, enumerations, each by what the setting expects.

YAML guesses a type from the spelling (`on` is a boolean, `12:30` a number); here the schema says what is expected and
the spelling is read as that, so the guesses never happen.
"""

import difflib
import re
from collections.abc import Iterable
from typing import Any, Final

import msgspec.inspect as mi

from narrows.model.secret import Secret

DURATION_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
SIZE_UNITS: Final = {
    "b": 1,
    "kb": 1 << 10,
    "mb": 1 << 20,
    "gb": 1 << 30,
    "kib": 1 << 10,
    "mib": 1 << 20,
    "gib": 1 << 30,
}
LONGEST_DURATION: Final = 100 * 365 * 86400.0
LARGEST_NUMBER: Final = 1 << 53
SHOWN: Final = 60

_DURATION: Final = re.compile(r"(?:\d{1,12}(?:\.\d{1,6})?(?:ms|s|m|h|d))+\Z", re.ASCII)
_DURATION_PART: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_SIZE: Final = re.compile(r"(\d{1,15}(?:\.\d{1,6})?) ?([kmg]?i?b)\Z", re.IGNORECASE | re.ASCII)
_INTEGER: Final = re.compile(r"[+-]?(?:0|[1-9][0-9_]{0,20})\Z")
_DECIMAL: Final = re.compile(r"[+-]?[0-9]{1,15}(?:\.[0-9]{1,15})?\Z")


class Wrong(Exception):
    """A value that can't be what its setting expects. The message never holds what a reference stood for."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def nearest(written: str, names: Iterable[str]) -> str | None:
    """`did you mean …` for a misspelt name, if one is near."""
    known = list(names)
    found = difflib.get_close_matches(written, known, n=1, cutoff=0.6)
    if not found:
        lowered = {name.lower(): name for name in known}
        found = [lowered[near] for near in difflib.get_close_matches(written.lower(), lowered, n=1, cutoff=0.6)]
    return f"did you mean `{found[0]}`?" if found else None


def convert(expected: mi.Type, unit: str | None, text: str, written: str, *, quoted: bool) -> Any:
    """The value of `text`, which was `written` so before references were replaced. Raises Wrong."""
    shown = written if len(written) <= SHOWN else written[:SHOWN] + "…"
    if isinstance(expected, mi.StrType):
        return _text(expected, text)
    if isinstance(expected, mi.CustomType) and expected.cls is Secret:
        return _secret(text)
    if isinstance(expected, mi.LiteralType):
        return _choice(expected, text, shown)
    if isinstance(expected, mi.EnumType):
        return _member(expected, text, shown)
    if isinstance(expected, mi.BoolType):
        return _boolean(text, shown, quoted=quoted)
    if isinstance(expected, mi.IntType | mi.FloatType):
        if unit == "duration":
            value: float = _duration(text, shown)
        elif unit == "size":
            value = _size(text, shown)
        elif isinstance(expected, mi.IntType):
            value = _integer(text, shown)
        else:
            value = _decimal(text, shown)
        _bounded(expected, value, unit)
        return value
    raise TypeError(f"the schema has a type the loader does not know: {type(expected).__name__}")


def _text(expected: mi.StrType, text: str) -> str:
    if expected.pattern is not None and not re.search(expected.pattern, text):
        raise Wrong("a name has lower-case letters, digits, `.`, `_` and `-`, at most 63, and begins with no sign")
    return text


def _secret(text: str) -> Secret:
    if not text:
        raise Wrong("the secret is empty")
    if not text.isprintable():
        raise Wrong("the secret has a line break or another control character")
    return Secret(text)


def _choice(expected: mi.LiteralType, text: str, shown: str) -> Any:
    return _one_of([str(value) for value in expected.values], text, shown)


def _member(expected: mi.EnumType, text: str, shown: str) -> str:
    """Names of several words may be written with `_`."""
    return _one_of([str(member.value) for member in expected.cls], text.replace("_", " "), shown)


def _one_of(names: list[str], text: str, shown: str) -> str:
    if text in names:
        return text
    raise Wrong(f"expected one of {', '.join(names)}, got `{shown}`", nearest(text, names))


def _boolean(text: str, shown: str, *, quoted: bool) -> bool:
    if not quoted and text.lower() in ("true", "false"):
        return text.lower() == "true"
    raise Wrong(f"expected true or false, got `{shown}`", "without quotes" if quoted else None)


def _duration(text: str, shown: str) -> float:
    compact = text.replace(" ", "").lower()
    if not _DURATION.match(compact):
        if _DECIMAL.match(compact):
            raise Wrong(f"a duration needs its unit, got `{shown}`", f"`{shown}s` is seconds; also ms, m, h, d")
        raise Wrong(f"expected a duration, got `{shown}`", "write it as 500ms, 30s, 10m, 1h or 400d")
    total = sum(float(number) * DURATION_UNITS[unit] for number, unit in _DURATION_PART.findall(compact))
    if total > LONGEST_DURATION:
        raise Wrong(f"the duration `{shown}` is longer than a hundred years")
    return total


def _size(text: str, shown: str) -> int:
    match = _SIZE.match(text.strip())
    if match is None:
        if _DECIMAL.match(text):
            raise Wrong(f"a size needs its unit, got `{shown}`", f"`{shown}b` is bytes; also kb, mb, gb")
        raise Wrong(f"expected a size, got `{shown}`", "write it as 64kb, 10mb or 1gb")
    value = float(match.group(1)) * SIZE_UNITS[match.group(2).lower()]
    if value > LARGEST_NUMBER:
        raise Wrong(f"the size `{shown}` is too large")
    return int(value)


def _integer(text: str, shown: str) -> int:
    if not _INTEGER.match(text):
        raise Wrong(f"expected a whole number, got `{shown}`")
    value = int(text)
    if abs(value) > LARGEST_NUMBER:
        raise Wrong(f"the number `{shown}` is too large")
    return value


def _decimal(text: str, shown: str) -> float:
    if not _DECIMAL.match(text):
        raise Wrong(f"expected a number, got `{shown}`")
    return float(text)


def _bounded(expected: mi.IntType | mi.FloatType, value: float, unit: str | None) -> None:
    suffix = {"duration": "s", "size": " bytes"}.get(unit or "", "")
    if expected.gt is not None and not value > expected.gt:
        raise Wrong(f"must be more than {expected.gt}{suffix}")
    if expected.ge is not None and not value >= expected.ge:
        raise Wrong(f"must be at least {expected.ge}{suffix}")
    if expected.lt is not None and not value < expected.lt:
        raise Wrong(f"must be less than {expected.lt}{suffix}")
    if expected.le is not None and not value <= expected.le:
        raise Wrong(f"must be at most {expected.le}{suffix}")
