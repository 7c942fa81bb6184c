"""Gzip in bounded steps."""

import gzip
import zlib

import pytest

from narrows.upstream.encoding import FREE, DecodingFailed, Gunzip


def decode(*pieces: bytes, step: int = 65536) -> bytes:
    gunzip = Gunzip()
    decoded = b""
    for piece in pieces:
        gunzip.feed(piece)
        while more := gunzip.more(step):
            assert len(more) <= step
            decoded += more
    gunzip.finish()
    return decoded


@pytest.mark.parametrize("step", [1, 7, 65536])
def test_any_split_gives_the_same_text(step: int) -> None:
    text = bytes(range(256)) * 20
    packed = gzip.compress(text)
    assert decode(packed, step=step) == text
    assert decode(*(packed[at : at + 1] for at in range(len(packed))), step=step) == text


def test_a_flushed_piece_can_be_read_before_the_end() -> None:
    packer = zlib.compressobj(wbits=31)
    gunzip = Gunzip()
    gunzip.feed(packer.compress(b"data: 1\n\n") + packer.flush(zlib.Z_SYNC_FLUSH))
    assert gunzip.more(65536) == b"data: 1\n\n"
    assert gunzip.more(65536) == b""


def test_nothing_at_all_is_no_gzip_stream() -> None:
    with pytest.raises(DecodingFailed, match="cut off"):
        decode(b"")


def test_a_stream_that_is_cut_off() -> None:
    with pytest.raises(DecodingFailed, match="cut off"):
        decode(gzip.compress(b"hello" * 100)[:-9])


def test_garbage() -> None:
    with pytest.raises(DecodingFailed, match="not the gzip stream"):
        decode(b"no gzip at all")


@pytest.mark.parametrize("split", [False, True])
def test_bytes_behind_the_end(split: bool) -> None:
    packed = gzip.compress(b"hello")
    with pytest.raises(DecodingFailed, match="follow the end"):
        decode(*((packed, b"more") if split else (packed + b"more",)))


def test_a_bomb_stops_early() -> None:
    bomb = gzip.compress(bytes(64 * FREE))
    gunzip = Gunzip()
    gunzip.feed(bomb)
    decoded = 0
    refused = False
    while not refused:
        try:
            decoded += len(gunzip.more(65536))
        except DecodingFailed as error:
            refused = "expands too much" in str(error)
    assert decoded < 8 * FREE


def test_a_short_repetitive_text_is_no_bomb() -> None:
    assert len(decode(gzip.compress(bytes(FREE)))) == FREE
