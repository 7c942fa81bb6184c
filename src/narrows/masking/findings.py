"""From hits to findings: overlapping hits become one, with one label and one stand-in.

The label is that of a hit that is blocked, so that a refusal names what refuses; then of the one with the highest
score, then of the longer one, then of the one earlier in the table. The transform is the strictest of all. It owns what
a finding tells: place, entity and detector, never the value.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final

from narrows.masking import standins
from narrows.masking.candidates import Hit
from narrows.masking.engine import Source
from narrows.masking.tokens import Tokens
from narrows.model.plan import Transform

HOLD: Final = 4096
"""Characters of a finding that a stream holds back. A longer one is redacted as a whole, whatever its transform, with
the label of the hits that begin in its first HOLD characters: in a stream and in a whole text alike."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Where something was found in a text, in characters of the text as it came."""

    start: int
    end: int
    entity: str
    detector: str
    score: float
    transform: Transform


@dataclass(slots=True)
class Cluster:
    """Hits that overlap, in folded places."""

    start: int
    end: int
    open: bool = False
    labelled: bool = False
    """Whether its stand-in has been put out already; what belongs to it is swallowed."""

    hits: list[Hit] = field(default_factory=list)
    blocked: set[Hit] = field(default_factory=set)
    transform: Transform = Transform.PARTIAL

    def add(self, hit: Hit, end: int, transform: Transform) -> None:
        self.hits.append(hit)
        if transform is Transform.BLOCK:
            self.blocked.add(hit)
        self.end = max(self.end, end)
        self.open = self.open or hit.open
        self.transform = max(self.transform, transform)

    def winner(self) -> Hit:
        """The hit whose label it gets."""
        stop = self.start + HOLD
        best, most = self.hits[0], (False, -1.0, 0, 0)
        for hit in self.hits:
            rating = (hit in self.blocked, hit.score, min(hit.end, stop) - hit.start, -hit.rank)
            if hit.start < stop and rating > most:
                best, most = hit, rating
        return best


def stand_in(
    source: Source, transform: Transform, value: str, key: bytes, plain: str = "", tokens: Tokens | None = None
) -> str:
    """What is put in the place of a folded value; `plain` is the value as it was written. `tokens` makes those of this
    call; without, there is no way back, and what would be a token is redacted."""
    if transform is Transform.PARTIAL:
        return standins.partial(source.entity, value)
    if transform is Transform.HASH:
        digest = blake2b(source.entity.encode() + b"\0" + value.encode("utf-8", "surrogatepass"), key=key)
        return standins.hashed(source.entity, digest.digest())
    if transform is Transform.TOKEN and tokens is not None:
        return tokens.stand_in(source.entity, plain)
    return standins.redacted(source.entity)


def blocks(findings: Sequence[Finding]) -> bool:
    """Whether the call is to be refused."""
    return any(finding.transform is Transform.BLOCK for finding in findings)
