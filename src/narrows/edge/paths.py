"""One canonical path: what is authorised is, byte for byte, what is forwarded.

A target is either in its one canonical spelling or refused; nothing is rewritten. That leaves no second reading for an
upstream to find: no dot segments, no empty segments, no matrix parameters, no encoded delimiters, no encoded letters.
The grammar is RFC 3986 §3.3 and §3.4 (queries may also hold `[`, `]`, `{`, `}`, `|` and `^`, which clients send raw).
"""

import re
from collections.abc import Callable
from typing import Final

from narrows.edge.denials import malformed
from narrows.model.verdict import Deny

AllowsEncodedSlash = Callable[[str], bool]
"""Whether this path may hold `%2F`: true only where a dialect declares a segment that can, such as a model name."""

MAX_TARGET: Final = 8192

# Possessive quantifiers stand on single characters only: on groups they match too much before Python 3.11.5
# (https://github.com/python/cpython/issues/106052). The alternatives exclude each other, so matching stays linear.
_PLAIN: Final = rb"[A-Za-z0-9\-._~!$&'()*+,=:@]"
_SIMPLE_PATH: Final = re.compile(rb"(?:/(?!\.{1,2}(?:/|\Z))" + _PLAIN + rb"++)+/?|/")
_ENCODED_PATH: Final = re.compile(rb"(?:/|" + _PLAIN + rb"|%[0-9A-Fa-f]{2})+")
_QUERY: Final = re.compile(rb"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/?\[\]{}|^]|%(?!00)[0-9A-Fa-f]{2})*")
_ESCAPE: Final = re.compile(rb"%([0-9A-Fa-f]{2})")
_UNRESERVED: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def never(path: str) -> bool:  # noqa: ARG001 -- an AllowsEncodedSlash
    """No path may hold an encoded slash."""
    return False


def split_target(target: bytes, allows_encoded_slash: AllowsEncodedSlash = never) -> tuple[str, str] | Deny:
    """Path and query of an origin-form request target, both as they were sent, or the rule it breaks."""
    path, _, query = target.partition(b"?")
    if len(target) > MAX_TARGET:
        return malformed(f"The request target is over {MAX_TARGET} bytes.")
    if not _SIMPLE_PATH.fullmatch(path):
        deny = _judge_unusual(path, allows_encoded_slash)
        if deny is not None:
            return deny
    if query and not _QUERY.fullmatch(query):
        return malformed("The query holds a character or an escape that is not allowed there.")
    return path.decode("ascii"), query.decode("ascii")


def _judge_unusual(path: bytes, allows_encoded_slash: AllowsEncodedSlash) -> Deny | None:
    """The rule that a path outside the simple form breaks, or None if its escapes are all in order."""
    if not path.startswith(b"/"):
        return malformed("The request target must be a path; absolute, authority and asterisk forms are refused.")
    if b"\\" in path or b";" in path:
        return malformed("The path may not hold a backslash or a semicolon.")
    if not _ENCODED_PATH.fullmatch(path):
        return malformed("The path holds a character or an escape that is not allowed there.")
    if _has_unsound_segment(path):
        return malformed("The path may not hold empty segments or dot segments.")
    return _judge_escapes(path, allows_encoded_slash)


def _has_unsound_segment(path: bytes) -> bool:
    """Whether a segment is `.` or `..`, or empty other than by a trailing slash."""
    segments = path[1:].split(b"/")
    return any(segment in {b".", b".."} for segment in segments) or b"" in segments[:-1]


def _judge_escapes(path: bytes, allows_encoded_slash: AllowsEncodedSlash) -> Deny | None:
    codes = {int(code, 16) for code in _ESCAPE.findall(path)}
    if any(code < 0x20 or code == 0x7F for code in codes):
        return malformed("The path may not hold encoded control characters.")
    if codes & {0x25, 0x3B, 0x5C}:
        return malformed("The path may not hold an encoded percent sign, semicolon or backslash.")
    if codes & _UNRESERVED:
        return malformed("The path may not encode characters that need no encoding.")
    if 0x2F in codes:
        unfolded = _ESCAPE.sub(lambda escape: b"/" if escape[1] in {b"2f", b"2F"} else escape[0], path)
        if not allows_encoded_slash(path.decode("ascii")) or _has_unsound_segment(unfolded):
            return malformed("The path may not hold an encoded slash here.")
    return None
