import random
import re

import pytest

from narrows.masking import outlines
from narrows.masking.patterns import Chars, Node, bits, parse, prefixes, render
from unit.masking.samples import DETECTORS, PIECES


def test_a_gate_need_not_follow_a_word_to_its_first_fixed_character() -> None:
    cut = outlines.without_wide_start(parse(r"[a-z0-9.]{1,64}@[a-z]{2,9}"))
    assert render(cut) == render(parse("@[a-z]{2,9}"))
    for kept in ("abc@d", "[0-9]{1,64}@x", "[a-z]{3}@x", "a|b"):
        assert outlines.without_wide_start(parse(kept)) == parse(kept)


def test_fixed_characters_are_counted_over_what_every_match_has() -> None:
    assert outlines.literal(parse("ghp_[a-z]{3}")) == 4
    assert outlines.literal(parse("(?:abc|abcd)x")) == 4
    assert outlines.literal(parse("gh[pousr]_[a-z]{3}")) == 4
    assert outlines.literal(parse("[0-9a-f]{2}x")) == 1
    assert outlines.literal(parse("A{18,24}[a-z]")) == 18
    assert outlines.literal(parse("[a-z](?:key|token)[0-9a-z]{3}(?:=|: )")) == 3
    assert outlines.literal(parse("(?i:key)[0-9]{4}")) == 3
    assert outlines.literal(parse("(?i:key)[0-9]")) == 4
    assert outlines.literal(parse("(?:key)?[0-9]{4}")) == 1


def test_many_short_strings_are_no_fixed_characters() -> None:
    few = [f"{first}{second}x" for first in "abcd" for second in "abcdefgh"]
    assert outlines.literal(parse(f"(?:{'|'.join(few)})[0-9]")) == 3
    assert outlines.literal(parse(f"(?:{'|'.join([*few, 'aix'])})[0-9]")) == 1
    assert outlines.literal(parse(f"(?:{'y|'.join([*few, 'aix'])}y)[0-9]")) == 4


def test_a_lead_is_looked_for_up_to_where_anything_can_stand() -> None:
    node = parse("[a-z]{3,9}")
    lead, rare = parse("(?:host|port) ?=[^;]{0,40};pwd="), parse("(?:hostname|gateway) ?=[^;]{0,40};pwd=")
    assert outlines.outline(rare, [], node, []) == (parse("(?:hostname|gateway) ?="), True, None)
    whole = parse("(?:host|port) ?=[^;]{0,40};pwd=[a-z]{3}")
    assert outlines.outline(lead, [], node, []) == (whole, True, parse("(?:host|port) ?="))
    near = outlines.outline(parse("pin:? ?"), [], parse("[0-9]{4,8}"), [])
    assert near == (parse("pin:? ?[0-9]{4}"), True, None)
    short = outlines.outline(parse("pin[a-z ]{0,40}"), [], parse("[0-9]{4,8}"), [])
    assert short == (parse("pin[a-z ]{0,40}[0-9]{4}"), True, None)


def test_the_end_of_a_text_is_looked_at_by_how_a_long_match_begins() -> None:
    key = parse("-----BEGIN KEY-----[A-Z]{0,90}")
    begun = parse("-----BEGIN KEY-----")
    assert outlines.live_outline(None, key, key) == (begun, prefixes(begun))
    short = parse("[0-9]{2} [0-9]{2}")
    assert outlines.live_outline(None, short, short) == (None, short)
    assert outlines.live_outline(parse("pwd ?[a-z ]{0,40}="), short, short) == (parse("pwd ?"), None)
    assert outlines.live_outline(parse("a ?="), short, short) == (parse("a ?="), None)


def test_a_last_repeat_is_as_short_as_can_be() -> None:
    assert outlines.without_long_end(parse("ab[c-d]{3,9}")) == parse("ab[c-d]{3}")
    assert outlines.without_long_end(parse("a(?:b{2,4}|c)")) == parse("a(?:b{2}|c)")
    assert outlines.without_long_end(parse("ab?")) == parse("ab?")


@pytest.mark.parametrize("row", DETECTORS, ids=lambda row: row.name)
def test_every_text_with_a_candidate_has_the_outline(row: object) -> None:
    detector = next(one for one in DETECTORS if one is row)
    node = parse(detector.pattern, ignore_case=detector.ignore_case)
    lead = parse(detector.lead, ignore_case=detector.ignore_case) if detector.lead else None
    front: list[Node] = [Chars(~bits("#") & (1 << 128) - 1)] if detector.not_before and lead is None else []
    outline = outlines.outline(lead, front, node, [])
    looked_for = re.compile(render(outline.node), re.DOTALL)
    begun = re.compile(render(outline.opening or outline.node), re.DOTALL)
    candidate = re.compile((render(lead) if lead else "") + render(node), re.DOTALL)
    drawn = random.Random(detector.name)
    for _ in range(200):
        text = "\0" + "".join(drawn.choices(PIECES, k=4))
        if candidate.search(text, 1):
            assert looked_for.search(text)
            assert begun.search(text)
