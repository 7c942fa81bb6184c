"""How much work a JSON text is, told before it is parsed: what costs is the number of its nodes, not of its bytes.

A node is a string (keys are strings), an object or a list. Numbers and words cost little, so they don't count.
"""

import re
from typing import Final

BUSY: Final = 3_000
"""More nodes take longer to read than other calls should wait."""

MOST: Final = 131_072
"""More nodes than any conversation has; a body of tens of megabytes could hold millions, and the memory of each is many
times its bytes."""

_LIGHT: Final = 8 * 1024
"""Bytes in which `BUSY` nodes have no room."""

_STRING: Final = re.compile(rb'"[^"]*"')


def is_busy(data: bytes) -> bool:
    """Whether `data` may hold more than `BUSY` nodes. Brackets in strings count too: it is an estimate."""
    if len(data) <= _LIGHT:
        return False
    strings = (data.count(b'"') - data.count(b'\\"')) // 2
    return strings + data.count(b"{") + data.count(b"[") > BUSY


def is_too_much(data: bytes) -> bool:
    """Whether `data` holds more than `MOST` nodes. Exact for JSON; slow only where a look says it could be so."""
    if data.count(b'"') // 2 + data.count(b"{") + data.count(b"[") <= MOST:
        return False
    # Without escaped backslashes and quotes a string ends at the next quote.
    rest, strings = _STRING.subn(b"", data.replace(b"\\\\", b"").replace(b'\\"', b""))
    return strings + rest.count(b"{") + rest.count(b"[") > MOST
