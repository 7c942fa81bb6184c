"""What plug-ins found is masked with what the engine finds, and what nobody has analysed is not let through."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrows.masking.arguments import mask_arguments
from narrows.masking.engine import Engine, Source
from narrows.masking.masker import Masker
from narrows.masking.plan import Plan, Rule
from narrows.masking.spotted import LONGEST, Collector, NotAnalyzed, Spotter, TooLong, alone, is_analyzed, wanted
from narrows.model.plan import Transform
from narrows.model.span import Span
from unit.masking.samples import PIECES, section

ENGINE = Engine([section()], others=[Source("people", "PERSON"), Source("people", "LOCATION")])
KEY = b"k" * 32
ADA = "Ask Ada Lovelace"


def span(text: str, value: str, entity: str = "PERSON", score: float = 0.85) -> Span:
    start = text.index(value)
    return Span(start, start + len(value), entity, score, "people")


def rule(*entities: str, transform: Transform = Transform.REDACT, **more: object) -> Rule:
    return Rule(frozenset(entities or {"PERSON"}), transform, **more)  # type: ignore[arg-type]


def spotter(text: str, *spans: Span, rules: tuple[Rule, ...] = (rule(),), strict: bool = True) -> Spotter:
    masker = Masker(ENGINE, Plan(rules, KEY))
    return Spotter(masker, wanted(masker), {text: spans}, strict=strict)


def masked(text: str, *spans: Span, rules: tuple[Rule, ...] = (rule(),)) -> str:
    return spotter(text, *spans, rules=rules).mask(text).text


def test_a_plan_wants_what_its_rules_name_and_only_plug_ins_find() -> None:
    assert wanted(Masker(ENGINE, Plan((rule("PERSON", "US_SSN"),)))).keys() == {("people", "PERSON")}
    assert not wanted(Masker(ENGINE, Plan((rule("US_SSN"),))))
    assert len(wanted(Masker(ENGINE))) == 2


def test_a_span_is_masked_and_told_with_its_analyzer() -> None:
    found = spotter(ADA, span(ADA, "Ada Lovelace")).mask(ADA)
    assert found.text == "Ask [PERSON]"
    (finding,) = found.findings
    assert (finding.start, finding.end, finding.detector, finding.score) == (4, 16, "people", 0.85)


@pytest.mark.parametrize(
    "options", [{"threshold": 0.9}, {"allow": frozenset({"ada lovelace"})}], ids=["not sure enough", "allowed"]
)
def test_what_a_rule_does_not_want_is_left(options: dict[str, object]) -> None:
    assert masked(ADA, span(ADA, "Ada Lovelace"), rules=(rule(**options),)) == ADA
    both = (rule("PERSON", "US_SSN", **options), rule("CODE", "PERSON", **options))
    assert masked(ADA, span(ADA, "Ada Lovelace"), rules=both) == ADA


def test_another_analyzers_span_and_one_nobody_asks_for_are_left() -> None:
    other = Span(4, 16, "PERSON", 1.0, "another")
    assert masked(ADA, other, span(ADA, "Ada Lovelace", "LOCATION")) == ADA


def test_overlapping_findings_become_one_and_nothing_of_either_is_left() -> None:
    text = "to ada.lovelace@example.org now"
    rules = (rule("PERSON", "EMAIL_ADDRESS"),)
    assert masked(text, span(text, "to ada"), span(text, "lovelace"), rules=rules) == "[EMAIL_ADDRESS] now"
    assert masked(text, span(text, "ada", score=1.0), rules=rules) == "to [EMAIL_ADDRESS] now"
    names = "Ada Lovelace of London"
    both = (span(names, "Ada Lovelace of", "LOCATION", 0.6), span(names, "Ada Lovelace"))
    assert masked(names, *both, rules=(rule("PERSON", "LOCATION"),)) == "[PERSON] London"


def test_the_strictest_transform_of_what_overlaps_counts() -> None:
    text = "Ada Lovelace 078-05-1120"
    rules = (rule("PERSON", transform=Transform.BLOCK), rule("US_SSN", transform=Transform.PARTIAL))
    found = spotter(text, span(text, "Lovelace 078"), rules=rules).mask(text)
    assert found.text == "Ada [PERSON]", "a refusal names what refuses"
    assert found.blocked


def test_hash_and_partial_are_those_of_the_engine() -> None:
    one = masked(ADA, span(ADA, "Ada Lovelace"), rules=(rule(transform=Transform.HASH),))
    again = masked(f"{ADA}!", span(ADA, "Ada Lovelace"), rules=(rule(transform=Transform.HASH),))
    assert one.startswith("Ask [PERSON:")
    assert again == f"{one}!"
    assert masked(ADA, span(ADA, "Ada Lovelace"), rules=(rule(transform=Transform.PARTIAL),)) == "Ask ********lace"


def test_a_stand_in_is_no_name() -> None:
    text = "[PERSON] and [US_SSN] met Dr [PERSON] Hopper"
    spans = (Span(0, len(text), "PERSON", 1.0, "people"),)
    once = masked(text, *spans)
    assert once == "[PERSON] [PERSON] [US_SSN] [PERSON] [PERSON] [PERSON]"
    assert masked(once, Span(0, len(once), "PERSON", 1.0, "people")) == once


@given(
    pieces=st.lists(st.sampled_from((*PIECES, "Ada ", "Grace Hopper ", "[PERSON]")), max_size=12),
    places=st.lists(st.tuples(st.integers(0, 60), st.integers(1, 30), st.sampled_from(["PERSON", "LOCATION"]))),
    transform=st.sampled_from([Transform.REDACT, Transform.HASH]),
)
def test_nothing_of_what_any_finds_is_left_and_twice_is_once(
    pieces: list[str], places: list[tuple[int, int, str]], transform: Transform
) -> None:
    text = "".join(pieces)[:4000]
    spans = [
        Span(start, min(start + size, len(text)), entity, 0.9, "people")
        for start, size, entity in places
        if start < len(text)
    ]
    masker = Masker(ENGINE, Plan((Rule(None, transform),), KEY))
    found = Spotter(masker, wanted(masker), {text: tuple(spans)}).mask(text)
    at, rest = 0, ""
    for finding in found.findings:
        assert finding.start >= at
        rest, at = rest + text[at : finding.start], finding.end
    engine_only = masker.mask(text)
    covered = [range(finding.start, finding.end) for finding in found.findings]
    for one in engine_only.findings:
        assert any(one.start >= place.start and one.end <= place.stop for place in covered)
    again = Spotter(masker, wanted(masker), {found.text: ()}).mask(found.text)
    assert again.text == found.text
    stream = Spotter(masker, wanted(masker), {text: tuple(spans)}).stream()
    assert "".join([stream.feed(piece) for piece in text]) + stream.finish() == found.text
    assert tuple(stream.findings) == found.findings


def test_what_nobody_has_analysed_is_not_let_through() -> None:
    strict = spotter("another text")
    with pytest.raises(NotAnalyzed):
        strict.mask(ADA)
    stream = strict.stream()
    stream.feed(ADA)
    with pytest.raises(NotAnalyzed):
        stream.finish()
    assert strict.mask("call_7f3a").text == "call_7f3a"


def test_who_only_looks_goes_on_without() -> None:
    text = "call 078-05-1120 again"
    rules = (rule("PERSON", "US_SSN"),)
    assert spotter("another text", rules=rules, strict=False).mask(text).text == "call [US_SSN] again"


def test_ids_and_words_of_an_api_are_not_analysed() -> None:
    for text in (
        "",
        "12",
        "x 1",
        "stop",
        "tool_calls",
        "chatcmpl-AbC9x",
        "gpt-4o-mini",
        "org/Model-7B",
        "2026-11-21T08:00",
    ):
        assert not is_analyzed(text), text
    for text in ("Berlin", "in berlin", "Ärzte", "李", "Ada", "[PERSON]", "a.b Müller"):
        assert is_analyzed(text), text


def test_a_collector_notes_what_masking_will_ask_for() -> None:
    collector = Collector()
    source = '{"to": "Ada Lovelace", "cc": ["Grace", 7, true], "Home Town": "call_17", "Ä": "Ada Lovelace"} tail of it'
    assert mask_arguments(collector, source).text == source
    assert collector.take() == ("Ada Lovelace", "Grace", "Home Town", "Ä", "tail of it")
    assert collector.take() == ()
    spans = dict.fromkeys(("Ada Lovelace", "Grace", "Home Town", "Ä", "tail of it"), ())
    masker = Masker(ENGINE, Plan((rule(),)))
    assert mask_arguments(Spotter(masker, wanted(masker), spans), source).text == source


def test_a_text_too_long_for_plug_ins_is_refused_as_soon_as_it_is() -> None:
    with pytest.raises(TooLong):
        Collector().mask("ab " * LONGEST)
    stream = Collector().stream()
    stream.feed("ab " * (LONGEST // 3))
    with pytest.raises(TooLong):
        stream.feed("ab ")


def test_alone_a_masker_does_without_plug_ins() -> None:
    masker = Masker(ENGINE, Plan((rule("PERSON", "US_SSN"),)))
    assert alone(masker) is masker
    assert alone(Spotter(masker, wanted(masker), {})) is masker
    collector = Collector()
    assert alone(collector).mask(ADA).text == ADA
    assert collector.take() == ()
