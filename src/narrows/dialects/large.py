"""Reads a large body in one step, for a worker process: strict JSON, the dialect's reading, and a result made small.

Members that nothing looks at again travel back serialised. The texts travel in batches, so that whoever takes them out
can let others run in between: a list of a hundred thousand is unpickled in one go.
"""

from typing import Final

import msgspec

from narrows.dialects import strict_json
from narrows.dialects.weight import MOST, is_too_much
from narrows.model.call import Asked
from narrows.model.refusal import Code
from narrows.model.text import Text
from narrows.model.verdict import Deny
from narrows.ports.dialect import Dialect, Route

BATCH: Final = 2_000
"""Texts in one batch."""

_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(list[Text]).decode


class Parcel(msgspec.Struct, frozen=True):
    """What a body asks, without its texts, which are in `batches`."""

    asked: Asked
    batches: tuple[bytes, ...]


def read_large(dialect: Dialect, route: Route, data: bytes) -> Parcel | Deny:
    """What the body asks; `forward` of the same dialect takes the result as it takes any other."""
    if is_too_much(data):
        return Deny(Code.BODY_MALFORMED, f"the body holds more than {MOST} strings, objects and lists")
    body = strict_json.read(data, dialect.governed)
    if isinstance(body, Deny):
        return body
    asked = dialect.read(route, body)
    if isinstance(asked, Deny):
        return asked
    texts = asked.texts
    batches = tuple(_encode(texts[at : at + BATCH]) for at in range(0, len(texts), BATCH))
    return Parcel(msgspec.structs.replace(dialect.compact(asked), texts=()), batches)


def take_out(batch: bytes) -> list[Text]:
    """The texts of one batch."""
    return _decode(batch)
