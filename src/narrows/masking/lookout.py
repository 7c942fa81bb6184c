"""A masker that tells of all that it finds, where another tells of one finding among those that overlap.

Rules that let a text pass each want to learn of what is theirs. What it makes of a text is for nobody.
"""

from narrows.masking.findings import Cluster, Finding
from narrows.masking.masker import Masked, Masker
from narrows.masking.spotted import Spotter
from narrows.masking.streaming import MaskStream


class Lookout(Masker):
    """Immutable; any thread may use it."""

    __slots__ = ()

    def mask(self, text: str, before: str = "") -> Masked:
        if self._chosen.empty or self._engine.is_clean(before + text, self._chosen.selection):
            return Masked(text, ())
        stream = self.stream(before)
        masked = stream.finish(text)
        return Masked(masked, tuple(stream.findings))

    def stream(self, before: str = "") -> MaskStream:
        return _Looking(self._engine, self._chosen, before)


class SpottingLookout(Spotter):
    """The same with what plug-ins found in the texts of one call."""

    __slots__ = ()

    def _union(self, text: str, findings: list[Finding]) -> Masked:
        return Masked(text, tuple(findings))


class _Looking(MaskStream):
    """One field."""

    __slots__ = ()

    def _close(self, cluster: Cluster, start: int, end: int) -> str:
        """Notes all that overlaps, and last what has the place: only that may grow."""
        begin, released, sources = self._folded.begin, self._released, self._engine.sources
        chief = None if cluster.labelled else sources[cluster.winner().rank].entity
        told = {chief}
        for hit in cluster.hits:
            source = sources[hit.rank]
            if hit.start >= begin and source.entity not in told:
                told.add(source.entity)
                place = start + released, end + released
                self.findings.append(Finding(*place, source.entity, source.name, hit.score, cluster.transform))
        return super()._close(cluster, start, end)
