"""What one detector finds in a folded text.

For each start, from left to right, every end that the pattern allows is tried, the longest first; the first accepted
one is a hit, and the search goes on behind it. Work is linear in the text: a start has at most MOST_ENDS tries, each
bounded by the longest match, and a candidate that exhausts them is a hit as a whole. The module knows one compiled row
at a time; which rows to ask is the engine's business.
"""

from collections.abc import Iterator, Sequence, Set
from typing import Final, NamedTuple

from narrows.masking.keywords import Group, Occurrences
from narrows.masking.patterns import WALL
from narrows.masking.rows import Region, Row

MOST_ENDS: Final = 64
"""Ends of one start that are tried."""


class Hit(NamedTuple):
    """A place in a folded text where a detector accepts a candidate."""

    start: int
    end: int
    rank: int
    """Of the detector, see `engine`."""

    score: float
    open: bool = False
    """Whether the finding goes on behind `end`, where its end is to be looked for when more text is known."""


class Carry(NamedTuple):
    """What a detector's search knows where a text was cut within one of its hits."""

    resume: int
    """Where the next start may be; for a hit still open, from where on its end is to be looked for."""

    open: bool
    score: float


class Scan:
    """One text while it is scanned, with what detectors share: where keywords are."""

    __slots__ = ("_groups", "_hit_groups", "_occurrences", "begin", "data", "final", "size", "text", "walls")

    def __init__(self, text: str, data: bytes, begin: int, *, final: bool, walls: bool) -> None:
        self.text = text
        self.data = data
        self.begin = begin
        self.final = final
        self.walls = walls
        self.size = len(data)
        self._groups: Sequence[Group] = ()
        self._hit_groups: Set[int] = frozenset()
        self._occurrences: dict[int, Occurrences | None] = {}

    def enter(self, groups: Sequence[Group], hit: Set[int]) -> None:
        """Turns to a section; `hit`: the keyword groups its gate found."""
        self._groups, self._hit_groups = groups, hit
        self._occurrences = {}

    def occurrences(self, index: int) -> Occurrences | None:
        """Where the keywords of a group are; None: nowhere."""
        if index not in self._occurrences:
            group = self._groups[index]
            self._occurrences[index] = group.find(self.text, self.data, hit=index in self._hit_groups)
        return self._occurrences[index]


def find(
    row: Row, group: int, scan: Scan, *, rank: int, floor: float, allowed: frozenset[str], carry: Carry | None
) -> list[Hit]:
    """All hits of a row from scan.begin on."""
    detector, hits = row.detector, []
    at = scan.begin
    if carry is not None:
        at = carry.resume
        if carry.open and row.region is not None:
            # It began before all that is known: its start only has to say so.
            hit = _region(row.region, scan, carry.resume, Hit(scan.begin - 1, 0, rank, carry.score))
            hits.append(hit)
            at = hit.end
    words = scan.occurrences(group) if row.keyworded else None
    needed = row.keyworded and (detector.score <= 0 or detector.score < floor)
    if needed and words is None:
        return hits
    judge = _Judge(row, scan, words, floor, allowed)
    ranges = _near(row, words, scan) if needed and words is not None else ((at, scan.size),)
    search = _Search(row, scan, judge)
    for low, high in ranges:
        at = max(at, low)
        while at <= high:
            found = search.plain(at, high) if row.lead is None else search.led(at, high)
            if found is None:
                break
            start, end, score = found
            at = end
            if score > 0:
                hit = Hit(start, end, rank, score)
                hits.append(hit if row.region is None else _region(row.region, scan, end, hit))
                at = hits[-1].end
    return hits


def _region(region: Region, scan: Scan, at: int, hit: Hit) -> Hit:
    """The hit with its body, whose end is looked for from `at` on."""
    outside, _ = region.outside.search(scan.data, at, scan.size)
    end = scan.size if outside < 0 else outside
    if region.until is not None:
        start, stop = region.until.search(scan.data, at, end)
        # While the end of the text is unknown a longer or an earlier match of it might still come.
        if start >= 0 and not (outside < 0 and start + region.until_length > scan.size):
            return hit._replace(end=stop)
    if outside >= 0:
        return hit._replace(end=end)
    return hit._replace(end=max(at, end - region.until_length), open=True)


def _near(row: Row, words: Occurrences, scan: Scan) -> Iterator[tuple[int, int]]:
    """Where candidates can start that have a keyword in their window: ranges, both ends included, in order."""
    detector, ranges = row.detector, []
    for start, end in zip(words.starts, words.ends, strict=True):
        first, last = end, start + detector.left
        if detector.right:
            first = min(first, end - detector.right - row.most)
            last = max(last, start - row.least)
        if max(first, scan.begin) <= last:
            ranges.append((first, last))
    ranges.sort()
    low, high = 0, -1
    for first, last in ranges:
        if first > high + 1:
            if high >= low:
                yield low, high
            low = first
        high = max(high, last)
    if high >= low:
        yield low, high


class _Search:
    """The search for one row's candidates in one text."""

    __slots__ = ("_judge", "_row", "_scan", "_starts")

    def __init__(self, row: Row, scan: Scan, judge: "_Judge") -> None:
        self._row, self._scan, self._judge = row, scan, judge
        self._starts: list[int] | None = None

    def plain(self, at: int, high: int) -> tuple[int, int, float] | None:
        """The first accepted candidate that starts in at…high, and its score; 0 for an allowed value."""
        row, data, size = self._row, self._scan.data, self._scan.size
        pre, suf = row.pre, row.suf
        limit = min(size, high + row.most + suf)
        search = row.find.search
        while at <= high:
            start, end = search(data, at - pre, limit)
            start += pre
            if end < 0 or start > high:
                return None
            found = self._ends(start, end - suf)
            if found is not None:
                return found
            at = start + 1
        return None

    def led(self, at: int, high: int) -> tuple[int, int, float] | None:
        """The same for a row with a lead."""
        row, data, size = self._row, self._scan.data, self._scan.size
        if self._starts is None:
            self._starts = sorted(self._leads(), reverse=True)
        starts = self._starts
        while starts and starts[-1] <= high:
            start = starts.pop()
            if start < at or data[start - 1] in row.forbidden:
                continue
            _, end = row.find.longest(data, start, size)
            found = self._ends(start, end - row.suf) if end >= 0 else None
            if found is not None:
                return found
        return None

    def _leads(self) -> set[int]:
        """Where a lead ends and a candidate could start."""
        row, scan = self._row, self._scan
        data, size = scan.data, scan.size
        ends: set[int] = set()
        if row.lead is None or row.led is None:
            return set()
        at = max(0, scan.begin - row.most_lead)
        while True:
            start, _ = row.led.search(data, at, size)
            if start < 0:
                return ends
            stop = min(size, start + row.most_lead)
            while True:
                _, end = row.lead.longest(data, start, stop)
                if end < scan.begin:
                    break
                if end < size and data[end] in row.first:
                    ends.add(end)
                stop = end - 1
            at = start + 1

    def _ends(self, start: int, end: int) -> tuple[int, int, float] | None:
        row, judge, data = self._row, self._judge, self._scan.data
        if judge.hopeless(start):
            return None
        whole, least = end, start + row.least
        for _ in range(MOST_ENDS):
            score = judge.score(start, end)
            if score:
                return start, end, max(score, 0.0)
            if end <= least:
                return None
            _, stop = row.find.longest(data, start - row.pre, end - 1 + row.suf)
            if stop < 0:
                return None
            end = stop - row.suf
        return start, whole, row.best


class _Judge:
    """Whether a candidate is a finding, and how sure."""

    __slots__ = ("_allowed", "_decide", "_floor", "_row", "_scan", "_words")

    def __init__(self, row: Row, scan: Scan, words: Occurrences | None, floor: float, allowed: frozenset[str]) -> None:
        self._row, self._scan, self._words = row, scan, words
        self._floor, self._allowed, self._decide = floor, allowed, row.decide

    def hopeless(self, start: int) -> bool:
        """Whether no end can make it a finding, for want of a keyword before it."""
        detector = self._row.detector
        if detector.right or self._allowed:
            return False
        score = detector.score
        if self._words is not None and score < detector.keyword_score and self._near(start, start):
            score = detector.keyword_score
        return score <= 0 or score < self._floor

    def score(self, start: int, end: int) -> float:
        """Zero: not a finding. Negative: an allowed value, not to be looked into."""
        detector, scan = self._row.detector, self._scan
        value = scan.text[start:end]
        if self._allowed and value.casefold() in self._allowed:
            return -1.0
        score = detector.score
        if self._words is not None and score < detector.keyword_score and self._near(start, end):
            score = detector.keyword_score
        if score <= 0 or score < self._floor:
            return 0.0
        return score if self._decide is None or self._decide(value) else 0.0

    def _near(self, start: int, end: int) -> bool:
        """Whether a keyword is in the window, which ends at a wall."""
        detector, scan, words = self._row.detector, self._scan, self._words
        if words is None:
            return False
        left = start - detector.left
        if scan.walls:
            left = max(left, scan.text.rfind(WALL, 0, start) + 1)
        if words.inside(left, start):
            return True
        if not detector.right:
            return False
        right = end + detector.right
        if scan.walls:
            wall = scan.text.find(WALL, end, right)
            right = wall if wall >= 0 else right
        return words.inside(end, right)
