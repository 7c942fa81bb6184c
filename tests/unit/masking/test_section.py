import random
from collections.abc import Callable, Iterable, Sequence

import pytest

from narrows.masking.engine import Engine
from narrows.masking.folding import Folder, encode
from narrows.masking.masker import Masker
from narrows.masking.matcher import NOWHERE
from narrows.masking.patterns import PatternRefused
from narrows.masking.section import Section
from narrows.matching.gate import Part
from unit.masking.samples import DETECTORS, PIECES, detector

DATA = b"\0account 12345678 ghp_" + b"a1B2" * 9 + b"\0"


def names(section: Section, data: bytes) -> set[str]:
    return {section.rows[hit].detector.name for hit in section.hits(data)[0]}


def test_it_says_which_rows_and_which_keywords_can_be_in_a_text() -> None:
    section = Section(DETECTORS)
    assert names(section, DATA) == {"us_bank_number", "github_token"}
    _, groups = section.hits(DATA)
    assert section.group_of[[row.detector.name for row in section.rows].index("us_bank_number")] in groups
    _, none = section.hits(DATA.replace(b"account", b"order"))
    assert section.group_of[[row.detector.name for row in section.rows].index("us_bank_number")] not in none


def test_no_row_with_a_candidate_is_left_out() -> None:
    section, folder, drawn = Section(DETECTORS), Folder(), random.Random(5)
    for _ in range(400):
        text = folder.whole("".join(drawn.choices(PIECES, k=3))).text
        data = encode(text)
        rows, groups = section.hits(data)
        for index, row in enumerate(section.rows):
            group = section.group_of[index]
            named = row.keyworded and section.groups[group].find(text, data) is not None
            assert group in groups or not named
            if (row.led or row.find).search(data, 0, len(data)) != NOWHERE and (named or row.detector.score > 0):
                assert index in rows


def test_every_row_whose_candidate_the_end_of_a_text_begins_is_live() -> None:
    section, folder, drawn = Section(DETECTORS), Folder(), random.Random(6)
    for _ in range(400):
        text = folder.whole("".join(drawn.choices(PIECES, k=3))).text[:-1]
        data = encode(text[: drawn.randrange(1, len(text))])
        begin = drawn.choice((0, drawn.randrange(len(data))))
        live = section.live(data, begin)
        for index, row in enumerate(section.rows):
            first = max(0, begin - max(row.pre, row.most_lead))
            begun = row.alive is not None and row.alive.search(data, first, len(data)) != NOWHERE
            assert index in live or not begun
            assert index not in live or row.alive is not None


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

    def elsewhere(compile_one: Callable[[Part], bytes], parts: Sequence[Part]) -> Iterable[bytes]:
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


def test_a_row_with_fixed_characters_brings_its_keywords_though_their_gate_was_not_asked() -> None:
    rows = (
        detector("written", r"[0-9]{1,2}-Mar-[0-9]{2,4}", keywords=("born",), score=0.0),
        detector("numeric", r"[0-9]{2}/[0-9]{2}/[0-9]{4}", keywords=("born",), score=0.0),
    )
    found, groups = Section(rows).hits(b"born 12-Mar-85")
    assert (found, len(groups)) == ([0], 1)


def test_what_waits_to_be_compiled_is_found_all_the_same() -> None:
    whole, waiting = (Masker(Engine([Section(DETECTORS, later=later)])) for later in (False, True))
    drawn = random.Random(9)
    for _ in range(60):
        text = "".join(drawn.choices(PIECES, k=6))
        at = drawn.randrange(len(text))
        assert waiting.mask(text) == whole.mask(text)
        stream, other = waiting.stream(), whole.stream()
        assert [stream.feed(text[:at]), stream.finish(text[at:])] == [other.feed(text[:at]), other.finish(text[at:])]


def test_what_waits_is_compiled_a_gate_a_step_and_is_kept_then() -> None:
    section = Section(DETECTORS, later=True)
    kept = Section(DETECTORS, load=lambda _: section.dump(), later=True)
    assert section.fresh
    assert section.waits
    assert kept.waits
    assert not kept.fresh
    assert len(list(section.compile_rest())) > 1
    assert not section.waits
    kept.take(section.dump())
    assert not kept.waits
    assert kept.dump() == section.dump() == Section(DETECTORS, load=lambda _: section.dump()).dump()
    assert names(kept, DATA) == names(section, DATA) == {"us_bank_number", "github_token"}
