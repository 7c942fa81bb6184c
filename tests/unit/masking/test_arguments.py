import json

import pytest

from narrows.masking.arguments import (
    MOST_CLEAN,
    SHOWN_KEY,
    ArgumentFinding,
    ArgumentsStream,
    MaskedArguments,
    mask_arguments,
)
from narrows.masking.fields import FieldRule, FieldRules
from narrows.masking.findings import HOLD, Finding
from narrows.masking.json_lexer import LONGEST_SCALAR
from narrows.masking.masker import Masker
from narrows.masking.plan import Plan, Rule
from narrows.model.plan import Transform
from unit.masking.samples import KEY, engine

ENGINE = engine()
MASKER = Masker(ENGINE)
CARD = "4111111111111111"
RULES = FieldRules(["password", "$.customer.ssn"])


def mask(text: str, *fields: str | FieldRule, masker: Masker = MASKER) -> MaskedArguments:
    return mask_arguments(masker, text, FieldRules(fields, key=b"k" * 32) if fields else None)


def feed(stream: ArgumentsStream, text: str, size: int = 1) -> list[str]:
    return [stream.feed(text[at : at + size]) for at in range(0, len(text), size)]


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("", ""),
        ("{ }", "{ }"),
        ('{"to": "ann.lee@example.co.uk"}', '{"to": "[EMAIL_ADDRESS]"}'),
        ('{"a": "1\\n078-05-1120\\u0041 \\/ \\u00e9"}', '{"a": "1\\n[US_SSN]\\u0041 \\/ \\u00e9"}'),
        ('{"a": "\\u0030\\u0037\\u0038-05-1120"}', '{"a": "[US_SSN]"}'),
        ('["\\ud83d\\ude00 078-05-1120 \\ud83d\\ude00"]', '["\\ud83d\\ude00 [US_SSN] \\ud83d\\ude00"]'),
        (f'{{"{CARD}": [{CARD}, 1, -{CARD}]}}', '{"[CREDIT_CARD]": ["[CREDIT_CARD]", 1, "-[CREDIT_CARD]"]}'),
        (CARD, '"[CREDIT_CARD]"'),
        (f'"{CARD}"', '"[CREDIT_CARD]"'),
        (f"[1.0, {CARD}e0 ]", '[1.0, "[CREDIT_CARD]e0" ]'),
        ('["4111 1111", "1111 1111"]', '["4111 1111", "1111 1111"]'),
        ('{"account": "12345678"}', '{"account": "[US_BANK_NUMBER]"}'),
        ('{"account": 12345678, "n": 12345678}', '{"account": "[US_BANK_NUMBER]", "n": 12345678}'),
        ('{"a": 0.4111111111111111}', '{"a": 0.4111111111111111}'),
    ],
)
def test_each_text_is_masked_by_itself(text: str, masked: str) -> None:
    assert mask(text).text == masked


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ('{"bank_account": 12345678}', '{"bank_account": "[US_BANK_NUMBER]"}'),
        ('{"bankAccount": "12345678"}', '{"bankAccount": "[US_BANK_NUMBER]"}'),
        ('{"account": {"number": 12345678}}', '{"account": {"number": "[US_BANK_NUMBER]"}}'),
        ('{"account": {"owner": {"number": 12345678}}}', '{"account": {"owner": {"number": 12345678}}}'),
        ('{"account": [[12345678]]}', '{"account": [["[US_BANK_NUMBER]"]]}'),
        ('{"account": [{"value": "12345678"}]}', '{"account": [{"value": "[US_BANK_NUMBER]"}]}'),
        ('{"\\u0061ccount": 12345678}', '{"\\u0061ccount": "[US_BANK_NUMBER]"}'),
        ('{"account": 1, "n": 12345678}', '{"account": 1, "n": 12345678}'),
        ('{"content": "12345678"}', '{"content": "12345678"}'),
    ],
)  # fmt: skip
def test_a_value_is_masked_as_what_its_name_says_it_is(text: str, masked: str) -> None:
    assert mask(text).text == masked
    pieces = ArgumentsStream(Masker(ENGINE))
    assert "".join([*map(pieces.feed, text), pieces.finish()]) == masked


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("pay 4111 1111 1111 1111 now", "pay [CREDIT_CARD] now"),
        ("4111 1111 1111 1111 now", "[CREDIT_CARD] now"),
        ('{"card": 4111 1111 1111 1111}', '{"card": [CREDIT_CARD]}'),
        ("{'ssn': '078-05-1120'}", "{'ssn': '[US_SSN]'}"),
        ('{"a": NaN, "b": "078-05-1120"}', '{"a": NaN, "b": "[US_SSN]"}'),
        ('{"a": 1} ssn \\u0030\\u0037\\u0038-05-1120', '{"a": 1} ssn [US_SSN]'),
        ('{"a": 1}\n{"b": "\\u003078-05-1120"}', '{"a": 1}\n{"b": "[US_SSN]"}'),
        ('{"a": "078-05-1120', '{"a": "[US_SSN]'),
        ('{"a": 078-05-1120}', '{"a": [US_SSN]}'),
        ("[078-05-1120, 2]", "[[US_SSN], 2]"),
        ("[US_BANK_NUMBER] 87654321", "[US_BANK_NUMBER] 87654321"),
    ],
)
def test_what_is_no_json_is_masked_as_one_text(text: str, masked: str) -> None:
    result = mask(text)
    assert result.text == masked
    assert mask(masked).text == masked


def test_a_finding_says_in_which_value_or_key_it_is() -> None:
    found = mask(f'{{"a b": [0, {{"x": "ssn 078-05-1120"}}], "{CARD}": {CARD}, "n": x 078-05-1120}}').findings
    ssn = Finding(4, 15, "US_SSN", "us_ssn", 1.0, Transform.REDACT)
    card = Finding(0, 16, "CREDIT_CARD", "credit_card", 0.9, Transform.REDACT)
    rest = Finding(2, 13, "US_SSN", "us_ssn", 1.0, Transform.REDACT)
    assert found == (
        ArgumentFinding("$['a b'][1].x", ssn),
        ArgumentFinding("$['[CREDIT_CARD]']", card, in_key=True),
        ArgumentFinding("$['[CREDIT_CARD]']", card),
        ArgumentFinding("$", rest),
    )


def test_a_path_shows_only_so_much_of_a_key() -> None:
    (found,) = mask(json.dumps({"k" * 5000: CARD})).findings
    assert found.path == "$['" + "k" * SHOWN_KEY + "…']"


def test_places_count_decoded_characters() -> None:
    text = '["\\ud83d\\ude00\\n078-05-1120"]'
    (found,) = mask(text).findings
    assert json.loads(text)[0][found.finding.start : found.finding.end] == "078-05-1120"


@pytest.mark.parametrize("transform", list(Transform))
def test_stand_ins_of_every_transform_leave_the_spelling_around_them(transform: Transform) -> None:
    masker = Masker(ENGINE, Plan((Rule(None, transform),), b"k" * 32))
    text = f'["\\u0041 {CARD} \\u0042 078-05-1120\\n\\u0043"]'
    masked = mask(text, masker=masker)
    assert masked.text.startswith('["\\u0041 ')
    assert " \\u0042 " in masked.text
    assert masked.text.endswith('\\n\\u0043"]')
    assert json.loads(masked.text) == [masker.mask(json.loads(text)[0]).text]
    assert masked.blocked is (transform is Transform.BLOCK)


def test_covered_values_are_masked_whole() -> None:
    text = (
        '{"Password": "\\u0041b", "customer": {"ssn": 1, "name": "x", "a": {"ssn": "y"}}, '
        '"list": [{"password": {"a": [true, null, "", -1.5e3], "b": {}}}], "n": 2}'
    )
    masked = mask_arguments(MASKER, text, RULES)
    assert json.loads(masked.text) == {
        "Password": "[FIELD]",
        "customer": {"ssn": "[FIELD]", "name": "x", "a": {"ssn": "y"}},
        "list": [{"password": {"a": ["[FIELD]", None, "", "[FIELD]"], "b": {}}}],
        "n": 2,
    }
    assert [(one.path, one.finding.detector, one.finding.end) for one in masked.findings] == [
        ("$.Password", "password", 2),
        ("$.customer.ssn", "$.customer.ssn", 1),
        ("$.list[0].password.a[0]", "password", 4),
        ("$.list[0].password.a[3]", "password", 6),
    ]
    assert mask_arguments(MASKER, masked.text, RULES).text == masked.text


def test_a_name_is_the_decoded_one_of_any_length() -> None:
    assert mask('{"p\\u0061ssword": "x"}', "password").text == '{"p\\u0061ssword": "[FIELD]"}'
    long = "password" + "x" * 3000
    assert mask(f'{{"{long}": "x"}}', "password").text == f'{{"{long}": "x"}}'


def test_a_name_may_come_in_pieces() -> None:
    stream = ArgumentsStream(MASKER, RULES)
    sent = "".join(feed(stream, '{"pass\\u0077ord": "x", "customer": {"ssn": [12]}}'))
    assert sent + stream.finish() == '{"pass\\u0077ord": "[FIELD]", "customer": {"ssn": ["[FIELD]"]}}'


def test_covered_values_take_the_rules_transform() -> None:
    text = f'{{"a": "1234567890", "b": 1234567890, "c": "{"x" * 2 * HOLD}", "d": "y"}}'
    rules = [FieldRule(name, Transform.PARTIAL) for name in "abc"]
    masked = mask(text, *rules, FieldRule("d", Transform.BLOCK))
    assert json.loads(masked.text) == {"a": "********7890", "b": "********7890", "c": "[FIELD]", "d": "[FIELD]"}
    assert masked.blocked
    assert not mask(text, *rules).blocked


def test_a_number_that_is_clean_in_one_place_is_masked_where_a_rule_covers_it() -> None:
    assert mask('{"a": 7, "b": 7, "c": 7}', "b").text == '{"a": 7, "b": "[FIELD]", "c": 7}'
    many = list(range(MOST_CLEAN + 50))
    stream = ArgumentsStream(MASKER)
    assert json.loads(stream.finish(json.dumps([*many, int(CARD), *many]))) == [*many, "[CREDIT_CARD]", *many]
    assert len(stream._clean) == MOST_CLEAN


def test_keys_below_a_covered_member_are_scanned() -> None:
    assert mask(f'{{"a": {{"{CARD}": 1, "k": 2}}}}', "a").text == '{"a": {"[CREDIT_CARD]": "[FIELD]", "k": "[FIELD]"}}'


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ('{"password": hunter2, "a": 1}', '{"password": [FIELD]'),
        ('{a: 1, "password": "hunter2"}', "{[FIELD]"),
        ('[{"x": 1}, {"x": 1 password: hunter2}]', '[{"x": 1}, {"x": [FIELD]'),
        ("[link](http) of hunter2", "[link](http) of hunter2"),
        ("no JSON, hunter2", "no JSON, hunter2"),
        ('{"x": 1} and hunter2', '{"x": 1} and hunter2'),
        ('{"x": 1}\n{"password": "hunter2"}', '{"x": 1}\n{"password": "[FIELD]"}'),
        ('{"password": "hunt', '{"password": "[FIELD]'),
    ],
)
def test_an_object_that_breaks_under_field_rules_is_masked_to_its_end(text: str, masked: str) -> None:
    assert mask_arguments(MASKER, text, RULES).text == masked
    assert mask_arguments(MASKER, masked, RULES).text == masked


def test_structure_and_words_go_out_as_they_come() -> None:
    stream = ArgumentsStream(MASKER)
    pieces = ['{"to', '": [', '"plain wo', "rds go", ' on", 12', ", "]
    assert [stream.feed(piece) for piece in pieces] == ['{"', 'to": ', '["plain ', "words ", 'go on", ', "12, "]
    assert stream.feed("true ") == ""
    assert stream.feed("]") == "true ]"
    assert stream.finish() == ""


def test_a_number_waits_for_what_follows() -> None:
    stream = ArgumentsStream(MASKER)
    assert "".join(feed(stream, f'{{"card": {CARD} ')) == '{"card": '
    assert stream.feed("}") == '"[CREDIT_CARD]" }'


def test_a_stream_that_is_dropped_puts_nothing_more_out() -> None:
    stream = ArgumentsStream(MASKER)
    assert "".join(feed(stream, '{"a": "card 4111 1111 1111 11')) == '{"a": "card '
    assert stream.findings == []


def test_a_block_is_told_while_the_stream_runs() -> None:
    stream = ArgumentsStream(Masker(ENGINE, Plan((Rule(None, Transform.BLOCK),))))
    stream.feed('{"a": "078-05-1120, and')
    assert stream.blocked
    assert [one.path for one in stream.findings] == ["$.a"]
    stream.feed('", "b": "')
    assert stream.blocked
    stream = ArgumentsStream(MASKER, FieldRules([FieldRule("a", Transform.BLOCK)]))
    stream.feed('{"a": "' + "x" * 100)
    assert stream.blocked


def test_a_key_with_a_finding_is_told_while_it_runs() -> None:
    stream = ArgumentsStream(MASKER)
    stream.feed('{"a": 1, "ssn 078-05-1120, and')
    assert [(one.path, one.in_key) for one in stream.findings] == [("$['ssn [US_SSN], ']", True)]


def test_a_finding_beyond_the_hold_keeps_the_spelling_behind_it() -> None:
    pem = f"-----BEGIN RSA PRIVATE {KEY}\\n" + "MIIabc\\u0064efgh\\n" * 2000 + f"-----END RSA PRIVATE {KEY}"
    text = f'{{"key": "see\\n{pem}\\n\\u0062ye", "n": 1}}'
    stream, sent, most = ArgumentsStream(MASKER), "", 0
    for at in range(0, len(text), 13):
        sent += stream.feed(text[at : at + 13])
        most = max(most, len(stream._text._escapes) if stream._text else 0)
    assert sent + stream.finish() == '{"key": "see\\n[PRIVATE_KEY]\\n\\u0062ye", "n": 1}'
    assert most < HOLD
    assert mask(text).text == sent


def test_what_is_held_is_bounded() -> None:
    stream = ArgumentsStream(MASKER, RULES)
    for begin in ('{"', '": "', '", "password": "', '", "n": ', '{"deeper": ['):
        stream.feed(begin)
        for _ in range(60):
            stream.feed("\\u0031x\\n" * 20)
        held = stream._text
        assert held is not None
        assert len(held._escapes) < 2 * HOLD
        assert len(stream._lexer._held) <= LONGEST_SCALAR
    assert all(len(level.key) <= 1025 and len(level.shown) <= SHOWN_KEY + 1 for level in stream._levels)


@pytest.mark.parametrize(
    ("text", "complete", "in_object"),
    [('{"a": [1]} ', True, False), ('{"a": [1', False, True), ('{"a" 1', False, True), ('["a', False, False)],
)
def test_it_says_how_far_the_text_came(text: str, complete: bool, in_object: bool) -> None:
    stream = ArgumentsStream(MASKER)
    stream.finish(text)
    assert (stream.complete, stream.in_object) == (complete, in_object)
