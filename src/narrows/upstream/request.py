"""The head of a request as bytes.

Owns what every request to one upstream has in common, made once, and the rule that nothing a caller sent can add a
line to it. A caller's own credential never passes: those headers are dropped, whoever asks to forward them.
"""

from collections.abc import Iterable
from typing import Final

from narrows.ports.http import HeaderList
from narrows.upstream.failure import unsendable
from narrows.upstream.target import Target

METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""HEAD is missing: its reply has a length and no body, and no dialect needs it."""

CREDENTIALS: Final = frozenset({b"authorization", b"proxy-authorization", b"x-api-key", b"api-key"})

_OURS: Final = frozenset(
    {
        b"host",
        b"content-length",
        b"transfer-encoding",
        b"connection",
        b"accept-encoding",
        b"expect",
        b"keep-alive",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"upgrade",
    }
)
_WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})
_TOKEN: Final = frozenset(b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_KNOWN_NAMES: Final = 256
_KNOWN_HEADS: Final = 64
"""Heads that are remembered: most calls go to a few paths with the same few headers. When there are more, all are
forgotten. One with a header that is dropped, or that is a credential, is written anew each time."""

_SHORT: Final = 2048


class RequestHeads:
    """Writes heads for one target. `own` are the headers it adds itself, the credential among them; headers of those
    names, and of the names in `dropped`, are not forwarded."""

    __slots__ = ("_common", "_heads", "_lines", "_names", "_prefix")

    def __init__(self, target: Target, own: HeaderList = (), dropped: Iterable[bytes] = CREDENTIALS) -> None:
        lines = [
            b"host: " + target.authority.encode("ascii"),
            b"connection: keep-alive",
            b"accept-encoding: identity",
            b"user-agent: narrows",
            *(name + b": " + value for name, value in own),
        ]
        self._prefix = target.prefix
        self._common = b" HTTP/1.1\r\n" + b"\r\n".join(lines)
        self._lines = len(lines)
        self._heads: dict[tuple[str, str, tuple[tuple[bytes, bytes], ...]], bytes] = {}
        # The start of each known header's line; empty for those that are dropped.
        self._names = dict.fromkeys((*_OURS, *dropped, *(name.lower() for name, _ in own)), b"")

    def head(self, method: str, target: str, headers: HeaderList, length: int) -> bytes:
        """The head of one request, its empty line included. Raises UpstreamFailed if it can't be written safely."""
        key = (method, target, tuple(headers))
        start = self._heads.get(key)
        if start is None:
            start = self._write(method, target, headers)
            if len(start) <= _SHORT and all(self._is_open(name) for name, _ in headers):
                if len(self._heads) >= _KNOWN_HEADS:
                    self._heads.clear()
                self._heads[key] = start
        if length or method in _WITH_BODY:
            return b"%b\r\ncontent-length: %d\r\n\r\n" % (start, length)
        return start + b"\r\n\r\n"

    def _is_open(self, name: bytes) -> bool:
        """Whether the header is forwarded and holds no credential."""
        return bool(self._names.get(name)) and name.lower() not in CREDENTIALS

    def _write(self, method: str, target: str, headers: HeaderList) -> bytes:
        """A head up to its length."""
        parts = [self._start(method, target)]
        names = self._names
        for name, value in headers:
            line = names.get(name)
            if line is None:
                line = self._line(name)
            if line:
                parts.append(line)
                parts.append(value)
        head = b"".join(parts)
        # Every line break there is was written here; a value that brings its own, or a NUL, shows in the count.
        if len(head) - len(head.translate(None, b"\r\n\0")) != 2 * (self._lines + len(parts) // 2):
            raise unsendable("a header holds a line break or NUL")
        return head

    def _start(self, method: str, target: str) -> bytes:
        """The request line and what every request has."""
        if method not in METHODS:
            raise unsendable("its method is not forwarded")
        if not (target.startswith("/") and target.isascii() and target.isprintable()) or " " in target:
            raise unsendable("its path is not printable ASCII")
        return f"{method} {self._prefix}{target}".encode("ascii") + self._common

    def _line(self, name: bytes) -> bytes:
        """The start of a header's line, remembered: names come from a dialect's list and repeat."""
        lower = name.lower()
        line = self._names.get(lower)
        if line is None:
            if not _is_token(name):
                raise unsendable("a header's name is not a token")
            line = b"\r\n" + lower + b": "
        if len(self._names) < _KNOWN_NAMES:
            self._names[name] = line
        return line


def _is_token(name: bytes) -> bool:
    """RFC 9110, 5.6.2."""
    return bool(name) and _TOKEN.issuperset(name)
