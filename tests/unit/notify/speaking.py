"""A server of Slack's API, or any other, in memory: it keeps what is posted and answers as it is told to."""

import json
from typing import Any

from narrows.notify.channel import Answer, Undelivered


class Speaking:
    """Implements Outward. `replies`: what methods answer; the rest is answered with what Slack would."""

    def __init__(self, **replies: Any) -> None:
        self.replies = replies
        self.status = 200
        self.retry: int | None = None
        self.raw: bytes | None = None
        self.away = False
        self.calls: list[tuple[str | None, dict[str, Any]]] = []
        self.headers: list[dict[bytes, bytes]] = []
        self.closed = False

    async def post(self, path: str | None, headers: tuple[tuple[bytes, bytes], ...], body: bytes) -> Answer:
        if self.away:
            raise Undelivered("can't be reached")
        arguments = json.loads(body)
        self.calls.append((path, arguments))
        self.headers.append(dict(headers))
        if self.raw is not None:
            return Answer(self.status, self.raw, self.retry)
        usual = {"ok": True, "channel": arguments.get("channel"), "ts": f"{len(self.calls)}.0001"}
        found = self.replies.get((path or "").replace(".", "_"), usual)
        return Answer(self.status, json.dumps(found).encode(), self.retry)

    def close(self) -> None:
        self.closed = True

    def methods(self) -> list[str | None]:
        return [path for path, _ in self.calls]
