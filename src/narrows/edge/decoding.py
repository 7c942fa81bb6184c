"""Request bodies with a Content-Encoding, decoded under two caps: a size, and a ratio beyond honest JSON. Pure.

One coding, one complete stream, nothing after it: a body must have a single reading.
"""

import io
import zlib
from typing import Final

import zstandard

from narrows.edge.denials import body_too_large
from narrows.model.refusal import Code
from narrows.model.verdict import Deny

MAX_RATIO: Final = 100
FREE_SIZE: Final = 256 * 1024
"""Decoded bytes that no ratio is asked of: a short body may repeat itself."""

MAX_WINDOW: Final = 8 * 1024 * 1024
"""The window RFC 8878 §3.1.1.1.2 asks every zstd decoder to take, and no more."""

_ZLIB_WINDOWS: Final = {b"gzip": 16 + zlib.MAX_WBITS, b"x-gzip": 16 + zlib.MAX_WBITS, b"deflate": zlib.MAX_WBITS}


def supports(encoding: bytes) -> bool:
    """Whether `decode` takes this Content-Encoding."""
    coding = encoding.lower()
    return coding in _ZLIB_WINDOWS or coding in {b"zstd", b"identity", b""}


def unsupported() -> Deny:
    """A Content-Encoding that `decode` does not take."""
    return Deny(
        Code.ENCODING_UNSUPPORTED,
        "The body's Content-Encoding must be gzip, deflate or zstd.",
        param="content-encoding",
    )


def decode(data: bytes, encoding: bytes, limit: int) -> bytes | Deny:
    """The decoded body, or why not: over `limit` bytes or the ratio, damaged, or in a coding that is not taken."""
    coding = encoding.lower()
    if coding in {b"identity", b""}:
        return data
    cap = min(limit, max(FREE_SIZE, len(data) * MAX_RATIO))
    if coding == b"zstd":
        decoded = _decode_zstd(data, cap)
    elif coding in _ZLIB_WINDOWS:
        decoded = _decode_zlib(data, _ZLIB_WINDOWS[coding], cap)
    else:
        return unsupported()
    if decoded is None:
        return Deny(Code.BODY_MALFORMED, "The body can't be decoded as its Content-Encoding says.")
    return body_too_large(cap) if len(decoded) > cap else decoded


def _decode_zlib(data: bytes, window: int, cap: int) -> bytes | None:
    """At most `cap + 1` decoded bytes; None for a damaged stream."""
    decoder = zlib.decompressobj(window)
    try:
        decoded = decoder.decompress(data, cap + 1)
    except zlib.error:
        return None
    whole = decoder.eof and not decoder.unused_data
    return decoded if whole or len(decoded) > cap else None


def _decode_zstd(data: bytes, cap: int) -> bytes | None:
    """At most `cap + 1` decoded bytes; None for a damaged stream.

    The reader is bounded but hides where a frame ends; the one-shot object tells that but has no bound. So the first
    measures, and only what fits is given to the second.
    """
    decoder = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW)
    try:
        with decoder.stream_reader(io.BytesIO(data), read_across_frames=False) as reader:
            measured = _skim(reader, cap)
        if measured > cap:
            return bytes(cap + 1)
        whole = decoder.decompressobj()
        decoded = whole.decompress(data)
    except zstandard.ZstdError:
        return None
    return decoded if whole.eof and not whole.unused_data else None


def _skim(reader: zstandard.ZstdDecompressionReader, cap: int) -> int:
    size = 0
    while size <= cap and (piece := reader.read(min(1 << 18, cap + 1 - size))):
        size += len(piece)
    return size
