"""An analyzer to be tested with: finds capitalised words, and misbehaves on words that say so."""

import os
import time
from collections.abc import Sequence

from narrows.model.span import Span
from narrows.ports.analyzer import Wanted


class Parrot:
    """Finds PERSON, CITY and CRASH."""

    entities = ("PERSON", "CITY", "CRASH")

    def __init__(self, wanted: Wanted) -> None:
        if "refuse" in wanted.options:
            raise ValueError(wanted.options["refuse"])
        if "die" in wanted.options:
            os._exit(3)
        self._wanted = wanted

    def analyze(self, text: str, language: str | None = None) -> Sequence[Span]:  # noqa: C901 - a word, a misdeed
        print("a plug-in that prints", text)
        spans: list[Span] = []
        at = 0
        for word in text.split(" "):
            start, at = at, at + len(word) + 1
            if word == "Sleep":
                time.sleep(60)
            elif word == "Die":
                os._exit(3)
            elif word == "Raise":
                raise KeyError(text)
            elif word == "Outside":
                spans.append(Span(start, len(text) + 1, "PERSON"))
            elif word == "Backwards":
                spans.append(Span(start + 1, start, "PERSON"))
            elif word == "Unasked":
                spans.append(Span(start, start + 1, "SECRET"))
            elif word == "Surer":
                spans.append(Span(start, start + 1, "PERSON", 1.5))
            elif word == "Words":
                spans.append(Span("a", "b", "PERSON"))  # type: ignore[arg-type]
            elif word == "None":
                return None  # type: ignore[return-value]
            elif word == "Language":
                spans.append(Span(start, start + len(language or ""), "PERSON"))
            elif word[:1].isupper():
                name = word.rstrip(",.!?")
                entity = "CITY" if name in {"London", "Paris"} else "PERSON"
                spans.append(Span(start, start + len(name), entity, 0.85))
        return [span for span in spans if span.entity in {*self._wanted.entities, "SECRET"}]
