"""The cross-checks of masks and of an organisation's detectors: what can be told without compiling a pattern.

Whether an entity exists is told where policies are compiled, and whether a pattern can be matched where it is.
"""

from collections.abc import Sequence
from typing import Final

from narrows.config.forms import entity, field
from narrows.config.plugins import AnalyzerSettings
from narrows.config.policies import Policy
from narrows.config.problem import Problem
from narrows.config.schema import DetectorPattern, Detectors, WordListSettings

LONGEST_KEYWORD: Final = 64
"""Characters of a keyword."""


class MaskChecks:
    """One run over masks and detectors; `problems` are filled on the way."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def masks(self, key: str, policy: Policy) -> None:
        """The masks of one policy."""
        names: set[str] = set()
        for index, mask in enumerate(policy.mask):
            here = f"{key}.mask[{index}]"
            name = mask.name or f"mask[{index}]"
            if name in names:
                self._problem(f"{here}.name", f"another mask of this policy is already called {name}")
            names.add(name)
            if mask.entities is None and mask.fields is None:
                self._problem(here, "masks nothing", "name `entities`, such as [PII, SECRETS], or `fields`")
            for place, written in enumerate(mask.fields or ()):
                self._form(f"{here}.fields[{place}]", field(written))
            self._filled(f"{here}.allow", mask.allow)

    def detectors(self, settings: Detectors) -> None:
        """The detectors of an organisation."""
        keyed: list[tuple[str, DetectorPattern | WordListSettings | AnalyzerSettings]] = [
            *((f"detectors.patterns[{index}]", row) for index, row in enumerate(settings.patterns)),
            *((f"detectors.words[{index}]", row) for index, row in enumerate(settings.words)),
            *((f"detectors.analyzers[{index}]", row) for index, row in enumerate(settings.analyzers)),
        ]
        names: set[str] = set()
        for key, row in keyed:
            if row.name in names:
                self._problem(f"{key}.name", f"another detector is already called {row.name}")
            names.add(row.name)
            if isinstance(row, AnalyzerSettings):
                for place, name in enumerate(row.entities):
                    self._form(f"{key}.entities[{place}]", entity(name))
            else:
                self._form(f"{key}.entity", entity(row.entity))
        for index, pattern in enumerate(settings.patterns):
            self._pattern(f"detectors.patterns[{index}]", pattern)
        for index, words in enumerate(settings.words):
            self._words(f"detectors.words[{index}]", words)

    def _pattern(self, key: str, row: DetectorPattern) -> None:
        for index, keyword in enumerate(row.keywords):
            if not keyword.strip() or len(keyword) > LONGEST_KEYWORD:
                self._problem(f"{key}.keywords[{index}]", f"a keyword has 1 to {LONGEST_KEYWORD} characters")
        self._filled(f"{key}.stop_words", row.stop_words)
        if row.score is None:
            return
        if not row.keywords and row.score <= 0:
            self._problem(f"{key}.score", "it would never be found: it has no keywords", "give it some, or a score")
        if row.keywords and row.score > row.keyword_score:
            self._problem(f"{key}.score", "a keyword may not make it less sure", "raise `keyword_score`")

    def _words(self, key: str, row: WordListSettings) -> None:
        if (row.words is None) == (row.file is None):
            said = "gives no entries" if row.words is None else "gives `words` as well as `file`"
            self._problem(key, said, "give `words` or `file`")

    def _filled(self, key: str, values: Sequence[str]) -> None:
        for index, value in enumerate(values):
            if not value.strip():
                self._problem(f"{key}[{index}]", "is empty")

    def _form(self, key: str, wrong: str | None) -> None:
        if wrong is not None:
            self._problem(key, wrong)

    def _problem(self, key: str, message: str, hint: str | None = None) -> None:
        self.problems.append(Problem(key, message, hint))
