"""Reads request and reply bodies strictly, and says which are so large that this is done apart from the event loop."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

import msgspec

from narrows.dialects.readers import BufferedReader
from narrows.dialects.strict_json import read as read_json
from narrows.dialects.texts import collect, put_back
from narrows.dialects.weight import MOST, is_busy, is_too_much
from narrows.engine.chain import Chain
from narrows.model.call import Asked
from narrows.model.record import Content
from narrows.model.refusal import Code
from narrows.model.reply import Event
from narrows.model.verdict import Deny
from narrows.ports.control import Wait
from narrows.ports.dialect import Dialect, Forward, ReplyReader, Route
from narrows.ports.http import Headers

LARGE: Final = 256 * 1024
"""Bodies over this many bytes are read and judged apart."""

SMALL: Final = 8 * 1024
"""Nothing of no more bytes is large, whatever it holds."""

MASKED: Final = 20 * 1024
"""The same where policies mask: an ordinary text costs a tenth of a millisecond a kilobyte, one made of near-matches up
to a whole one."""

OVERLAP: Final = 512
"""Bytes at the end of a piece that are looked at again with the next one."""

MANY_TEXTS: Final = 4_096
"""Requests of more texts are judged and put together in a thread."""

_ACCEPTED: Final = (b"application/json",)


def check_content_type(headers: Headers) -> Deny | None:
    """Only JSON in UTF-8 is read; a missing content type is a refusal, not a guess."""
    kind = headers.get(b"content-type", b"")
    if kind == b"application/json":
        return None
    media, _, parameters = kind.partition(b";")
    media = media.strip().lower()
    if media not in _ACCEPTED and not (media.startswith(b"application/") and media.endswith(b"+json")):
        shown = media.decode("latin-1") or "none"
        return Deny(
            Code.ENCODING_UNSUPPORTED, f"the content type must be application/json, not {shown}", param="content-type"
        )
    parameters = parameters.strip().lower().replace(b'"', b"")
    if parameters and parameters not in (b"charset=utf-8", b"charset=utf8"):
        return Deny(Code.ENCODING_UNSUPPORTED, "the charset must be utf-8", param="content-type")
    return None


def read_request(dialect: Dialect, route: Route, data: bytes) -> Asked | Deny:
    """What a body that is not large asks, or the refusal that says where it is wrong."""
    if not route.body:
        return dialect.read(route, {})
    body = read_json(data, dialect.governed)
    return body if type(body) is Deny else dialect.read(route, body)


def is_large(data: bytes, *, masked: bool) -> bool:
    """Whether reading and judging it here would hold up other calls: for its bytes, or for what it holds."""
    return len(data) > (MASKED if masked else LARGE) or is_busy(data)


def read_large_request(dialect: Dialect, route: Route, data: bytes) -> Asked | Deny:
    """The same for any size."""
    if is_too_much(data):
        return Deny(Code.BODY_MALFORMED, f"the body holds more than {MOST} strings, objects and lists")
    return read_request(dialect, route, data)


class Prepared(dict[str, Any]):
    """In the place of a body that was put together apart: `forward` is it, for this model and this cap alone."""

    def __init__(self, forward: Forward, model: str | None, cap: int | None) -> None:
        super().__init__()
        self.forward, self.model, self.cap = forward, model, cap


def forwarded_here(dialect: Dialect, asked: Asked, model: str | None, cap: int | None) -> Forward | None:
    """The request as it is sent; None where putting it together takes more than a call of the dialect."""
    if type(asked.body) is not dict or len(asked.texts) > MANY_TEXTS:
        return None
    return dialect.forward(asked, model, cap)


async def forwarded(dialect: Dialect, asked: Asked, model: str | None, cap: int | None) -> Forward:
    """The request as it is sent; put together in a thread where its many parts would hold up other calls.

    Raises ValueError for a request that was put together already, for another model or cap.
    """
    body = asked.body
    if isinstance(body, Prepared):
        if (body.model, body.cap) != (model, cap):
            raise ValueError("a call that was judged apart has been changed since")
        return body.forward
    if len(asked.texts) > MANY_TEXTS:
        return await asyncio.to_thread(dialect.forward, asked, model, cap)
    return dialect.forward(asked, model, cap)


async def recorded_contents(dialect: Dialect, asked: Asked, model: str | None) -> tuple[Content, ...]:
    """What is recorded of a request that is not sent."""
    body = asked.body
    if isinstance(body, Prepared):
        return body.forward.contents
    return (await forwarded(dialect, asked, model, None)).contents if body else ()


async def holds(data: bytes, look: Callable[[bytes], bool]) -> bool:
    """Whether `look` finds something of at most `OVERLAP` bytes in `data`, which may be large."""
    if len(data) <= LARGE:
        return look(data)
    for at in range(0, len(data), LARGE):
        if look(data[at : at + LARGE + OVERLAP]):
            return True
        await asyncio.sleep(0)
    return False


async def masked_error(chain: Chain, body: bytes) -> tuple[bytes, Event] | Deny:
    """An upstream's error body as the guards of the reply leave it, and the event that it is."""
    tree = [msgspec.json.decode(body)]
    event = Event(tree[0], last=True)
    collect(event.deltas, 0, "error", tree, 0)
    deny = chain.on_event(event)
    if type(deny) is Wait:
        deny = await deny.until()
    put_back(event.deltas)
    return (msgspec.json.encode(tree[0]), event) if deny is None else deny


def has_error(body: bytes) -> bool:
    """Whether a reply may hold an error, in which servers echo what they were sent."""
    return b'"error":' in body


def read_piece(reader: ReplyReader, data: bytes) -> list[Event]:
    """The events that a piece of a reply completes; the last piece is empty. Raises ReplyInvalid."""
    return reader.feed(data) if data else reader.close()


def read_buffered(reader: ReplyReader, data: bytes) -> list[Event]:
    """The events of a whole buffered reply. Raises ReplyInvalid."""
    if type(reader) is BufferedReader:
        return reader.read(data)
    events = reader.feed(data)
    return events + reader.close() if events else reader.close()
