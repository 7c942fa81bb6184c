"""What goes on from the gate: the headers a forwarded request carries, those of the client that mean something upstream
and the gate's own; and a reply to the caller, in which its own words stand again where the model saw stand-ins."""

import hashlib
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from narrows.dialects.fields import grows, is_json
from narrows.engine.replying import JSON
from narrows.masking.restoring import Restorer
from narrows.model.call import Call
from narrows.model.originals import Originals
from narrows.model.principal import Principal
from narrows.model.reply import Event
from narrows.ports.dialect import ReplyReader
from narrows.ports.http import Headers

_IDEMPOTENCY: Final = b"idempotency-key"


def onward_headers(call: Call, given: Headers, passed: AbstractSet[bytes]) -> list[tuple[bytes, bytes]]:
    """`passed` are the headers that the dialect and the connection declare."""
    accept = b"text/event-stream" if call.asked.stream else JSON
    headers = [(b"accept", accept), (b"x-request-id", call.request_id.encode())]
    if call.method == "POST":
        headers.append((b"content-type", JSON))
    if not passed.isdisjoint(given):
        headers += [(name, given[name]) for name in passed if name in given]
    return _own(headers, call.principal) if _IDEMPOTENCY in given else headers


def meaningful(given: Headers, passed: AbstractSet[bytes]) -> tuple[tuple[bytes, bytes], ...]:
    """Those of them that say what is asked: not by which name it is asked again."""
    if passed.isdisjoint(given):
        return ()
    return tuple(sorted((name, given[name]) for name in passed if name in given and name != _IDEMPOTENCY))


def _own(headers: list[tuple[bytes, bytes]], principal: Principal) -> list[tuple[bytes, bytes]]:
    """The headers with the idempotency key made the caller's own: the same each time, and never another's. All callers
    share one account upstream, and nobody may be given the reply to another's key."""
    prefix = principal.key.encode("utf-8", "surrogatepass") + b"\0"
    return [
        (name, hashlib.blake2b(prefix + value, digest_size=20).hexdigest().encode() if name == _IDEMPOTENCY else value)
        for name, value in headers
    ]


def restorer(originals: Originals | None) -> Restorer | None:
    """What puts the caller's own words back into a reply; None where there is nothing to put back."""
    return Restorer(originals, grows, is_json) if originals else None


def rewritten(reader: ReplyReader, events: Sequence[Event], originals: Originals) -> bytes | None:
    """A whole reply, which has been written for the record, as the caller gets it; None where that is the same."""
    restoring, changed = Restorer(originals, grows, is_json), False
    for event in events:
        texts = [delta.text for delta in event.deltas]
        restoring.take(event)
        changed = changed or texts != [delta.text for delta in event.deltas]
    return b"".join([reader.write(event) for event in events]) if changed else None
