"""An analyzer and a classifier to be tested with: they find capitalised words and topics, and misbehave on words that
say so."""

import os
import time
from collections.abc import Mapping, Sequence

from narrows.model.call import Call
from narrows.model.record import Outcome
from narrows.model.refusal import Code
from narrows.model.reply import Event
from narrows.model.span import Span
from narrows.model.usage import Usage
from narrows.model.verdict import PROCEED, Deny, Verdict
from narrows.ports.analyzer import Wanted
from narrows.ports.classifier import Sought
from narrows.ports.own_control import Configured


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


class Topics:
    """Knows topics by a word of theirs, and is not sure of them after `perhaps`."""

    labels = ("topic:finance", "topic:health", "topic:sport", "environment")

    def __init__(self, sought: Sought) -> None:
        if "refuse" in sought.options:
            raise ValueError(sought.options["refuse"])
        self._sought = sought

    def classify(self, text: str) -> Mapping[str, float]:
        words = text.split()
        if "Sleep" in words:
            time.sleep(60)
        if "Die" in words:
            os._exit(3)
        if "Raise" in words:
            raise KeyError(text)
        if "None" in words:
            return None  # type: ignore[return-value]
        if "Unasked" in words:
            return {"topic:secret": 1.0}
        score = 1.5 if "Surer" in words else 0.3 if "perhaps" in words else 0.9
        known = {"loan": "topic:finance", "doctor": "topic:health", "match": "topic:sport"}
        found = {label: score for word, label in known.items() if word in words}
        if any(word in os.environ for word in words):
            found["environment"] = 1.0
        return {label: score for label, score in found.items() if label in self._sought.labels}


class Words:
    """A control that wants to hear nothing of one word, and fails on words that say so."""

    name = "words"

    def __init__(self, configured: Configured) -> None:
        self._word = configured.options["word"]

    def begin(self, call: Call) -> "Hearing | None":
        return Hearing(self._word) if call.asked.texts else None


class Hearing:
    """One call."""

    def __init__(self, word: str) -> None:
        self._word = word
        self.heard = ""

    def on_request(self, call: Call) -> Verdict:
        said = " ".join(text.value for text in call.asked.texts)
        if "Break" in said:
            raise KeyError(said)
        return Deny(Code.PROMPT_DENIED, f"{self._word} is not for you") if self._word in said else PROCEED

    def on_event(self, event: Event) -> Deny | None:
        self.heard += "".join(delta.text for delta in event.deltas)
        return Deny(Code.REPLY_DENIED, f"no {self._word} in replies") if self._word in self.heard else None

    def on_finish(self) -> Deny | None:
        return None

    def on_end(self, outcome: Outcome, usage: Usage | None) -> None:
        """Nothing to release."""
