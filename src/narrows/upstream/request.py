"""The head of a request as bytes.

Owns what every request to one upstream has in common, made once, and the rule that nothing a caller sent can add a
line to it. A caller's own credential never passes: those headers are dropped, whoever asks to forward them.
"""

from collections.abc import Iterable
from operator import itemgetter
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
_KNOWN_STARTS: Final = 64
_SHORT: Final = 128
_NAME: Final = itemgetter(0)
_LINE: Final = b": ".join


class RequestHeads:
    """Writes heads for one target. `own` are the headers it adds itself, the credential among them; headers of those
    names, and of the names in `dropped`, are not forwarded. `agent` is its user agent; None: the caller's."""

    __slots__ = ("_common", "_dropped", "_names", "_prefix", "_starts")

    def __init__(
        self,
        target: Target,
        own: HeaderList = (),
        dropped: Iterable[bytes] = CREDENTIALS,
        agent: bytes | None = b"narrows",
    ) -> None:
        lines = [
            b"host: " + target.authority.encode("ascii"),
            b"connection: keep-alive",
            b"accept-encoding: identity",
            *(() if agent is None else (b"user-agent: " + agent,)),
            *(name + b": " + value for name, value in own),
        ]
        self._prefix = target.prefix
        self._common = b" HTTP/1.1\r\n" + b"\r\n".join(lines)
        self._starts: dict[tuple[str, str], bytes] = {}
        self._dropped = frozenset((*_OURS, *dropped, *(name.lower() for name, _ in own)))
        # Names that were seen and are forwarded as they stand.
        self._names: set[bytes] = set()

    def head(self, method: str, target: str, headers: HeaderList, length: int, body: bytes = b"") -> bytes:
        """The head of one request, its empty line included, and the body if it is to go with it. Raises UpstreamFailed
        if it can't be written safely."""
        start = self._starts.get((method, target)) or self._start(method, target)
        if not self._names.issuperset(map(_NAME, headers)):
            headers = [(name, value) for given, value in headers if (name := self._forwarded(given))]
        if headers:
            # As many line ends as there are between the lines: then no line holds one. No loop over them in Python.
            fields = b"\r\n".join(map(_LINE, headers))
            breaks = len(headers) - 1
            if fields.count(10) != breaks or fields.count(13) != breaks or 0 in fields:  # LF, CR, NUL
                raise unsendable("a header holds a line break or NUL")
            start = b"\r\n".join((start, fields))
        if length or method in _WITH_BODY:
            return b"%b\r\ncontent-length: %d\r\n\r\n%b" % (start, length, body)
        return start + b"\r\n\r\n"

    def _start(self, method: str, target: str) -> bytes:
        """The request line and what every request has, remembered: most calls go to a few paths."""
        if method not in METHODS:
            raise unsendable("its method is not forwarded")
        if not (target.startswith("/") and target.isascii() and target.isprintable()) or " " in target:
            raise unsendable("its path is not printable ASCII")
        start = f"{method} {self._prefix}{target}".encode("ascii") + self._common
        if len(self._starts) < _KNOWN_STARTS and len(target) < _SHORT:
            self._starts[method, target] = start
        return start

    def _forwarded(self, name: bytes) -> bytes:
        """A header's name as it is sent, remembered: names come from a dialect's list and repeat. Empty for those that
        are dropped."""
        lower = name.lower()
        if lower in self._dropped:
            return b""
        if not _is_token(name):
            raise unsendable("a header's name is not a token")
        if lower == name and len(self._names) < _KNOWN_NAMES:
            self._names.add(name)
        return lower


def _is_token(name: bytes) -> bool:
    """RFC 9110, 5.6.2."""
    return bool(name) and _TOKEN.issuperset(name)
