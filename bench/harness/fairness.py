"""Fairness: how long other calls wait while calls of ten megabytes go through one after the other.

Run as a program it is the two others that take part: `fairness.py upstream PORT`, a model server that answers by the
model's name with a small reply, one of ten megabytes, or a stream with an event of five; and `fairness.py probe`, a
caller of small requests, one every two milliseconds, who writes down how late each answer came. What sends and answers
the large bodies is nice to the probe, so that what it measures is the gate.
"""

import asyncio
import contextlib
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, Protocol

MB = 1 << 20
TEN = 10 * MB
EVERY = 0.002
"""Seconds between two calls of the probe."""


class Target(Protocol):
    """Where calls are sent."""

    @property
    def base(self) -> str:
        """A connection of the gate."""

    @property
    def token(self) -> str:
        """The caller's."""


_PROSE = "The tide turns twice a day in the narrows, and the pilots who take the ships through read the water. "


class Delay(NamedTuple):
    """Latencies of small calls in milliseconds."""

    p50: float
    p99: float
    worst: float
    calls: int


def _prose(size: int) -> str:
    return (_PROSE * (size // len(_PROSE) + 1))[:size]


def _chat(model: str, content: object) -> bytes:
    return json.dumps({"model": model, "messages": [{"role": "user", "content": content}]}).encode()


def _near_cards() -> bytes:
    chance = random.Random(7)
    return _chat("bench-model", " ".join(f"4{chance.randrange(10**15):015d}" for _ in range(TEN // 17)))


def _messages() -> bytes:
    one = {"role": "user", "content": _prose(340)}
    return json.dumps({"model": "bench-model", "messages": [one] * 26_000}).encode()


def _base64() -> bytes:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    return _chat("bench-model", "".join(random.Random(9).choices(letters, k=TEN)))


REQUESTS: dict[str, Callable[[], bytes]] = {
    "one text": lambda: _chat("bench-model", _prose(TEN)),
    "26,000 messages": _messages,
    "base64": _base64,
    "near-matches of cards": _near_cards,
    "reply": lambda: _chat("bench-reply", "Hi"),
    "event of a stream": lambda: json.dumps(
        {"model": "bench-event", "stream": True, "messages": [{"role": "user", "content": "Hi"}]}
    ).encode(),
}
"""What goes through beside the probe: requests of ten megabytes, a reply of as much, an event of half of it."""


def _reply(content: str) -> bytes:
    choice = {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    body = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}
    return json.dumps({**body, "usage": usage}).encode()


def _event(content: str, finish: str | None) -> bytes:
    choice = {"index": 0, "delta": {"content": content}, "finish_reason": finish}
    body = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return b"data: " + json.dumps(body).encode() + b"\n\n"


async def upstream(port: int) -> None:
    """The model server, until it is ended."""
    small, large = _reply("Hello."), _reply(_prose(TEN))
    stream = _event(_prose(5 * MB), None) + _event("", "stop") + b"data: [DONE]\n\n"

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = int(head.split(b"content-length:")[1].split(b"\r\n")[0]) if b"content-length:" in head else 0
                model = b""
                while length:
                    piece = await reader.read(min(length, 1 << 18))
                    if not piece:
                        return
                    model, length = model or piece[:300], length - len(piece)
                kind, body = b"application/json", small
                if b"bench-reply" in model:
                    body = large
                elif b"bench-event" in model:
                    kind, body = b"text/event-stream", stream
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: %b\r\ncontent-length: %d\r\n\r\n" % (kind, len(body)))
                writer.write(body)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", port, limit=1 << 18)
    await server.serve_forever()


class Caller:
    """One kept-alive connection to the gate."""

    def __init__(self, base: str, token: str) -> None:
        host, _, rest = base.removeprefix("http://").partition("/")
        name, _, port = host.partition(":")
        self._line = socket.create_connection((name, int(port)), timeout=120)
        self._line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._head = (
            f"POST /{rest}/v1/chat/completions HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n"
            "Content-Type: application/json\r\nContent-Length: "
        ).encode()

    def call(self, body: bytes) -> int:
        """The status of the answer, which is read to its end."""
        self._line.sendall(self._head + b"%d\r\n\r\n" % len(body) + (body if len(body) < MB else b""))
        if len(body) >= MB:
            self._line.sendall(body)
        data = bytearray()
        while b"\r\n\r\n" not in data:
            data += self._more()
        head, _, rest = bytes(data).partition(b"\r\n\r\n")
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        if length:
            left = int(length) - len(rest)
            while left > 0:
                left -= len(self._more())
        else:
            tail = rest[-5:]
            while not tail.endswith(b"0\r\n\r\n"):
                tail = (tail + self._more())[-5:]
        return int(head.split(b" ")[1])

    def _more(self) -> bytes:
        data = self._line.recv(1 << 18)
        if not data:
            raise ConnectionError("the gate closed the connection")
        return data


def put_first(pid: int) -> None:
    """Lets a process's threads go before all others, where that is permitted: what else the machine does is not to be
    measured. Its children don't inherit it."""
    with contextlib.suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            os.sched_setscheduler(int(thread.name), os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(1))


def probe(base: str, token: str, seconds: float) -> list[float]:
    """Milliseconds from when each small call was due to its answer."""
    put_first(os.getpid())
    caller, body = Caller(base, token), _chat("bench-model", "Hi")
    took: list[float] = []
    begun = due = time.perf_counter()
    while due < begun + seconds:
        now = time.perf_counter()
        if now < due:
            time.sleep(due - now)
        if caller.call(body) != 200:
            raise AssertionError("a small call was refused")
        now = time.perf_counter()
        took.append((now - due) * 1e3)
        due = max(due + EVERY, now)
    return took


def measured(small: Target, large: Target, core: str, body: bytes | None, seconds: float) -> tuple[Delay, int]:
    """What the probe at `small` saw while `body` was sent to `large` again and again, and how often it was."""
    command = ["taskset", "-c", core, sys.executable, __file__, "probe", small.base, small.token, str(seconds)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    sent = 0
    try:
        caller = Caller(large.base, large.token)
        until = time.monotonic() + seconds
        while body is not None and time.monotonic() < until:
            if (status := caller.call(body)) != 200:
                raise AssertionError(f"a large call was answered {status}")
            sent += 1
        output, _ = process.communicate(timeout=seconds + 120)
    finally:
        process.kill()
        process.wait()
    took = sorted(json.loads(output))
    return Delay(statistics.median(took), took[len(took) * 99 // 100], took[-1], len(took)), sent


def main() -> None:
    if sys.argv[1] == "upstream":
        asyncio.run(upstream(int(sys.argv[2])))
    else:
        print(json.dumps(probe(sys.argv[2], sys.argv[3], float(sys.argv[4]))))


if __name__ == "__main__":
    main()
