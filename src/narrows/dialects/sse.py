"""Framing of event streams: server-sent events (WHATWG HTML §9.2) and newline-delimited JSON.

Owns: line ends (LF, CRLF, CR, split anywhere), the byte order mark, comments, fields, multi-line data, and the cap on
what is buffered. Knows nothing of what the data means; `id` and `retry` are for reconnecting, which replies never do.
"""

from typing import Final

from narrows.ports.dialect import ReplyInvalid

MAX_FRAME: Final = 8 * 1024 * 1024
"""Bytes of one event; an upstream that sends more is not sending events."""

Frame = tuple[str | None, bytes]
"""The event's name, if it has one, and its data."""

_BOM: Final = b"\xef\xbb\xbf"


class SseDecoder:
    """Bytes in, frames out, whatever the split. Work is linear in the bytes, however small the pieces."""

    __slots__ = ("_after_cr", "_fresh", "_limit", "_parts", "_size")

    def __init__(self, limit: int = MAX_FRAME) -> None:
        self._parts: list[bytes] = []
        self._size = 0
        self._limit = limit
        self._after_cr = False
        self._fresh = True

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that `data` completes. Raises ReplyInvalid when one grows beyond the limit."""
        parts = self._parts
        if self._after_cr or b"\r" in data:
            data = self._normalised(data)
        elif not parts and data.find(b"\n") == len(data) - 2 and data.startswith(b"data: ") and data.endswith(b"\n\n"):
            # What nearly every server sends: one whole event of one line.
            self._fresh = False
            return [(None, data[6:-2])]
        if parts:
            if b"\n\n" not in data and not (data.startswith(b"\n") and parts[-1].endswith(b"\n")):
                self._keep(data)
                return []
            parts.append(data)
            data = b"".join(parts)
            parts.clear()
            self._size = 0
        blocks = data.split(b"\n\n")
        rest = blocks.pop()
        if rest:
            self._keep(rest)
        return [frame for frame in map(self._frame, blocks) if frame is not None]

    def close(self) -> list[Frame]:
        """What stands after the last blank line: some servers leave the final one out."""
        rest = b"".join(self._parts)
        self._parts.clear()
        frame = self._frame(rest)
        return [] if frame is None else [frame]

    def _keep(self, data: bytes) -> None:
        if data:
            self._parts.append(data)
            self._size += len(data)
            if self._size > self._limit:
                raise ReplyInvalid(f"an event of the stream is larger than {self._limit} bytes")

    def _normalised(self, data: bytes) -> bytes:
        """Line ends as LF; the LF of a CRLF that was split is dropped when it arrives."""
        if self._after_cr and data.startswith(b"\n"):
            data = data[1:]
            self._after_cr = False
        if data:
            self._after_cr = data.endswith(b"\r")
        return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _frame(self, block: bytes) -> Frame | None:
        if self._fresh:
            self._fresh = False
            block = block.removeprefix(_BOM)
        if block.startswith(b"data: ") and b"\n" not in block:
            return None, block[6:]
        return _fields(block)


def _fields(block: bytes) -> Frame | None:
    """Reads a block line by line; None if it holds no data (comments, keep-alives)."""
    name: bytes | None = None
    data: list[bytes] = []
    for line in block.split(b"\n"):
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            data.append(value)
        elif field == b"event":
            name = value
    if not data:
        return None
    return (name.decode("utf-8", "replace") or None if name is not None else None), b"\n".join(data)


class LineDecoder:
    """Newline-delimited JSON: one document a line, empty lines skipped."""

    __slots__ = ("_limit", "_parts", "_size")

    def __init__(self, limit: int = MAX_FRAME) -> None:
        self._parts: list[bytes] = []
        self._size = 0
        self._limit = limit

    def feed(self, data: bytes) -> list[Frame]:
        """The lines that `data` completes. Raises ReplyInvalid when one grows beyond the limit."""
        if b"\n" in data:
            lines = b"".join((*self._parts, data)).split(b"\n")
            self._parts.clear()
            self._size = 0
            data = lines.pop()
        else:
            lines = []
        if data:
            self._parts.append(data)
            self._size += len(data)
            if self._size > self._limit:
                raise ReplyInvalid(f"a line of the stream is larger than {self._limit} bytes")
        return [(None, line) for line in lines if not line.isspace() and line]

    def close(self) -> list[Frame]:
        """The last line, if nothing ended it."""
        rest = b"".join(self._parts)
        self._parts.clear()
        return [(None, rest)] if rest.strip() else []


def encode(name: str | None, data: bytes) -> bytes:
    """One event. `data` is JSON as msgspec writes it, so it holds no line end."""
    if name is None:
        return b"data: %b\n\n" % data
    return b"event: %b\ndata: %b\n\n" % (" ".join(name.split()).encode("utf-8", "replace"), data)
