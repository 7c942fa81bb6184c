"""Requests and replies of every dialect with the same text wherever one can stand, and values to be looked for."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from e2e.masking import wire
from narrows.masking.context import before
from narrows.masking.detector import Detector
from narrows.masking.engine import Engine
from narrows.masking.masker import Masker
from narrows.masking.plan import Plan, Rule
from narrows.masking.table import DETECTORS

SEPARATOR = "\n¶ ¶\n"
"""Between two examples; it belongs to no value, so as many must be left as there were."""

SHORT = 8
"""A shorter value is looked for together with what stands before it, or it would be found by chance."""

LEAST_SCORE = 0.5
"""Of a finding that a mask without a threshold of its own takes."""


class Members(NamedTuple):
    """Values that stand as members of objects: strings and numbers that only their name tells, by that name, and
    numbers that are known without one."""

    named: dict[str, str | int]
    bare: list[int]


NOTHING = Members({}, [])

Planted = Callable[[list[str]], Any]
Asking = Callable[[list[str], Members], Any]


class Values:
    """An example of each entity, and by entity a piece of it that must not turn up anywhere; the same of what stands
    as a number, and of what only its name tells."""

    def __init__(self, engine: Engine) -> None:
        self.needles: dict[str, bytes] = {}
        self.texts: list[str] = []
        for detector in DETECTORS:
            if detector.entity in self.needles:
                continue
            example = detector.examples[0]
            only = Masker(engine, Plan((Rule(frozenset({detector.entity}), threshold=0),)))
            found = only.mask(example).findings[0]
            start = min(found.start, max(0, found.end - SHORT))
            # Quotes and line breaks are written in many ways; the longest piece between them in one.
            piece = max(re.split(r'["\\\r\n\t]', example[start : found.end]), key=len)
            assert len(piece) >= SHORT - 1, (detector.entity, piece)
            self.needles[detector.entity] = piece.encode("ascii")
            self.texts.append(example)
        self.members = Members({}, [])
        for detector in DETECTORS:
            self._plant_members(engine, detector)

    def _plant_members(self, engine: Engine, detector: Detector) -> None:
        """The first example of a detector's that can be a member of an object."""
        only = Masker(engine, Plan((Rule(frozenset({detector.entity}), threshold=LEAST_SCORE),)))
        for value in _values(only, detector):
            number = value.isdecimal() and value[0] != "0" and len(value) <= 19
            if number and only.mask(value).findings:
                self.members.bare.append(int(value))  # More than one detector may know it.
            elif name := next((name for name in self._free(detector) if _is_told(only, name, value, number)), None):
                self.members.named[name] = int(value) if number else value
            else:
                continue
            self.needles[f"{detector.name} as a member"] = value.encode("ascii")
            return

    def _free(self, detector: Detector) -> list[str]:
        names = [keyword.replace(" ", "_") for keyword in detector.keywords]
        return [name for name in names if name not in self.members.named]

    def in_(self, data: bytes | str) -> list[str]:
        """The entities of which something is in there."""
        data = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
        return [entity for entity, needle in self.needles.items() if needle in data]


def _values(masker: Masker, detector: Detector) -> Iterator[str]:
    """What a detector's examples hold that can be told from everything else and be written in one way."""
    for example in detector.examples:
        for found in masker.mask(example).findings[:1]:
            value = example[found.start : found.end]
            if len(value) >= SHORT and value.isascii() and not re.search(r'["\\\r\n\t]', value):
                yield value


def _is_told(masker: Masker, name: str, value: str, number: bool) -> bool:
    """Whether a name tells what the whole value is, which tells nothing itself."""
    found = masker.mask(value, before(name, quoted=not number)).findings
    whole = [(finding.start, finding.end) for finding in found] == [(0, len(value))]
    return whole and not masker.mask(value).findings


def document(texts: list[str], members: Members = NOTHING) -> dict[str, Any]:
    """An object that has all texts: joined, one by one, and as keys; and all members, in many ways."""
    made = {"all": SEPARATOR.join(texts), "each": texts, "keys": {text: number for number, text in enumerate(texts)}}
    lists = {name: [value] for name, value in members.named.items()}
    held = {name: {"value": value} for name, value in members.named.items()}
    some = [members.bare[at : at + 3] for at in range(0, len(members.bare), 3)]
    return made | members.named | {"n": members.bare, "m": [*some, "x"], "lists": lists, "held": held}


def chat(texts: list[str], members: Members) -> dict[str, Any]:
    text, arguments = SEPARATOR.join(texts), json.dumps(document(texts, members))
    function = {
        "name": "f",
        "description": text,
        "parameters": {
            "type": "object",
            "description": text,
            "properties": {"a": {"type": "string", "enum": [*texts, *members.bare], "default": text}},
        },
    }
    return {
        "messages": [
            {"role": "system", "content": text},
            {"role": "developer", "content": [{"type": "text", "text": each} for each in texts]},
            {"role": "user", "name": text, "content": text},
            {"role": "assistant", "content": text, "refusal": text, "reasoning_content": text,
             "tool_calls": [wire.call(arguments)]},
            {"role": "tool", "tool_call_id": "call_0", "content": text},
            {"role": "tool", "tool_call_id": "call_0", "content": [{"type": "text", "text": text}]},
        ],
        "tools": [{"type": "function", "function": function}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "s", "schema": {"description": text}}},
        "prediction": {"type": "content", "content": text},
        "stop": [text],
        "user": text,
        "metadata": {"note": text, **members.named},
        "unknown": {"deep": [document(texts, members)]},
        **members.named,
    }  # fmt: skip


def responses(texts: list[str], members: Members) -> dict[str, Any]:
    text, arguments = SEPARATOR.join(texts), json.dumps(document(texts, members))
    return {
        "instructions": text,
        "input": [
            {"role": "user", "content": text},
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": each} for each in texts]},
            {"type": "message", "role": "assistant", "status": "completed", "content": [
                {"type": "output_text", "text": text, "annotations": [{"type": "url_citation", "title": text}]},
                {"type": "refusal", "refusal": text}]},
            {"type": "reasoning", "summary": [{"type": "summary_text", "text": text}], "encrypted_content": "gAAAA"},
            {"type": "function_call", "call_id": "c1", "name": "f", "arguments": arguments},
            {"type": "function_call_output", "call_id": "c1", "output": text},
            {"type": "custom_tool_call_output", "call_id": "c2", "output": [{"type": "input_text", "text": text}]},
            {"type": "function_call_output", "call_id": "c3", "output": document(texts, members)},
        ],
        "tools": [{"type": "function", "name": "f", "description": text, "parameters": {"description": text}}],
        "text": {"format": {"type": "json_schema", "name": "s", "schema": {"description": text}}},
        "user": text,
        "metadata": {"note": text, **members.named},
        "store": False,
    }  # fmt: skip


def messages(texts: list[str], members: Members) -> dict[str, Any]:
    text = SEPARATOR.join(texts)
    return {
        "max_tokens": 20,
        "system": [{"type": "text", "text": text}],
        "messages": [
            {"role": "user", "content": text},
            {"role": "assistant", "content": [
                {"type": "text", "text": text},
                {"type": "tool_use", "id": "t", "name": "f", "input": document(texts, members)}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": text}]},
                {"type": "document", "title": text, "context": text,
                 "source": {"type": "text", "media_type": "text/plain", "data": text}}]},
        ],
        "tools": [{"name": "f", "description": text, "input_schema": {
            "type": "object", "description": text,
            "properties": {"n": {"type": "integer", "examples": members.bare}}}}],
        "stop_sequences": [text],
        "metadata": {"user_id": text, **members.named},
    }  # fmt: skip


REQUESTS: dict[str, tuple[str, Asking]] = {
    "chat": ("/openai/v1/chat/completions", chat),
    "responses": ("/openai/v1/responses", responses),
    "completions": (
        "/openai/v1/completions",
        lambda texts, members: {
            "prompt": texts, "suffix": SEPARATOR.join(texts), "user": texts[0], **members.named, "n_": members.bare}),
    "embeddings": (
        "/openai/v1/embeddings",
        lambda texts, members: {
            "input": texts, "user": SEPARATOR.join(texts), "metadata": members.named, "ids": members.bare}),
    "messages": ("/claude/v1/messages", messages),
    "json": ("/json/predict", document),
}  # fmt: skip


def tokens(texts: list[str]) -> dict[str, Any]:
    return {"content": [{"token": text, "logprob": -0.1, "bytes": None, "top_logprobs": []} for text in texts]}


def chat_reply(texts: list[str]) -> dict[str, Any]:
    text, arguments = SEPARATOR.join(texts), json.dumps(document(texts))
    fields = {"content": text, "refusal": text, "reasoning_content": text, "tool_calls": [wire.call(arguments)]}
    annotations = [{"type": "url_citation", "url_citation": {"title": text, "url": text}}]
    first = {**fields, "annotations": annotations, "unknown": document(texts)}
    return wire.chat_reply(first, {"content": text}, logprobs=tokens(texts))


def responses_reply(texts: list[str]) -> dict[str, Any]:
    text, arguments = SEPARATOR.join(texts), json.dumps(document(texts))
    reasoning = {"id": "rs", "type": "reasoning", "summary": [{"type": "summary_text", "text": text}]}
    return wire.response(wire.said(text), reasoning, wire.called(arguments)) | {"instructions": text, "user": text}


def messages_reply(texts: list[str]) -> dict[str, Any]:
    text = SEPARATOR.join(texts)
    return wire.message_reply(
        {"type": "thinking", "thinking": text, "signature": "c2ln"},
        {"type": "text", "text": text, "citations": [{"type": "char_location", "cited_text": text}]},
        {"type": "tool_use", "id": "t", "name": "f", "input": document(texts)},
        {"type": "unknown_block", "content": document(texts)},
    )


def completions_reply(texts: list[str]) -> dict[str, Any]:
    choice = {"index": 0, "text": SEPARATOR.join(texts), "finish_reason": "stop", "logprobs": {"tokens": texts}}
    return {"id": "c", "object": "text_completion", "created": 1, "model": "m", "choices": [choice]}


REPLIES: dict[str, Planted] = {
    "chat": chat_reply,
    "responses": responses_reply,
    "completions": completions_reply,
    "messages": messages_reply,
    "json": lambda texts: {"out": document(texts), "list": texts},
}


def chat_stream(texts: list[str]) -> bytes:
    text, arguments = SEPARATOR.join(texts), json.dumps(document(texts))
    *chunks, last = wire.chat_stream(text, 29, reasoning_content=text, refusal=text)
    pieces = wire.cut(arguments, 37)
    chunks.append(wire.chat_chunk({"tool_calls": [wire.call("")]}))
    chunks += [wire.chat_chunk({"tool_calls": [wire.call(piece, first=False)]}) for piece in pieces]
    chunks += [wire.chat_chunk({"content": ""}, logprobs=tokens(texts)), wire.chat_chunk({"unknown": text})]
    return wire.events([*chunks, last], done=True)


def completions_stream(texts: list[str]) -> bytes:
    body = {"id": "c", "object": "text_completion", "created": 1, "model": "m"}
    pieces = [(piece, None) for piece in wire.cut(SEPARATOR.join(texts), 11)]
    return wire.events(
        ({**body, "choices": [{"index": 0, "text": piece, "finish_reason": finish}]}
         for piece, finish in [*pieces, ("", "stop")]),
        done=True,
    )  # fmt: skip


def messages_stream(texts: list[str]) -> bytes:
    text, arguments = SEPARATOR.join(texts), json.dumps(document(texts))
    thoughts = [{"type": "thinking_delta", "thinking": piece} for piece in wire.cut(text, 19)]
    return wire.events(
        wire.message_stream(
            ({"type": "thinking", "thinking": "", "signature": ""}, thoughts),
            ({"type": "text", "text": ""}, [{"type": "text_delta", "text": piece} for piece in wire.cut(text, 43)]),
            ({"type": "tool_use", "id": "t", "name": "f", "input": {}},
             [{"type": "input_json_delta", "partial_json": piece} for piece in wire.cut(arguments, 23)]),
        ),
        named=True,
    )  # fmt: skip


STREAMS: dict[str, Callable[[list[str]], bytes]] = {
    "chat": chat_stream,
    "responses": lambda texts: wire.events(
        wire.response_stream(SEPARATOR.join(texts), json.dumps(document(texts)), 31), named=True
    ),
    "completions": completions_stream,
    "messages": messages_stream,
    "json": lambda texts: wire.events(
        ({"out": {"text": piece}} for piece in wire.cut(SEPARATOR.join(texts), 21)), done=True
    ),
}
