"""Calls at a fixed rate, spread evenly over time, each with a new prompt, which h2load can't send.

Run as a program (`spread.py CHAT TOKEN BODIES RATE SECONDS CONNECTIONS`) with a file of bodies, one in each line.

Every connection has one call at a time. A call that is due while all connections are busy goes out when one is free,
and its latency counts from when it was due. The first second is not counted.
"""

import gc
import json
import select
import socket
import sys
import time
from collections import deque
from pathlib import Path
from urllib.parse import urlsplit

WARM = 1.0


class _Line:
    """One kept-alive connection."""

    __slots__ = ("data", "due", "needed", "sock")

    def __init__(self, host: str, port: int) -> None:
        self.sock = socket.create_connection((host, port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.data = b""
        self.needed = 0
        self.due = 0.0

    def heard(self) -> bool:
        """Reads; whether the answer is whole. It must be a 200 with a length."""
        more = self.sock.recv(1 << 16)
        if not more:
            raise ConnectionError("the connection was closed")
        self.data += more
        if not self.needed:
            head, found, _ = self.data.partition(b"\r\n\r\n")
            if not found:
                return False
            if not head.startswith(b"HTTP/1.1 200"):
                raise ConnectionError(f"answered {head[:80]!r}")
            length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
            self.needed = len(head) + 4 + int(length)
        if len(self.data) < self.needed:
            return False
        self.data, self.needed = b"", 0
        return True


def run(chat: str, token: str, bodies: list[bytes], rate: float, seconds: float, connections: int) -> list[float]:
    """Latencies in microseconds."""
    url = urlsplit(chat)
    head = (
        f"POST {url.path} HTTP/1.1\r\nHost: {url.netloc}\r\nAuthorization: Bearer {token}\r\n"
        "Content-Type: application/json\r\nContent-Length: "
    ).encode()
    requests = [head + b"%d\r\n\r\n%b" % (len(body), body) for body in bodies]
    lines = [_Line(url.hostname or "", url.port or 80) for _ in range(connections)]
    poll = select.epoll()
    busy = {line.sock.fileno(): line for line in lines}
    for line in lines:
        poll.register(line.sock, select.EPOLLIN)
    free, took = deque(lines), list[float]()
    begun = time.perf_counter() + 0.01
    number, count = 0, round(rate * (WARM + seconds))
    while number < count or len(free) < len(lines):
        now = time.perf_counter()
        due = begun + number / rate
        if number < count and due <= now and free:
            line = free.popleft()
            line.due = due
            line.sock.sendall(requests[number % len(requests)])
            number += 1
        ready, _, _ = select.select([poll], [], [], max(due - now, 0) if number < count and free else 5.0)
        if not ready:
            continue
        for fileno, _ in poll.poll(0):
            line = busy[fileno]
            if line.heard():
                if line.due >= begun + WARM:
                    took.append((time.perf_counter() - line.due) * 1e6)
                free.append(line)
    return took


def main() -> None:
    chat, token, bodies, rate, seconds, connections = sys.argv[1:]
    fresh = Path(bodies).read_bytes().split(b"\n")
    gc.collect()
    gc.disable()
    print(json.dumps(run(chat, token, fresh, float(rate), float(seconds), int(connections))))


if __name__ == "__main__":
    main()
