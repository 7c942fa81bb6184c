"""Streams at a steady pace: the model server and the callers of N5, in one process on one core (`paced.py CORPUS`).

Each stream gets a delta of five characters of the corpus every ten milliseconds; the streams' deltas are spread evenly
over that time. In each event `created` is not a date but when the event was sent, so whoever receives it knows how long
it was on its way, whatever text a gate has moved between events. Sending and receiving are one loop, so that the two
never wait for each other's turn on the core. The first line it prints is its port; every line it reads is a `Step` in
JSON, and is answered by a `Taken`.
"""

import gc
import json
import random
import re
import select
import socket
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

EVERY = 0.010
WARM = 1.0
PIECE = 5
TICK = 1e-5
"""Seconds in one unit of `created`: it stays so short that no detector takes it for a number of somebody's."""

AT_ONCE = 16
"""Streams that are being opened, and deltas that are sent before what has come is read."""

_OPEN = 30.0
_END = 10.0

_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
_EMPTY = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
_EVENT = (
    b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":%d,"model":"bench-model",'
    b'"choices":[{"index":0,"delta":{"content":%b},"finish_reason":%b}]}\n\n'
)
_SENT = re.compile(rb'"created":(\d+),')
_DONE = b"data: [DONE]"


class Step(NamedTuple):
    """What to do: so many streams through this address, for so long after `WARM`."""

    chat: str
    token: str
    streams: int
    seconds: float
    bodies: str


class Taken(NamedTuple):
    """What came of it: delays of events in milliseconds, the share of the deltas that could be sent in time, events
    that arrived for each delta, and streams that ended well."""

    p50: float
    p99: float
    worst: float
    sent: float
    arrived: float
    ended: int


class _Upstream:
    """One connection of the model server: answers a POST with a stream."""

    __slots__ = ("at", "seen", "sock", "streaming")

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.seen = b""
        self.streaming = False
        self.at = 0


class _Caller:
    """One caller and what it has of its reply."""

    __slots__ = ("ended", "opened", "sock", "tail")

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.opened = self.ended = False
        self.tail = b""


class Loop:
    """Everything that is open, and one step at a time."""

    def __init__(self, corpus: str) -> None:
        pieces = [corpus[at : at + PIECE] for at in range(0, len(corpus) - PIECE, PIECE)]
        self._pieces = [json.dumps(piece).encode() for piece in pieces]
        self._poll = select.epoll()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self._listener.settimeout(0)
        self.port = self._listener.getsockname()[1]
        self._poll.register(self._listener, select.EPOLLIN)
        self._poll.register(0, select.EPOLLIN)
        self._upstreams: dict[int, _Upstream] = {}
        self._callers: dict[int, _Caller] = {}
        self._streams: list[_Upstream] = []
        self._delays: list[int] = []
        self._base = self._count_from = 0.0
        self._arrived = 0
        self.asked: Step | None = None

    def turn(self, wait: float) -> None:
        """Waits for something to happen, at most so long, and handles what has."""
        select.select([self._poll], [], [], max(wait, 0))
        for number, _ in self._poll.poll(0):
            if (caller := self._callers.get(number)) is not None:
                self._receive(caller)
            elif (upstream := self._upstreams.get(number)) is not None:
                self._hear(upstream)
            elif number == 0:
                line = sys.stdin.readline()
                if not line:
                    sys.exit(0)
                self.asked = Step(**json.loads(line))
            else:
                self._accept()

    def _accept(self) -> None:
        try:
            sock, _ = self._listener.accept()
        except BlockingIOError:
            return
        sock.settimeout(0)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._upstreams[sock.fileno()] = _Upstream(sock)
        self._poll.register(sock, select.EPOLLIN)

    def _hear(self, upstream: _Upstream) -> None:
        try:
            data = upstream.sock.recv(1 << 16)
        except OSError:
            data = b""
        if not data:
            self._drop(upstream)
            return
        upstream.seen += data
        head, found, body = upstream.seen.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)\ncontent-length: *(\d+)", head)
        if not found or (length is not None and len(body) < int(length[1])):
            return
        upstream.seen = b""
        if head.startswith(b"GET "):
            upstream.sock.send(_EMPTY)
            self._drop(upstream)
        else:
            upstream.sock.send(_HEAD + self._chunk(b'""'))
            upstream.at = random.randrange(len(self._pieces))
            upstream.streaming = True
            self._streams.append(upstream)

    def _drop(self, upstream: _Upstream) -> None:
        self._upstreams.pop(upstream.sock.fileno(), None)
        upstream.streaming = False
        upstream.sock.close()

    def _chunk(self, content: bytes, finish: bytes = b"null") -> bytes:
        event = _EVENT % (int((time.monotonic() - self._base) / TICK), content, finish)
        return b"%x\r\n%b\r\n" % (len(event), event)

    def _send(self, stream: _Upstream) -> None:
        if not stream.streaming:
            return
        stream.at += 1
        try:
            stream.sock.send(self._chunk(self._pieces[stream.at % len(self._pieces)]))
        except OSError:  # It reads nothing, or is gone: this stream will not end well.
            stream.streaming = False

    def _receive(self, caller: _Caller) -> None:
        try:
            data = caller.sock.recv(1 << 18)
        except OSError:
            data = b""
        now = int((time.monotonic() - self._base) / TICK)
        if not data:
            self._poll.unregister(caller.sock)
            return
        if not caller.opened:
            if not data.startswith(b"HTTP/1.1 200"):
                raise AssertionError(f"a stream was not opened: {data[:300]!r}")
            caller.opened = True
        since = self._count_from
        for sent in _SENT.findall(data):
            if int(sent) >= since:
                self._delays.append(now - int(sent))
        if _DONE in caller.tail + data:
            caller.ended = True
        caller.tail = data[-len(_DONE) :]

    def run(self, step: Step) -> Taken:
        """One step, from opening its streams to their end."""
        self._base, self._count_from = time.monotonic(), float("inf")
        self._delays.clear()
        self._streams.clear()
        self._open(step)
        # No two of them at the same time, and in no order of theirs.
        random.shuffle(self._streams)
        begun = time.monotonic() + 0.05
        counted = begun + WARM
        until = counted + step.seconds
        self._count_from = (counted - self._base) / TICK
        sent = self._pace(begun, counted, until)
        self._finish()
        ended = sum(caller.ended for caller in self._callers.values())
        delays = sorted(delay * TICK * 1e3 for delay in self._delays)
        self._close()
        if not delays:
            raise AssertionError("nothing arrived")
        due = step.streams * step.seconds / EVERY
        p99 = delays[len(delays) * 99 // 100]
        return Taken(delays[len(delays) // 2], p99, delays[-1], sent / due, len(delays) / max(sent, 1), ended)

    def _open(self, step: Step) -> None:
        url = urlsplit(step.chat)
        bodies = Path(step.bodies).read_bytes().split(b"\n")
        head = (
            f"POST {url.path} HTTP/1.1\r\nHost: {url.netloc}\r\nAuthorization: Bearer {step.token}\r\n"
            "Content-Type: application/json\r\nContent-Length: "
        ).encode()
        deadline, started = time.monotonic() + _OPEN, 0
        while len(self._streams) < step.streams or any(not caller.opened for caller in self._callers.values()):
            while started < step.streams and started - len(self._streams) < AT_ONCE:
                sock = socket.create_connection((url.hostname or "", url.port or 80))
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                body = bodies[started]
                sock.sendall(head + b"%d\r\n\r\n%b" % (len(body), body))
                sock.settimeout(0)
                self._callers[sock.fileno()] = _Caller(sock)
                self._poll.register(sock, select.EPOLLIN)
                started += 1
            if time.monotonic() > deadline:
                raise AssertionError(f"{len(self._streams)} of {step.streams} streams were opened in time")
            self.turn(0.1)

    def _pace(self, begun: float, counted: float, until: float) -> int:
        """Sends the deltas that are due, and reads what comes; how many were sent in the time that counts."""
        apart, streams = EVERY / len(self._streams), self._streams
        number = sent = 0
        while True:
            now = time.monotonic()
            if now >= until:
                return sent
            due = begun + number * apart
            for _ in range(AT_ONCE):
                if due > now:
                    break
                self._send(streams[number % len(streams)])
                number += 1
                due += apart
                sent += now >= counted
            self.turn(due - time.monotonic())

    def _finish(self) -> None:
        """Ends all streams, and reads until their callers know."""
        end = b"%x\r\n%b\n\n\r\n0\r\n\r\n" % (len(_DONE) + 2, _DONE)
        for stream in self._streams:
            if stream.streaming:
                try:
                    stream.sock.send(self._chunk(b'"."', b'"stop"') + end)
                except OSError:
                    stream.streaming = False
            self.turn(0)
        deadline = time.monotonic() + _END
        while time.monotonic() < deadline and not all(caller.ended for caller in self._callers.values()):
            self.turn(0.05)

    def _close(self) -> None:
        for caller in self._callers.values():
            caller.sock.close()
        self._callers.clear()
        pause = time.monotonic() + 0.5
        while time.monotonic() < pause:
            self.turn(0.05)


def main() -> None:
    loop = Loop(Path(sys.argv[1]).read_text(encoding="ascii"))
    gc.collect()
    gc.disable()
    print(loop.port, flush=True)
    while True:
        loop.turn(1.0)
        if (step := loop.asked) is not None:
            loop.asked = None
            answer: dict[str, Any]
            try:
                answer = loop.run(step)._asdict()
            except AssertionError as problem:
                answer = {"error": str(problem)}
            print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
