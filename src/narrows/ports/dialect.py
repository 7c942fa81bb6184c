"""A dialect: one wire API, sans-IO. Bytes become texts, deltas and usage; refusals become its error shape.

Dialects keep no state of a call; a reply's state is in its reader. They can be pickled, so that a worker process
can read a large body.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from narrows.model.call import Asked, Json
from narrows.model.record import Content
from narrows.model.reply import Event
from narrows.model.verdict import Deny


class Route(msgspec.Struct, frozen=True, gc=False):
    """A request that the dialect knows. `target` is the canonical path (and query) sent upstream.

    `model` is set where the path names it. `body` is False for operations without one (`GET /v1/models`).
    """

    operation: str
    target: str
    body: bool = True
    model: str | None = None


class ReplyInvalid(Exception):
    """The upstream's reply is not what the dialect defines: garbage, cut off, broken UTF-8."""


class Forward(msgspec.Struct, frozen=True):
    """A request as it is sent: `body` is the checked object re-serialised, `contents` the same in pieces to record."""

    body: bytes
    contents: tuple[Content, ...]


class ReplyReader(Protocol):
    """The state of one reply: bytes in, events out, and events back to bytes."""

    @property
    def content_type(self) -> bytes:
        """The content type of what `write` gives."""

    def feed(self, data: bytes) -> list[Event]:
        """The events that `data` completes. Raises ReplyInvalid."""

    def close(self) -> list[Event]:
        """The upstream's body has ended: the events still held. Raises ReplyInvalid if it ended too early."""

    def write(self, event: Event) -> bytes:
        """The event, re-serialised with the texts its deltas now have; `b""` when it is hidden."""

    def say(self, choice: int, field: str, text: str) -> Event | None:
        """An event of a stream that carries this text of this field and nothing else, in the form of the latest event
        that had one; None where there was none."""

    def fail(self, deny: Deny, request_id: str) -> bytes:
        """An error event in mid-stream; afterwards nothing that says the reply is complete."""


class Dialect(Protocol):
    """One wire API."""

    @property
    def name(self) -> str:
        """`openai`, `anthropic`, `json`."""

    @property
    def operations(self) -> frozenset[str]:
        """Every operation it can name in `may.operations`."""

    @property
    def request_headers(self) -> frozenset[bytes]:
        """Semantic request headers that are forwarded (lower case), beside content type and accept."""

    @property
    def governed(self) -> tuple[str, ...]:
        """Keys of a body that the gate acts on; a case variant of one (`Model`) is refused."""

    def route(self, method: str, path: str, query: str) -> Route | None:
        """The operation behind a path below the connection, or None if the dialect does not know it."""

    def read(self, route: Route, body: Json) -> Asked | Deny:
        """Reads a checked body; Deny(`body_invalid`) names the place that is wrong."""

    def forward(self, asked: Asked, model: str | None, output_cap: int | None) -> Forward:
        """The body to send, with the model renamed, the cap in the field the model takes, and usage asked for where
        the wire needs that."""

    def reply(
        self, asked: Asked, *, stream: bool, usable: Callable[[str], bool], lines: bool = False, words: bool = True
    ) -> ReplyReader:
        """A reader for a successful reply; `stream`: the upstream answered with an event stream, `lines`: one of
        newline-delimited JSON. `usable` says which models the caller may see in a list. `words`: someone looks at what
        the reply says of itself (its id, the model's name); if not, the reader may leave that out of its events."""

    def refuse(self, deny: Deny, request_id: str) -> bytes:
        """A refusal as a JSON body in this dialect's error shape."""

    def upstream_error(self, status: int, body: bytes, request_id: str) -> bytes:
        """An upstream's own error, re-rendered in this dialect's error shape; never the raw bytes."""


class JsonReader(Protocol):
    """Strict JSON: UTF-8 only, no duplicate keys or case variants of governed keys, depth at most 64."""

    def __call__(self, data: bytes, governed: Sequence[str]) -> Json | Deny:
        """The object, number literals kept as they were written, or Deny(`body_malformed`)."""
