"""Masks one field as its text comes, exactly as if it had come at once; and masks it at once by the same code.

What is held back: the last word, as long as nothing but letters comes; behind that, from the earliest start that more
text could decide otherwise (the engine knows), or from a finding that has not ended. A cut there changes nothing that
follows, because what is kept of the released text is all that decisions look at. A finding longer than HOLD is not held
back further: its stand-in goes out, and what belongs to it is swallowed as it comes. Nothing is ever put out that
belongs to a finding of the whole text. A stream that ends badly is simply not finished: what it holds is lost.

A field may begin behind a context, such as the name of the member it is the value of. That is in the same state as text
that was released: decisions look at it, nothing is found that begins in it, and it is never put out.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from narrows.masking.candidates import Carry, Effort, Hit
from narrows.masking.engine import Engine, Found
from narrows.masking.findings import HOLD, Cluster, Finding, blocks, stand_in
from narrows.masking.folding import Folded, encode
from narrows.masking.patterns import EDGE, OTHER_BYTE, SPACES, WALL
from narrows.masking.plan import Chosen
from narrows.model.plan import Transform

LONGEST_WORD: Final = 512
"""Characters held back without a separator before it is asked how much of them may go."""

STEP: Final = 64
"""Characters of a long word between two such questions."""

_SEPARATOR: Final = re.compile(r"[\s\x00\x01]|[^\x00-\x7f]")
"""What makes it worth a look in a delta; wider than what counts in the folded text."""

_SEPARATORS: Final = tuple(bytes([code]) for code in (*(SPACES + EDGE + WALL).encode("ascii"), OTHER_BYTE))
_RARE: Final = re.compile(rb"[\t\n\r\f\v\x00\x01\xff]")
"""Those of them that most pieces of a text do not have."""


class MaskStream:
    """One field. `feed` and `finish` return text that may go out."""

    __slots__ = (
        "_asked",
        "_carried",
        "_chosen",
        "_effort",
        "_engine",
        "_folded",
        "_new",
        "_released",
        "_swallowing",
        "_tried",
        "findings",
    )  # fmt: skip

    def __init__(self, engine: Engine, chosen: Chosen, before: str = "") -> None:
        self._engine, self._chosen = engine, chosen
        self._folded = _behind(engine, before) if before and not chosen.empty else Folded(engine.folder)
        self._new = ""
        self._asked = self._tried = 0
        self._released = 0
        self._carried: dict[int, Carry] = {}
        self._effort = Effort()
        self._swallowing: int | None = None
        self.findings: list[Finding] = []

    @property
    def blocked(self) -> bool:
        """Whether something was found that the plan blocks: the caller refuses the call."""
        return blocks(self.findings)

    def feed(self, delta: str) -> str:
        if self._chosen.empty:
            return delta
        new = self._new + delta
        if len(new) < STEP and _SEPARATOR.search(delta) is None:
            self._new = new
            return ""
        self._new = ""
        folded = self._folded
        folded.extend(new)
        data = encode(folded.text)
        cut = self._releasable(data)
        if cut <= folded.begin:
            return ""
        return self._emit(data, cut)

    def finish(self, delta: str = "") -> str:
        """The rest of the text, after a last delta."""
        if self._chosen.empty:
            return delta
        folded = self._folded
        folded.extend(self._new + delta)
        self._new = ""
        folded.finish()
        return self._emit(encode(folded.text), folded.end)

    def whole(self, found: Found) -> str:
        """A field that has come at once, and of which the engine has told what is found in it."""
        self._folded = found.folded
        return self._put(found.data, found.hits, found.folded.end)

    def _releasable(self, data: bytes) -> int:
        """A cut at or before the earliest undecided start."""
        folded, selection, size = self._folded, self._chosen.selection, len(data)
        held = size - folded.begin
        if held > LONGEST_WORD and size - self._tried < max(STEP, held >> 4):
            return folded.begin  # What is held long is looked at seldom, so that all looks together stay linear.
        self._tried = size
        asked = self._asked
        stop = data.rfind(b" ", asked) + 1
        if _RARE.search(data, stop or asked) is not None:
            stop = max([data.rfind(separator, asked) for separator in _SEPARATORS]) + 1
        if stop > asked and stop > folded.begin:
            self._asked = stop
            return self._engine.undecided(folded, data, stop, selection, solid=False)
        if held > LONGEST_WORD:
            return self._engine.undecided(folded, data, size, selection, solid=True)
        return folded.begin

    def _emit(self, data: bytes, cut: int) -> str:
        """Masks up to the cut, which is moved to the left out of an unfinished finding."""
        folded, engine, selection, carried = self._folded, self._engine, self._chosen.selection, self._carried
        gated = engine.gated(data, selection, carried)
        if not gated and not carried and not selection.lists and self._swallowing is None:
            return self._pass(data, cut)
        hits = engine.scan(folded, data, selection, gated, carried, self._effort)
        if folded.final and not hits and self._swallowing is None:
            return folded.source  # Nothing follows, so nothing needs to be kept either.
        return self._put(data, hits, cut)

    def _pass(self, data: bytes, cut: int) -> str:
        """What `_put` gives where nothing is found and nothing goes on."""
        folded = self._folded
        if folded.final:
            return folded.source
        begin = folded.begin
        if folded.offsets is not None:
            cut = folded.round_down(cut)
        if cut <= begin:
            return ""
        place = cut - begin if folded.offsets is None else folded.place(cut)
        out = folded.source[:place]
        if self._effort.before:
            self._effort.since.clear()
            self._effort = self._effort.cut(data, begin, cut, self._engine.alphabet)
        self._released += place
        if kept := folded.release(cut, self._engine.context):
            self._asked, self._tried = max(0, self._asked - kept), max(0, self._tried - kept)
        return out

    def _put(self, data: bytes, hits: Sequence[Hit], cut: int) -> str:
        folded = self._folded
        cut = min([folded.round_down(cut), *(hit.end for hit in hits if hit.open and hit.start < cut)])
        clusters = self._clusters(hits, cut)
        unfinished: Cluster | None = clusters[-1] if clusters else None
        if unfinished is not None and not (unfinished.open or unfinished.end > cut):
            unfinished = None
        if unfinished is not None and not unfinished.labelled and cut - unfinished.start <= HOLD:
            cut = unfinished.start
            clusters.pop()
            unfinished = None
        if cut <= folded.begin and not folded.final:
            return ""
        parts: list[str] = []
        at = 0
        for cluster in clusters:
            start, end = folded.span(cluster.start, max(min(cluster.end, cut), cluster.start + 1))
            parts += (folded.source[at:start], self._close(cluster, start, end))
            at = end
        if unfinished is None:
            self._swallowing = None
            parts.append(folded.source[at : folded.place(cut)])
        if not folded.final:
            self._effort = self._effort.cut(data, folded.begin, cut, self._engine.alphabet)
            self._release(cut, unfinished)
        return "".join(parts)

    def _clusters(self, hits: Sequence[Hit], cut: int) -> list[Cluster]:
        """The decided hits, overlapping ones together, by place."""
        folded, chosen = self._folded, self._chosen
        clusters: list[Cluster] = []
        if self._swallowing is not None:
            covered = max((carry.resume for carry in self._carried.values()), default=0)
            clusters.append(Cluster(folded.begin, max(covered, folded.begin), labelled=True))
        for hit in hits:
            if hit.start >= cut:
                break
            if hit.start < folded.begin:
                clusters[-1].add(hit, folded.round_up(hit.end), Transform.PARTIAL)
                continue
            value = "" if chosen.simple else folded.text[hit.start : hit.end]
            transform = chosen.transform(hit.rank, hit.score, value)
            if transform is None:
                continue
            start, end = folded.round_down(hit.start), folded.round_up(hit.end)
            if not clusters or start >= clusters[-1].end:
                clusters.append(Cluster(start, end))
            clusters[-1].add(hit, end, transform)
        if clusters and clusters[0].labelled and clusters[0].end <= folded.begin:
            del clusters[0]
        return clusters

    def _close(self, cluster: Cluster, start: int, end: int) -> str:
        """Notes a finding and gives its stand-in; one that was labelled before only grows."""
        start, end = start + self._released, end + self._released
        if cluster.labelled:
            if self._swallowing is not None:
                known = replace(self.findings[self._swallowing], end=end)
                if cluster.blocked and known.transform is not Transform.BLOCK:
                    hit = min(cluster.blocked)
                    source = self._engine.sources[hit.rank]
                    known = replace(
                        known, entity=source.entity, detector=source.name, score=hit.score, transform=Transform.BLOCK
                    )
                self.findings[self._swallowing] = known
            return ""
        hit = cluster.winner()
        source, transform = self._engine.sources[hit.rank], cluster.transform
        if cluster.end - cluster.start > HOLD:
            transform = max(transform, Transform.REDACT)
        self._swallowing = len(self.findings)
        self.findings.append(Finding(start, end, source.entity, source.name, hit.score, transform))
        folded, begun = self._folded, self._released
        value, plain = folded.text[cluster.start : cluster.end], folded.source[start - begun : end - begun]
        return stand_in(source, transform, value, self._chosen.key, plain, self._chosen.tokens)

    def _release(self, cut: int, unfinished: Cluster | None) -> None:
        folded = self._folded
        carried = {rank: carry for rank, carry in self._carried.items() if carry.resume > cut and not carry.open}
        if unfinished is not None:
            carried |= {
                hit.rank: Carry(hit.end, hit.open, hit.score) for hit in unfinished.hits if hit.open or hit.end > cut
            }
        self._released += folded.place(cut)
        kept = folded.release(cut, self._engine.context)
        self._asked, self._tried = max(0, self._asked - kept), max(0, self._tried - kept)
        self._carried = {rank: carry._replace(resume=carry.resume - kept) for rank, carry in carried.items()}


def _behind(engine: Engine, before: str) -> Folded:
    """A field that has not begun, behind its context: as much of that as decisions look at."""
    context = engine.folder.whole(before)
    folded = Folded(engine.folder)
    folded.text = context.text[: context.end][-engine.context :]
    folded.begin = len(folded.text)
    folded.walls = WALL in folded.text
    return folded
