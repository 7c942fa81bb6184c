"""Characters written as escapes."""

# ruff: noqa: RUF001 - look-alikes are what this is about

import pytest

from narrows.inspection.escapes import unescape


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("%64%65lete", "delete"),
        ("%D1%83+x", "у x"),
        ("%ff", "ÿ"),
        ("\\u0064\\u0065", "de"),
        ("%u0064", "d"),
        ("\\\\u0064", "d"),
        ("\\ud83d\\ude00", "😀"),
        ("\\u{64}", "d"),
        ("\\U00000064", "d"),
        ("U+0064 U+0065", "de"),
        ("\\x64\\xc3\\xa9", "dé"),
        ("\\144\\145", "de"),
        ("\\000064 e", "de"),
        ("&#100;&#x65;&eacute;", "deé"),
        ("&#100&#101", "de"),
        ("=64=65=\nx", "dex"),
        ("+AGQAZQ-x", "dex"),
    ],
)
def test_each_form(written: str, plain: str) -> None:
    assert unescape(written) == plain


@pytest.mark.parametrize(
    "text", ["100% sure", "a & b", "&nosuchname;", "&#9999999;", "\\u{110000}", "a=b", "1 + 2", "&#0;"]
)
def test_what_is_no_escape_stays(text: str) -> None:
    assert unescape(text) == text


def test_a_number_without_end_does_no_harm() -> None:
    assert unescape("&#" + "1" * 100_000 + ";").startswith("&#")
