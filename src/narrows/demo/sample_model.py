"""The built-in sample model server: OpenAI and Anthropic over HTTP, for trying Narrows without a model.

An `ExchangeHandler`. `/openai/v1/…` speaks OpenAI, `/anthropic/v1/…` Anthropic; without a prefix the path decides,
and `/v1/models` follows the `anthropic-version` header. Owns routing, pacing and encoding; what it says is in
`narrows.demo.sample`.
"""

import asyncio
import json
from collections.abc import Callable
from typing import Final, Literal

import msgspec

from narrows.demo.sample import catalogue, chat, completions, messages
from narrows.demo.sample.responses import Responses
from narrows.demo.sample.wire import Answer, Frame, Json, Refused, Stamp
from narrows.ports.http import BodyRefused, Exchange

Wire = Literal["openai", "anthropic"]

_MAX_BODY: Final = 32 * 1024 * 1024
_JSON: Final = ((b"content-type", b"application/json"),)
_EVENTS: Final = ((b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-cache"))
_ENCODER: Final = msgspec.json.Encoder()
_ANTHROPIC_KIND: Final = {400: "invalid_request_error", 404: "not_found_error", 413: "request_too_large"}


class SampleModel:
    """Serves the sample models. `delay` is the pause between two events of a stream, in seconds."""

    def __init__(self, *, delay: float, now: Callable[[], float], new_id: Callable[[], str]) -> None:
        self._delay = delay
        self._now = now
        self._new_id = new_id
        self._responses = Responses()

    async def __call__(self, exchange: Exchange) -> None:
        """Serves one exchange."""
        wire, path = _place(exchange)
        stamp = Stamp(self._new_id(), int(self._now()))
        try:
            answer = await self._answer(exchange, wire, path, stamp)
        except Refused as refused:
            exchange.respond(refused.status, _JSON, _ENCODER.encode(_error(wire, refused, stamp)))
            return
        if answer.body is not None:
            exchange.respond(200, _JSON, _ENCODER.encode(answer.body))
        else:
            await self._stream(exchange, answer)

    async def _answer(self, exchange: Exchange, wire: Wire, path: str, stamp: Stamp) -> Answer:
        if exchange.head.method == "GET" and (path == "/v1/models" or path.startswith("/v1/models/")):
            name = path.removeprefix("/v1/models").lstrip("/") or None
            models = catalogue.openai_models if wire == "openai" else catalogue.anthropic_models
            return Answer(body=models(name))
        serve = self._operation(exchange.head.method, wire, path)
        return serve(await _body(exchange), stamp)

    def _operation(self, method: str, wire: Wire, path: str) -> Callable[[Json, Stamp], Answer]:
        match method, wire, path:
            case "POST", "openai", "/v1/chat/completions":
                return chat.answer
            case "POST", "openai", "/v1/responses":
                return self._responses.answer
            case "POST", "openai", "/v1/completions":
                return completions.answer
            case "POST", "openai", "/v1/embeddings":
                return lambda body, _: Answer(body=catalogue.embeddings(body))
            case "POST", "anthropic", "/v1/messages":
                return messages.answer
            case "POST", "anthropic", "/v1/messages/count_tokens":
                return lambda body, _: messages.count(body)
            case _:
                raise Refused(404, f"The sample model does not serve {method} {path}.")

    async def _stream(self, exchange: Exchange, answer: Answer) -> None:
        exchange.start(200, _EVENTS)
        for number, frame in enumerate(answer.frames):
            if number:
                await asyncio.sleep(self._delay)
            if not exchange.send(_event(frame)):
                await exchange.drained()
        if answer.done:
            exchange.send(b"data: [DONE]\n\n")
        exchange.finish()


def _place(exchange: Exchange) -> tuple[Wire, str]:
    """Which API a request means, and its path in that API."""
    path = exchange.head.path
    if path.startswith("/openai/"):
        return "openai", path.removeprefix("/openai")
    if path.startswith("/anthropic/"):
        return "anthropic", path.removeprefix("/anthropic")
    if path.startswith("/v1/messages") or b"anthropic-version" in exchange.head.headers:
        return "anthropic", path
    return "openai", path


async def _body(exchange: Exchange) -> Json:
    try:
        raw = await exchange.body(_MAX_BODY)
    except BodyRefused as refused:
        raise Refused(refused.deny.meaning.status, refused.deny.message) from refused
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise Refused(400, "The body is not JSON.") from error
    if not isinstance(body, dict):
        raise Refused(400, "The body must be a JSON object.")
    return body


def _event(frame: Frame) -> bytes:
    name = b"" if frame.name is None else b"event: " + frame.name.encode() + b"\n"
    return name + b"data: " + _ENCODER.encode(frame.data) + b"\n\n"


def _error(wire: Wire, refused: Refused, stamp: Stamp) -> Json:
    if wire == "anthropic":
        kind = _ANTHROPIC_KIND.get(refused.status, "invalid_request_error")
        error = {"type": kind, "message": refused.message}
        return {"type": "error", "error": error, "request_id": f"req_{stamp.id}"}
    kind = "invalid_request_error"
    return {"error": {"message": refused.message, "type": kind, "param": refused.param, "code": refused.code}}
