"""Fields of bodies that several routes take: read, or refused by their names."""

from typing import Final

import msgspec.inspect as mi

from narrows.config.scalars import Wrong, convert
from narrows.console.problems import FieldError, Problem, Refused

_SECOND: Final = 1_000_000


def reason_of(text: str | None) -> str | None:
    """A reason without the white space around it; None for an empty one. Raises Refused."""
    stripped = (text or "").strip()
    if any(not (character.isprintable() or character == "\n") for character in stripped):
        raise field_wrong("reason", "has a control character")
    return stripped or None


def span_of(field: str, text: str, longest: float) -> int:
    """A span of at most so many seconds (`30m`), in microseconds. Raises Refused."""
    try:
        seconds: float = convert(mi.FloatType(gt=0, le=longest), "duration", text, text, quoted=True)
    except Wrong as wrong:
        raise field_wrong(field, wrong.message) from None
    return round(seconds * _SECOND)


def field_wrong(name: str, message: str) -> Refused:
    """The refusal of one field."""
    return Refused(Problem.FIELD_INVALID, errors=[FieldError(name, message)])
