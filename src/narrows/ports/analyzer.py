"""What finds in a text what no pattern can: names, places, organisations. And what a control needs of it.

An `Analyzer` is a plug-in. Another package offers one by an entry point in the group `narrows.analyzers`: a function
that takes `Wanted` and gives an Analyzer. It runs in a process of its own and is asked for one text at a time, so it
may block and need not be safe for threads. An `Analysis` is one configured analyzer with its processes, as the gate
uses it.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final, Protocol

import msgspec

from narrows.model.span import Span
from narrows.ports.plugin import Plugged

ENTRY_POINTS: Final = "narrows.analyzers"
"""The group of entry points."""


class Wanted(msgspec.Struct, frozen=True, tag="analyzer"):
    """What the configuration asks of an analyzer. `language` is a code such as `en`; None: it is not said."""

    entities: frozenset[str]
    language: str | None = None
    options: Mapping[str, str] = {}


class Analyzer(Protocol):
    """A plug-in, built for the entities that are wanted. Whatever it raises is a failure of the analysis."""

    @property
    def entities(self) -> Collection[str]:
        """All it can find. Wanting another one is a mistake in the configuration."""

    def analyze(self, text: str, language: str | None = None) -> Sequence[Span]:
        """What it finds, in any order; spans may overlap.

        They count the characters of the text, begin before they end, name wanted entities and have a score from 0 to
        1; anything else is a failure.
        """


MakeAnalyzer = Callable[[Wanted], Analyzer]
"""What an entry point names. Raises ValueError where the options can't be used."""


class Analysis(Plugged, Protocol):
    """One configured analyzer. Its answers are kept for texts that come again. Its name is that of a detector in
    records."""

    @property
    def entities(self) -> frozenset[str]:
        """What it is asked for."""

    def recall(self, text: str) -> tuple[Span, ...] | None:
        """What it found in a text lately; None: nobody remembers. Safe in a thread."""

    async def analyze(self, texts: Sequence[str]) -> list[tuple[Span, ...]]:
        """What it finds in each text. Raises PluginFailed; also where that takes too long."""
