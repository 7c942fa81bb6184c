"""Decoding of a compressed reply in bounded steps.

The gate asks for `identity`; some servers compress all the same. A reply is decoded only as fast as it is read, and one
that expands beyond reason is refused, so that a small reply can't fill the memory or the time of the gate.
"""

import zlib
from typing import Final

GZIP: Final = frozenset({b"gzip", b"x-gzip"})

RATIO_LIMIT: Final = 100
"""Decoded bytes for each compressed one. Real JSON and event streams stay far below."""

FREE: Final = 1024 * 1024
"""Decoded bytes before the ratio counts: short repetitive replies are harmless."""


class DecodingFailed(Exception):
    """The body is not what its content encoding says, or expands too much."""


class Gunzip:
    """One gzip body. `feed` compressed bytes, then call `more` until it gives nothing."""

    __slots__ = ("_compressed", "_decoded", "_inflate", "_rest")

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(16 + zlib.MAX_WBITS)
        self._rest = b""
        self._compressed = 0
        self._decoded = 0

    def feed(self, data: bytes) -> None:
        """Takes compressed bytes. Raises DecodingFailed when they stand behind the end of the gzip stream."""
        self._compressed += len(data)
        self._rest = self._rest + data if self._rest else data
        if self._inflate.eof:
            raise DecodingFailed("bytes follow the end of its gzip stream")

    def more(self, limit: int) -> bytes:
        """At most `limit` decoded bytes; `b""` when it needs more input. Raises DecodingFailed."""
        if self._inflate.eof:
            return b""
        try:
            decoded = self._inflate.decompress(self._rest, limit)
        except zlib.error:
            raise DecodingFailed("it is not the gzip stream it claims to be") from None
        self._rest = self._inflate.unconsumed_tail
        self._decoded += len(decoded)
        if self._inflate.unused_data:
            raise DecodingFailed("bytes follow the end of its gzip stream")
        if self._decoded > FREE and self._decoded > RATIO_LIMIT * self._compressed:
            raise DecodingFailed("it expands too much")
        return decoded

    def finish(self) -> None:
        """The compressed body has ended. Raises DecodingFailed if the gzip stream has not."""
        if not self._inflate.eof:
            raise DecodingFailed("its gzip stream is cut off")
