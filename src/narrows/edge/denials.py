"""The refusals that the edge makes itself, and their default rendering.

It must not know dialects: a gate passes an `EdgeRefusal` that renders in the caller's own error shape, and only small
servers (the admin port, the demo's sample model) use the plain one.
"""

import msgspec

from narrows.model.refusal import Code
from narrows.model.verdict import Deny


def malformed(message: str, param: str | None = None) -> Deny:
    """A request that breaks a rule of HTTP or of this gate."""
    return Deny(Code.REQUEST_MALFORMED, message, param=param)


def headers_too_large(message: str) -> Deny:
    """A header block over its limits."""
    return Deny(Code.HEADERS_TOO_LARGE, message)


def body_too_large(limit: int) -> Deny:
    """A body over `limit` bytes, after decoding."""
    return Deny(Code.BODY_TOO_LARGE, f"The request body is over {limit} bytes.")


def timed_out(what: str) -> Deny:
    """`what` (headers or body) did not arrive in time."""
    return Deny(Code.REQUEST_TIMEOUT, f"The request's {what} did not arrive in time.")


def overloaded() -> Deny:
    """Shed before any work was done."""
    return Deny(Code.OVERLOADED, "The gate is at its limit of connections or calls; try again shortly.", retry_after=1)


def draining() -> Deny:
    """Refused, or cut before it was answered, because the gate shuts down."""
    return Deny(Code.DRAINING, "The gate is shutting down; try again.", retry_after=1)


def failed() -> Deny:
    """The handler raised, or returned without an answer. What went wrong is in the log, not in the reply."""
    return Deny(Code.CONTROL_FAILED, "The request could not be served.")


def plain_refusal(deny: Deny, path: str) -> tuple[bytes, bytes]:  # noqa: ARG001 -- the port's signature
    """An `EdgeRefusal` that belongs to no dialect: `{"error": {"code", "message"}}`."""
    body = msgspec.json.encode({"error": {"code": deny.code.value, "message": deny.message}})
    return b"application/json", body
