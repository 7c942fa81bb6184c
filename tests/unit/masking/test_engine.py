import random

import pytest

from narrows.masking.candidates import Effort
from narrows.masking.engine import Engine
from narrows.masking.folding import encode
from narrows.masking.masker import Masked, Masker
from narrows.masking.section import Section
from narrows.masking.wordlist import WordList
from unit.masking.samples import PIECES, detector, engine, section


def test_sources_are_ranked_by_section_row_and_list() -> None:
    made = Engine(
        [Section([detector("a", "aaa"), detector("b", "bbb")]), Section([detector("c", "ccc")])],
        [WordList("names", "PROJECT", ["x"])],
    )
    assert [source.name for source in made.sources] == ["a", "b", "c", "names"]
    assert made.entities == {"A", "B", "C", "PROJECT"}
    folded = made.folder.whole("ccc x bbb aaa")
    data, selection = encode(folded.text), made.select((0.0,) * 4, (frozenset(),) * 4)
    hits = made.scan(folded, data, selection, made.gated(data, selection), {}, Effort())
    assert [(folded.text[hit.start : hit.end], hit.rank) for hit in hits] == [
        ("ccc", 2),
        ("x", 3),
        ("bbb", 1),
        ("aaa", 0),
    ]


def test_only_what_is_selected_is_found() -> None:
    made = engine()
    folded = made.folder.whole("078-05-1120 ann@example.com")
    floors = tuple(0.0 if source.entity == "US_SSN" else 2.0 for source in made.sources)
    data, selection = encode(folded.text), made.select(floors, (frozenset(),) * len(floors))
    hits = made.scan(folded, data, selection, made.gated(data, selection), {}, Effort())
    assert [made.sources[hit.rank].entity for hit in hits] == ["US_SSN"]


def test_the_earliest_undecided_start_is_known() -> None:
    made = engine()
    every = made.select((0.0,) * len(made.sources), (frozenset(),) * len(made.sources))
    for text, open_from in (
        ("pay 4111 1111 ", "4111"),
        ("call me ", ""),
        ("seed: able baker ", "seed"),
        ("-----BEGIN RSA ", "-----"),
        ("the blue ", "blue"),
        ("AB123 and then ", "AB123"),
        ("AB123 and then some ", ""),
    ):
        folded = made.folder.whole(text)
        data = encode(folded.text)[:-1]
        cut = made.undecided(folded, data, len(data), every, solid=False)
        assert folded.text[cut:-1] == text[text.index(open_from) :] if open_from else cut == len(data)


def test_a_stream_keeps_as_much_context_as_the_longest_look_back() -> None:
    assert Engine([Section([detector("a", "aaa")])]).context == 2
    assert Engine([Section([detector("a", "aaa", lead="x{40}", left=90)])]).context == 42
    assert Engine([Section([detector("a", "aaa", keywords=("k",), left=90)])]).context == 92


def test_what_the_gates_pass_holds_nothing() -> None:
    made, drawn, passed = Engine([section()]), random.Random(4), 0
    masker = Masker(made)
    every = made.select((0.0,) * len(made.sources), (frozenset(),) * len(made.sources))
    for _ in range(600):
        text = "".join(drawn.choices([*PIECES, "[US_SSN]", "********1234", "\0", "\2", "and so on "], k=2))
        stream = masker.stream()
        masked = stream.finish(text)
        if made.is_clean(text, every):
            passed += 1
            assert (masked, stream.findings) == (text, [])
    assert passed > 100
    assert made.is_clean("nothing here, and no stand-in but [US_SSN]\n", every)
    assert not made.is_clean("nothing hére", every)  # It has to be folded to be known.


def test_a_look_at_a_whole_text_finds_what_a_stream_finds() -> None:
    made, drawn, found = Engine([section()]), random.Random(5), 0
    masker = Masker(made)
    every = made.select((0.0,) * len(made.sources), (frozenset(),) * len(made.sources))
    odd = ["[US_SSN]", "********1234", "\0", "\1", "\2", "é", "。", "\u200b", "ﬁ", "\uff14", "\U0010ffff", "and so on "]
    for _ in range(600):
        text = "".join(drawn.choices([*PIECES, *odd], k=4))
        stream = masker.stream()
        masked = stream.finish(text)
        looked = made.look(text, every)
        found += looked is not None
        assert (looked is not None) == bool(stream.findings)
        assert masker.mask(text) == Masked(masked, tuple(stream.findings))
    assert 100 < found < 600


def test_a_look_finds_what_is_in_a_word_list() -> None:
    made = engine()
    every = made.select((0.0,) * len(made.sources), (frozenset(),) * len(made.sources))
    assert made.look("the z\u00e8bre projects", every) is None
    looked = made.look("the \u200bzebra project", every)
    assert looked is not None
    assert [looked.folded.source[slice(*looked.folded.span(hit.start, hit.end))] for hit in looked.hits] == ["zebra"]


def test_a_gate_that_hits_for_what_nobody_asks_for_does_not_matter() -> None:
    made = Engine([section()])
    nothing = made.select((2.0,) * len(made.sources), (frozenset(),) * len(made.sources))
    assert made.is_clean("ssn 078-05-1120 ", nothing)


def test_word_lists_are_not_known_to_the_gates() -> None:
    made = engine()
    every = made.select((0.0,) * len(made.sources), (frozenset(),) * len(made.sources))
    assert not made.is_clean("the zebra project", every)


def test_warming_up_finds_nothing_and_fails_on_nothing() -> None:
    Engine([section()]).warm(["4111 1111 1111 1111", ""])


def test_what_warming_up_leaves_is_compiled_row_by_row(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Engine([section()])
    assert len(list(made.compile_rest())) == len(made.sources)
    monkeypatch.setattr("re2.compile", None)  # From now on nothing can be compiled.
    assert Masker(made).mask("ghp_" + "a1B2" * 9).findings
