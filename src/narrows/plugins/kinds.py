"""The kinds of plug-ins that are asked about texts, and what of an answer is believed, whoever gave it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Generic, TypeVar

import msgspec

from narrows.model.span import Span
from narrows.plugins.frames import Analyzed, Classified
from narrows.ports.plugin import PluginFailed

T = TypeVar("T")


class Kind(msgspec.Struct, Generic[T], frozen=True):
    """`answer` is the message that a process answers with; `read` makes of one row of it, and its text, what is
    believed. It raises PluginFailed."""

    word: str
    answer: type[Analyzed | Classified]
    read: Callable[[str, Any], T]


def analyzing(name: str, entities: Collection[str]) -> Kind[tuple[Span, ...]]:
    """An analyzer of this name that was asked for these entities."""

    def read(text: str, row: Sequence[tuple[int, int, str, float]]) -> tuple[Span, ...]:
        checked = []
        for start, end, entity, score in row:
            if not 0 <= start < end <= len(text):
                raise PluginFailed("gave a span that the text does not have")
            if entity not in entities:
                raise PluginFailed("gave an entity that it was not asked for")
            if not 0 <= score <= 1:
                raise PluginFailed("gave a score that is none")
            checked.append(Span(start, end, entity, score, name))
        return tuple(checked)

    return Kind("analyzer", Analyzed, read)


def classifying(labels: Collection[str], threshold: float) -> Kind[tuple[str, ...]]:
    """A classifier that was asked for these labels, and is believed where it is as sure as this."""

    def read(text: str, row: Mapping[str, float]) -> tuple[str, ...]:  # noqa: ARG001 - labels are of the whole of it
        for label, score in row.items():
            if label not in labels:
                raise PluginFailed("gave a label that it was not asked for")
            if not 0 <= score <= 1:
                raise PluginFailed("gave a score that is none")
        return tuple(sorted(label for label, score in row.items() if score >= threshold))

    return Kind("classifier", Classified, read)
