"""What the sample model says: a pure function of what it was asked.

It repeats what it hears, counts when asked to ("count to 100"), and calls a tool when told to ("use the tool").
Owns the text, its tokens and where a cap cuts it. Must not know any wire API.
"""

import json
import re
from collections.abc import Sequence
from typing import Any, Final, Literal

import msgspec

CHARACTERS_A_TOKEN: Final = 4
LONGEST_COUNT: Final = 100_000

_WORD: Final = re.compile(r"\s*\S+|\s+$")
_COUNT: Final = re.compile(r"\bcount to (\d{1,6})\b", re.IGNORECASE)
_USE_TOOL: Final = re.compile(r"\buse the tool\b", re.IGNORECASE)


class Tool(msgspec.Struct, frozen=True):
    """A tool the caller offers; `schema` is the JSON schema of its arguments."""

    name: str
    schema: dict[str, Any] = {}


class Asked(msgspec.Struct, frozen=True):
    """What the sample model needs to know of a request, whatever the wire it came by.

    `text` is the last user message; `tool_result` is set when the newest turn is a tool's answer. `cap` is in tokens.
    """

    model: str
    text: str
    prompt_tokens: int
    tools: tuple[Tool, ...] = ()
    tool_result: str | None = None
    cap: int | None = None
    stop: tuple[str, ...] = ()


class ToolUse(msgspec.Struct, frozen=True):
    """The tool call the model answers with; `arguments` is JSON text."""

    name: str
    arguments: str


class Reply(msgspec.Struct, frozen=True):
    """An answer: words to stream or a tool to call, and how it ended. `stopped_by` is the stop sequence that cut it."""

    words: tuple[str, ...]
    tool: ToolUse | None
    finish: Literal["stop", "length", "tool"]
    prompt_tokens: int
    completion_tokens: int
    stopped_by: str | None = None

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(self.words)


def count_tokens(text: str) -> int:
    """Tokens of a text: one for every four characters of each word, rounded up, so no delta is less than one token."""
    return sum(map(_word_tokens, split_words(text)))


def compose(asked: Asked) -> Reply:
    """The answer, cut at the cap and at the first stop sequence."""
    if asked.tools and asked.tool_result is None and _USE_TOOL.search(asked.text):
        return _tool_reply(asked, asked.tools[0])
    text, stopped_by = _cut_at_stop(_say(asked), asked.stop)
    words = split_words(text)
    kept, used = _cut_at_cap(words, asked.cap)
    finish: Literal["stop", "length"] = "stop" if sum(map(len, kept)) == len(text) else "length"
    return Reply(kept, None, finish, asked.prompt_tokens, used, stopped_by if finish == "stop" else None)


def split_words(text: str) -> tuple[str, ...]:
    """The text in words, each with the white space before it; joined they give the text back."""
    return tuple(_WORD.findall(text))


def in_pieces(text: str, size: int = 12) -> list[str]:
    """A text in short pieces, as a model would stream a tool call's arguments."""
    return [text[start : start + size] for start in range(0, len(text), size)]


def _say(asked: Asked) -> str:
    if asked.tool_result is not None:
        return f"The tool answered: {asked.tool_result}"
    count = _COUNT.search(asked.text)
    if count:
        return " ".join(map(str, range(1, min(int(count[1]), LONGEST_COUNT) + 1)))
    return f"This is {asked.model}, a sample model that repeats what it hears. You said: {asked.text}"


def _cut_at_stop(text: str, stops: Sequence[str]) -> tuple[str, str | None]:
    found = [(at, stop) for stop in stops if stop and (at := text.find(stop)) >= 0]
    if not found:
        return text, None
    at, stop = min(found)
    return text[:at], stop


def _cut_at_cap(words: Sequence[str], cap: int | None) -> tuple[tuple[str, ...], int]:
    """The words that fit, the last one cut short if need be, and the tokens they use."""
    kept: list[str] = []
    used = 0
    for word in words:
        tokens = _word_tokens(word)
        if cap is not None and used + tokens > cap:
            rest = word[: (cap - used) * CHARACTERS_A_TOKEN]
            if rest:
                kept.append(rest)
            return tuple(kept), cap
        kept.append(word)
        used += tokens
    return tuple(kept), used


def _word_tokens(word: str) -> int:
    return -(-len(word) // CHARACTERS_A_TOKEN)


def _tool_reply(asked: Asked, tool: Tool) -> Reply:
    arguments = json.dumps(_arguments(tool.schema, asked.text), ensure_ascii=False)
    use = ToolUse(tool.name, arguments)
    return Reply((), use, "tool", asked.prompt_tokens, count_tokens(tool.name + arguments))


def _arguments(schema: dict[str, Any], text: str) -> dict[str, Any]:
    """A value for every property the schema requires, or for all of them when it requires none."""
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return {}
    required = schema.get("required")
    names = required if isinstance(required, list) and required else list(properties)
    return {str(name): _example(properties.get(name), text) for name in names}


def _example(schema: object, text: str) -> object:
    if not isinstance(schema, dict):
        return text
    choices = schema.get("enum")
    if isinstance(choices, list) and choices:
        return choices[0]
    match schema.get("type"):
        case "integer" | "number":
            return 1
        case "boolean":
            return True
        case "array":
            return [_example(schema.get("items"), text)]
        case "object":
            return _arguments(schema, text)
        case "null":
            return None
        case _:
            return text
