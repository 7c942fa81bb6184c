"""What one detector finds in a folded text.

For each start, from left to right, every end that the pattern allows is tried, the longest first; the first accepted
one is a hit, and the search goes on behind it. Work is linear in the text: a start has at most MOST_ENDS tries, each
bounded by the longest match, and a candidate that exhausts them is a hit as a whole. A run of a row's characters in
which MOST_TRIES were in vain is a hit from there to its end: nobody writes so many near-matches but to tire the engine.
The module knows one compiled row at a time; which rows to ask is the engine's business.
"""

from collections.abc import Callable, Iterator, Sequence, Set
from typing import Final, NamedTuple

from narrows.masking.keywords import Group, Occurrences
from narrows.masking.patterns import WALL
from narrows.masking.rows import Region, Row

MOST_ENDS: Final = 64
"""Ends of one start that are tried."""

MOST_TRIES: Final = 16_384
"""Refused candidates of one row in one run of its characters."""


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


class Effort:
    """What rows have tried in vain: in the run that goes on where a text was cut, and since then."""

    __slots__ = ("before", "since")

    def __init__(self, before: dict[int, int] | None = None) -> None:
        self.before: dict[int, int] = {} if before is None else before
        """By rank: refused tries in the run that the first known character goes on with."""

        self.since: dict[int, list[tuple[int, int]]] = {}
        """By rank: starts and how many tries each has cost."""

    def cut(self, data: bytes, begin: int, cut: int, alphabets: Callable[[int], bytes]) -> "Effort":
        """What is still known of it when the text before the cut is gone."""
        carried = {}
        for rank in {*self.before, *(rank for rank, refused in self.since.items() if refused)}:
            run = begin + len(data[begin:cut].rstrip(alphabets(rank)))
            tries = sum(tries for start, tries in self.since.get(rank, ()) if run <= start < cut)
            if run == begin:
                tries += self.before.get(rank, 0)
            if tries:
                carried[rank] = tries
        return Effort(carried)


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
        """Turns to a section; `hit`: the keyword groups that may occur."""
        self._groups, self._hit_groups = groups, hit
        self._occurrences = {}

    def occurrences(self, index: int) -> Occurrences | None:
        """Where the keywords of a group are; None: nowhere."""
        if index not in self._occurrences:
            found = index in self._hit_groups
            self._occurrences[index] = self._groups[index].find(self.text, self.data) if found else None
        return self._occurrences[index]


def find(
    row: Row,
    group: int,
    scan: Scan,
    *,
    rank: int,
    floor: float,
    allowed: frozenset[str],
    carry: Carry | None,
    effort: Effort,
) -> list[Hit]:
    """All hits of a row from scan.begin on."""
    detector, hits = row.detector, []
    at = scan.begin
    if carry is not None:
        at = carry.resume
        if carry.open:
            # It began before all that is known: its start only has to say so.
            hit = _goes_on(row, scan, carry.resume, Hit(scan.begin - 1, 0, rank, carry.score))
            hits.append(hit)
            at = hit.end
    words = scan.occurrences(group) if row.keyworded else None
    needed = row.keyworded and (detector.score <= 0 or detector.score < floor)
    if needed and words is None:
        return hits
    ranges = _near(row, words, scan) if needed and words is not None else ((at, scan.size),)
    search = _Search(row, scan, _Judge(row, scan, words, floor), allowed, rank, effort)
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
                if row.region is not None or search.tired:
                    hit = _goes_on(row, scan, end, hit)
                    search.tired = False
                hits.append(hit)
                at = hit.end
    return hits


def _goes_on(row: Row, scan: Scan, at: int, hit: Hit) -> Hit:
    """The hit with its body, or with the rest of a run that was given up; its end is looked for from `at` on."""
    if row.region is not None:
        return _region(row.region, scan, at, hit)
    end = scan.size - len(scan.data[at:].lstrip(row.alphabet))
    return hit._replace(end=end, open=end == scan.size)


def _region(region: Region, scan: Scan, at: int, hit: Hit) -> Hit:
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

    __slots__ = ("_allowed", "_before", "_judge", "_log", "_row", "_scan", "_starts", "_tries", "tired")

    def __init__(
        self, row: Row, scan: Scan, judge: "_Judge", allowed: frozenset[str], rank: int, effort: Effort
    ) -> None:
        self._row, self._scan, self._judge, self._allowed = row, scan, judge, allowed
        self._starts: list[int] | None = None
        self._log = effort.since.setdefault(rank, [])
        self._before = self._tries = effort.before.get(rank, 0)
        self.tired = False
        """Whether the last answer is where tries have run out."""

    def plain(self, at: int, high: int) -> tuple[int, int, float] | None:
        """The first accepted candidate that starts in at…high, and its score; 0 for an allowed value."""
        row, data, size = self._row, self._scan.data, self._scan.size
        if row.decide is not None and self._judge.fixed and not self._allowed:
            return self._decided(at, high, row.decide, self._judge.fixed)
        limit = min(size, high + row.most + row.suf)
        while at <= high:
            start, end = row.find.search(data, at - row.pre, limit)
            if end < 0 or start + row.pre > high:
                return None
            at = start + row.pre
            found = self._ends(at, end - row.suf)
            if found is not None:
                return found
            at += 1
        return None

    def _decided(
        self, at: int, high: int, decide: Callable[[str], bool], score: float
    ) -> tuple[int, int, float] | None:
        """The same where nothing but the value decides: in one loop, since pages of numbers spend their time here."""
        row, data, text, log = self._row, self._scan.data, self._scan.text, self._log
        pre, suf, least = row.pre, row.suf, row.least
        search, longest = row.find.asks()
        limit = min(self._scan.size, high + row.most + suf)
        while at <= high:
            first, end = search(data, at - pre, limit)[0]
            at = first + pre
            if end < 0 or at > high:
                return None
            stop, tries = end - suf, 1
            while not decide(text[at:stop]):
                if stop - at <= least:
                    break
                stop = longest(data, first, stop - 1 + suf)[0][1]
                if stop < 0:
                    break
                if tries == MOST_ENDS:
                    return at, end - suf, row.best
                stop, tries = stop - suf, tries + 1
            else:
                return at, stop, score
            log.append((at, tries))
            self._tries += tries
            if self._tries > MOST_TRIES and self._is_tired(at):
                return at, at, row.best
            at += 1
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
            at = start + 1
            least = max(scan.begin, start + row.least_lead)
            stop = min(size, start + row.most_lead)
            while stop >= least:
                _, end = row.lead.longest(data, start, stop)
                if end < least:
                    break
                if end < size and data[end] in row.first:
                    ends.add(end)
                stop = end - 1
                while stop >= least and not (data[stop - 1] in row.last_of_lead and data[stop] in row.first):
                    stop -= 1

    def _ends(self, start: int, end: int) -> tuple[int, int, float] | None:
        """The longest accepted end of a start; `end` is the longest there is."""
        row, judge, text = self._row, self._judge, self._scan.text
        score = judge.score(start, end) if judge.fixed is None else judge.fixed
        if score <= 0 and judge.one_sided and not self._allowed:
            return None
        whole = end
        for tries in range(1, MOST_ENDS + 1):
            value = text[start:end]
            if self._allowed and value.casefold() in self._allowed:
                return start, end, 0.0
            if not judge.one_sided:
                score = judge.score(start, end)
            if score > 0 and (row.decide is None or row.decide(value)):
                return start, end, score
            stop = -1
            if end - start > row.least:
                _, stop = row.find.longest(self._scan.data, start - row.pre, end - 1 + row.suf)
            if stop < 0:
                self._log.append((start, tries))
                self._tries += tries
                tired = self._tries > MOST_TRIES and self._is_tired(start)
                return (start, start, row.best) if tired else None
            end = stop - row.suf
        return start, whole, row.best

    def _is_tired(self, start: int) -> bool:
        """Whether tries have run out in the run of the row's characters that the start is in: others do not count."""
        self._tries = self._tries_in_run(start)
        self.tired = self._tries > MOST_TRIES
        return self.tired

    def _tries_in_run(self, start: int) -> int:
        scan = self._scan
        begin = len(scan.data[scan.begin : start].rstrip(self._row.alphabet)) + scan.begin
        tries = self._before if begin == scan.begin else 0
        for place, more in reversed(self._log):
            if place < begin:
                break
            tries += more
        return tries


class _Judge:
    """How sure a candidate is, by what stands around it: 0 if that is too little for a finding."""

    __slots__ = ("_detector", "_floor", "_scan", "_words", "fixed", "one_sided")

    def __init__(self, row: Row, scan: Scan, words: Occurrences | None, floor: float) -> None:
        self._detector, self._scan, self._words, self._floor = row.detector, scan, words, floor
        self.one_sided = words is None or not row.detector.right
        """Whether only what stands before a candidate counts, so that all its ends are equally sure."""

        score = row.detector.score
        sure = words is None or score >= row.detector.keyword_score
        self.fixed = (score if score >= floor else 0.0) if sure else None
        """The score of every candidate, where no keyword makes a difference."""

    def score(self, start: int, end: int) -> float:
        detector = self._detector
        score = detector.score
        if self._words is not None and score < detector.keyword_score and self._near(self._words, start, end):
            score = detector.keyword_score
        return score if score >= self._floor else 0.0

    def _near(self, words: Occurrences, start: int, end: int) -> bool:
        """Whether a keyword is in the window, which ends at a wall."""
        detector, scan = self._detector, self._scan
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
