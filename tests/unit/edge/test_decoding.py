"""Content-Encoding under caps."""

import gzip
import random
import zlib
from collections.abc import Callable

import pytest
import zstandard

from narrows.edge.decoding import FREE_SIZE, MAX_RATIO, decode, supports
from narrows.model.refusal import Code
from narrows.model.verdict import Deny

CODINGS: list[tuple[bytes, Callable[[bytes], bytes]]] = [
    (b"gzip", gzip.compress),
    (b"x-gzip", gzip.compress),
    (b"deflate", zlib.compress),
    (b"zstd", zstandard.ZstdCompressor().compress),
    (b"ZSTD", zstandard.ZstdCompressor(write_content_size=False).compress),
]
each_coding = pytest.mark.parametrize(("coding", "encode"), CODINGS)


@each_coding
@pytest.mark.parametrize("size", [0, 1, 100_000])
def test_decodes(coding: bytes, encode: Callable[[bytes], bytes], size: int) -> None:
    data = random.Random(size).randbytes(size)
    assert supports(coding)
    assert decode(encode(data), coding, 1 << 20) == data


@each_coding
def test_the_limit_is_exact(coding: bytes, encode: Callable[[bytes], bytes]) -> None:
    data = random.Random(1).randbytes(1000)
    assert decode(encode(data), coding, 1000) == data
    outcome = decode(encode(data), coding, 999)
    assert isinstance(outcome, Deny)
    assert outcome.code is Code.BODY_TOO_LARGE


@each_coding
def test_a_bomb_is_refused(coding: bytes, encode: Callable[[bytes], bytes]) -> None:
    bomb = encode(bytes(50_000_000))
    assert len(bomb) * MAX_RATIO < 50_000_000
    outcome = decode(bomb, coding, 1 << 30)
    assert isinstance(outcome, Deny)
    assert outcome.code is Code.BODY_TOO_LARGE
    assert decode(encode(bytes(FREE_SIZE)), coding, 1 << 30) == bytes(FREE_SIZE)


@each_coding
@pytest.mark.parametrize("damage", ["cut", "more", "twice", "empty", "other"])
def test_damage_is_refused(coding: bytes, encode: Callable[[bytes], bytes], damage: str) -> None:
    good = encode(b"hello " * 50)
    data = {"cut": good[:-2], "more": good + b"x", "twice": good + good, "empty": b"", "other": b"{}" * 20}[damage]
    outcome = decode(data, coding, 1 << 20)
    assert isinstance(outcome, Deny)
    assert outcome.code is Code.BODY_MALFORMED


@pytest.mark.parametrize("coding", [b"br", b"compress", b"gzip, gzip", b"gzip,identity", b"*"])
def test_other_codings_are_refused(coding: bytes) -> None:
    assert not supports(coding)
    outcome = decode(b"x", coding, 10)
    assert isinstance(outcome, Deny)
    assert outcome.code is Code.ENCODING_UNSUPPORTED


def test_identity_is_no_coding() -> None:
    assert decode(b"x", b"Identity", 10) == b"x"
    assert decode(b"x", b"", 10) == b"x"


def test_a_window_beyond_the_standards_is_refused() -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=27, write_content_size=False)
    compressor = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    data = compressor.compress(random.Random(1).randbytes(100_000)) + compressor.flush()
    assert isinstance(decode(data, b"zstd", 1 << 20), Deny)
