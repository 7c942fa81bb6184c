"""What the sample model's wire APIs share: the shape of an answer, its refusals, and reading untyped JSON.

Must not know what the model says, nor any one API.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from narrows.demo.sample.reply import count_tokens

Json = dict[str, Any]

CHAT_MODELS: Final = ("sample-small", "sample-large")
EMBEDDING_MODEL: Final = "sample-embed"
MODELS: Final = (*CHAT_MODELS, EMBEDDING_MODEL)
RELEASED: Final = 1_767_225_600
"""When the sample models were "released": 2026-01-01, Unix seconds."""

_TOKENS_A_MESSAGE: Final = 3


class Refused(Exception):
    """A request the sample model can't serve; each API renders it in its own error shape."""

    def __init__(self, status: int, message: str, *, param: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.param = param
        self.code = code


class Frame(msgspec.Struct, frozen=True):
    """One server-sent event. `name` is None where the API names no events."""

    data: Json
    name: str | None = None


class Answer(msgspec.Struct, frozen=True):
    """A reply: one JSON body, or frames to stream. `done`: `data: [DONE]` follows the last frame."""

    body: Json | None = None
    frames: Iterable[Frame] = ()
    done: bool = False


class Stamp(msgspec.Struct, frozen=True):
    """What a reply needs of the world: a fresh id and the time in Unix seconds."""

    id: str
    now: int


class Message(msgspec.Struct, frozen=True):
    """One turn of a conversation, as far as the sample model reads it."""

    role: str
    text: str


def chat_model(body: Json) -> str:
    """The chat model a body names. Raises Refused."""
    return _known(body, CHAT_MODELS)


def embedding_model(body: Json) -> str:
    """The embedding model a body names. Raises Refused."""
    return _known(body, (EMBEDDING_MODEL,))


def objects(value: object) -> Iterator[Json]:
    """The objects of a list; nothing if it is no list."""
    if isinstance(value, list):
        yield from (item for item in value if isinstance(item, dict))


def mapping(value: object) -> Json:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def flat_text(content: object) -> str:
    """The text of a message's content: a string, or the text parts of a list."""
    if isinstance(content, str):
        return content
    return "\n".join(part["text"] for part in objects(content) if isinstance(part.get("text"), str))


def whole(body: Json, *names: str) -> int | None:
    """The first of these members that is set. Raises Refused unless it is a positive integer."""
    for name in names:
        value = body.get(name)
        if value is None:
            continue
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise Refused(400, f"'{name}' must be a positive integer", param=name)
        return value
    return None


def strings(value: object) -> tuple[str, ...]:
    """A string or a list of strings, as a tuple; anything else is empty."""
    if isinstance(value, str):
        return (value,)
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def last_user(messages: Iterable[Message]) -> str:
    """The newest user message that has a text."""
    text = ""
    for message in messages:
        if message.role == "user" and message.text:
            text = message.text
    return text


def prompt_tokens(messages: Iterable[Message]) -> int:
    """Tokens of a conversation: its texts, and three a message for the markup around them."""
    return sum(count_tokens(message.text) + _TOKENS_A_MESSAGE for message in messages)


def _known(body: Json, names: tuple[str, ...]) -> str:
    name = body.get("model")
    if not isinstance(name, str) or not name:
        raise Refused(400, "you must provide a model parameter", param="model")
    if name not in names:
        known = ", ".join(names)
        message = f"The model `{name}` does not exist here or can't do this; try {known}."
        raise Refused(404, message, param="model", code="model_not_found")
    return name
