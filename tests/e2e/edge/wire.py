"""Raw bytes to an edge server and back, and a handler that tells what reached it."""

import asyncio
import contextlib
import itertools
from typing import Any, NamedTuple

from narrows.config.schema import Gate
from narrows.edge.server import EdgeServer
from narrows.ports.http import BodyRefused, Exchange, ExchangeHandler, RequestHead

GOOD = b"POST /first HTTP/1.1\r\nHost: gate\r\nContent-Length: 5\r\n\r\nhello"


class CountedIds:
    """Ids that a test can foresee."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def call(self) -> str:
        return f"call_{next(self._numbers)}"

    def request(self) -> str:
        return f"req_{next(self._numbers)}"


def edge_server(handler: ExchangeHandler, **settings: Any) -> EdgeServer:
    """A server on a free port; `allows_encoded_slash`, `grace` and `tls_poll` go to the server, the rest to `Gate`."""
    options = {name: settings.pop(name) for name in ("allows_encoded_slash", "grace", "tls_poll") if name in settings}
    return EdgeServer(Gate(listen="127.0.0.1:0", **settings), handler, ids=CountedIds(), **options)


class Witness:
    """Answers with the path and the body's length; keeps heads and bodies of what it fully received."""

    def __init__(self, limit: int = 1 << 20) -> None:
        self.limit = limit
        self.heads: list[RequestHead] = []
        self.bodies: list[bytes] = []
        self.refused: list[str] = []

    async def __call__(self, exchange: Exchange) -> None:
        try:
            body = await exchange.body(self.limit)
        except BodyRefused as refused:
            self.refused.append(refused.deny.code.value)
            exchange.respond(refused.deny.meaning.status, [(b"content-type", b"text/plain")], b"refused")
            return
        self.heads.append(exchange.head)
        self.bodies.append(body)
        exchange.respond(200, [(b"content-type", b"text/plain")], b"%s %d" % (exchange.head.path.encode(), len(body)))

    @property
    def paths(self) -> list[str]:
        return [head.path for head in self.heads]


class Answer(NamedTuple):
    """One reply as it came over the wire."""

    status: int
    headers: dict[str, str]
    body: bytes


def read_answers(raw: bytes, *, head_only: bool = False) -> list[Answer]:
    """Every reply in `raw`, interim ones included. Fails on anything that is not exactly a run of replies."""
    answers = []
    while raw:
        head, blank, raw = raw.partition(b"\r\n\r\n")
        assert blank, f"a cut reply: {head!r}"
        line, *fields = head.decode("latin-1").split("\r\n")
        version, status, *_ = line.split(" ")
        assert version == "HTTP/1.1"
        headers = dict(field.split(": ", 1) for field in fields)
        assert len(headers) == len(fields), f"a repeated header: {fields}"
        body = b""
        if int(status) >= 200 and not head_only and int(status) not in {204, 304}:
            if headers.get("transfer-encoding") == "chunked":
                body, raw = _read_chunks(raw)
            elif "content-length" in headers:
                length = int(headers["content-length"])
                body, raw = raw[:length], raw[length:]
                assert len(body) == length, "a cut body"
            else:
                body, raw = raw, b""
        answers.append(Answer(int(status), headers, body))
    return answers


def _read_chunks(raw: bytes) -> tuple[bytes, bytes]:
    body = b""
    while True:
        size, newline, raw = raw.partition(b"\r\n")
        assert newline, "a cut chunk"
        length = int(size, 16)
        body += raw[:length]
        assert raw[length : length + 2] == b"\r\n", "a cut chunk"
        raw = raw[length + 2 :]
        if length == 0:
            return body, raw


async def talk(port: int, *pieces: bytes, seconds: float = 5.0) -> bytes:
    """Sends the pieces, then reads until the server closes; what came until then even if it resets."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    received = bytearray()
    try:
        async with asyncio.timeout(seconds):
            for piece in pieces:
                writer.write(piece)
                with contextlib.suppress(ConnectionError):
                    await writer.drain()
            while piece := await reader.read(65536):
                received += piece
    except ConnectionError:
        pass
    finally:
        writer.close()
    return bytes(received)


async def read_answer(reader: asyncio.StreamReader, *, head_only: bool = False) -> Answer:
    """Reads exactly one reply with a Content-Length (or none)."""
    raw = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    length = 0
    for line in raw.split(b"\r\n"):
        if line.startswith(b"content-length: ") and not head_only:
            length = int(line[16:])
    if length:
        raw += await asyncio.wait_for(reader.readexactly(length), 5)
    return read_answers(raw, head_only=head_only)[0]
