"""From the patterns and words of rules on replies to rows of the masking engine, in a section of their own.

A pattern is what an organisation's detectors have (see `masking.organisation`), so that a reply is held back no further
than it could still match. Words are found whole, as in prompts: where no letter, digit or underscore of any script
stands beside them. What can't be matched in a stream is told with the setting it stands in.
"""

import dataclasses
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

import msgspec

from narrows.config.problem import ConfigError, Problem
from narrows.masking import organisation
from narrows.masking.detector import Detector
from narrows.masking.organisation import BOUNDS
from narrows.masking.patterns import PatternRefused
from narrows.masking.section import Compile, Section
from narrows.masking.wordlist import WordList
from narrows.policy.reply_rules import Wanted
from narrows.wiring.organisation import HINTS

TOGETHER: Final = 50
"""Words in one row: more would make its pattern too large."""

_GAP: Final = r"\s{1,16}"
_OTHER: Final = r"[^\x02-\x7f]"
"""Any character that is not ASCII."""

_NO_END: Final = r"^\x02-/:-@\[-^`{-\x7f"
"""Letters and digits, and all that is not ASCII, of which a pattern can't say what it is."""

_NOT_FEED: Final = r"^\n"
"""All but what ends a line: behind none of it does one begin."""

Load = Callable[[str], bytes | None]


class Rows(msgspec.Struct, frozen=True, eq=False):
    """What the rules look for, compiled."""

    section: Section | None = None
    lists: tuple[WordList, ...] = ()


NO_ROWS: Final = Rows()


def compile_rows(rows: Sequence[Wanted], load: Load | None = None, compile_all: Compile = map) -> Rows:
    """Raises ConfigError with everything that is wrong. `load` and `compile_all` are those of a section."""
    try:
        detectors = [detector for row in rows for detector in _detectors(row)]
        lists = tuple(words for row in rows for words in _lists(row))
        return Rows(_section(detectors, load, compile_all) if detectors else None, lists)
    except PatternRefused as refused:
        raise ConfigError(list(_culprits(rows)) or [Problem(rows[0].key, str(refused))]) from None


def _section(detectors: Sequence[Detector], load: Load | None, compile_all: Compile = map) -> Section:
    """What was kept of these patterns was compiled whole before: its matchers may wait for their first use. Raises
    PatternRefused."""
    kept: list[bytes | None] = []

    def read(key: str) -> bytes | None:
        kept.append(None if load is None else load(key))
        return kept[-1]

    section = Section(detectors, bounds=BOUNDS, load=read, compile_all=compile_all)
    if kept == [None]:
        section.compile_matchers()
    return section


def _culprits(rows: Iterable[Wanted]) -> Iterator[Problem]:
    """What can't be compiled by itself either."""
    for row in rows:
        try:
            _lists(row)
            if made := list(_detectors(row)):
                _section(made, None)
        except PatternRefused as refused:
            message = re.sub(rf"^(?:(?:detector|pattern|word list) {row.name.lower()}(?:\.\d+)?: )+", "", str(refused))
            hint = next((hint for what, hint in HINTS.items() if what in message and "`not_before`" not in hint), None)
            yield Problem(row.key, message, hint)


def _detectors(row: Wanted) -> Iterator[Detector]:
    """The rows for a pattern, or for the words that are ASCII. Raises PatternRefused."""
    name = row.name.lower()
    if row.pattern is not None:
        made = organisation.detector(name, row.name, row.pattern)
        yield dataclasses.replace(made, not_before=_NOT_FEED) if row.line else made
        return
    words = sorted({word.strip() for word in row.words if word.isascii()})
    kinds: dict[tuple[bool, bool], list[str]] = {}
    for word in words:
        kinds.setdefault((_ends(word[0]), _ends(word[-1])), []).append(word)
    number = 0
    for (before, after), same in kinds.items():
        for at in range(0, len(same), TOGETHER):
            for detector in _whole(row.name, same[at : at + TOGETHER], before=before, after=after):
                number += 1
                yield dataclasses.replace(detector, name=f"{name}.{number}")


def _whole(entity: str, words: Iterable[str], *, before: bool, after: bool) -> Iterator[Detector]:
    """Rows for words that have an end before or behind them. What is not ASCII beside one is taken along, since only
    then can be asked whether it is a letter."""
    spelled = "|".join(_GAP.join(map(re.escape, word.split())) for word in words)
    for front in (False, True) if before else (False,):
        for back in (False, True) if after else (False,):
            yield Detector(
                name=entity.lower(),
                entity=entity,
                pattern=f"{_OTHER if front else ''}(?:{spelled}){_OTHER if back else ''}",
                ignore_case=True,
                not_before=_NO_END if before and not front else "",
                not_after=_NO_END if after and not back else "",
                validate=_Apart(front=front, back=back) if front or back else None,
            )


class _Apart(msgspec.Struct, frozen=True, kw_only=True):
    """Says of what was taken along beside a word whether it is no part of it."""

    front: bool
    back: bool

    def __call__(self, value: str) -> bool:
        return not (self.front and _ends(value[0])) and not (self.back and _ends(value[-1]))


def _ends(character: str) -> bool:
    """Whether a character is of words, so that a word ends where none of them follows."""
    return character == "_" or character.isalnum() or unicodedata.category(character)[0] == "M"


def _lists(row: Wanted) -> list[WordList]:
    """The list of the words that are not ASCII. Raises PatternRefused."""
    words = sorted({word.strip() for word in row.words if not word.isascii()})
    for word in words:
        if not all(_ends(character) or character.isspace() for character in word):
            raise PatternRefused(
                f"{word!r} has signs beside letters that are not ASCII, and can't be found in replies: leave them out"
            )
    return [WordList(row.name.lower(), row.name, words)] if words else []
