"""From a folded text to what detectors find in it, and to where its end is still undecided.

The gates say which detectors can have hit; only those look closer (see `candidates`). Every decision is a pure function
of a bounded window around a candidate, and the search for one detector goes from left to right over what it has
accepted. Both together make a stream exact: cut where nothing is undecided and nothing straddles, and the rest of the
text gives the same hits as if nothing had been cut off. The engine is immutable; one serves every plan and thread.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from narrows.masking.candidates import Carry, Effort, Hit, Scan, find
from narrows.masking.folding import Folded, Folder, encode, is_plain
from narrows.masking.patterns import EDGE
from narrows.masking.rows import Row, compile_matchers
from narrows.masking.section import Section
from narrows.masking.wordlist import WordList
from narrows.model.plan import ROW


@dataclass(frozen=True, slots=True)
class Source:
    """Who can find something: a row of the table, a word list or a plug-in. Its rank is its place among all of them."""

    name: str
    entity: str


@dataclass(frozen=True, slots=True)
class Selection:
    """What one plan looks for, by rank."""

    floors: tuple[float, ...]
    """The least score of a finding; more than 1: nobody asks for it."""

    allowed: tuple[frozenset[str], ...]
    """Folded, case-folded values that are no findings."""

    reach: int
    """The furthest that one of the rows asked for reaches."""

    sections: tuple[bool, ...]
    """Of each section, whether one of its rows is asked for: the others need not see the text."""

    lists: bool
    """Whether one of the word lists is."""


class Gated(NamedTuple):
    """What the gates say of one section."""

    section: Section
    first: int
    """The rank of its first row."""

    rows: Sequence[int]
    """Rows that can have a hit, by their place in the section."""

    groups: Set[int]
    """Keyword groups that can occur."""


class Found(NamedTuple):
    """A whole text in which something is found."""

    folded: Folded
    data: bytes
    hits: list[Hit]


class Engine:
    """Sections of detectors and word lists, ranked in this order."""

    __slots__ = ("_firsts", "_lists", "_sections", "context", "entities", "folder", "others", "sources")

    context: int
    """Folded characters before the cut that a stream keeps: what decisions can look back at."""

    others: Sequence[tuple[Source, int]]
    """Sources that find elsewhere, and their ranks: the engine knows their names and never finds for them."""

    def __init__(
        self, sections: Sequence[Section], lists: Sequence[WordList] = (), others: Sequence[Source] = ()
    ) -> None:
        self._sections = tuple(sections)
        self._lists = tuple(lists)
        rows = [row for section in sections for row in section.rows]
        self.sources = (
            *(Source(row.detector.name, row.detector.entity) for row in rows),
            *(Source(words.name, words.entity) for words in lists),
            *others,
        )
        self.others = tuple(zip(others, range(len(self.sources) - len(others), len(self.sources)), strict=True))
        self._firsts = _sums(len(section.rows) for section in sections)
        self.context = 2 + max((_context(row) for row in rows), default=0)
        self.entities = frozenset(source.entity for source in self.sources)
        self.folder = Folder(frozenset(entity for entity in self.entities if not entity.startswith(ROW)))

    def select(self, floors: tuple[float, ...], allowed: tuple[frozenset[str], ...]) -> Selection:
        rows = [row for section in self._sections for row in section.rows]
        asked = [row.reach if row.best >= floor else -1 for row, floor in zip(rows, floors, strict=False)]
        return Selection(
            floors,
            allowed,
            max(asked, default=0),
            tuple(max(asked[first:last], default=-1) >= 0 for first, last in pairwise(self._firsts)),
            any(words.score >= floor for words, floor in zip(self._lists, floors[len(rows) :], strict=False)),
        )

    def is_clean(self, text: str, selection: Selection) -> bool:
        """Whether the gates alone tell that nothing is found in a whole text, as they do of most texts. ASCII is its
        own folding, and what masking itself has put in could only hide something, so that it may stay."""
        if selection.lists or not is_plain(text):
            return False
        return not self.gated(f"{EDGE}{text}{EDGE}".encode("ascii"), selection)

    def look(self, text: str, selection: Selection) -> Found | None:
        """What is found in a whole text; None if it is nothing. The gates are asked once, and what a text needs to be
        masked is made only of one that they do not clear."""
        folder = self.folder
        plain = folder.line(text)
        if plain is None:
            folded = folder.whole(text)
            data = encode(folded.text)
            gated = self.gated(data, selection)
        else:
            data = encode(f"{EDGE}{plain}{EDGE}")
            gated = self.gated(data, selection)
            if not gated and not selection.lists:
                return None
            folded = folder.lined(text, plain)
            if folded.walls:
                data = encode(folded.text)
                gated = self.gated(data, selection)
        if not gated and not selection.lists:
            return None
        hits = self._scan(folded, data, selection, gated, {}, Effort())
        return Found(folded, data, hits) if hits else None

    def scan(
        self,
        folded: Folded,
        data: bytes,
        selection: Selection,
        gated: Sequence[Gated],
        carried: Mapping[int, Carry],
        effort: Effort,
    ) -> list[Hit]:
        """What is found from `folded.begin` on, by start, where the gates have said `gated`. What is undecided (see
        `undecided`) may be among it."""
        effort.since.clear()
        return self._scan(folded, data, selection, gated, carried, effort)

    def gated(self, data: bytes, selection: Selection, carried: Collection[int] = ()) -> list[Gated]:
        """Of each section, which of the rows that are asked for can have a hit in the data; those that carry on, too.
        Sections without any are left out."""
        gated = []
        for section, offset, asked in zip(self._sections, self._firsts, selection.sections, strict=False):
            if not asked:
                continue
            found, groups = section.hits(data)
            if not found and not carried:
                continue
            if carried:
                found = [*{*found, *(rank - offset for rank in carried if offset <= rank < offset + len(section.rows))}]
            if found:
                rows, floors = section.rows, selection.floors
                found = [index for index in found if rows[index].best >= floors[offset + index]]
                if found:
                    gated.append(Gated(section, offset, found, groups))
        return gated

    def _scan(
        self,
        folded: Folded,
        data: bytes,
        selection: Selection,
        gated: Sequence[Gated],
        carried: Mapping[int, Carry],
        effort: Effort,
    ) -> list[Hit]:
        hits: list[Hit] = []
        scan = Scan(folded.text, data, folded.begin, final=folded.final, walls=folded.walls)
        for section, offset, found, groups in gated:
            scan.enter(section.groups, groups)
            for index in found:
                rank = offset + index
                hits += find(
                    section.rows[index],
                    section.group_of[index],
                    scan,
                    rank=rank,
                    floor=selection.floors[rank],
                    allowed=selection.allowed[rank],
                    carry=carried.get(rank),
                    effort=effort,
                )
        rank = self._firsts[-1]
        for words in self._lists:
            if selection.floors[rank] <= words.score:
                hits += words.find(scan, rank, selection.allowed[rank], carried.get(rank))
            rank += 1
        if len(hits) > 1:
            hits.sort()
        return hits

    def alphabet(self, rank: int) -> bytes:
        """The bytes that candidates of a row are made of."""
        section = next(at for at, first in enumerate(self._firsts) if rank < first) - 1
        return self._sections[section].rows[rank - self._firsts[section]].alphabet

    def undecided(self, folded: Folded, data: bytes, stop: int, selection: Selection, *, solid: bool) -> int:
        """The earliest start in text[begin:stop] that more text could decide otherwise; stop if there is none.

        It may be early, never late. The rows are asked that can reach over a separator, which is all if the character
        before stop is one. With `solid` it need not be, and none is asked: nothing undecided is longer than they reach.
        """
        cut = stop - selection.reach if solid else stop
        if not solid:
            ending = data if stop == len(data) else data[:stop]
            for section, offset, asked in zip(self._sections, self._firsts, selection.sections, strict=False):
                for index in section.live(ending, folded.begin) if asked else ():
                    row = section.rows[index]
                    if row.best >= selection.floors[offset + index]:
                        cut = min(cut, _alive(row, ending, folded.begin))
        rank = self._firsts[-1]
        for words in self._lists:
            if selection.floors[rank] <= words.score:
                cut = min(cut, words.undecided(folded.text, folded.begin, stop))
            rank += 1
        return max(cut, folded.begin)

    def compile_rest(self) -> Iterator[None]:
        """Compiles what `warm` leaves, a row a step, for a moment each."""
        for section in self._sections:
            for row in section.rows:
                compile_matchers(row)
                yield

    def warm(self, texts: Iterable[str]) -> None:
        """Looks once for everything in some texts, and makes what most texts need, so that no call has to. Matchers of
        fixed characters, which few texts have, wait until one does: hundreds of them take memory and time."""
        for section in self._sections:
            for row in section.rows:
                if row.crossing or row.keyworded or not row.literal:
                    compile_matchers(row)
        everything = self.select((0.0,) * len(self.sources), (frozenset(),) * len(self.sources))
        for text in texts:
            folded = self.folder.whole(text)
            data = encode(folded.text)
            self.scan(folded, data, everything, self.gated(data, everything), {}, Effort())


def _alive(row: Row, ending: bytes, begin: int) -> int:
    """Where the earliest start is that the end of a text leaves open."""
    size = len(ending)
    if row.alive is None:
        return size
    start, _ = row.alive.search(ending, max(0, begin - max(row.pre, row.most_lead)), size)
    return size if start < 0 else start + row.pre


def _context(row: Row) -> int:
    """A lead, a keyword's window, or the beginning of what ends a region."""
    left = row.detector.left if row.keyworded else 0
    return max(row.most_lead, left, row.region.until_length if row.region is not None else 0)


def _sums(sizes: Iterable[int]) -> list[int]:
    total, sums = 0, [0]
    for size in sizes:
        total += size
        sums.append(total)
    return sums
