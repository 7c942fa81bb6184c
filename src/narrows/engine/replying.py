"""How the gate answers: headers of its own, refusals in the caller's dialect, the upstream's headers by allow-list."""

from typing import Final

import msgspec

from narrows.model.refusal import Code, Kind
from narrows.model.verdict import Deny
from narrows.ports.dialect import Dialect, ReplyInvalid
from narrows.ports.http import Exchange, Headers, Upstream
from narrows.ports.journal import JournalUnavailable

JSON: Final = b"application/json"

PASSED: Final = frozenset(
    {
        b"openai-model",
        b"openai-processing-ms",
        b"openai-version",
        b"retry-after",
        b"retry-after-ms",
    }
)
"""Upstream reply headers that reach the caller, beside the content type."""

_RETRIED: Final = frozenset({408, 409, 429})

LONGEST_WAIT: Final = 60
"""Seconds for which an SDK waits; told to wait longer, it would try too early."""


def reply_headers(request_id: str, call_id: str | None, content_type: bytes) -> list[tuple[bytes, bytes]]:
    """The headers every reply of the gate carries."""
    request = request_id.encode()
    headers = [(b"content-type", content_type), (b"x-request-id", request), (b"request-id", request)]
    if call_id is not None:
        headers.append((b"narrows-call-id", call_id.encode()))
    return headers


def passed_headers(given: Headers, upstream: Upstream) -> list[tuple[bytes, bytes]]:
    """The upstream's headers that the allow-list lets through; none in which it echoes the gate's credential."""
    if PASSED.isdisjoint(given):
        return []
    return [(name, given[name]) for name in given.keys() & PASSED if not upstream.leaks(given[name])]


def refuse(exchange: Exchange, dialect: Dialect | None, deny: Deny, request_id: str, call_id: str | None = None) -> int:
    """Answers with a refusal; returns its status."""
    meaning = deny.meaning
    headers = reply_headers(request_id, call_id, JSON)
    if meaning.kind is Kind.AUTHENTICATION:
        headers.append((b"www-authenticate", b'Bearer realm="narrows"'))
    if deny.retry_after is not None:
        headers.append((b"retry-after", str(deny.retry_after).encode()))
    later = deny.retry_after is not None and deny.retry_after > LONGEST_WAIT
    if (later or not meaning.retry) and (meaning.status >= 500 or meaning.status in _RETRIED):
        # SDKs retry these by themselves; this refusal would only repeat.
        headers.append((b"x-should-retry", b"false"))
    elif meaning.kind is Kind.PENDING:
        # It is no mistake that needs another request: the same one is what is waited for.
        headers.append((b"x-should-retry", b"true"))
    if deny.headers:
        headers += deny.headers
    deny = explained(deny, call_id)
    body = neutral(deny, request_id) if dialect is None else dialect.refuse(deny, request_id)
    exchange.respond(meaning.status, headers, body)
    return meaning.status


def explained(deny: Deny, call_id: str | None) -> Deny:
    """A refusal by policy with the way to its explanation: who was refused seldom sees headers."""
    if call_id is None or deny.meaning.kind is not Kind.PERMISSION:
        return deny
    return msgspec.structs.replace(deny, message=f"{deny.message} (`narrows why {call_id}` explains it)")


def neutral(deny: Deny, request_id: str) -> bytes:
    """A refusal where no dialect is known, as RFC 9457 problem details."""
    problem = {
        "type": "about:blank",
        "title": deny.meaning.summary,
        "status": deny.meaning.status,
        "detail": deny.message,
        "code": deny.code.value,
        "request_id": request_id,
    }
    return msgspec.json.encode(problem)


def echoed() -> Deny:
    """The refusal of a reply in which the gate's own credential stands."""
    return Deny(Code.UPSTREAM_INVALID, "the model server's reply holds what can't be shown")


def unrecorded(unavailable: JournalUnavailable) -> Deny:
    """The refusal of a call whose intent can't be written."""
    message = f"the call can't be recorded, so it was not forwarded: {unavailable}"
    return Deny(Code.JOURNAL_UNAVAILABLE, message)


def unusable(invalid: ReplyInvalid) -> Deny:
    """The refusal of a reply that is not what the dialect defines."""
    return Deny(Code.UPSTREAM_INVALID, f"the model server's reply can't be used: {invalid}")


def failed() -> Deny:
    """The refusal where the gate itself fails in the middle of a call."""
    return Deny(Code.CONTROL_FAILED, "the gate failed while it served the call")
