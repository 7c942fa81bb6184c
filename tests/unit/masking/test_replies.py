"""A reply is masked alike whole and in pieces, and what is held goes where it belongs."""

from typing import Any

import pytest

from narrows.masking.applied import Applied, apply
from narrows.masking.replies import MOST_OPEN, ReplyMask
from narrows.model.plan import Mask, Transform
from narrows.model.refusal import Code
from narrows.model.reply import Delta, Event
from narrows.model.text import Masked
from unit.masking.samples import engine

ENGINE = engine()
CARD = "4111 1111 1111 1111"


def applied(**more: Any) -> Applied:
    entities = more.pop("entities", ("US_SSN", "CREDIT_CARD"))
    return apply(
        ENGINE, (Mask("m", "p", frozenset(entities), more.pop("transform", Transform.REDACT), **more),), b"k" * 32
    )


def reply(**more: Any) -> ReplyMask:
    side = applied(**more).response
    assert side is not None
    return ReplyMask(
        side, lambda field: field in ("content", "reasoning", "tool_call:0"), lambda field: field == "tool_call:0"
    )


def event(*texts: tuple[str, str], **more: Any) -> Event:
    name = more.pop("name", "")
    return Event(None, deltas=[Delta(0, field, text, {}, "text", name) for field, text in texts], **more)


def said(events: list[Event], field: str = "content") -> str:
    """What reaches the caller of a field, in order."""
    out = ""
    for one in events:
        out += "".join(text for _, name, text in one.before if name == field)
        out += "".join(delta.text for delta in one.deltas if delta.field == field)
    return out


def run(mask: ReplyMask, *events: Event) -> list[Event]:
    for one in events:
        assert mask.take(one) is None
    return list(events)


def test_a_whole_reply() -> None:
    (only,) = run(reply(), event(("content", f"card {CARD}"), ("other", "ssn 078-05-1120"), last=True))
    assert [delta.text for delta in only.deltas] == ["card [CREDIT_CARD]", "ssn [US_SSN]"]
    assert only.masked == [
        Masked("content", "CREDIT_CARD", "credit_card", 1), Masked("other", "US_SSN", "us_ssn", 1),
    ]  # fmt: skip


@pytest.mark.parametrize("step", range(1, 12))
def test_any_split_gives_the_same(step: int) -> None:
    text = f"your card {CARD} and 078-05-1120."
    pieces = [text[at : at + step] for at in range(0, len(text), step)]
    events = [event(("content", piece)) for piece in pieces]
    end = event(ends=((0, "content"),))
    assert said(run(reply(), *events, end)) == "your card [CREDIT_CARD] and [US_SSN]."


def test_what_is_held_goes_out_in_the_event_that_ends_the_field() -> None:
    first, end = run(reply(), event(("content", "see 078-05-")), event(("content", "1120"), ends=((0, "content"),)))
    assert first.deltas[0].text == "see "
    assert end.deltas[0].text == "[US_SSN]"
    assert end.before == []


def test_or_just_before_it() -> None:
    _, end = run(reply(), event(("content", "see 078-05-1120")), event(ends=((0, "content"),)))
    assert end.before == [(0, "content", "[US_SSN]")]


def test_the_last_event_ends_every_field() -> None:
    _, end = run(reply(), event(("content", "a 078-05-1120"), ("reasoning", "b")), event(last=True))
    assert sorted(end.before) == [(0, "content", "[US_SSN]"), (0, "reasoning", "b")]


def test_fields_and_choices_are_streams_of_their_own() -> None:
    one, two = event(("content", "4111 1111 ")), event(("reasoning", "1111 1111 "))
    end = event(last=True)
    events = run(reply(), one, two, end)
    assert said(events) == "4111 1111 "
    assert said(events, "reasoning") == "1111 1111 "


def test_arguments_stay_json() -> None:
    pieces = ['{"card": 4111', "111111111111", ', "n": 1}']
    events = [event(("tool_call:0", piece)) for piece in pieces]
    assert said(run(reply(), *events, event(last=True)), "tool_call:0") == '{"card": "[CREDIT_CARD]", "n": 1}'


def test_a_text_that_repeats_the_stream_is_masked_as_a_whole() -> None:
    events = run(
        reply(), event(("content", "078-05-")), event(("content", "1120")), event(("repeat:content", "078-05-1120"))
    )
    assert events[-1].deltas[0].text == "[US_SSN]"


def test_a_string_nobody_knows_is_dropped_where_it_goes_on() -> None:
    events = run(reply(), event(("other", "4111 1111")), event(("other", "4111 1111")), event(("other", "1111 1111")))
    assert [one.deltas[0].text for one in events] == ["4111 1111", "4111 1111", ""]
    assert events[-1].masked == [Masked("other", "UNCLASSIFIED", "dropped", 1)]


def test_log_probabilities_are_not_passed() -> None:
    (only,) = run(reply(), event(("logprobs", "4111"), last=True))
    again = event(("repeat:logprobs", "4111"), last=True)
    run(reply(), again)
    assert (only.deltas[0].text, again.deltas[0].text) == ("", "")


def test_padding_is_not_passed() -> None:
    (only,) = run(reply(), event(("envelope:padding", "4111")))
    assert only.deltas[0].text == ""


def test_a_signature_goes_with_the_words_it_signed() -> None:
    whole = event(("reasoning", "078-05-1120"), ("signature", "c2ln"), last=True)
    clean = event(("reasoning", "nothing"), ("signature", "c2ln"), last=True)
    run(reply(), whole)
    run(reply(), clean)
    assert [delta.text for delta in whole.deltas] == ["[US_SSN]", ""]
    assert [delta.text for delta in clean.deltas] == ["nothing", "c2ln"]


def test_what_is_blocked_is_said_and_does_not_leave() -> None:
    mask = reply(transform=Transform.BLOCK)
    first = event(("content", "see 078-05-1120"))
    assert mask.take(first) is None
    assert first.deltas[0].text == "see "
    deny = mask.take(event(("content", " .\n")))
    assert deny is not None
    assert (deny.code, deny.policy, deny.rule) == (Code.SENSITIVE_DATA, "p", "m")
    assert "US_SSN, which m of policy p blocks" in deny.message


def test_what_is_blocked_within_what_goes_on_too_long_to_be_held_stops_the_reply() -> None:
    """Its stand-in has gone out, and what belongs to it is swallowed; what is blocked in it is still found."""
    masks = [
        Mask("m", "p", frozenset({"JWT"}), Transform.REDACT),
        Mask("n", "q", frozenset({"GITHUB_TOKEN"}), Transform.BLOCK),
    ]
    side = apply(ENGINE, masks, b"k" * 32).response
    assert side is not None
    mask = ReplyMask(side, lambda field: field == "content", lambda field: False)
    text = "see eyJhbGciOiJIUzI1NiIs.eyJ" + "a" * 6000
    for at in range(0, len(text), 50):
        assert mask.take(event(("content", text[at : at + 50]))) is None
    denied = [mask.take(event(("content", piece))) for piece in (f".ghp_{'a1B2' * 9}.", "aaaa and", " more. ", "\n")]
    deny = next(one for one in denied if one is not None)
    assert (deny.policy, deny.rule) == ("q", "n")


def test_what_is_observed_stays_and_is_counted() -> None:
    events = run(reply(observe=True), event(("content", "see 078-05-")), event(("content", "1120.")), event(last=True))
    assert said(events) == "see 078-05-1120."
    assert [one for each in events for one in each.masked] == [Masked("content", "US_SSN", "us_ssn", 1, observed=True)]


def test_a_field_rule_covers_a_member_of_a_document() -> None:
    side = applied(entities=(), fields=("$.customer.ssn",)).response
    assert side is not None
    mask = ReplyMask(side, lambda field: False, lambda field: False)
    only = event(("$.customer.ssn", "anything"), ("$.customer.name", "Ada"), last=True)
    assert mask.take(only) is None
    assert [delta.text for delta in only.deltas] == ["[FIELD]", "Ada"]


def test_a_field_rule_looks_into_json_that_a_model_writes() -> None:
    side = applied(entities=(), fields=("password",)).response
    assert side is not None
    mask = ReplyMask(side, lambda field: field == "content", lambda field: False)
    events = [event(("content", piece)) for piece in ('{"pass', 'word": "hun', 'ter2"}')]
    assert said(run(mask, *events, event(last=True))) == '{"password": "[FIELD]"}'


def test_the_record_keeps_no_secret_in_a_models_name_or_finish() -> None:
    only = event(("content", "hi"), last=True, model="m 078-05-1120", finish="4111111111111111")
    run(reply(), only)
    assert (only.model, only.finish) == ("m [US_SSN]", "[CREDIT_CARD]")


def test_parts_of_a_field_are_masked_as_the_text_they_are() -> None:
    only = event(("content", "see 078-05-"), ("content", "1120 now"), ("other", "x"), last=True)
    run(reply(), only)
    assert [delta.text for delta in only.deltas] == ["see [US_SSN] now", "", "x"]


def test_parts_that_mask_alike_stay_where_they_are() -> None:
    (only,) = run(reply(), event(("content", "one 078-05-1120 "), ("content", "two"), last=True))
    assert [delta.text for delta in only.deltas] == ["one [US_SSN] ", "two"]


def test_arguments_that_are_repeated_stay_json() -> None:
    arguments = '{"card": 4111111111111111}'
    mask = reply()
    run(mask, event(("tool_call:0", arguments), ends=((0, "tool_call:0"),)))
    (done,) = run(mask, event(("repeat:tool_call:0", arguments)))
    assert done.deltas[0].text == '{"card": "[CREDIT_CARD]"}'


def test_elements_of_a_list_are_no_parts_of_one_text() -> None:
    side = applied().response
    assert side is not None
    mask = ReplyMask(side, lambda field: field.startswith("$"), lambda _: False)
    (only,) = run(mask, event(("$[*]", "078-05-1120"), ("$[*]", "9"), ("$[*]", "078-05-1120"), last=True))
    assert [delta.text for delta in only.deltas] == ["[US_SSN]", "9", "[US_SSN]"]


ENDS = {"ends": ((0, "content"),)}
STOPPED = "The reply goes on with the rest of something sensitive, of which a part was sent before."


def test_what_goes_on_after_an_end_with_the_rest_of_something_stops_the_reply() -> None:
    mask = reply()
    first = run(mask, event(("content", "see 078-05-"), **ENDS))
    assert said(first) == "see 078-05-"
    deny = mask.take(event(("content", "1120 and"), **ENDS))
    assert deny is not None
    assert (deny.code, deny.message) == (Code.SENSITIVE_DATA, STOPPED)


@pytest.mark.parametrize("step", [1, 2, 5, 40])
def test_what_goes_on_after_an_end_is_masked_behind_what_was_said(step: int) -> None:
    text = "1234567890 and 078-05-1120."
    pieces = [event(("content", text[at : at + step])) for at in range(0, len(text), step)]
    mask = reply(entities=("US_SSN", "US_BANK_NUMBER"))
    events = run(mask, event(("content", "your account is "), **ENDS), *pieces, event(**ENDS))
    assert said(events) == "your account is [US_BANK_NUMBER] and [US_SSN]."


def test_what_goes_on_after_an_end_and_was_changed_is_changed_where_it_is_repeated() -> None:
    mask = reply(entities=("US_BANK_NUMBER",))
    run(mask, event(("content", "your account is "), **ENDS), event(("content", "1234567890"), **ENDS))
    (again,) = run(mask, event(("repeat:content", "your account is "), ("repeat:content", "1234567890")))
    assert [delta.text for delta in again.deltas] == ["your account is ", "[US_BANK_NUMBER]"]


def test_a_stretch_is_masked_as_it_stands_alone_too() -> None:
    mask = reply(entities=("EMAIL_ADDRESS",))
    events = run(mask, event(("content", "a" * 80), **ENDS), event(("content", "ada@example.org"), **ENDS))
    assert said(events) == "a" * 80 + "[EMAIL_ADDRESS]"


def test_json_that_goes_on_within_a_value_stops_the_reply() -> None:
    mask = reply()
    ends = {"ends": ((0, "tool_call:0"),)}
    run(mask, event(("tool_call:0", '{"ssn": "078-05-'), **ends))
    deny = mask.take(event(("tool_call:0", '1120"}'), **ends))
    assert deny is not None
    assert deny.code is Code.UPSTREAM_INVALID


def test_json_that_goes_on_after_it_was_complete_is_another_text() -> None:
    ends = {"ends": ((0, "tool_call:0"),)}
    texts = ['{"a": 1}', '{"ssn": "078-05-1120"}']
    events = run(reply(), *(event(("tool_call:0", text), **ends) for text in texts))
    assert said(events, "tool_call:0") == '{"a": 1}{"ssn": "[US_SSN]"}'


def test_prose_goes_on_where_field_rules_look_for_json() -> None:
    mask = reply(fields=("password",))
    run(mask, event(("content", "let me see"), **ENDS), event(("content", " more"), **ENDS))
    run(mask, event(("content", " 078-05-"), **ENDS))
    assert mask.take(event(("content", "1120"), **ENDS)) is not None


def test_a_name_that_comes_in_pieces_is_one_text() -> None:
    mask = reply()
    events = run(mask, event(("tool_name:0", "look")), event(("tool_name:0", "up 078-05-")))
    assert said(events, "tool_name:0") == "lookup 078-05-"
    assert mask.take(event(("tool_name:0", "1120"))) is not None


def test_more_fields_than_can_be_kept_track_of_stop_the_reply() -> None:
    side = applied().response
    assert side is not None
    mask = ReplyMask(side, lambda _: True, lambda _: False)
    for number in range(MOST_OPEN):
        assert mask.take(event((f"$[{number}]", "x"))) is None
    deny = mask.take(event(("$[x]", "x"), ends=((0, "$[x]"),)))
    assert deny is not None
    assert deny.code is Code.UPSTREAM_INVALID


def test_an_id_that_holds_something_becomes_another_one_everywhere() -> None:
    ids = ("call_078-05-1120", "call_078-05-1121", "call_1")
    events = run(
        reply(), *(event(("envelope:id", name)) for name in ids), event(("repeat:envelope:id", "call_078-05-1121"))
    )
    assert [one.deltas[0].text for one in events] == ["call_US_SSN_1", "call_US_SSN_2", "call_1", "call_US_SSN_2"]


def test_an_id_by_which_the_provider_will_be_asked_can_not_be_changed() -> None:
    deny = reply().take(event(("envelope:id", "resp_078-05-1120"), response_id="resp_078-05-1120"))
    assert deny is not None
    assert (deny.code, deny.rule) == (Code.SENSITIVE_DATA, "mask.US_SSN")


@pytest.mark.parametrize(
    ("literal", "masked"),
    [
        ("4111111111111111", "[CREDIT_CARD]"),
        ("0.4111111111111111", "0.4111111111111111"),
        ("[4111111111111111,0.4111111111111111,7]", '["[CREDIT_CARD]",0.4111111111111111,7]'),
        ("7", "7"),
    ],
)
def test_numbers(literal: str, masked: str) -> None:
    (only,) = run(reply(), event(("number:$.n", literal), last=True))
    assert only.deltas[0].text == masked
    assert len(only.masked) == literal.count("4111111111111111") - literal.count("0.4111111111111111")


def test_a_number_that_is_blocked() -> None:
    assert reply(transform=Transform.BLOCK).take(event(("number:other", "4111111111111111"))) is not None


def test_a_field_rule_covers_a_number() -> None:
    (only,) = run(reply(entities=(), fields=("$.pin",)), event(("number:$.pin", "0.25"), last=True))
    assert only.deltas[0].text == "[FIELD]"


@pytest.mark.parametrize("field", ["$.account", "number:$.account", "other"])
def test_the_name_of_a_value_is_context(field: str) -> None:
    named = event((field, "1234567890"), name="bank account", last=True)
    nameless = event((field, "1234567890"), last=True)
    run(reply(entities=("US_BANK_NUMBER",)), named)
    run(reply(entities=("US_BANK_NUMBER",)), nameless)
    assert [one.deltas[0].text for one in (named, nameless)] == ["[US_BANK_NUMBER]", "1234567890"]


@pytest.mark.parametrize("step", [1, 4, 10])
def test_the_name_of_a_value_that_grows_is_context(step: int) -> None:
    side = applied(entities=("US_BANK_NUMBER",)).response
    assert side is not None
    mask = ReplyMask(side, lambda _: True, lambda _: False)
    text = "1234567890 and on"
    pieces = [event(("$.account", text[at : at + step]), name="account") for at in range(0, len(text), step)]
    assert said(run(mask, *pieces, event(last=True)), "$.account") == "[US_BANK_NUMBER] and on"
