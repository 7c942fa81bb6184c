"""OpenAI responses, as the sample model speaks them: `POST /v1/responses`, buffered and streamed.

Shapes: https://platform.openai.com/docs/api-reference/responses. It remembers which responses it gave, the newest
thousand, so that `previous_response_id` works; whether a caller may use one is not its business. No I/O, no clock.
"""

from collections import OrderedDict
from collections.abc import Iterator
from typing import Final

from narrows.demo.sample.reply import Asked, Reply, Tool, compose, in_pieces
from narrows.demo.sample.wire import (
    Answer,
    Frame,
    Json,
    Message,
    Refused,
    Stamp,
    chat_model,
    flat_text,
    last_user,
    mapping,
    objects,
    prompt_tokens,
    whole,
)

_REMEMBERED: Final = 1000


class Responses:
    """The responses API and its memory: response id → prompt tokens of the conversation up to it."""

    def __init__(self) -> None:
        self._given: OrderedDict[str, int] = OrderedDict()

    def answer(self, body: Json, stamp: Stamp) -> Answer:
        """Serves one request. Raises Refused."""
        asked = _read(body, self._before(body))
        reply = compose(asked)
        head = _head(body, stamp)
        if body.get("store") is not False:
            self._remember(head["id"], asked.prompt_tokens + reply.completion_tokens)
        if body.get("stream") is True:
            return Answer(frames=_stream(head, reply, stamp))
        return Answer(body=_ended(head, reply, _item(reply, stamp, _status(reply)), stamp.now))

    def _before(self, body: Json) -> int:
        previous = body.get("previous_response_id")
        if previous is None:
            return 0
        if not isinstance(previous, str) or previous not in self._given:
            message = f"Previous response with id '{previous}' not found."
            raise Refused(400, message, param="previous_response_id", code="previous_response_not_found")
        return self._given[previous]

    def _remember(self, response: str, tokens: int) -> None:
        self._given[response] = tokens
        if len(self._given) > _REMEMBERED:
            self._given.popitem(last=False)


def _read(body: Json, before: int) -> Asked:
    model = chat_model(body)
    given = body.get("input")
    items = list(objects(given))
    messages = [Message("user", given)] if isinstance(given, str) else [_message(item) for item in items]
    if not messages:
        raise Refused(400, "'input' must be a string or a non-empty array", param="input")
    instructions = flat_text(body.get("instructions"))
    everything = [Message("system", instructions), *messages] if instructions else messages
    newest = items[-1] if items else {}
    result = flat_text(newest.get("output")) if newest.get("type") == "function_call_output" else None
    tokens = before + prompt_tokens(everything)
    cap = whole(body, "max_output_tokens")
    return Asked(model, last_user(messages), tokens, _tools(body), result, cap)


def _message(item: Json) -> Message:
    if item.get("type") == "function_call_output":
        return Message("tool", flat_text(item.get("output")))
    return Message(str(item.get("role", "")), flat_text(item.get("content")))


def _tools(body: Json) -> tuple[Tool, ...]:
    """The functions offered, the one that `tool_choice` names first."""
    choice = body.get("tool_choice")
    if choice == "none":
        return ()
    wanted = mapping(choice).get("name")
    rows = (row for row in objects(body.get("tools")) if row.get("type") == "function")
    tools = [Tool(str(row.get("name", "")), mapping(row.get("parameters"))) for row in rows]
    return tuple(sorted(tools, key=lambda tool: tool.name != wanted))


def _head(body: Json, stamp: Stamp) -> Json:
    return {
        "id": f"resp_{stamp.id}",
        "object": "response",
        "created_at": stamp.now,
        "status": "in_progress",
        "error": None,
        "incomplete_details": None,
        "instructions": body.get("instructions"),
        "max_output_tokens": body.get("max_output_tokens"),
        "metadata": body.get("metadata") or {},
        "model": body["model"],
        "output": [],
        "parallel_tool_calls": body.get("parallel_tool_calls", True),
        "previous_response_id": body.get("previous_response_id"),
        "store": body.get("store", True),
        "temperature": body.get("temperature", 1.0),
        "text": {"format": {"type": "text"}},
        "tool_choice": body.get("tool_choice", "auto"),
        "tools": body.get("tools", []),
        "top_p": body.get("top_p", 1.0),
        "truncation": "disabled",
        "usage": None,
    }


def _status(reply: Reply) -> str:
    return "incomplete" if reply.finish == "length" else "completed"


def _item(reply: Reply, stamp: Stamp, status: str) -> Json:
    """The output item; empty while it is in progress."""
    begun = status == "in_progress"
    if reply.tool is not None:
        return {
            "type": "function_call",
            "id": f"fc_{stamp.id}",
            "call_id": f"call_{stamp.id}",
            "name": reply.tool.name,
            "arguments": "" if begun else reply.tool.arguments,
            "status": status,
        }
    content = [] if begun else [_part(reply.text)]
    return {"type": "message", "id": f"msg_{stamp.id}", "role": "assistant", "content": content, "status": status}


def _part(text: str) -> Json:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _ended(head: Json, reply: Reply, item: Json, now: int) -> Json:
    status = _status(reply)
    details = {"reason": "max_output_tokens"} if status == "incomplete" else None
    usage = {
        "input_tokens": reply.prompt_tokens,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": reply.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": reply.prompt_tokens + reply.completion_tokens,
    }
    ended = {**head, "status": status, "incomplete_details": details, "output": [item], "usage": usage}
    return ended if status == "incomplete" else {**ended, "completed_at": now}


def _stream(head: Json, reply: Reply, stamp: Stamp) -> Iterator[Frame]:
    """The events of one streamed response, numbered from 0."""
    for number, frame in enumerate(_events(head, reply, stamp)):
        yield Frame({**frame.data, "sequence_number": number}, frame.name)


def _events(head: Json, reply: Reply, stamp: Stamp) -> Iterator[Frame]:
    begun, ended = _item(reply, stamp, "in_progress"), _item(reply, stamp, _status(reply))
    yield _frame("response.created", response=head)
    yield _frame("response.in_progress", response=head)
    yield _frame("response.output_item.added", output_index=0, item=begun)
    yield from _call_events(reply, begun["id"]) if reply.tool is not None else _text_events(reply, begun["id"])
    yield _frame("response.output_item.done", output_index=0, item=ended)
    yield _frame(f"response.{_status(reply)}", response=_ended(head, reply, ended, stamp.now))


def _text_events(reply: Reply, item: str) -> Iterator[Frame]:
    place = {"item_id": item, "output_index": 0, "content_index": 0}
    yield _frame("response.content_part.added", **place, part=_part(""))
    for word in reply.words:
        yield _frame("response.output_text.delta", **place, delta=word, logprobs=[])
    yield _frame("response.output_text.done", **place, text=reply.text, logprobs=[])
    yield _frame("response.content_part.done", **place, part=_part(reply.text))


def _call_events(reply: Reply, item: str) -> Iterator[Frame]:
    if reply.tool is None:
        return
    place = {"item_id": item, "output_index": 0}
    for piece in in_pieces(reply.tool.arguments):
        yield _frame("response.function_call_arguments.delta", **place, delta=piece)
    name, arguments = reply.tool.name, reply.tool.arguments
    yield _frame("response.function_call_arguments.done", **place, name=name, arguments=arguments)


def _frame(name: str, /, **members: object) -> Frame:
    return Frame({"type": name, **members}, name)
