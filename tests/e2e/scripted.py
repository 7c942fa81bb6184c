"""An upstream that misbehaves on demand: the model's name in the request says how. It keeps what it was sent.

It speaks raw bytes in a thread of its own, because no HTTP server would send what it sends.
"""

import asyncio
import json
import re
import ssl
import threading
from collections.abc import Awaitable, Callable
from typing import NamedTuple, cast

Behaviour = Callable[["Seen", "Connection"], Awaitable[None]]


class Seen(NamedTuple):
    """One request as it arrived."""

    head: str
    body: bytes

    @property
    def model(self) -> str:
        return str(json.loads(self.body).get("model", "")) if self.body else ""

    @property
    def dialect(self) -> str:
        return "anthropic" if "/messages" in self.head.split("\r\n", 1)[0] else "openai"


def reply(model: str, text: str = "Hello from upstream.") -> bytes:
    """A chat completion."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12}
    body = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": model, "choices": [choice]}
    return json.dumps({**body, "usage": usage}).encode()


def event(model: str, text: str, finish: str | None = None) -> bytes:
    """One event of a streamed chat completion."""
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    body = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": model, "choices": [choice]}
    return b"data: " + json.dumps(body).encode() + b"\n\n"


def whole(body: bytes, status: str = "200 OK", headers: str = "") -> bytes:
    """A complete response."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    return head.encode() + body


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
DONE = chunk(b"data: [DONE]\n\n") + b"0\r\n\r\n"


def sends(*pieces: bytes, close: bool = False) -> Behaviour:
    """Sends these bytes as they are, then perhaps closes."""

    async def behave(seen: Seen, writer: "Connection") -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        if close:
            writer.close()

    return behave


async def answers(seen: Seen, writer: "Connection") -> None:
    """A proper answer, streamed if the caller asked for that; the text repeats the last prompt."""
    request = json.loads(seen.body)
    if not request.get("stream"):
        writer.write(whole(reply(seen.model)))
        return
    writer.write(STREAM)
    for word in ("Hello ", "from ", "upstream."):
        writer.write(chunk(event(seen.model, word)))
    writer.write(chunk(event(seen.model, "", "stop")))
    if request.get("stream_options", {}).get("include_usage"):
        usage = {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12}
        last = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": seen.model, "choices": []}
        writer.write(chunk(b"data: " + json.dumps({**last, "usage": usage}).encode() + b"\n\n"))
    writer.write(DONE)


async def lists(seen: Seen, writer: "Connection") -> None:
    """The list of models, or the one that is named: every behaviour is one."""
    models = {name: {"id": name, "object": "model", "created": 1, "owned_by": "scripted"} for name in BEHAVIOURS}
    _, slash, name = seen.head.split(" ")[1].partition("/models/")
    body = models.get(name) if slash else {"object": "list", "data": list(models.values())}
    writer.write(
        whole(b'{"error":{"message":"no such model"}}', "404 Not Found")
        if body is None
        else whole(json.dumps(body).encode())
    )


async def silent(seen: Seen, writer: "Connection") -> None:
    """Never answers."""
    await asyncio.sleep(3600)


async def stalls(seen: Seen, writer: "Connection") -> None:
    """Begins a stream and then says nothing more."""
    writer.write(STREAM + chunk(event(seen.model, "one ")))
    await asyncio.sleep(3600)


async def drips(seen: Seen, writer: "Connection") -> None:
    """A stream of ten seconds, twenty deltas a second."""
    writer.write(STREAM)
    for number in range(200):
        writer.write(chunk(event(seen.model, f"word{number} ")))
        await writer.drain()
        await asyncio.sleep(0.05)
    writer.write(chunk(event(seen.model, "", "stop")) + DONE)


async def finishes(seen: Seen, writer: "Connection") -> None:
    """A proper stream that takes a second."""
    writer.write(STREAM)
    for _ in range(10):
        writer.write(chunk(event(seen.model, "tick ")))
        await asyncio.sleep(0.1)
    writer.write(chunk(event(seen.model, "", "stop")) + DONE)


async def tells_at_length(seen: Seen, writer: "Connection") -> None:
    """Two thousand deltas, as fast as they are taken."""
    writer.write(STREAM)
    for number in range(2_000):
        writer.write(chunk(event(seen.model, f"word{number} ")))
        await writer.drain()
    writer.write(chunk(event(seen.model, "", "stop")) + DONE)


async def trickles(seen: Seen, writer: "Connection") -> None:
    """A stream that is never idle for a second and never done: two deltas a second for half a minute."""
    writer.write(STREAM)
    for _ in range(60):
        writer.write(chunk(event(seen.model, "drop ")))
        await writer.drain()
        await asyncio.sleep(0.5)


async def breaks_framing(seen: Seen, writer: "Connection") -> None:
    """A stream whose second chunk is not one."""
    writer.write(STREAM + ONE)
    await asyncio.sleep(0.2)
    writer.write(b"ZZ\r\nnope\r\n")
    writer.close()


async def never_ends(seen: Seen, writer: "Connection") -> None:
    """Deltas as fast as they are taken, for ever."""
    writer.write(STREAM)
    piece = chunk(event(seen.model, "and on ")) * 16
    while True:
        writer.write(piece)
        await writer.drain()


async def lies(seen: Seen, writer: "Connection") -> None:
    """A proper reply of one token whose usage is what the model's name says: `lies:PROMPT:COMPLETION`, as JSON."""
    _, prompt, completion = seen.model.split(":")
    figures = b'{"prompt_tokens":%b,"completion_tokens":%b,"total_tokens":0}' % (prompt.encode(), completion.encode())
    honest = json.loads(reply(seen.model, "Hello."))
    del honest["usage"]
    if not json.loads(seen.body).get("stream"):
        writer.write(whole(json.dumps(honest).encode()[:-1] + b',"usage":' + figures + b"}"))
        return
    last = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": seen.model, "choices": []}
    writer.write(STREAM + chunk(event(seen.model, "Hello.")) + chunk(event(seen.model, "", "stop")))
    writer.write(chunk(b"data: " + json.dumps(last).encode()[:-1] + b',"usage":' + figures + b"}\n\n") + DONE)


async def endless_head(seen: Seen, writer: "Connection") -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"X-Filler: " + b"a" * 1000 + b"\r\n")
        await writer.drain()


async def repeats_credential(seen: Seen, writer: "Connection") -> None:
    """An error that quotes the credential it was sent."""
    sent = next(line for line in seen.head.split("\r\n") if line.lower().startswith("authorization:"))
    body = json.dumps({"error": {"message": f"bad key: {sent.split(' ')[-1]}", "type": "server_error"}}).encode()
    writer.write(whole(body, "500 Internal Server Error"))


def refuses(status: str, headers: str = "") -> Behaviour:
    body = json.dumps({"error": {"message": "upstream says no", "type": "upstream_kind", "code": "nope"}}).encode()
    return sends(whole(body, status, headers))


KINDS = {
    "prompt_tokens": 100,
    "prompt_tokens_details": {"cached_tokens": 40, "cache_write_tokens": 30, "audio_tokens": 20},
    "completion_tokens": 10,
    "completion_tokens_details": {"reasoning_tokens": 4, "audio_tokens": 3},
    "total_tokens": 110,
}
JSON_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
ONE = chunk(event("m", "one "))

BEHAVIOURS: dict[str, Behaviour] = {
    "ok": answers,
    "silent": silent,
    "hangs-up": sends(close=True),
    "short": sends(JSON_HEAD + b"Content-Length: 5000\r\n\r\n" + reply("short"), close=True),
    "long": sends(JSON_HEAD + b"Content-Length: 10\r\n\r\n" + reply("long"), close=True),
    "garbage": sends(whole(b"<html>not json</html>")),
    "garbage-head": sends(b"SSH-2.0-OpenSSH_9.2\r\n\r\n", close=True),
    "not-an-object": sends(whole(b"[1,2,3]")),
    "broken-utf8": sends(whole(reply("m", "QQ").replace(b"QQ", b"\xff\xfe"))),
    "stops": sends(STREAM + ONE, close=True),
    "ends-early": sends(STREAM + ONE + b"0\r\n\r\n"),
    "garbage-event": sends(STREAM + ONE + chunk(b"data: {not json\n\n") + DONE),
    "broken-utf8-event": sends(STREAM + ONE + chunk(event("m", "QQ").replace(b"QQ", b"\xff")) + DONE),
    "bad-chunk": breaks_framing,
    "redirects": sends(whole(b"{}", "302 Found", "Location: http://127.0.0.1:1/stolen\r\n")),
    "stalls": stalls,
    "drips": drips,
    "finishes": finishes,
    "trickles": trickles,
    "tells-at-length": tells_at_length,
    "never-ends": never_ends,
    "endless-head": endless_head,
    "lies": lies,
    "kinds": sends(whole(json.dumps({**json.loads(reply("kinds")), "usage": KINDS}).encode())),
    "huge": sends(JSON_HEAD + b"Content-Length: 3000000\r\n\r\n" + b'{"a":"' + b"x" * 2_999_000),
    "repeats-credential": repeats_credential,
    "401": refuses("401 Unauthorized"),
    "404": refuses("404 Not Found"),
    "429": refuses("429 Too Many Requests", "Retry-After: 7\r\n"),
    "500": refuses("500 Internal Server Error"),
    "503": refuses("503 Service Unavailable"),
}


class Connection(asyncio.Protocol):
    """One of the gate's connections; the gate hanging up cancels the behaviour that is going on."""

    def __init__(self, server: "Scripted") -> None:
        self._server = server
        self._buffer = b""
        self._acting: asyncio.Task[None] | None = None
        self._writable = asyncio.Event()
        self._writable.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        self._server.connections.add(self)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, separator, rest = self._buffer.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        size = int(length[1]) if length else 0
        if self._acting is None and separator and len(rest) >= size:
            seen, self._buffer = Seen(head.decode("latin-1"), rest[:size]), rest[size:]
            self._acting = asyncio.get_running_loop().create_task(self._act(seen))

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.connections.discard(self)
        if self._acting is not None:
            self._acting.cancel()

    def write(self, data: bytes) -> None:
        self.transport.write(data)

    async def drain(self) -> None:
        await self._writable.wait()
        await asyncio.sleep(0)

    def close(self) -> None:
        self.transport.close()

    async def _act(self, seen: Seen) -> None:
        self._server.seen.append(seen)
        try:
            await (BEHAVIOURS.get(seen.model.split(":")[0], answers) if seen.body else lists)(seen, self)
        except asyncio.CancelledError:
            self._server.cut.append(seen.model)
            raise
        finally:
            self._acting = None


class Scripted:
    """The server: `seen` is every request in order; `cut` names the models whose caller went away meanwhile."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self.seen: list[Seen] = []
        self.cut: list[str] = []
        self.connections: set[Connection] = set()
        self.port = 0
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def url(self) -> str:
        return f"http{'s' if self._tls else ''}://127.0.0.1:{self.port}"

    def start(self) -> "Scripted":
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    def bodies(self, mark: str) -> list[bytes]:
        """The bodies it was sent that hold this mark."""
        return [seen.body for seen in list(self.seen) if mark.encode() in seen.body]

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Connection(self), "127.0.0.1", self.port, ssl=self._tls)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        for connection in list(self.connections):
            connection.transport.abort()
        while self.connections:
            await asyncio.sleep(0)
        await asyncio.sleep(0)  # the cancelled behaviours end
