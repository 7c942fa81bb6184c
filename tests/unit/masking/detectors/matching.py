"""A reference matcher: what a row of the table means, as `narrows.masking.detector` says it, with nothing but `re`.

It is written to be obviously right, not fast. `gate` is the one concession: a row that cannot match is left out early.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from re import _parser  # type: ignore[attr-defined]

from narrows.masking.detector import Detector

LONGEST_EVERY_END = 600
"""A wider pattern is tried at the end `re` prefers only: trying each end takes long and shows nothing more."""


@lru_cache(maxsize=4096)
def compiled(expression: str, flags: int) -> re.Pattern[str]:
    return re.compile(expression, flags)


def entropy(text: str) -> float:
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values())


def spans(row: Detector, text: str) -> Iterator[tuple[int, int]]:
    """The spans of the row's findings, left to right; they do not overlap."""
    flags = re.ASCII | (re.IGNORECASE if row.ignore_case else 0)
    gate = compiled(f"(?:{row.lead})(?:{row.pattern})", flags)
    pattern = compiled(f"(?:{row.pattern})", flags)
    lead = compiled(rf"(?:{row.lead})\Z", flags) if row.lead else None
    low, high = _parser.parse(row.pattern).getwidth()
    position = 0
    while hit := gate.search(text, position):
        for start in range(hit.start(), hit.end() + 1):
            if pattern.match(text, start) and (lead is None or lead.search(text, max(0, start - 200), start)):
                end = _end(row, pattern, text, start, low, high)
                if end is not None:
                    end = _end_of_body(row, text, end)
                    yield start, end
                    position = end
                    break
        else:
            position = hit.start() + 1


def _end(row: Detector, pattern: re.Pattern[str], text: str, start: int, low: int, high: int) -> int | None:
    if row.not_before and start and re.match(f"[{row.not_before}]", text[start - 1]):
        return None
    ends: Iterable[int] = range(min(len(text), start + high), start + low - 1, -1)
    if high > LONGEST_EVERY_END:
        best = pattern.match(text, start)
        ends = [best.end()] if best else []
    for end in ends:
        if row.not_after and end < len(text) and re.match(f"[{row.not_after}]", text[end]):
            continue
        if pattern.fullmatch(text, start, end) and accepts(row, text[start:end]):
            return end
    return None


def _end_of_body(row: Detector, text: str, start: int) -> int:
    if not row.body:
        return start
    run = compiled(f"[{row.body}]*", re.ASCII).match(text, start)
    assert run is not None
    last = compiled(row.until, re.ASCII).search(text, start, run.end()) if row.until else None
    return last.end() if last else run.end()


def accepts(row: Detector, value: str) -> bool:
    if row.validate is not None and not row.validate(value):
        return False
    if row.min_entropy and entropy(value) < row.min_entropy:
        return False
    folded = value.lower()
    return row.score > 0 and not any(word in folded for word in row.stop_words)


def finds(row: Detector, text: str) -> bool:
    return next(spans(row, text), None) is not None


def is_checked(row: Detector) -> bool:
    """Whether a random value of the row's pattern is refused because a checksum or a structure in it is wrong."""
    return row.validate is not None and row.validate.__module__.endswith(("secrets_checksums", "secrets_encoded"))
