"""What a plug-in finds in a text: a place and an entity, never the value."""

from collections.abc import Mapping

import msgspec


class Span(msgspec.Struct, frozen=True, gc=False):
    """Characters `start` to `end` of a text are an `entity`; `score` says how sure that is, 0 to 1.

    `detector` is the name of the configured analyzer, which the gate fills in.
    """

    start: int
    end: int
    entity: str
    score: float = 1.0
    detector: str = ""


Spans = Mapping[str, tuple[Span, ...]]
"""By text: what was found in it. A text that is not there has not been analysed."""
