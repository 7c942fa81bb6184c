"""Gates are made of all patterns of a policy set, each once; what they are not made of they do not claim to know."""

from collections.abc import Sequence

import pytest

from narrows.matching.gate import Gate, GateRefused, Part
from narrows.matching.widened import Widener
from narrows.model.plan import Rule
from narrows.policy import gating
from narrows.policy.gating import LEAST, MOST, dump, load, make, name, parts, together
from narrows.policy.patterns import Pattern
from narrows.policy.words import loose_source, words_source


def rules(*patterns: Pattern | str) -> list[Rule]:
    made = [Pattern(each) if isinstance(each, str) else each for each in patterns]
    return [Rule(f"r{index}", "a", (pattern,), "m") for index, pattern in enumerate(made)]


def loosened(source: str) -> str | None:
    return source.replace(" ", " ?") if " " in source else None


def test_each_pattern_is_in_one_part_once_with_its_loose_form() -> None:
    words = Pattern.of_words(words_source(["drop all"]), loose_source(["drop all"]))
    (part,) = parts(rules("a b", "c", "a b", words), loosened)
    assert part == ((("a b", None), "a ?b"), (("c", None), None), (words.key, words.loose))
    assert parts([], loosened) == ()


def test_what_is_added_before_changes_few_parts() -> None:
    sources = [f"word{number}" for number in range(2_000)]
    before, after = (parts(rules(*each), loosened) for each in (sources, ["new", *sources]))
    assert all(LEAST <= len(part) <= MOST for part in before[:-1])
    assert sum(map(len, before)) == 2_000
    assert len(set(after) - set(before)) <= 2


def hits(known: Sequence[gating.PatternGate], data: bytes) -> list[str]:
    (gate,) = known
    hit = gate.gate.scan(data)
    return [source for (source, _), number in gate.numbers.items() if number in hit]


def test_a_gate_knows_its_patterns_as_written_and_loosened() -> None:
    (part,) = parts(rules("drop all", "never"), loosened)
    gates = together([make(part, Widener())])
    assert hits(gates.exact, b"drop all") == ["drop all"]
    assert hits(gates.exact, b"dropall never") == ["never"]
    assert hits(gates.loose, b"dropall never") == ["drop all"], "what has no loose form is none"
    assert set(gates.loose[0].numbers) == {key for key, _ in part}


def test_what_can_not_be_widened_is_not_known() -> None:
    (part,) = parts(rules(r"a\101", "b"), loosened)
    assert [source for source, _ in make(part, Widener()).exact.numbers] == ["b"]


def test_what_is_too_large_for_a_gate_is_not_known_and_the_rest_is(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Gate.compile

    def compile_small(part: Part) -> Gate:
        if any(r"\x62" in pattern for _, pattern in part):
            raise GateRefused("too large")
        return real(part)

    monkeypatch.setattr(Gate, "compile", compile_small)
    (part,) = parts(rules("a", "b", "c"), loosened)
    known = make(part, Widener()).exact
    assert [source for source, _ in known.numbers] == ["a", "c"]
    assert hits([known], b"abc") == ["a", "c"]


def test_where_no_gate_can_be_made_nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Gate.compile

    def compile_single(part: Part) -> Gate:
        if len(part) > 1:
            raise GateRefused("too large")
        return real(part)

    monkeypatch.setattr(Gate, "compile", compile_single)
    (part,) = parts(rules("a", "b"), loosened)
    assert make(part, Widener()).exact.numbers == {}


def test_a_dump_is_the_part_again() -> None:
    (part,) = parts(rules("drop all", r"a\101", "(?i)never"), loosened)
    made = make(part, Widener())
    again = load(part, dump(part, made))
    assert again is not None
    assert again.exact.numbers == made.exact.numbers
    assert hits([again.exact], b"NEVER drop all") == ["drop all", "(?i)never"]
    assert hits([again.loose], b"dropall") == ["drop all"]


@pytest.mark.parametrize("dumped", [b"", b"\x90", b"x" * 50])
def test_what_is_no_dump_is_not_loaded(dumped: bytes) -> None:
    (part,) = parts(rules("a"), loosened)
    assert load(part, dumped) is None
    whole = dump(part, make(part, Widener()))
    assert load(part, whole[:-9]) is None


def test_another_release_pattern_or_loose_form_has_another_name() -> None:
    (part,), (other,) = parts(rules("a b"), loosened), parts(rules("a c"), loosened)
    (unloosened,) = parts(rules("a b"), lambda _source: None)
    assert len({name(part, "1"), name(part, "2"), name(other, "1"), name(unloosened, "1")}) == 4
