"""Replies that break a rule with what the refusal of each says, and replies that end too early."""

from typing import Final

from unit.upstream.scripted import CHUNKED

GARBAGE: Final = {
    "not HTTP": (b"SSH-2.0-OpenSSH_9.2\r\n", "not valid HTTP"),
    "binary": (bytes(range(256)) * 4, "not valid HTTP"),
    "bare line feeds": (b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok", "not valid HTTP"),
    "an HTTP/2 preface": (b"\0\0\x12\x04\0\0\0\0\0", "not valid HTTP"),
    "a version from the future": (b"HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok", "neither 1.0 nor 1.1"),
    "a version from the past": (b"HTTP/0.9 200 OK\r\nContent-Length: 2\r\n\r\nok", "neither 1.0 nor 1.1"),
    "a status out of range": (b"HTTP/1.1 999 Hm\r\nContent-Length: 2\r\n\r\nok", "status"),
    "a status too low": (b"HTTP/1.1 099 Hm\r\nContent-Length: 2\r\n\r\nok", "status"),
    "a NUL in a header": (b"HTTP/1.1 200 OK\r\nA: \0\r\nContent-Length: 2\r\n\r\nok", "not valid HTTP"),
    "a folded header": (b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 2\r\n\r\nok", "not valid HTTP"),
    "a space before a colon": (b"HTTP/1.1 200 OK\r\nA : b\r\nContent-Length: 2\r\n\r\nok", "not valid HTTP"),
    "length and chunked": (
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        "not valid HTTP|beside a length",
    ),
    "chunked and length": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        "not valid HTTP|beside a length",
    ),
    "gzip, chunked": (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "exactly chunked"),
    "chunked twice": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "not valid HTTP|repeats",
    ),
    "chunked in HTTP/1.0": (b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "exactly chunked"),
    "two lengths": (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok", "not valid HTTP"),
    "a negative length": (b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok", "not valid HTTP"),
    "an endless length": (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\nok", "not valid HTTP"),
    "two content types": (
        b"HTTP/1.1 200 OK\r\nContent-Type: a/b\r\nContent-Type: c/d\r\nContent-Length: 2\r\n\r\nok",
        "repeats",
    ),
    "more than it said": (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK", "longer than it said"),
    "more than it said, garbage": (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok\0\0", "longer than it said"),
    "a body behind 204": (b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nok", "longer than it said"),
    "a chunk size that is none": (CHUNKED + b"zz\r\nok\r\n0\r\n\r\n", "not valid HTTP"),
    "a chunk longer than it said": (CHUNKED + b"2\r\nokay\r\n0\r\n\r\n", "not valid HTTP"),
    "an overflowing chunk size": (CHUNKED + b"fffffffffffffffff\r\nok\r\n0\r\n\r\n", "not valid HTTP"),
    "a switch of protocols": (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n\x81\x00",
        "switches protocols",
    ),
    "a redirect": (b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n", "redirect"),
    "not modified": (b"HTTP/1.1 304 Not Modified\r\n\r\n", "redirect"),
    "an encoding nobody asked for": (
        b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 2\r\n\r\nok",
        "content encoding",
    ),
    "a head without end": (b"HTTP/1.1 200 OK\r\nA: " + b"x" * 70_000, "too large"),
    "a head too large": (b"HTTP/1.1 200 OK\r\nA: " + b"x" * 70_000 + b"\r\nContent-Length: 2\r\n\r\nok", "too large"),
    "headers without end": (b"HTTP/1.1 200 OK\r\n" + b"".join(b"h%d: x\r\n" % n for n in range(9000)), "too large"),
    "a header repeated without end": (b"HTTP/1.1 200 OK\r\n" + b"a: x\r\n" * 2000, "too often"),
    "interim replies without end": (b"HTTP/1.1 100 Continue\r\n\r\n" * 100, "interim"),
    "trailers without end": (
        CHUNKED + b"2\r\nok\r\n0\r\n" + b"".join(b"t%d: x\r\n" % n for n in range(20000)),
        "large",
    ),
    "a chunk extension without end": (CHUNKED + b"2;" + b"x" * 400_000, "too large"),
}

CUT_OFF: Final = [
    b"HTTP/1.1 200 OK\r\nContent-Le",
    b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfive!",
    b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n",
    CHUNKED + b"5\r\nhello\r\n",
    CHUNKED + b"5\r\nhel",
    CHUNKED + b"5\r\nhello\r\n0\r\n",
]
