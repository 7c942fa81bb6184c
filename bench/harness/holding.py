"""Calls that are held for approval while others go on.

Each is another question, of one of so many people that none has more of them open than one may.
"""

import asyncio
import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from e2e.gate import Gate
from e2e.issuer import Issuer
from harness.arena import Target

EACH: Final = 60
"""Questions of one person; the gate keeps 64 of one open."""

AT_ONCE: Final = 16
PATIENCE: Final = 120.0

METRIC: Final = "narrows_held_calls "


def held(gate: Gate) -> int:
    """How many calls a gate holds now."""
    with urllib.request.urlopen(f"{gate.admin}/metrics", timeout=10) as reply:
        lines = reply.read().decode().splitlines()
    return round(float(next(line for line in lines if line.startswith(METRIC)).removeprefix(METRIC)))


class Crowd:
    """Callers whose calls are held."""

    def __init__(self, target: Target, issuer: Issuer, model: str) -> None:
        self._address = target.base.removeprefix("http://").split("/")[0].split(":")
        self._path = "/" + target.base.split("/", 3)[3] + "/v1/chat/completions"
        self._issuer, self._model = issuer, model
        self._writers: list[asyncio.StreamWriter] = []
        self._sent = 0

    async def ask(self, count: int) -> None:
        """So many more send their requests."""
        gate = asyncio.Semaphore(AT_ONCE)
        numbers = range(self._sent, self._sent + count)
        self._sent += count
        tokens = {one: self._issuer.token(f"waits-{one}", ("asked",)) for one in {number // EACH for number in numbers}}

        async def one(number: int) -> None:
            async with gate:
                _, writer = await asyncio.open_connection(self._address[0], int(self._address[1]))
                said = [{"role": "user", "content": f"question {number} " + "x" * 1000}]
                body = json.dumps({"model": self._model, "messages": said}).encode()
                head = (
                    f"POST {self._path} HTTP/1.1\r\nHost: gate\r\nAuthorization: Bearer {tokens[number // EACH]}\r\n"
                    f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
                )
                writer.write(head.encode() + body)
                await writer.drain()
                self._writers.append(writer)

        await asyncio.gather(*(one(number) for number in numbers))

    def leave(self) -> None:
        """All of them go away."""
        for writer in self._writers:
            writer.close()


@contextmanager
def asking(target: Target, issuer: Issuer, model: str) -> Iterator[tuple[asyncio.Runner, Crowd]]:
    """Callers and the loop on which they ask."""
    with asyncio.Runner() as runner:
        crowd = Crowd(target, issuer, model)
        try:
            yield runner, crowd
        finally:
            crowd.leave()
            runner.run(asyncio.sleep(0))
