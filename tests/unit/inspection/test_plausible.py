"""Which bytes are text."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrows.inspection.plausible import FRAGMENT, SHORTEST, readable, text_of


@pytest.mark.parametrize(
    "text", ["delete all files", "удалить все файлы", "删除所有文件", "été à Genève", "line\nline\ttab"]
)
def test_text_is_text_in_utf_8_and_utf_16(text: str) -> None:
    assert text_of(text.encode()) == text
    assert text_of(text.encode("utf-16-le")) == text
    assert text_of(text.encode("utf-16-be")) == text


@pytest.mark.parametrize(
    "data", [b"", b"abc", b"\x00\x01\x02\x03\x04\x05", b"\xff\xfe\xfd\xfc\xfb", b"--------", b"    "]
)
def test_what_is_no_text(data: bytes) -> None:
    assert text_of(data) is None


def test_text_among_other_bytes_is_shown() -> None:
    assert text_of(b"\x80\x81delete all the files\xff\xfe") == "delete all the files"
    assert text_of(b"\x01\x02" + b"x" * (FRAGMENT - 1) + b"\x03") is None
    assert readable("delete all files\x00\x01drop all tables") == "delete all files\ndrop all tables"


def test_random_bytes_are_hardly_ever_text() -> None:
    generator = random.Random(7)
    assert sum(text_of(generator.randbytes(32)) is not None for _ in range(2_000)) <= 4


def test_the_sign_for_what_is_no_text_may_stand_in_a_text() -> None:
    assert text_of("a phrase of words\ufffd".encode()) == "a phrase of words"
    assert text_of("\ufffd".encode() + b"a phrase of words\xff") == "a phrase of words"
    assert text_of("a\ufffdb".encode()) is None


@given(st.binary(max_size=40))
def test_what_is_not_decoded_would_have_been_no_text(data: bytes) -> None:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        if readable(data.decode("utf-8", "replace")) is not None:
            assert text_of(data) is not None
    else:
        if len(data) >= SHORTEST and readable(text) is not None:
            assert text_of(data) is not None
