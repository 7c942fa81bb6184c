"""Finds what a detector row says, in the plainest way: an oracle for the engine, which has to be fast.

It follows the contract of `narrows.masking.detector` word for word, on text that needs no folding, with the standard
library's `re`: for each start every end, longest first.
"""

import math
import re
import re._parser as syntax
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from narrows.masking.detector import Detector


@dataclass(frozen=True, slots=True)
class Found:
    start: int
    end: int
    entity: str
    name: str
    score: float


@cache
def _compiled(pattern: str, flags: int) -> tuple[re.Pattern[str], int]:
    return re.compile(pattern, flags), syntax.parse(pattern, flags).getwidth()[1]


def find(text: str, row: Detector) -> Iterator[Found]:
    """The findings of one row, left to right; they do not overlap."""
    pattern, width = _compiled(row.pattern, re.IGNORECASE if row.ignore_case else 0)
    position = 0
    while candidate := pattern.search(text, position):
        start = candidate.start()
        for end in range(min(len(text), start + width), start, -1):
            if pattern.fullmatch(text, start, end) and (score := _score(text, start, end, row)) > 0:
                position = _body_end(text, end, row)
                yield Found(start, position, row.entity, row.name, score)
                break
        else:
            position = start + 1


def _body_end(text: str, end: int, row: Detector) -> int:
    if not row.body:
        return end
    body = re.compile(f"[{row.body}]*").match(text, end)
    assert body is not None
    stop = re.compile(row.until).search(text, end, body.end()) if row.until else None
    return stop.end() if stop else body.end()


def resolve(findings: Iterable[Found]) -> list[Found]:
    """Of findings that overlap the surest, and of equally sure ones the longest; left to right."""
    kept: list[Found] = []
    for one in sorted(findings, key=lambda one: (-one.score, one.start - one.end, one.start)):
        if all(one.end <= other.start or other.end <= one.start for other in kept):
            kept.append(one)
    return sorted(kept, key=lambda one: one.start)


def _score(text: str, start: int, end: int, row: Detector) -> float:
    value = text[start:end]
    if row.lead and not _leads(text, start, row):
        return 0.0
    if row.not_before and start and re.match(f"[{row.not_before}]", text[start - 1]):
        return 0.0
    if row.not_after and end < len(text) and re.match(f"[{row.not_after}]", text[end]):
        return 0.0
    if row.validate is not None and not row.validate(value):
        return 0.0
    if _entropy(value) < row.min_entropy or any(word in value.lower() for word in row.stop_words):
        return 0.0
    near = f"{text[max(0, start - row.left) : start]}\0{text[end : end + row.right]}".lower()
    return row.keyword_score if any(_holds(near, word) for word in row.keywords) else row.score


def _leads(text: str, start: int, row: Detector) -> bool:
    lead, width = _compiled(row.lead, re.IGNORECASE if row.ignore_case else 0)
    return any(lead.fullmatch(text, at, start) for at in range(max(0, start - width), start + 1))


def _holds(near: str, word: str) -> bool:
    """A word is whole where no letter continues it, so `card_number` holds "card" and "cardiac" does not.

    A space in it stands for up to three of white space, `_` and `-`; what is not ASCII has no edges.
    """
    if not word.isascii():
        return word in near
    inside = re.escape(word).replace(r"\ ", r"[\s_-]{1,3}")
    before = "(?<![a-z])" if word[0].isalpha() else "(?<![0-9])" if word[0].isdigit() else ""
    behind = "(?![a-z])" if word[-1].isalpha() else "(?![0-9])" if word[-1].isdigit() else ""
    return re.search(before + inside + behind, near) is not None


def _entropy(value: str) -> float:
    return -sum(count / len(value) * math.log2(count / len(value)) for count in Counter(value).values())
