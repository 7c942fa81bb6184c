"""Requests of `POST /v1/completions` and `POST /v1/embeddings`: prompts without messages.

A prompt is a string, token ids, a list of either, or llama.cpp's mixture of both. Token ids can't be read, so they are
the parameter `token_ids`.
"""

from typing import Any, Final

from narrows.dialects import governed
from narrows.dialects.messages import read_messages
from narrows.dialects.openai.chat import END_USER, KEEP, TIER, WORDS, wants_usage, widened
from narrows.dialects.openai.definitions import read_tools
from narrows.dialects.pieces import assemble
from narrows.dialects.reading import Invalid, Reading
from narrows.model.call import Asked, Json
from narrows.model.path import child
from narrows.model.text import Role
from narrows.ports.dialect import Forward

COMPLETIONS: Final = "completions"
EMBEDDINGS: Final = "embeddings"
COMPLETION_SPLIT: Final = ()
EMBEDDING_SPLIT: Final = ("input",)

_READ: Final = frozenset({"prompt", "tools", "modalities", "prompt_embeds", *KEEP})
_READ_EMBEDDING: Final = frozenset({"model", "input", "messages"})


def read(body: Json) -> Asked:
    """What a completion asks. Raises Refused."""
    reading = Reading()
    model = governed.model(body)
    stream = governed.flag(body, "stream")
    if body.get("prompt") is None:
        raise Invalid("$.prompt", "must be a string or a list")
    prompts = _read_prompt(reading, "$.prompt", body["prompt"])
    if "prompt_embeds" in body:
        reading.part(Role.USER, "$.prompt_embeds", body["prompt_embeds"], "multimodal_data")
    if "tools" in body:
        read_tools(reading, governed.optional_members(body, "tools"), "$.tools")
    choices = widened(reading, body) * prompts
    reading.unread(body, _READ, WORDS)
    return reading.asked(
        COMPLETIONS,
        model,
        body,
        stream=stream,
        output_cap=governed.output_cap(body, least=0),
        choices=choices,
        wants_usage=wants_usage(reading, body),
        end_user=governed.end_user(body, *END_USER),
        tier=governed.tier(body, TIER),
    )


def read_embeddings(body: Json) -> Asked:
    """What an embedding asks. Raises Refused."""
    reading = Reading()
    model = governed.model(body)
    if body.get("input") is None and body.get("messages") is None:
        raise Invalid("$.input", "must be a string or a list")
    # Which of the two an upstream takes is its own choice.
    if body.get("input") is not None:
        _read_prompt(reading, "$.input", body["input"])
    if body.get("messages") is not None:
        read_messages(reading, governed.members(body, "messages"))
    widened(reading, body)
    reading.unread(body, _READ_EMBEDDING, WORDS)
    return reading.asked(
        EMBEDDINGS, model, body, end_user=governed.end_user(body, *END_USER), tier=governed.tier(body, TIER)
    )


def forward_embeddings(asked: Asked, model: str | None) -> Forward:
    """The body to send."""
    body = dict(asked.body)
    if model is not None:
        body["model"] = model
    return assemble(body, EMBEDDING_SPLIT)


def _read_prompt(reading: Reading, path: str, value: Any) -> int:
    """Reads a prompt or a list of them; gives how many they are. Raises Invalid."""
    if type(value) is str:
        reading.content(Role.USER, path, value)
        return 1
    if type(value) is dict:
        texts = {key: inner for key, inner in value.items() if not (type(inner) is list and int in map(type, inner))}
        reading.content(Role.USER, path, texts)
        if len(texts) < len(value):
            reading.parameters.add("token_ids")
            for key in value.keys() - texts.keys():
                reading.strings(Role.USER, child(path, key), value[key], numbers=False)
        return 1
    if type(value) is not list:
        raise Invalid(path, "must be a string or a list")
    if any(type(inner) is int for inner in value):
        reading.parameters.add("token_ids")
        for index, inner in enumerate(value):
            if type(inner) is not int:
                reading.content(Role.USER, f"{path}[{index}]", inner)
        return 1
    return sum(_read_prompt(reading, f"{path}[{index}]", inner) for index, inner in enumerate(value)) or 1
