"""An organisation's own detectors: from the settings, and the files they name, to what an engine is built of.

It owns which settings become which properties of a detector and how what is wrong is told. Every problem is told, with
the setting or the line of the file that it is about. Reads files; safe in a thread.
"""

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from narrows.config.problem import ConfigError, Problem
from narrows.config.scalars import nearest
from narrows.config.schema import DetectorPattern, Detectors
from narrows.masking import organisation
from narrows.masking.detector import Detector
from narrows.masking.organisation import BOUNDS
from narrows.masking.patterns import PatternRefused
from narrows.masking.rows import compile_row
from narrows.masking.section import Section
from narrows.masking.table import DETECTORS
from narrows.masking.wordlist import WordList
from narrows.model.plan import ROW
from narrows.plugins.worker import installed
from narrows.wiring.compiled import CompiledFiles
from narrows.wiring.detectors import CUSTOM, shipped_groups
from narrows.wiring.reload import Stamp, stamp
from narrows.wiring.wordlists import word_list

HINTS: Final = {
    "an anchor": "`\\b` may stand at either end; what may not stand beside it, say with `not_before` and `not_after`",
    "look-around": "use `not_before`, `not_after` or `lead`",
    "a back-reference": "write the alternatives out",
}
"""What to do about a pattern that is refused, by a word of the refusal."""

Load = Callable[[str], bytes | None]


class Organisation(msgspec.Struct, frozen=True, eq=False):
    """Compiled patterns and word lists. `stamps` tells the files apart that were read."""

    section: Section | None
    lists: tuple[WordList, ...]
    stamps: Mapping[str, Stamp]


def files(settings: Detectors) -> tuple[Path, ...]:
    """The files whose change makes another organisation."""
    return tuple(Path(words.file) for words in settings.words if words.file is not None)


def stamps(settings: Detectors) -> dict[str, Stamp]:
    """What tells each file from an earlier version of itself."""
    return {str(path): stamp(path) for path in files(settings)}


def rows(settings: Detectors) -> tuple[Detector, ...]:
    """The patterns as rows of a table."""
    return tuple(map(_detector, settings.patterns))


def compile_organisation(
    settings: Detectors, load: Load | None = None, lists: CompiledFiles | None = None
) -> Organisation:
    """Raises ConfigError with everything that is wrong. `load` is that of a section, `lists` keeps word lists."""
    problems = [*analyzer_problems(settings), *_clashes(settings), *_refused(settings.patterns)]
    seen, made = stamps(settings), []
    for index, words in enumerate(settings.words):
        try:
            made.append(word_list(words, f"detectors.words[{index}]", lists))
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)
    return Organisation(_section(settings, load), tuple(made), seen)


def _detector(row: DetectorPattern) -> Detector:
    """Raises PatternRefused."""
    usual = 0.0 if row.keywords else 1.0
    score = usual if row.score is None else row.score
    # A last repeat goes on without end, which leaves nothing to be looked at behind it or over the whole of it: where
    # a setting does look, an empty group at the end keeps the repeat as bounded as the others.
    whole = row.not_after or row.after or row.min_entropy or row.stop_words
    made = organisation.detector(
        row.name, row.entity, f"{row.pattern}(?:)" if whole else row.pattern, ignore_case=row.ignore_case
    )
    return dataclasses.replace(
        made,
        lead=row.lead,
        not_before=row.not_before or made.not_before,
        not_after=row.not_after or made.not_after,
        keywords=tuple(keyword.lower() for keyword in row.keywords),
        left=row.before,
        right=row.after,
        min_entropy=row.min_entropy,
        stop_words=tuple(word.lower() for word in row.stop_words),
        score=score,
        keyword_score=row.keyword_score if row.keywords else score,
        examples=row.examples,
        counterexamples=row.counterexamples,
    )


def _clashes(settings: Detectors) -> Iterator[Problem]:
    """Names that the shipped table has already."""
    taken, named = {detector.name for detector in DETECTORS}, {*shipped_groups(), CUSTOM}
    keyed = [
        *((f"detectors.patterns[{index}]", row.name, row.entity) for index, row in enumerate(settings.patterns)),
        *((f"detectors.words[{index}]", row.name, row.entity) for index, row in enumerate(settings.words)),
    ]
    for key, name, entity in keyed:
        if name in taken:
            yield Problem(f"{key}.name", f"a shipped detector is called {name}", "take another name")
        if entity in named:
            yield Problem(f"{key}.entity", f"`{entity}` is the name of a group", "take another name")
        if entity.startswith(ROW):
            yield Problem(f"{key}.entity", f"names that begin with `{ROW}` are the gate's own", "take another name")


def analyzer_problems(settings: Detectors) -> list[Problem]:
    """What is wrong with plug-ins, as far as it can be told without starting them."""
    if not settings.analyzers:
        return []
    known, taken = installed(), {detector.name for detector in DETECTORS}
    groups = {*shipped_groups(), CUSTOM}
    problems: list[Problem] = []
    for index, row in enumerate(settings.analyzers):
        key = f"detectors.analyzers[{index}]"
        if row.name in taken:
            problems.append(Problem(f"{key}.name", f"a shipped detector is called {row.name}", "take another name"))
        for place, entity in enumerate(row.entities):
            if entity in groups:
                message = f"`{entity}` is the name of a group"
                problems.append(Problem(f"{key}.entities[{place}]", message, "name what the plug-in finds"))
        if row.plugin is not None and row.plugin not in known:
            hint = nearest(row.plugin, known) or f"installed: {', '.join(sorted(known)) or 'none'}"
            message = f"no installed package offers an analyzer called {row.plugin}"
            problems.append(Problem(f"{key}.plugin", message, hint))
    return problems


def _refused(patterns: Sequence[DetectorPattern]) -> Iterator[Problem]:
    for index, row in enumerate(patterns):
        try:
            compile_row(_detector(row), BOUNDS)
        except PatternRefused as refused:
            message = str(refused).removeprefix(f"detector {row.name}: ").removeprefix(f"pattern {row.name}: ")
            message = message.replace("(?:)'", "'")
            hint = next((hint for what, hint in HINTS.items() if what in message), None)
            yield Problem(f"detectors.patterns[{index}].{_setting(row, message)}", message, hint)


def _setting(row: DetectorPattern, message: str) -> str:
    """Which setting a message is about: it repeats what is wrong."""
    for name in ("lead", "not_before", "not_after"):
        value = getattr(row, name)
        if value and (repr(value) in message or f"[{value}]" in message):
            return name
    return "lead" if "its lead" in message else "pattern"


def _section(settings: Detectors, load: Load | None) -> Section | None:
    if not settings.patterns:
        return None
    try:
        return Section(rows(settings), bounds=BOUNDS, load=load)
    except PatternRefused as refused:
        raise ConfigError(_culprits(settings) or [Problem("detectors.patterns", str(refused))]) from None


def _culprits(settings: Detectors) -> list[Problem]:
    """The patterns that can't be compiled by themselves either."""
    problems = []
    for index, row in enumerate(rows(settings)):
        try:
            Section((row,), bounds=BOUNDS)
        except PatternRefused as refused:
            problems.append(Problem(f"detectors.patterns[{index}].pattern", str(refused)))
    return problems
