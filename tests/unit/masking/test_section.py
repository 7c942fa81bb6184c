from collections.abc import Callable, Iterable, Sequence

import pytest

from narrows.masking.patterns import PatternRefused
from narrows.masking.section import Section
from unit.masking.samples import DETECTORS, detector

DATA = b"\0account 12345678 ghp_" + b"a1B2" * 9 + b"\0"


def names(section: Section, data: bytes) -> set[str]:
    return {section.rows[hit].detector.name for hit in section.hits(data) if hit < len(section.rows)}


def test_it_says_which_rows_and_which_keywords_can_be_in_a_text() -> None:
    section = Section(DETECTORS)
    assert names(section, DATA) == {"us_bank_number", "github_token"}
    groups = {hit - len(section.rows) for hit in section.hits(DATA) if hit >= len(section.rows)}
    assert groups == {section.group_of[[row.detector.name for row in section.rows].index("us_bank_number")]}


def test_it_is_loaded_from_its_dump_by_its_key() -> None:
    first = Section(DETECTORS)
    kept = {first.key: first.dump()}
    asked: list[str] = []

    def load(key: str) -> bytes | None:
        asked.append(key)
        return kept.get(key)

    again = Section(DETECTORS, load=load)
    assert asked == [first.key]
    assert again.dump() == first.dump()
    assert names(again, DATA) == names(first, DATA)


@pytest.mark.parametrize("spoil", [lambda dump: dump[:-9], lambda dump: b"x" * 64 + dump[64:], lambda dump: b""])
def test_a_dump_of_something_else_is_compiled_anew(spoil: Callable[[bytes], bytes]) -> None:
    dump = spoil(Section(DETECTORS).dump())
    assert names(Section(DETECTORS, load=lambda _: dump), DATA) == {"us_bank_number", "github_token"}


def test_the_key_changes_with_any_pattern() -> None:
    assert Section([detector("a", "abc")]).key != Section([detector("a", "abd")]).key


def test_gates_can_be_compiled_elsewhere() -> None:
    done: list[int] = []

    def elsewhere(compile_one: Callable[[tuple[str, ...]], bytes], parts: Sequence[tuple[str, ...]]) -> Iterable[bytes]:
        done.append(len(parts))
        return [compile_one(part) for part in parts]

    section = Section(DETECTORS, compile_all=elsewhere)
    assert done
    assert names(section, DATA) == {"us_bank_number", "github_token"}


def test_two_rows_of_one_name_are_refused() -> None:
    with pytest.raises(PatternRefused, match="two detectors"):
        Section([detector("a", "abc"), detector("a", "abd")])


def test_a_keyword_that_is_too_long_is_refused() -> None:
    with pytest.raises(PatternRefused, match="keyword"):
        Section([detector("a", "abc", keywords=("x" * 70,))])
