"""How soon a revocation is in force: from its commit to the first call that is refused, and to the end of an open
stream, while others' streams stay open."""

import asyncio
import http.client
import random
import socket
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from e2e.gate import Gate
from e2e.issuer import Issuer
from harness.arena import Target
from harness.streams import Held
from narrows.identity.containment import Holdings, containing
from narrows.stores.sqlite.revocations import SqliteRevocations
from narrows.wiring.clock import SystemClock

OTHERS = 500
"""Streams of somebody else that stay open, and are looked at each time."""

PAUSE = 0.001
"""Seconds between two calls that ask whether they are refused."""

PATIENCE = 10.0


class Taken(NamedTuple):
    """Milliseconds from a commit: until a new call was refused, and until the stream was over."""

    refused: float
    ended: float


def measured(gate: Gate, target: Target, issuer: Issuer, body: bytes, rounds: int) -> list[Taken]:
    """One person after the other has a stream open and is contained."""
    host, port = target.base.removeprefix("http://").split("/")[0].split(":")
    path = "/" + target.base.split("/", 3)[3]
    loop = asyncio.new_event_loop()
    held = Held()
    loop.run_until_complete(held.open(OTHERS, host, int(port), f"{path}/v1/chat/completions", target.token, body))
    kept = SqliteRevocations(gate.store, SystemClock())
    try:
        return [_round(kept, (host, int(port)), path, issuer, body, number) for number in range(rounds)]
    finally:
        kept.close()
        loop.run_until_complete(held.close())
        loop.close()


def _round(
    kept: SqliteRevocations, address: tuple[str, int], path: str, issuer: Issuer, body: bytes, number: int
) -> Taken:
    token = issuer.token(f"leaver-{number}", ("research",))
    stream = _stream(address, path, token, body)
    line = http.client.HTTPConnection(*address, timeout=PATIENCE)
    if _status(line, path, token) == 401:
        raise AssertionError("a call was refused before anybody revoked anything")
    # The gate looks twenty times a second: anywhere between two looks.
    time.sleep(random.random() / 20)
    made = containing(f"corp:leaver-{number}", Holdings(), "local:bench", "bench", SystemClock().now())
    kept.add(made)
    begun = time.perf_counter()
    took = [0.0, 0.0]

    def refused() -> None:
        while _status(line, path, token) != 401:
            if time.perf_counter() > begun + PATIENCE:
                return
            time.sleep(PAUSE)
        took[0] = time.perf_counter() - begun

    def ended() -> None:
        data = b""
        while not data.endswith(b"0\r\n\r\n"):
            piece = stream.recv(1 << 16)
            if not piece:
                break
            data += piece
        if b"identity_contained" not in data:
            raise AssertionError(f"a stream ended without saying why: {data[-200:]!r}")
        took[1] = time.perf_counter() - begun

    _together(refused, ended)
    stream.close()
    line.close()
    if not all(took):
        raise AssertionError("a revocation had no effect")
    return Taken(took[0] * 1e3, took[1] * 1e3)


def _together(*works: Callable[[], None]) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _status(line: http.client.HTTPConnection, path: str, token: str) -> int:
    line.request("GET", f"{path}/v1/models", headers={"Authorization": f"Bearer {token}"})
    reply = line.getresponse()
    reply.read()
    return reply.status


def _stream(address: tuple[str, int], path: str, token: str, body: bytes) -> socket.socket:
    """A stream past its first delta."""
    stream = socket.create_connection(address, timeout=PATIENCE)
    head = (
        f"POST {path}/v1/chat/completions HTTP/1.1\r\nHost: {address[0]}:{address[1]}\r\nAuthorization: Bearer {token}"
        f"\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    stream.sendall(head.encode() + body)
    data = b""
    while b"tide " not in data:
        piece = stream.recv(1 << 16)
        if not piece:
            raise AssertionError(f"a stream was not opened: {data[:200]!r}")
        data += piece
    return stream
