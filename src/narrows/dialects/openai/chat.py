"""Requests of `POST /v1/chat/completions`."""

from collections.abc import Mapping
from typing import Final

from narrows.dialects import governed
from narrows.dialects.cap_fields import set_cap
from narrows.dialects.messages import read_messages
from narrows.dialects.numbers import API_NUMBERS
from narrows.dialects.openai.definitions import read_tools
from narrows.dialects.pieces import assemble
from narrows.dialects.reading import Reading
from narrows.model.call import Asked, Json
from narrows.model.text import Role
from narrows.ports.dialect import Forward

OPERATION: Final = "chat"
SPLIT: Final = ("messages", "tools")
KEEP: Final = frozenset({"model", "stream", "stream_options", *governed.CAP_ALIASES})
"""Members that forwarding reads or changes."""

_READ: Final = frozenset(
    {"messages", "tools", "functions", "response_format", "modalities", "web_search_options", "prediction", *KEEP}
)
WORDS: Final[Mapping[str, frozenset[str]]] = {
    "service_tier": frozenset({"auto", "default", "fast", "flex", "priority", "scale"}),
    "reasoning_effort": frozenset({"none", "minimal", "low", "medium", "high", "xhigh"}),
    "verbosity": frozenset({"low", "medium", "high"}),
    "tool_choice": frozenset({"none", "auto", "required"}),
    "truncation": frozenset({"auto", "disabled"}),
    "encoding_format": frozenset({"float", "base64"}),
}
"""Members whose values are words of the API, not the caller's."""

_SERVER_SIDE: Final = ("web_search_options", "search_parameters", "plugins")
"""Members that make the provider search or run something; the latter two are of compatible providers."""

_OTHER_MODELS: Final = ("models", "fallbacks")
"""Members in which routers among the upstreams take further models to try."""

_TOKEN_IDS: Final = ("prompt_token_ids", "input_ids")
"""Members in which some servers take a prompt that is already tokens."""

_CHOICES: Final = ("n", "best_of", "n_cmpl")
"""Members that ask for more than one reply; the last is llama.cpp's."""

END_USER: Final = ("safety_identifier", "user")
"""Members that name the person asked for; where both stand, the latter may only group what is cached."""

TIER: Final = "service_tier"

_CALLERS: Final = frozenset({*END_USER, TIER})
_NUMBERS: Final = frozenset({int, float})
_PLAIN: Final = frozenset(
    {
        "messages", "temperature", "top_p", "seed", "frequency_penalty", "presence_penalty", "user", "stop",
        "reasoning_effort", *KEEP,
    }
)  # fmt: skip
"""Members that neither define anything nor widen a call."""

_WIDENING: Final = frozenset({"store", "echo", "modalities", *_CHOICES, *_OTHER_MODELS, *_TOKEN_IDS, *_SERVER_SIDE})


def read(body: Json) -> Asked:
    """What the body asks. Raises Refused."""
    reading = Reading()
    model = governed.model(body)
    read_messages(reading, governed.members(body, "messages"))
    if len(body) == 2:
        return reading.asked(OPERATION, model, body)
    stream = "stream" in body and governed.flag(body, "stream")
    choices, wanted = 1, False
    user = tier = None
    if not _CALLERS.isdisjoint(body):
        user, tier = governed.end_user(body, *END_USER), governed.tier(body, TIER)
    if not _PLAIN.issuperset(body):
        _read_definitions(reading, body)
        choices = widened(reading, body)
    for key in body.keys() - _READ:
        if key not in API_NUMBERS or type(body[key]) not in _NUMBERS:
            reading.unread(body, _READ, WORDS)
            break
    cap = governed.output_cap(body)
    if "stream_options" in body:
        wanted = wants_usage(reading, body)
    return reading.asked(OPERATION, model, body, stream, cap, choices, wanted, user, tier)


def _read_definitions(reading: Reading, body: Json) -> None:
    if "tools" in body:
        read_tools(reading, governed.optional_members(body, "tools"), "$.tools")
    if "functions" in body:
        functions = governed.optional_members(body, "functions")
        reading.schema(Role.TOOL_DEFINITION, "$.functions", functions)
    if "response_format" in body:
        reading.schema(Role.TOOL_DEFINITION, "$.response_format", governed.section(body, "response_format"))
    if "prediction" in body:
        reading.part(Role.ASSISTANT, "$.prediction", governed.section(body, "prediction"), "")


def widened(reading: Reading, body: Json) -> int:
    """Notes the parameters that widen a call; gives how many choices are asked for. Raises Invalid."""
    if _WIDENING.isdisjoint(body):
        return 1
    if governed.flag(body, "store"):
        reading.parameters.add("store")
    for name in _SERVER_SIDE:
        if body.get(name) is not None:
            reading.parameters.add("server_tools")
            reading.strings(Role.USER, f"$.{name}", body[name])
    if governed.flag(body, "echo"):
        reading.parameters.add("echo")
    if any(body.get(name) is not None for name in _OTHER_MODELS):
        reading.parameters.add("models")
    if any(body.get(name) is not None for name in _TOKEN_IDS):
        reading.parameters.add("token_ids")
    for index, modality in enumerate(governed.optional_members(body, "modalities")):
        if modality == "audio":
            reading.parameters.add("audio_output")
        elif modality != "text":
            reading.strings(Role.USER, f"$.modalities[{index}]", modality)
    choices = max(governed.count(body, name) or 1 for name in _CHOICES)
    if choices > 1:
        reading.parameters.add("n")
    return choices


def wants_usage(reading: Reading, body: Json) -> bool:
    """Whether the caller itself asks for the usage event of a stream. Raises Invalid."""
    if "stream_options" not in body:
        return False
    options = governed.section(body, "stream_options")
    reading.options("$.stream_options", options)
    return options.get("include_usage") is True


def forward(asked: Asked, model: str | None, cap: int | None, field: str, split: tuple[str, ...]) -> Forward:
    """The body to send; `field` takes the cap. Completions are sent the same way."""
    body = dict(asked.body)
    if model is not None:
        body["model"] = model
    if cap is not None:
        set_cap(body, field, cap if asked.output_cap is None else min(cap, asked.output_cap))
    if asked.stream and not asked.wants_usage:
        body["stream_options"] = {**(body.get("stream_options") or {}), "include_usage": True}
    return assemble(body, split)
