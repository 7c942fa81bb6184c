"""Which of many patterns occur in a text at all: one pass of vectorscan, in block mode.

It owns the compiled database and what a scan needs beside it. It knows patterns as rendered text (see `patterns`), each
under a number, and texts as bytes; it says which patterns hit, not where. Any thread may scan: each scan takes a lane
(scratch space, list of hits and callback) out of a pool and puts it back, so no two use one, and no lane is made twice
without need.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

import hyperscan

FORMAT: Final = 2
"""Part of every key; raised when what is compiled from a pattern changes."""

Part: TypeAlias = tuple[tuple[int, str], ...]
"""Patterns for one gate, each with the number by which its hits are told."""


class GateRefused(ValueError):
    """A pattern that vectorscan can't take, mostly because it is too large."""


class GateUnreadable(ValueError):
    """A dump that this build of vectorscan, or this processor, can't load."""


def key(parts: Sequence[Part]) -> str:
    """A file name for the compiled form: the same patterns, library and format give the same key."""
    named = json.dumps([FORMAT, getattr(hyperscan, "__version__", ""), parts], separators=(",", ":"))
    return hashlib.sha256(named.encode()).hexdigest()


def compiled(part: Part) -> bytes:
    """The dump of a gate, for a pool. Raises GateRefused."""
    return Gate.compile(part).dump()


class _Lane:
    """What one scan needs. The binding does not hold the callback while it scans, so the lane does."""

    __slots__ = ("hits", "on_hit", "scratch")

    def __init__(self, database: hyperscan.Database) -> None:
        self.scratch = hyperscan.Scratch(database)
        self.hits: list[int] = []
        self.on_hit: Callable[..., None] = self._on_hit

    def _on_hit(self, index: int, *_place: object) -> None:
        self.hits.append(index)


class Gate:
    """A set of patterns, compiled."""

    def __init__(self, database: hyperscan.Database | None) -> None:
        self._database = database
        self._lanes: list[_Lane] = []
        self.waiting: Part = ()

    @classmethod
    def compile(cls, part: Part) -> "Gate":
        """Raises GateRefused."""
        if not part:
            return cls(None)
        database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
        try:
            database.compile(
                expressions=[pattern.encode("ascii") for _, pattern in part],
                ids=[number for number, _ in part],
                elements=len(part),
                flags=[hyperscan.HS_FLAG_SINGLEMATCH | hyperscan.HS_FLAG_DOTALL] * len(part),
            )
        except hyperscan.error as error:
            raise GateRefused(f"vectorscan can't compile the patterns: {error}") from None
        return cls(database)

    @classmethod
    def later(cls, part: Part) -> "Gate":
        """A gate that is compiled when there is time. Until then it says of every pattern that it may be."""
        gate = cls(None)
        gate.waiting = part
        return gate

    @property
    def waits(self) -> bool:
        """Whether it is still to be compiled."""
        return self._database is None and bool(self.waiting)

    def adopt(self, other: "Gate") -> None:
        """Becomes what another gate of the same patterns is, if it still waits. Others may scan meanwhile."""
        if self.waits:
            self._database = other._database

    @classmethod
    def load(cls, dump: bytes) -> "Gate":
        """What `dump` gave. Raises GateUnreadable; the caller compiles anew."""
        if not dump:
            return cls(None)
        try:
            return cls(hyperscan.loadb(dump, hyperscan.HS_MODE_BLOCK))
        except (hyperscan.error, ValueError, TypeError) as error:
            raise GateUnreadable(f"the compiled patterns can't be loaded: {error}") from error

    def dump(self) -> bytes:
        """The compiled form, for `load` in another process on such a machine; empty if there is none yet."""
        return b"" if self._database is None else hyperscan.dumpb(self._database)

    def scan(self, data: bytes) -> list[int]:
        """The numbers of the patterns that match somewhere in the data, in no particular order."""
        database, lanes = self._database, self._lanes
        if database is None:
            return [number for number, _ in self.waiting]
        try:
            lane = lanes.pop()
        except IndexError:
            lane = _Lane(database)
        hits = lane.hits
        # By position, since names cost a fifth of a short scan. A lane whose scan fails is not used again.
        database.scan(data, lane.on_hit, 0, None, lane.scratch)
        if hits:
            lane.hits = []
            lanes.append(lane)
            return hits
        lanes.append(lane)
        return []
