"""Reads request and reply bodies strictly. Large ones go to a worker process: no call may hold the loop for long."""

import asyncio
from typing import Any, Final

import msgspec

from narrows.dialects.large import read_large, take_out
from narrows.dialects.strict_json import read as read_json
from narrows.dialects.texts import collect, put_back
from narrows.dialects.weight import is_busy
from narrows.engine.chain import Chain
from narrows.model.call import Asked
from narrows.model.refusal import Code
from narrows.model.reply import Delta, Event
from narrows.model.text import Text
from narrows.model.verdict import Deny
from narrows.ports.control import Wait
from narrows.ports.dialect import Dialect, Forward, ReplyReader, Route
from narrows.ports.http import Headers
from narrows.ports.offload import Offload

LARGE: Final = 256 * 1024
"""Bodies over this many bytes are parsed in a worker process."""

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


def is_large(data: bytes) -> bool:
    """Whether reading it here would hold up other calls: for its bytes, or for what it holds."""
    return len(data) > LARGE or is_busy(data)


async def read_large_request(dialect: Dialect, route: Route, data: bytes, offload: Offload) -> Asked | Deny:
    """The same for any size, in a worker process."""
    parcel = await offload.run(read_large, dialect, route, data)
    if isinstance(parcel, Deny):
        return parcel
    texts: list[Text] = []
    for batch in parcel.batches:
        texts += take_out(batch)
        await asyncio.sleep(0)
    return msgspec.structs.replace(parcel.asked, texts=tuple(texts))


async def forwarded(dialect: Dialect, asked: Asked, model: str | None, cap: int | None) -> Forward:
    """The request as it is sent; put together in a thread where its many parts would hold up other calls."""
    if len(asked.texts) > MANY_TEXTS:
        return await asyncio.to_thread(dialect.forward, asked, model, cap)
    return dialect.forward(asked, model, cap)


class LargeReply(msgspec.Struct):
    """A buffered reply as a worker process read it: its events without their trees, and the bytes to send."""

    events: list[Event]
    body: bytes


def digest_reply(dialect: Dialect, asked: Asked, data: bytes, texts: list[list[str]] | None) -> LargeReply:
    """Reads a buffered reply, puts `texts` (one list an event) in place of its own, and writes it. Pure.

    Raises ReplyInvalid.
    """
    reader = dialect.reply(asked, stream=False, usable=_no_model)
    events = read_buffered(reader, data)
    if texts is not None:
        for event, changed in zip(events, texts, strict=True):
            for delta, text in zip(event.deltas, changed, strict=True):
                delta.text = text
    body = b"".join(reader.write(event) for event in events)
    return LargeReply([_bare(event) for event in events], body)


def _bare(event: Event) -> Event:
    deltas = [Delta(delta.choice, delta.field, delta.text) for delta in event.deltas]
    return msgspec.structs.replace(event, data=None, deltas=deltas)


def _no_model(_: str) -> bool:
    """Lists of models are always read in the gate, which knows the caller's policies; here none would be shown."""
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


def slim(asked: Asked) -> Asked:
    """The facts that a reply reader needs, without the body: cheap to send to a worker process."""
    empty: dict[str, Any] = {}
    return msgspec.structs.replace(asked, body=empty, texts=(), opaque=())


def read_buffered(reader: ReplyReader, data: bytes) -> list[Event]:
    """The events of a whole buffered reply. Raises ReplyInvalid."""
    events = reader.feed(data)
    events += reader.close()
    return events
