"""Agents as they are in the field, through the official SDKs, and the model that they talk to: every word is scripted.

Each agent does what its kind does on every call: it sends its whole history and all its tools again, gives back the
model's words, thoughts and calls as the SDK handed them over, and goes on with the results of its tools.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import anthropic
import openai

from e2e.masking import wire
from e2e.scripted import Connection, Seen, whole

TOOL_NAMES = (
    "read_file", "write_file", "delete_file", "list_directory", "search_code", "run_tests", "export_csv",
    "reset_branch", "git_commit", "git_diff", "apply_patch", "drop_table", "create_table", "send_email",
    "fetch_page", "ask_user", "format_code", "rename_symbol", "kill_process", "read_payroll",
)  # fmt: skip
"""Twenty tools, some with names that rules are about."""


class Says(NamedTuple):
    """One answer of the model: what it thinks, says and calls."""

    text: str = ""
    calls: tuple[tuple[str, dict[str, Any]], ...] = ()
    thinks: str = ""


def calls(name: str, text: str = "", thinks: str = "", **arguments: Any) -> Says:
    return Says(text, ((name, arguments),), thinks)


class Model:
    """Gives its answers one after the other, whole or streamed, in the API that it is asked in. It keeps what it was
    sent."""

    def __init__(self, *answers: Says, size: int = 7) -> None:
        self._answers = list(answers)
        self._size = size
        self.asked: list[dict[str, Any]] = []

    @property
    def left(self) -> int:
        return len(self._answers)

    async def __call__(self, seen: Seen, writer: Connection) -> None:
        asked = json.loads(seen.body)
        self.asked.append(asked)
        says, number = self._answers.pop(0), len(self.asked)
        messages = seen.dialect == "anthropic"
        if not asked.get("stream"):
            reply = _message(says, number) if messages else _completion(says, number)
            writer.write(whole(json.dumps(reply).encode()))
            return
        events = _message_events(says, number, self._size) if messages else _chunks(says, number, self._size)
        data = wire.events(events, named=messages, done=not messages)
        await wire.streams(data, 61)(seen, writer)


def _calls(says: Says, number: int) -> list[dict[str, Any]]:
    return [
        {"id": f"call_{number}_{index}", "type": "function",
         "function": {"name": name, "arguments": json.dumps(arguments, ensure_ascii=False, indent=1)}}
        for index, (name, arguments) in enumerate(says.calls)
    ]  # fmt: skip


def _completion(says: Says, number: int) -> dict[str, Any]:
    fields: dict[str, Any] = {"content": says.text or None}
    if says.thinks:
        fields["reasoning_content"] = says.thinks
    if says.calls:
        fields["tool_calls"] = _calls(says, number)
    return wire.chat_reply(fields)


def _chunks(says: Says, number: int, size: int) -> list[dict[str, Any]]:
    out = [wire.chat_chunk({"role": "assistant", "content": ""})]
    if says.thinks:
        out += [wire.chat_chunk({"reasoning_content": piece}) for piece in wire.cut(says.thinks, size)]
    if says.text:
        out += [wire.chat_chunk({"content": piece}) for piece in wire.cut(says.text, size)]
    for index, call in enumerate(_calls(says, number)):
        arguments = call["function"]["arguments"]
        begins = {**call, "index": index, "function": {**call["function"], "arguments": ""}}
        out.append(wire.chat_chunk({"tool_calls": [begins]}))
        out += [
            wire.chat_chunk({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
            for piece in wire.cut(arguments, size)
        ]
    return [*out, wire.chat_chunk({}, "tool_calls" if says.calls else "stop")]


def _blocks(says: Says, number: int) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = []
    if says.thinks:
        blocks.append({"type": "thinking", "thinking": says.thinks, "signature": "c2lnbmVkIGJ5IHRoZSBtb2RlbA=="})
    # Two blocks beside each other, as with citations.
    half = len(says.text) // 2
    blocks += [{"type": "text", "text": text} for text in (says.text[:half], says.text[half:]) if text]
    return blocks + [
        {"type": "tool_use", "id": f"toolu_{number}_{index}", "name": name, "input": arguments}
        for index, (name, arguments) in enumerate(says.calls)
    ]


def _message(says: Says, number: int) -> dict[str, Any]:
    return wire.message_reply(*_blocks(says, number))


def _message_events(says: Says, number: int, size: int) -> list[dict[str, Any]]:
    blocks: list[tuple[dict[str, Any], list[dict[str, Any]]]] = []
    for block in _blocks(says, number):
        match block["type"]:
            case "thinking":
                start = {**block, "thinking": "", "signature": ""}
                deltas = [{"type": "thinking_delta", "thinking": piece} for piece in wire.cut(block["thinking"], size)]
                blocks.append((start, [*deltas, {"type": "signature_delta", "signature": block["signature"]}]))
            case "text":
                deltas = [{"type": "text_delta", "text": piece} for piece in wire.cut(block["text"], size)]
                blocks.append(({**block, "text": ""}, deltas))
            case _:
                source = json.dumps(block["input"], ensure_ascii=False)
                deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in wire.cut(source, size)]
                blocks.append(({**block, "input": {}}, deltas))
    out = wire.message_stream(*blocks)
    out.insert(3, {"type": "ping"})
    return out


class ChatAgent:
    """An agent on OpenAI's chat completions. `rewrites`: it parses the arguments of calls and writes them anew, as many
    frameworks do."""

    def __init__(
        self,
        client: openai.OpenAI,
        model: str,
        system: str,
        *,
        stream: bool,
        tools: bool = True,
        rewrites: bool = False,
    ) -> None:
        self._client = client
        self._model = model
        self._stream = stream
        self._rewrites = rewrites
        self._tools: dict[str, Any] = {"tools": [_tool(name) for name in TOOL_NAMES]} if tools else {}
        self.history: list[dict[str, Any]] = [{"role": "system", "content": system}]

    def user(self, *parts: str) -> None:
        content = parts[0] if len(parts) == 1 else [{"type": "text", "text": part} for part in parts]
        self.history.append({"role": "user", "content": content})

    def results(self, *texts: str) -> None:
        """What its tools gave, for each call of the last message."""
        last = self.history[-1]
        for call, text in zip(last["tool_calls"], texts, strict=True):
            self.history.append({"role": "tool", "tool_call_id": call["id"], "content": text})

    def step(self) -> str:
        """One call; gives what the model said. What is refused raises, and the history stays as it was."""
        asked: dict[str, Any] = {"model": self._model, "messages": self.history, **self._tools}
        if self._stream:
            with self._client.chat.completions.stream(**asked) as stream:
                reply = stream.get_final_completion().choices[0].message
        else:
            reply = self._client.chat.completions.create(**asked).choices[0].message
        message = reply.model_dump(exclude_none=True, exclude={"parsed"})
        for call in message.get("tool_calls", ()):
            call.pop("index", None)
            function = call["function"]
            function.pop("parsed_arguments", None)
            if self._rewrites:
                function["arguments"] = json.dumps(json.loads(function["arguments"]))
        self.history.append(message)
        return reply.content or ""

    def back(self, length: int) -> None:
        """Takes back what was refused."""
        del self.history[length:]


class MessagesAgent:
    """An agent on Anthropic's messages."""

    def __init__(self, client: anthropic.Anthropic, model: str, system: str, *, stream: bool) -> None:
        self._client = client
        self._model = model
        self._stream = stream
        self._system = system
        self._tools = [
            {"name": tool["name"], "description": tool["description"], "input_schema": tool["parameters"]}
            for tool in (_tool(name)["function"] for name in TOOL_NAMES)
        ]
        self.history: list[dict[str, Any]] = []

    def user(self, *parts: str) -> None:
        self.history.append({"role": "user", "content": [{"type": "text", "text": part} for part in parts]})

    def results(self, *texts: str) -> None:
        used = [block for block in self.history[-1]["content"] if block["type"] == "tool_use"]
        content = [
            {"type": "tool_result", "tool_use_id": block["id"], "content": text}
            for block, text in zip(used, texts, strict=True)
        ]
        self.history.append({"role": "user", "content": content})

    def step(self) -> str:
        asked: dict[str, Any] = {
            "model": self._model, "system": self._system, "messages": self.history, "tools": self._tools,
            "max_tokens": 1000,
        }  # fmt: skip
        if self._stream:
            with self._client.messages.stream(**asked) as stream:
                reply = stream.get_final_message()
        else:
            reply = self._client.messages.create(**asked)
        content = [block.model_dump(exclude_none=True, exclude={"parsed_output"}) for block in reply.content]
        self.history.append({"role": "assistant", "content": content})
        return "".join(block["text"] for block in content if block["type"] == "text")

    def back(self, length: int) -> None:
        del self.history[length:]


def _tool(name: str) -> dict[str, Any]:
    spoken = name.replace("_", " ")
    parameters = {
        "type": "object",
        "properties": {
            "path": {"type": "string", "description": f"What to {spoken}."},
            "force": {"type": "boolean", "description": "Do not ask; delete, export or reset at once."},
        },
        "required": ["path"],
    }
    function = {"name": name, "description": f"Use this to {spoken}. Ask before you export.", "parameters": parameters}
    return {"type": "function", "function": function}


Agent = ChatAgent | MessagesAgent


class Turn(NamedTuple):
    """What an agent adds before a call: a user's words, in one or several parts, or its tools' results; and what the
    model answers."""

    says: Says
    user: tuple[str, ...] = ()
    results: tuple[str, ...] = ()


def run(agent: Agent, turns: Iterable[Turn], each: Callable[[int], None] = lambda _: None) -> None:
    """Goes through the turns; `each` is called with the number of a turn before it."""
    for number, turn in enumerate(turns):
        each(number)
        add(agent, turn)
        agent.step()


def add(agent: Agent, turn: Turn) -> None:
    if turn.user:
        agent.user(*turn.user)
    if turn.results:
        agent.results(*turn.results)


def answers(turns: Sequence[Turn]) -> list[Says]:
    return [turn.says for turn in turns]
