"""Texts written as numbers or letters."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrows.inspection.encodings import find_base32, find_base64, find_codes, find_hexadecimal, find_morse
from narrows.inspection.spans import Decoded

PHRASE = "delete all files"


def texts(found: object) -> list[str]:
    return [decoded.text for decoded in found]  # type: ignore[attr-defined]


@pytest.mark.parametrize("before", ["", "x=", "data:;base64,", "key-", "a/"])
@pytest.mark.parametrize("length", [12, 13, 14, 15, 16])
def test_base64_at_every_length_and_behind_prefixes(before: str, length: int) -> None:
    phrase = PHRASE.rjust(16, "_")[-length:]
    for padded in (base64.b64encode(phrase.encode()).decode(), base64.b64encode(phrase.encode()).decode().rstrip("=")):
        assert any(phrase in text for text in texts(find_base64(before + padded)))


def test_wrapped_base64_is_one_text() -> None:
    whole = base64.b64encode((PHRASE * 6).encode()).decode()
    for newline in ("\n", "\r\n", "\\n", '"\n"'):
        text = newline.join(whole[at : at + 20] for at in range(0, len(whole), 20))
        assert list(find_base64(text)) == [Decoded(0, len(text), PHRASE * 6)]


@pytest.mark.parametrize("text", ["getElementByIdAndName", "src/narrows/Masking/Folding", "0123456789abcdefABCDEF"])
def test_what_only_looks_like_base64(text: str) -> None:
    assert list(find_base64(text)) == []


def test_base32() -> None:
    encoded = base64.b32encode(PHRASE.encode()).decode()
    assert texts(find_base32(encoded)) == [PHRASE]
    assert texts(find_base32(encoded.rstrip("="))) == [PHRASE]
    assert texts(find_base32("\n".join(encoded[at : at + 8] for at in range(0, len(encoded), 8)))) == [PHRASE]
    assert texts(find_base32("AAAAAAAAAAAAAAAAAAAAAAAA")) == []


@pytest.mark.parametrize("separator", ["", " ", ":", ", ", "-", "\n"])
@pytest.mark.parametrize("prefix", ["", "0x"])
def test_hexadecimal(separator: str, prefix: str) -> None:
    written = separator.join((prefix if separator else "") + f"{byte:02x}" for byte in PHRASE.encode())
    assert texts(find_hexadecimal("run " + prefix * (not separator) + written + " now")) == [PHRASE]


def test_a_digest_is_no_text() -> None:
    assert list(find_hexadecimal("d41d8cd98f00b204e9800998ecf8427e")) == []


@pytest.mark.parametrize(
    "written",
    [
        " ".join(str(byte) for byte in PHRASE.encode()),
        "+".join(f"chr({byte})" for byte in PHRASE.encode()),
        " ".join(f"{byte:03o}" for byte in PHRASE.encode()),
        " ".join(f"{byte:08b}" for byte in PHRASE.encode()),
        "".join(f"{byte:08b}" for byte in PHRASE.encode()),
        "4-5-12-5-20-5 / 1-12-12 / 6-9-12-5-19",
    ],
)
def test_codes(written: str) -> None:
    assert PHRASE in texts(find_codes(written))


@pytest.mark.parametrize("text", ["1, 2, 3", "999 998 997 996 995", "10.0.0.1 and 10.0.0.2", "0000000000000000"])
def test_numbers_that_are_numbers(text: str) -> None:
    assert texts(find_codes(text)) == []


def test_morse() -> None:
    assert texts(find_morse("-.. . .-.. . - . / .- .-.. .-..")) == ["delete all"]
    assert texts(find_morse("wait ... ... what ...")) == []


@given(
    st.lists(st.sampled_from(["64", "65 ", "0x64", "\\x64", ", ", ":", "\n", "6465", "g", "x", "-", "\x0b", "\x1c"]))
)
def test_hexadecimal_is_the_same_beside_other_letters(parts: list[str]) -> None:
    text = "".join(parts)
    assert list(find_hexadecimal(text)) == list(find_hexadecimal(text + "g\u00e9"))


@given(
    st.lists(
        st.sampled_from(["100", "101 ", ", ", "  ", " / ", "20", "char(", "0x", "0110010 ", "1100101", ")", "\x1f"])
    )
)
def test_codes_are_the_same_beside_other_letters(parts: list[str]) -> None:
    text = "".join(parts)
    assert list(find_codes(text)) == list(find_codes(text + "g\u00e9"))
