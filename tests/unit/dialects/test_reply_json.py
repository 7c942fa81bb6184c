"""Replies are mended where text is broken and refused where they are not JSON."""

import msgspec
import pytest

from narrows.dialects.reply_json import decode, decode_object
from narrows.ports.dialect import ReplyInvalid


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b'{"a":"\xe2\x82"}', "�"),
        (b'{"a":"x\xffy"}', "x�y"),
        (b'{"a":"\\ud83d"}', "�"),
        (b'{"a":"\\ud83d\\ude00 \xff"}', "😀 �"),
        (b'\xef\xbb\xbf{"a":"ok"}', "ok"),
    ],
)
def test_broken_text_is_mended(data: bytes, text: str) -> None:
    tree = decode(data)
    assert tree == {"a": text}
    assert msgspec.json.decode(msgspec.json.encode(tree)) == tree


def test_figures_survive_mending() -> None:
    tree = decode(b'{"n":7,"big":1E400,"s":"\xff"}')
    assert tree["n"] == 7
    assert b"1E400" in msgspec.json.encode(tree)


def test_the_last_of_two_keys_is_what_everyone_sees() -> None:
    assert msgspec.json.encode(decode(b'{"a":1,"a":2}')) == b'{"a":2}'


@pytest.mark.parametrize("data", [b"", b"<html>", b'{"a":', b'{"a":NaN}', b"{}{}", b"[" * 100_000, b'{"a":"\xff'])
def test_garbage(data: bytes) -> None:
    with pytest.raises(ReplyInvalid, match="not JSON"):
        decode(data)


def test_only_objects() -> None:
    with pytest.raises(ReplyInvalid, match="not an object"):
        decode_object(b"[1]")
