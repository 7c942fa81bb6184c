"""What says of a text what it is about, or what it is like, by labels. And what a control needs of it.

A `Classifier` is a plug-in. Another package offers one by an entry point in the group `narrows.classifiers`: a function
that takes `Sought` and gives a Classifier. It runs in a process of its own and is asked for one text at a time, so it
may block and need not be safe for threads. A `Classification` is one configured classifier, as the gate uses it.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final, Protocol, runtime_checkable

import msgspec

from narrows.ports.plugin import Plugged

ENTRY_POINTS: Final = "narrows.classifiers"
"""The group of entry points."""


class Sought(msgspec.Struct, frozen=True, tag="classifier"):
    """What the configuration asks of a classifier."""

    labels: frozenset[str]
    options: Mapping[str, str] = {}


class Classifier(Protocol):
    """A plug-in, built for the labels that are sought. Whatever it raises is a failure."""

    @property
    def labels(self) -> Collection[str] | None:
        """All it can give; None: whichever it is asked for. Seeking another one is a mistake in the configuration."""

    def classify(self, text: str) -> Mapping[str, float]:
        """How sure it is of labels, from 0 to 1; of one that is not there not at all. It names sought labels only;
        anything else is a failure."""


MakeClassifier = Callable[[Sought], Classifier]
"""What an entry point names. Raises ValueError where the options can't be used."""


class Classification(Plugged, Protocol):
    """One configured classifier. Its answers are kept for texts that come again."""

    @property
    def labels(self) -> frozenset[str]:
        """What it is asked for."""

    def recall(self, text: str) -> tuple[str, ...] | None:
        """The labels it gave a text lately; None: nobody remembers. Safe in a thread."""

    async def classify(self, texts: Sequence[str]) -> list[tuple[str, ...]]:
        """The labels of each text. Raises PluginFailed; also where that takes too long."""


@runtime_checkable
class Presuming(Protocol):
    """A guard that asks classifiers about a reply, and can be told what they would say."""

    def presume(self, labels: Sequence[str]) -> None:
        """Every text of the reply has these labels; nobody is asked. For cases of policies, which say so."""
