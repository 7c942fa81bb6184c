# ruff: noqa: RUF001 — letters that look alike are what this is about
"""What one row finds, by the contract of `Detector`: through the engine, with one row at a time."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrows.masking import candidates
from narrows.masking.candidates import MOST_ENDS
from narrows.masking.detector import Detector
from narrows.masking.engine import Engine
from narrows.masking.masker import Masker
from narrows.masking.plan import Plan, Rule
from narrows.masking.section import Section
from unit.masking import reference
from unit.masking.samples import DETECTORS, PIECES, detector, luhn

ALL = Rule(None)


def found(text: str, row: Detector, rule: Rule = ALL) -> list[str]:
    masked = Masker(Engine([Section([row])]), Plan((rule,))).mask(text)
    return [text[finding.start : finding.end] for finding in masked.findings]


CARD = detector("card", r"\d(?:[ -]?\d){11,18}", validate=luhn, not_before="0-9")


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("4111 1111 1111 1111 123", ["4111 1111 1111 1111"]),
        ("4111111111111111 12/27", ["4111111111111111"]),
        ("id4111111111111111", ["4111111111111111"]),
        ("4111111111111112", []),
    ],
)
def test_every_end_is_tried_before_the_next_start(text: str, spans: list[str]) -> None:
    assert found(text, CARD) == spans


def test_the_search_goes_on_behind_a_finding() -> None:
    assert found("aaaa aa", detector("x", "a{2,3}")) == ["aaa", "aa"]


def test_neighbours_can_forbid_a_candidate_at_the_edges_too() -> None:
    row = detector("x", r"\d{3}", not_before="0-9", not_after="0-9.")
    assert found("123", row) == ["123"]
    assert found("a123b 1234 123. 456", row) == ["123", "456"]


def test_the_lead_stays_and_every_place_where_it_can_end_is_tried() -> None:
    row = detector("x", r"[a-z0-9]{4,8}", lead=r"key[ :=]{1,4}", ignore_case=True)
    assert found("KEY: =abcd1 key:x", row) == ["abcd1"]
    assert found("key:key:abcd", row) == ["abcd"]
    assert found("abcd", row) == []


def test_neighbours_are_those_of_the_candidate_though_a_lead_stands_before() -> None:
    row = detector("x", r"[a-z]{4}", lead=r"key[:<]", not_before="<", not_after="!")
    assert found("key<abcd key:abcd! key:abcd", row) == ["abcd"]


KEYED = detector(
    "x", r"\d{6}", score=0.0, keyword_score=0.8, keywords=("pin code", "pin"), left=12, right=6, not_before="0-9"
)


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("123456", []),
        ("pin: 123456", ["123456"]),
        ("spin: 123456", []),
        ("my_pin 123456", ["123456"]),
        ("pin" + " " * 9 + "123456", ["123456"]),
        ("pin" + " " * 10 + "123456", []),
        ("123456 pin", ["123456"]),
        ("123456 my pin", []),
        ("PIN-CODE 123456", ["123456"]),
        ("PIN 123456 654321", ["123456", "654321"]),
    ],
)
def test_a_keyword_counts_within_its_window(text: str, spans: list[str]) -> None:
    assert found(text, KEYED) == spans


def test_a_threshold_asks_for_a_keyword_where_the_score_is_too_low() -> None:
    row = detector("x", r"\d{6}", score=0.3, keyword_score=0.8, keywords=("pin",))
    text = "123456 and much later, behind more than fifty characters, a pin 654321"
    assert found(text, row) == ["123456", "654321"]
    assert found(text, row, Rule(None, threshold=0.5)) == ["654321"]
    assert found(text, row, Rule(None, threshold=0.9)) == []


def test_entropy_and_stop_words_refuse_placeholders() -> None:
    row = detector("x", r"[a-z0-9]{12}", min_entropy=3.0, stop_words=("example",), not_after="a-z0-9")
    assert found("aaaaaaaaaaaa abcdefghijkl examplefghij", row) == ["abcdefghijkl"]


def test_a_body_goes_on_as_long_as_it_can() -> None:
    row = detector("x", "AB", body="A-Z")
    assert found("xABCDEFGH-AB ", row) == ["ABCDEFGH", "AB"]


def test_a_body_ends_behind_its_end_mark_if_there_is_one() -> None:
    row = detector("x", "<<", body="a-z<>", until=">>")
    assert found("<<abc>>def", row) == ["<<abc>>"]
    assert found("<<abcdef 1", row) == ["<<abcdef"]
    assert found("<<abc", row) == ["<<abc"]


def test_an_allowed_value_is_no_finding_and_is_not_looked_into() -> None:
    row = detector("x", r"[a-z]{1,20}@[a-z]{1,20}\.[a-z]{2,4}")
    rule = Rule(None, allow=frozenset({"NoReply@example.com"}))
    assert found("noreply@example.com noreply@example.como a@b.de", row, rule) == ["noreply@example.como", "a@b.de"]


def test_a_start_with_too_many_refused_ends_is_masked_whole() -> None:
    row = detector("x", f"a{{1,{MOST_ENDS + 5}}}", validate=lambda value: False)
    assert found("a" * (MOST_ENDS + 1), row) == ["a" * (MOST_ENDS + 1)]
    assert found("a" * MOST_ENDS, row) == []


PLAIN = tuple(row for row in DETECTORS if not row.body and not row.keywords)


def plain(texts: list[str]) -> Iterator[str]:
    return (text for text in texts if text.isascii() and not set(text) & set("\x00\x01\x02[*"))


@given(st.lists(st.sampled_from([*plain(list(PIECES))]), max_size=6), st.sampled_from(PLAIN))
def test_it_agrees_with_the_plain_reference(pieces: list[str], row: Detector) -> None:
    text = "".join(pieces)
    expected = [text[one.start : one.end] for one in reference.find(text, row)]
    assert found(text, row) == expected


def test_a_run_with_too_many_vain_tries_is_masked_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidates, "MOST_TRIES", 20)
    row = detector("x", r"[0-9]{3,6}", validate=lambda value: False)
    assert found("12345678 12345678 12345678", row) == []
    text = "1234567890123456 12"
    assert found(text, row) == ["67890123456"]
    stream, sent = Masker(Engine([Section([row])])).stream(), ""
    for character in text * 60:
        sent += stream.feed(character)
    assert sent + stream.finish() == Masker(Engine([Section([row])])).mask(text * 60).text


@given(
    st.lists(st.sampled_from(["123", "4567", " ", "x", "\u200b", "９"]), max_size=30).map("".join), st.integers(1, 5)
)
def test_vain_tries_are_counted_alike_in_a_stream(text: str, step: int) -> None:
    row = detector("x", r"[0-9]{2,4}", validate=lambda value: False, lead="[0-9x]")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(candidates, "MOST_TRIES", 9)
        masker = Masker(Engine([Section([row, detector("y", "4567")])]))
        stream = masker.stream()
        sent = "".join(stream.feed(text[at : at + step]) for at in range(0, len(text), step))
        assert sent + stream.finish() == masker.mask(text).text
