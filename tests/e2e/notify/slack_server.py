"""A small Slack: its Web API over HTTP, and Socket Mode over a WebSocket (RFC 6455, text frames only)."""

import asyncio
import base64
import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class SlackServer:
    """Keeps what it is told. `down`: it answers nothing but 503."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any], str]] = []
        self.answers: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.connected = asyncio.Event()
        self.down = False
        self.port = 0
        self._socket: asyncio.StreamWriter | None = None
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def api(self) -> str:
        return f"http://127.0.0.1:{self.port}/api"

    def of(self, method: str) -> list[dict[str, Any]]:
        """What a method was told."""
        return [arguments for name, arguments, _ in self.calls if name == method]

    async def push(self, envelope: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Sends what was pressed over the socket; gives what it is answered."""
        assert self._socket is not None
        told = {"envelope_id": envelope, "type": "interactive", "accepts_response_payload": True, "payload": payload}
        self._socket.write(frame(1, json.dumps(told).encode()))
        return await asyncio.wait_for(self.answers.get(), 10)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._connection(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            first, *lines = head.split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines if line)}
            if headers.get("upgrade", "").lower() == "websocket":
                await self._talk(reader, writer, headers["sec-websocket-key"])
                return
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            method = first.split(" ")[1].removeprefix("/api/")
            if self.down:
                writer.write(b"HTTP/1.1 503 Down\r\nContent-Length: 0\r\n\r\n")
                continue
            reply = json.dumps(self._reply(method, headers, body)).encode()
            head_ = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(reply)}\r\n\r\n"
            writer.write(head_.encode() + reply)

    def _reply(self, method: str, headers: dict[str, str], body: bytes) -> dict[str, Any]:
        form = headers.get("content-type", "").startswith("application/x-www-form")
        fields: dict[str, Any] = {name: values[0] for name, values in parse_qs(body.decode()).items()} if form else {}
        arguments = fields or (json.loads(body) if body.startswith(b"{") else {})
        self.calls.append((method, arguments, headers.get("authorization", "")))
        if method == "apps.connections.open":
            return {"ok": True, "url": f"ws://127.0.0.1:{self.port}/link"}
        return {"ok": True, "channel": arguments.get("channel"), "ts": f"{len(self.calls)}.5"}

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, key: str) -> None:
        accept = base64.b64encode(hashlib.sha1(key.encode() + _GUID).digest())
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        self._socket = writer
        writer.write(frame(1, json.dumps({"type": "hello", "num_connections": 1}).encode()))
        self.connected.set()
        while True:
            kind, data = await unframed(reader)
            if kind == 8:
                return
            if kind == 9:
                writer.write(frame(10, data))
            elif kind == 1:
                self.answers.put_nowait(json.loads(data))

    async def end(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def frame(kind: int, data: bytes) -> bytes:
    size = bytes([len(data)]) if len(data) < 126 else b"\x7e" + len(data).to_bytes(2)
    return bytes([0x80 | kind]) + size + data


async def unframed(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    kind, size = await reader.readexactly(2)
    length = size & 0x7F
    if length == 126:
        length = int.from_bytes(await reader.readexactly(2))
    mask = await reader.readexactly(4) if size & 0x80 else bytes(4)
    data = await reader.readexactly(length)
    return kind & 0x0F, bytes(byte ^ mask[index % 4] for index, byte in enumerate(data))


@asynccontextmanager
async def slack_server() -> AsyncIterator[SlackServer]:
    slack = SlackServer()
    server = await asyncio.start_server(slack.serve, "127.0.0.1", 0)
    slack.port = server.sockets[0].getsockname()[1]
    try:
        yield slack
    finally:
        server.close()
        await slack.end()
        await server.wait_closed()
