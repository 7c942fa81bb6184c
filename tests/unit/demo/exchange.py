"""An exchange without a socket: what a handler is asked, and what it answered."""

import json
from typing import Any

from narrows.model.refusal import Code
from narrows.model.verdict import Deny
from narrows.ports.http import BodyRefused, ExchangeHandler, HeaderList, RequestHead


class Recorded:
    """An Exchange whose request is given and whose reply is kept."""

    def __init__(self, head: RequestHead, body: bytes) -> None:
        self.head = head
        self._body = body
        self.status = 0
        self.headers: dict[bytes, bytes] = {}
        self.pieces: list[bytes] = []
        self.ended = False
        self.aborted = False

    def ready(self, limit: int) -> bytes | None:
        return None if len(self._body) > limit else self._body

    async def body(self, limit: int) -> bytes:
        if len(self._body) > limit:
            raise BodyRefused(Deny(Code.BODY_TOO_LARGE, "the body is too large"))
        return self._body

    def respond(self, status: int, headers: HeaderList, body: bytes) -> None:
        self.start(status, headers)
        self.pieces.append(body)
        self.finish()

    def start(self, status: int, headers: HeaderList) -> None:
        assert not self.status
        self.status, self.headers = status, dict(headers)

    def send(self, data: bytes) -> bool:
        assert self.status
        assert not self.ended
        self.pieces.append(data)
        return len(self.pieces) % 5 != 0

    async def drained(self) -> None:
        return

    def finish(self) -> None:
        assert not self.ended
        self.ended = True

    def abort(self) -> None:
        self.aborted = True

    @property
    def text(self) -> str:
        return b"".join(self.pieces).decode()

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def events(self) -> list[tuple[str | None, Any]]:
        """The server-sent events: name and data (`[DONE]` as a string)."""
        rows: list[tuple[str | None, Any]] = []
        for block in self.text.strip().split("\n\n"):
            name = None
            for line in block.split("\n"):
                field, _, value = line.partition(": ")
                if field == "event":
                    name = value
                elif field == "data":
                    rows.append((name, value if value == "[DONE]" else json.loads(value)))
        return rows


async def ask(
    handler: ExchangeHandler,
    method: str,
    path: str,
    body: bytes | dict[str, Any] = b"",
    *,
    host: str = "127.0.0.1:9",
    headers: dict[bytes, bytes] | None = None,
) -> Recorded:
    """What the handler answers."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    exchange = Recorded(RequestHead(method, path, "", headers or {}, "127.0.0.1", host), raw)
    await handler(exchange)
    assert exchange.ended
    return exchange
