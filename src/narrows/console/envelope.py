"""What every reply has around it: a request id, the headers that keep a browser from making more of it than it is, and,
whatever went wrong within, an answer without a traceback.

An ASGI application around another one. It allows no other origin anything: there is no CORS here, and with bearer
tokens, which no browser sends by itself, no CSRF.
"""

import asyncio
import logging
from typing import Any, Final

import msgspec

from narrows.console.problems import MEDIA_TYPE, Problem, Refused, details
from narrows.ports.clock import Ids

_HEADERS: Final = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
)
_HSTS: Final = (b"strict-transport-security", b"max-age=31536000")

LONGEST: Final = 30.0
"""Seconds that a request may take, its body's way included."""

_log = logging.getLogger("narrows.console")


class Envelope:
    """Wraps `app`."""

    def __init__(self, app: Any, ids: Ids) -> None:
        self._app = app
        self._ids = ids

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serves one request; nothing but HTTP."""
        if scope["type"] != "http":
            raise RuntimeError(f"the console serves no {scope['type']}")
        request_id = self._ids.request()
        scope.setdefault("state", {})["request_id"] = request_id
        own = [*_HEADERS, (b"x-request-id", request_id.encode())]
        if scope.get("scheme") == "https":
            own.append(_HSTS)
        started = False

        async def enveloped(message: Any) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message = {**message, "headers": [*message.get("headers", ()), *own]}
            await send(message)

        try:
            async with asyncio.timeout(LONGEST):
                await self._app(scope, receive, enveloped)
        except TimeoutError:
            if started:
                raise
            await _failed(Problem.REQUEST_TIMEOUT, request_id, enveloped)
        except Exception as error:
            # The boundary of a request: what nobody foresaw becomes an answer that says nothing of it, and a log line.
            _log.error("a request failed: %s", type(error).__qualname__, exc_info=error)
            if started:
                raise
            await _failed(Problem.INTERNAL, request_id, enveloped)


async def _failed(problem: Problem, request_id: str, send: Any) -> None:
    body = details(Refused(problem), request_id)
    headers = [(b"content-type", MEDIA_TYPE.encode())]
    await send({"type": "http.response.start", "status": body.status, "headers": headers})
    await send({"type": "http.response.body", "body": msgspec.json.encode(body)})
