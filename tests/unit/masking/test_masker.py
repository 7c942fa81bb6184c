# ruff: noqa: RUF001 — letters that look alike are what this is about
import pytest

from narrows.masking.findings import Finding
from narrows.masking.masker import Masker
from narrows.masking.plan import Plan, Rule
from narrows.model.plan import Transform
from unit.masking.samples import engine

ENGINE = engine()
MASKER = Masker(ENGINE)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("", ""),
        ("nothing here", "nothing here"),
        ("ssn 078-05-1120.", "ssn [US_SSN]."),
        ("４１１１\u200b1111 1111 1111 ok", "[CREDIT_CARD] ok"),
        ("password: hunter22", "password: [PASSWORD]"),
        ("口座 1234567890。", "口座 [US_BANK_NUMBER]。"),
        ("Blue Falcon", "[PROJECT]"),
        ("a\u200b078-05-1120\u200bb", "a\u200b078-05-1120\u200bb"),
        (" 078-05-1120\u200b\u200b", " [US_SSN]\u200b\u200b"),
        ("\x01078-05-1120", "\x01[US_SSN]"),
        ("see [US_SSN]078-05-1120", "see [US_SSN]078-05-1120"),
        ("see [TODO]078-05-1120", "see [TODO][US_SSN]"),
    ],
)
def test_a_text_is_masked(text: str, masked: str) -> None:
    assert MASKER.mask(text).text == masked


def test_a_finding_says_where_in_the_source_and_what() -> None:
    findings = MASKER.mask("a ﬁ ４１１１ 1111 1111 1111").findings
    assert findings == (Finding(4, 23, "CREDIT_CARD", "credit_card", 0.9, Transform.REDACT),)


def test_overlapping_findings_are_one() -> None:
    masked = MASKER.mask("pwd: 4111111111111111ab ")
    assert masked.text == "pwd: [CREDIT_CARD] "
    assert [(one.start, one.end, one.entity) for one in masked.findings] == [(5, 23, "CREDIT_CARD")]


@pytest.mark.parametrize("transform", list(Transform))
def test_every_transform_hides_the_value_and_is_left_alone_by_a_second_pass(transform: Transform) -> None:
    masker = Masker(ENGINE, Plan((Rule(None, transform),), key=b"k" * 32))
    text = "card 4111 1111 1111 1111 9999, ssn 078-05-1120 ghp_" + "a1B2" * 9 + "123-45-6789 account 12345678"
    masked = masker.mask(text)
    assert not any(text[one.start : one.end] in masked.text for one in masked.findings)
    assert masker.mask(masked.text).text == masked.text


def test_a_keyword_in_a_stand_in_is_no_keyword() -> None:
    text = "account 12345678" + " " * 25 + "87654321"
    masked = MASKER.mask(text).text
    assert MASKER.mask(masked).text == masked


def test_what_stands_before_a_text_decides_and_never_goes_out() -> None:
    masker = Masker(ENGINE)
    assert masker.mask("12345678").text == "12345678"
    masked = masker.mask("12345678", "account: ")
    assert masked.text == "[US_BANK_NUMBER]"
    assert [(finding.start, finding.end) for finding in masked.findings] == [(0, 8)]
    stream = masker.stream("account: ")
    assert stream.feed("1234") == ""
    assert stream.feed("5678 and ") + stream.finish() == "[US_BANK_NUMBER] and "


def test_nothing_is_found_that_begins_before_a_text() -> None:
    assert Masker(ENGINE).mask("1111 1111", "4111 1111 ").text == "1111 1111"
    assert Masker(ENGINE).mask("", "078-05-1120").findings == ()


def test_a_stand_in_before_a_text_says_nothing() -> None:
    assert Masker(ENGINE).mask("12345678", "account [US_SSN]: ").text == "12345678"
