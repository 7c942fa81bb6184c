"""Requests that must be refused, each with its status. Those with a broken body are marked: their head is in order."""

from typing import NamedTuple


class Bad(NamedTuple):
    """A malformed request."""

    name: str
    raw: bytes
    status: int = 400


def _get(target: bytes) -> bytes:
    return b"GET " + target + b" HTTP/1.1\r\nHost: gate\r\n\r\n"


def _head(*fields: bytes) -> bytes:
    return b"POST /bad HTTP/1.1\r\nHost: gate\r\n" + b"".join(field + b"\r\n" for field in fields) + b"\r\n"


def _chunked(body: bytes) -> bytes:
    return _head(b"Transfer-Encoding: chunked") + body


SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: gate\r\n\r\n"

LINES = [
    Bad("no version", b"GET /bad\r\n\r\n"),
    Bad("version 0.9", b"GET /bad HTTP/0.9\r\nHost: gate\r\n\r\n"),
    Bad("version 1.2", b"GET /bad HTTP/1.2\r\nHost: gate\r\n\r\n"),
    Bad("version 2.0", b"GET /bad HTTP/2.0\r\nHost: gate\r\n\r\n"),
    Bad("http2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"),
    Bad("lower-case version", b"GET /bad http/1.1\r\nHost: gate\r\n\r\n"),
    Bad("lower-case method", b"get /bad HTTP/1.1\r\nHost: gate\r\n\r\n"),
    Bad("unknown method", b"SPLICE /bad HTTP/1.1\r\nHost: gate\r\n\r\n"),
    Bad("webdav method", b"PROPFIND /bad HTTP/1.1\r\nHost: gate\r\n\r\n"),
    Bad("connect", b"CONNECT gate:443 HTTP/1.1\r\nHost: gate\r\n\r\n"),
    Bad("trace", b"TRACE /bad HTTP/1.1\r\nHost: gate\r\n\r\n"),
    Bad("two spaces", b"GET  /bad HTTP/1.1\r\nHost: gate\r\n\r\n"),
    Bad("tab in the line", b"GET\t/bad\tHTTP/1.1\r\nHost: gate\r\n\r\n"),
    Bad("space in the target", b"GET /bad thing HTTP/1.1\r\nHost: gate\r\n\r\n"),
    Bad("trailing space", b"GET /bad HTTP/1.1 \r\nHost: gate\r\n\r\n"),
    Bad("leading space", b" GET /bad HTTP/1.1\r\nHost: gate\r\n\r\n"),
    Bad("two empty lines first", b"\r\n\r\nGET /bad HTTP/1.1\r\nHost: gate\r\n\r\n"),
    Bad("TLS to a plain port", b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03" + bytes(32)),
    Bad("garbage", b"\xff\xfe\xfd" * 20),
]

TARGETS = [
    Bad("absolute form", _get(b"http://gate/bad")),
    Bad("asterisk form", b"OPTIONS * HTTP/1.1\r\nHost: gate\r\n\r\n"),
    Bad("no slash", _get(b"bad")),
    Bad("empty segment", _get(b"/a//bad")),
    Bad("leading double slash", _get(b"//gate/bad")),
    Bad("dot segment", _get(b"/a/./bad")),
    Bad("dot-dot segment", _get(b"/a/../bad")),
    Bad("trailing dot-dot", _get(b"/a/..")),
    Bad("encoded dot", _get(b"/a/%2e/bad")),
    Bad("encoded dot-dot", _get(b"/a/%2E%2e/bad")),
    Bad("encoded slash", _get(b"/a%2fbad")),
    Bad("encoded slash, upper case", _get(b"/a%2Fbad")),
    Bad("encoded backslash", _get(b"/a%5cbad")),
    Bad("backslash", _get(b"/a\\bad")),
    Bad("semicolon", _get(b"/a;x=1/bad")),
    Bad("encoded semicolon", _get(b"/a%3bx/bad")),
    Bad("encoded NUL", _get(b"/a%00bad")),
    Bad("encoded line feed", _get(b"/a%0abad")),
    Bad("encoded DEL", _get(b"/a%7fbad")),
    Bad("double encoding", _get(b"/a%252fbad")),
    Bad("encoded letter", _get(b"/%62ad")),
    Bad("broken escape", _get(b"/a%2")),
    Bad("not hexadecimal", _get(b"/a%zzbad")),
    Bad("fragment", _get(b"/bad#here")),
    Bad("quote", _get(b'/"bad"')),
    Bad("non-ASCII path", _get(b"/b\xc3\xa4d")),
    Bad("NUL in the query", _get(b"/bad?x=%00")),
    Bad("broken escape in the query", _get(b"/bad?x=%")),
    Bad("long target", _get(b"/" + b"a" * 9000)),
]

HOSTS = [
    Bad("no host", b"GET /bad HTTP/1.1\r\n\r\n"),
    Bad("no host, 1.0", b"GET /bad HTTP/1.0\r\n\r\n"),
    Bad("two hosts", b"GET /bad HTTP/1.1\r\nHost: gate\r\nHost: gate\r\n\r\n"),
    Bad("two hosts, cases", b"GET /bad HTTP/1.1\r\nHost: gate\r\nhOST: other\r\n\r\n"),
    Bad("empty host", b"GET /bad HTTP/1.1\r\nHost:\r\n\r\n"),
    Bad("host with path", b"GET /bad HTTP/1.1\r\nHost: gate/x\r\n\r\n"),
    Bad("host with user", b"GET /bad HTTP/1.1\r\nHost: me@gate\r\n\r\n"),
    Bad("host list", b"GET /bad HTTP/1.1\r\nHost: gate, other\r\n\r\n"),
    Bad("host with space", b"GET /bad HTTP/1.1\r\nHost: ga te\r\n\r\n"),
    Bad("host with bad port", b"GET /bad HTTP/1.1\r\nHost: gate:80x\r\n\r\n"),
    Bad("host with two dots", b"GET /bad HTTP/1.1\r\nHost: ga..te\r\n\r\n"),
]

FIELDS = [
    Bad("bare LF line ends", b"GET /bad HTTP/1.1\nHost: gate\n\n"),
    Bad("one bare LF", b"GET /bad HTTP/1.1\r\nHost: gate\nX-A: b\r\n\r\n"),
    Bad("bare LF at the end", b"GET /bad HTTP/1.1\r\nHost: gate\r\n\n"),
    Bad("bare CR", b"GET /bad HTTP/1.1\r\nHost: gate\rX-A: b\r\n\r\n"),
    Bad("CR in a value", _head(b"X-A: b\rc")),
    Bad("NUL in a value", _head(b"X-A: b\x00c")),
    Bad("NUL in a name", _head(b"X\x00A: b")),
    Bad("DEL in a value", _head(b"X-A: b\x7fc")),
    Bad("vertical tab", _head(b"X-A: b\x0bc")),
    Bad("folded line", _head(b"X-A: b", b" folded")),
    Bad("folded line, tab", _head(b"X-A: b", b"\tfolded")),
    Bad("fold after the line", b"GET /bad HTTP/1.1\r\n Host: gate\r\n\r\n"),
    Bad("space before the colon", _head(b"X-A : b")),
    Bad("tab before the colon", _head(b"X-A\t: b")),
    Bad("space in a name", _head(b"X A: b")),
    Bad("empty name", _head(b": b")),
    Bad("no colon", _head(b"just words")),
    Bad("non-ASCII name", _head(b"X-\xc3\xa4: b")),
    Bad("brackets in a name", _head(b"X(A): b")),
    *(
        Bad(f"repeated {name.decode()}", _head(name + b": a", name.title() + b": a"))
        for name in (
            b"authorization",
            b"x-api-key",
            b"content-type",
            b"content-encoding",
            b"expect",
            b"user-agent",
            b"narrows-session",
            b"narrows-justification",
            b"narrows-anything-else",
            b"anthropic-version",
        )
    ),
    Bad("upgrade", _head(b"Upgrade: websocket", b"Connection: upgrade")),
    Bad("upgrade to h2c", _head(b"Upgrade: h2c", b"Connection: Upgrade, HTTP2-Settings", b"HTTP2-Settings: AAMAAABk")),
    Bad("upgrade unlisted", _head(b"Upgrade: websocket")),
    Bad("other expectation", _head(b"Expect: 200-ok", b"Content-Length: 3") + b"abc"),
    Bad("expectation in 1.0", b"POST /bad HTTP/1.0\r\nHost: g\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc"),
    Bad("declared trailers", _head(b"Trailer: X-Sum", b"Transfer-Encoding: chunked") + b"0\r\n\r\n"),
    Bad("101 fields", _head(*(b"X-%d: y" % n for n in range(100))), 431),
    Bad("a large field", _head(b"X-A: " + b"a" * 40_000), 431),
    Bad("an endless name", b"GET /bad HTTP/1.1\r\nHost: gate\r\n" + b"a" * 40_000, 431),
    Bad("an endless line", b"GET /" + b"a" * 40_000, 431),
]

LENGTHS = [
    Bad("CL and TE", _head(b"Content-Length: 5", b"Transfer-Encoding: chunked") + b"0\r\n\r\n" + SMUGGLED),
    Bad("TE and CL", _head(b"Transfer-Encoding: chunked", b"Content-Length: 5") + b"0\r\n\r\n" + SMUGGLED),
    Bad("two lengths", _head(b"Content-Length: 5", b"Content-Length: 6") + b"hello!"),
    Bad("the same length twice", _head(b"Content-Length: 5", b"Content-Length: 5") + b"hello"),
    Bad("a list of lengths", _head(b"Content-Length: 5, 5") + b"hello"),
    Bad("a signed length", _head(b"Content-Length: +5") + b"hello"),
    Bad("a negative length", _head(b"Content-Length: -5") + b"hello"),
    Bad("an empty length", _head(b"Content-Length:") + b"hello"),
    Bad("a hexadecimal length", _head(b"Content-Length: 0x5") + b"hello"),
    Bad("a length with a dot", _head(b"Content-Length: 5.0") + b"hello"),
    Bad("a length with words", _head(b"Content-Length: 5 5") + b"hello"),
    Bad("a length with an underscore", _head(b"Content-Length: 1_0") + b"hellohello"),
    Bad("a huge length", _head(b"Content-Length: 99999999999999999999999999") + b"hello"),
    Bad("a length over 64 bits", _head(b"Content-Length: 18446744073709551621") + b"hello"),
    Bad("Arabic digits", _head("Content-Length: \u0665".encode()) + b"hello"),
    *(
        Bad(
            f"transfer coding {coding.decode('latin-1')!r}",
            _head(b"Transfer-Encoding: " + coding) + b"0\r\n\r\n" + SMUGGLED,
        )
        for coding in (
            b"gzip",
            b"identity",
            b"chunked, chunked",
            b"gzip, chunked",
            b"chunked, identity",
            b"Chunked",
            b"xchunked",
            b"chunked;q=1",
            b'"chunked"',
            b"\x0bchunked",
            b"chunked,",
            b"",
        )
    ),
    Bad("TE twice", _head(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked") + b"0\r\n\r\n"),
    Bad("TE and TE identity", _head(b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity") + b"0\r\n\r\n"),
    Bad("TE with a space", _head(b"Transfer-Encoding : chunked") + b"0\r\n\r\n"),
    Bad("TE in 1.0", b"POST /bad HTTP/1.0\r\nHost: gate\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
]

CHUNKS = [
    Bad("no size", _chunked(b"\r\nhello\r\n0\r\n\r\n")),
    Bad("size not hexadecimal", _chunked(b"5g\r\nhello\r\n0\r\n\r\n")),
    Bad("size with prefix", _chunked(b"0x5\r\nhello\r\n0\r\n\r\n")),
    Bad("signed size", _chunked(b"+5\r\nhello\r\n0\r\n\r\n")),
    Bad("negative size", _chunked(b"-5\r\nhello\r\n0\r\n\r\n")),
    Bad("space before the size", _chunked(b" 5\r\nhello\r\n0\r\n\r\n")),
    Bad("space after the size", _chunked(b"5 \r\nhello\r\n0\r\n\r\n")),
    Bad("bare LF after the size", _chunked(b"5\nhello\r\n0\r\n\r\n")),
    Bad("bare LF after the data", _chunked(b"5\r\nhello\n0\r\n\r\n")),
    Bad("bare CR after the size", _chunked(b"5\rhello\r\n0\r\n\r\n")),
    Bad("bare LF at the end", _chunked(b"5\r\nhello\r\n0\r\n\n")),
    Bad("bare LF after the last size", _chunked(b"0\n\r\n")),
    Bad("data too long", _chunked(b"5\r\nhello!\r\n0\r\n\r\n")),
    Bad("data too short", _chunked(b"6\r\nhello\r\n0\r\n\r\n" + SMUGGLED)),
    Bad("size over 32 bits", _chunked(b"100000005\r\nhello\r\n0\r\n\r\n")),
    Bad("size over 64 bits", _chunked(b"10000000000000005\r\nhello\r\n0\r\n\r\n")),
    Bad("trailers", _chunked(b"5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n")),
    Bad("trailer that names an identity", _chunked(b"0\r\nAuthorization: Bearer x\r\n\r\n")),
    Bad("smuggled after a missing end", _chunked(b"0\r\n" + SMUGGLED)),
    Bad("NUL in an extension", _chunked(b"5;a=\x00\r\nhello\r\n0\r\n\r\n")),
    Bad("LF in an extension", _chunked(b"5;a\nb\r\nhello\r\n0\r\n\r\n")),
    Bad("a long extension", _chunked(b"5;" + b"a" * 1000 + b"\r\nhello\r\n0\r\n\r\n")),
    Bad("many extensions", _chunked((b"5;" + b"a" * 400 + b"\r\nhello\r\n") * 20 + b"0\r\n\r\n")),
    Bad("more framing than data", _chunked(b"1\r\nx\r\n" * 20_000 + b"0\r\n\r\n")),
]

ALL = [*LINES, *TARGETS, *HOSTS, *FIELDS, *LENGTHS, *CHUNKS]
