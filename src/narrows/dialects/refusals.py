"""Error bodies: the shapes of each dialect, and reading an upstream's own error so that it can be rendered anew.

The type words are those that the official SDKs and their users match on; the status (set by the engine, from the
registry) decides which class an SDK raises.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import msgspec

from narrows.dialects.reply_json import decode
from narrows.model.refusal import Code, Kind
from narrows.model.verdict import Deny
from narrows.ports.dialect import ReplyInvalid

DOCS: Final = "urn:narrows:code:"
"""Base of the `type` URI of an RFC 9457 problem: it names a code; there is nothing to fetch."""

OPENAI_TYPES: Final[Mapping[Kind, str]] = {
    Kind.AUTHENTICATION: "authentication_error",
    Kind.PERMISSION: "permission_error",
    Kind.INVALID: "invalid_request_error",
    Kind.PENDING: "conflict_error",
    Kind.TOO_LARGE: "invalid_request_error",
    Kind.RATE: "rate_limit_error",
    Kind.UNAVAILABLE: "server_error",
    Kind.UPSTREAM: "server_error",
}
ANTHROPIC_TYPES: Final[Mapping[Kind, str]] = {
    Kind.AUTHENTICATION: "authentication_error",
    Kind.PERMISSION: "permission_error",
    Kind.INVALID: "invalid_request_error",
    Kind.PENDING: "conflict_error",
    Kind.TOO_LARGE: "request_too_large",
    Kind.RATE: "rate_limit_error",
    Kind.UNAVAILABLE: "api_error",
    Kind.UPSTREAM: "api_error",
}
_ANTHROPIC_BY_CODE: Final[Mapping[Code, str]] = {
    Code.OVERLOADED: "overloaded_error",
    Code.DRAINING: "overloaded_error",
    Code.UPSTREAM_TIMEOUT: "timeout_error",
}
_ANTHROPIC_BY_STATUS: Final[Mapping[int, str]] = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_LONGEST: Final = 4096
_encode: Final = msgspec.json.Encoder().encode


class UpstreamError(msgspec.Struct, frozen=True):
    """What an upstream's error says; None where it does not."""

    message: str
    type: str | None = None
    code: str | None = None
    param: str | None = None


def openai_error(deny: Deny) -> dict[str, str | None]:
    """The inner object of an OpenAI error."""
    return {
        "message": deny.message,
        "type": OPENAI_TYPES[deny.meaning.kind],
        "param": deny.param,
        "code": deny.code.value,
    }


def openai_refusal(deny: Deny) -> bytes:
    """`{"error": {message, type, param, code}}`."""
    return _encode({"error": openai_error(deny)})


def openai_upstream(status: int, body: bytes) -> bytes:
    """An upstream's error in OpenAI's shape."""
    error = read_error(status, body)
    kind = error.type or ("server_error" if status >= 500 else "invalid_request_error")
    return _encode({"error": {"message": error.message, "type": kind, "param": error.param, "code": error.code}})


def anthropic_refusal(deny: Deny, request_id: str) -> bytes:
    """`{"type": "error", "error": {type, message}, "request_id"}`."""
    kind = _ANTHROPIC_BY_CODE.get(deny.code) or ANTHROPIC_TYPES[deny.meaning.kind]
    return anthropic_error(kind, deny.message, request_id)


def anthropic_upstream(status: int, body: bytes, request_id: str) -> bytes:
    """An upstream's error in Anthropic's shape."""
    error = read_error(status, body)
    return anthropic_error(
        error.type or _ANTHROPIC_BY_STATUS.get(status, "api_error" if status >= 500 else "invalid_request_error"),
        error.message,
        request_id,
    )


def anthropic_error(kind: str, message: str, request_id: str) -> bytes:
    """The shape itself."""
    return _encode({"type": "error", "error": {"type": kind, "message": message}, "request_id": request_id})


def problem(deny: Deny, request_id: str) -> bytes:
    """RFC 9457, with the code and the request id as extension members."""
    return _problem(deny.meaning.status, deny.meaning.summary, deny.message, deny.code.value, request_id)


def problem_upstream(status: int, body: bytes, request_id: str) -> bytes:
    """An upstream's error as an RFC 9457 problem."""
    return _problem(status, _phrase(status), read_error(status, body).message, "upstream_error", request_id)


def _problem(status: int, title: str, detail: str, code: str, request_id: str) -> bytes:
    return _encode(
        {
            "type": DOCS + code,
            "title": title,
            "status": status,
            "detail": detail,
            "code": code,
            "request_id": request_id,
        }
    )


def read_error(status: int, body: bytes) -> UpstreamError:
    """What an error body says, in whichever of the known shapes. Bodies in no such shape are not quoted."""
    try:
        tree = decode(body)
    except ReplyInvalid:
        tree = None
    return error_in(tree, f"the model server answered {status} {_phrase(status)}".rstrip())


def error_in(tree: Any, otherwise: str) -> UpstreamError:
    """The error in a decoded body: OpenAI's, Anthropic's, FastAPI's, RFC 9457's or llama.cpp's shape."""
    if type(tree) is not dict:
        return UpstreamError(otherwise)
    inner = tree.get("error")
    if type(inner) is dict:
        tree = inner
    elif type(inner) is str:
        return UpstreamError(_words(inner) or otherwise)
    message = _words(tree.get("message")) or _words(tree.get("detail")) or otherwise
    return UpstreamError(message, _words(tree.get("type")), _words(tree.get("code")), _words(tree.get("param")))


def _words(value: Any) -> str | None:
    if type(value) is int:
        return str(value)
    return value[:_LONGEST] if type(value) is str and value else None


def _phrase(status: int) -> str:
    return HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else ""
