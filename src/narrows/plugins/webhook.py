"""Services that are asked over HTTP, by messages that are signed as Standard Webhooks says, in the place of plug-ins
that are installed. What they answer is parsed strictly; anything else is a failure.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md: HMAC-SHA256 over id,
timestamp and body. It does not know how a message gets there.
"""

import asyncio
import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Generic, Protocol, TypeVar

import msgspec

from narrows.plugins.kinds import Kind
from narrows.plugins.process import sendable
from narrows.ports.clock import Clock
from narrows.ports.http import HeaderList
from narrows.ports.plugin import PluginFailed

A = TypeVar("A")
T = TypeVar("T")

ANALYZE: Final = "narrows.analyze"
CLASSIFY: Final = "narrows.classify"
"""Types of messages."""

_SECOND: Final = 1_000_000


class Post(Protocol):
    """The way to one service."""

    async def send(self, headers: HeaderList, body: bytes) -> bytes:
        """The body of a 200 reply. Raises PluginFailed."""

    def close(self) -> None:
        """Ends its connections. Idempotent."""

    def retire(self) -> None:
        """What is on its way is answered; no connection is kept afterwards."""


class _Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of answers."""


class FoundSpan(_Strict, frozen=True):
    """One finding: characters of the text, counted as Unicode's code points."""

    start: int
    end: int
    entity: str
    score: float = 1.0


class SpansAnswer(_Strict, frozen=True):
    """Of an analyzer: for each text, in order, what it found."""

    spans: tuple[tuple[FoundSpan, ...], ...]

    @property
    def rows(self) -> Sequence[Any]:
        """As processes answer."""
        return tuple(tuple((one.start, one.end, one.entity, one.score) for one in row) for row in self.spans)


class LabelsAnswer(_Strict, frozen=True):
    """Of a classifier: for each text, in order, its labels and how sure it is of each."""

    labels: tuple[dict[str, float], ...]

    @property
    def rows(self) -> Sequence[Any]:
        """As processes answer."""
        return self.labels


class Service:
    """One service, asked with signed messages."""

    def __init__(self, post: Post, key: bytes, clock: Clock) -> None:
        self._post = post
        self._key = key
        self._clock = clock

    async def ask(self, kind: str, data: Mapping[str, Any], answer: type[A]) -> A:
        """Its answer to a message. Raises PluginFailed."""
        now = self._clock.now() // _SECOND
        told = {"type": kind, "timestamp": datetime.fromtimestamp(now, UTC).isoformat(), "data": data}
        body = msgspec.json.encode(told)
        replied = await self._post.send(signed(self._key, f"msg_{secrets.token_hex(16)}", now, body), body)
        try:
            return msgspec.json.decode(replied, type=answer)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise PluginFailed("gave what is no answer") from None

    def close(self) -> None:
        """Ends its connections."""
        self._post.close()

    def retire(self) -> None:
        """The same when what is on its way has been answered."""
        self._post.retire()


def signed(key: bytes, ident: str, timestamp: int, body: bytes) -> HeaderList:
    """The headers of a message; `timestamp` is in Unix seconds."""
    signature = hmac.digest(key, b"%b.%d.%b" % (ident.encode(), timestamp, body), hashlib.sha256)
    return (
        (b"content-type", b"application/json"),
        (b"accept", b"application/json"),
        (b"webhook-id", ident.encode()),
        (b"webhook-timestamp", b"%d" % timestamp),
        (b"webhook-signature", b"v1," + base64.b64encode(signature)),
    )


class TextService(Generic[T]):
    """A service in the place of a process that is asked about texts. `facts` go with every message."""

    def __init__(self, service: Service, kind: Kind[T], facts: Mapping[str, Any]) -> None:
        self._service = service
        self._facts = facts
        self._read = kind.read
        self._type, self._answer = _KINDS[kind.word]

    async def ask(self, texts: Sequence[str], seconds: float) -> list[T]:
        """What it says of each text. Raises PluginFailed."""
        data = {**self._facts, "texts": [sendable(text) for text in texts]}
        try:
            async with asyncio.timeout(seconds):
                answer = await self._service.ask(self._type, data, self._answer)
        except TimeoutError:
            raise PluginFailed("did not answer in time") from None
        rows = answer.rows
        if len(rows) != len(texts):
            raise PluginFailed("gave what is no answer")
        return [self._read(text, row) for text, row in zip(texts, rows, strict=True)]

    async def end(self) -> None:
        """Lets its connections go."""
        self._service.close()


_KINDS: Final[Mapping[str, tuple[str, type[SpansAnswer | LabelsAnswer]]]] = {
    "analyzer": (ANALYZE, SpansAnswer),
    "classifier": (CLASSIFY, LabelsAnswer),
}
