"""Requests of `POST /v1/responses`.

A response is stored by default, so the gate says `store: false` where the caller says nothing; `store: true` is the
parameter `store`. Stored responses, conversations and items are references, which the engine checks for ownership;
so are items that stand in the input by their id alone, whose content the provider would look up.
"""

from typing import Any, Final

from narrows.dialects import governed
from narrows.dialects.cap_fields import set_cap
from narrows.dialects.openai.chat import END_USER, TIER, WORDS, wants_usage, widened
from narrows.dialects.openai.definitions import read_tools
from narrows.dialects.pieces import assemble
from narrows.dialects.reading import GOVERNED_IN_MESSAGES, ROLES, Invalid, Reading, Refused
from narrows.dialects.strict_json import case_variant
from narrows.model.call import Asked, Json
from narrows.model.path import child
from narrows.model.refusal import Code
from narrows.model.text import Role
from narrows.model.verdict import Deny
from narrows.ports.dialect import Forward

OPERATION: Final = "responses"
SPLIT: Final = ("input", "tools")
CAP_FIELD: Final = "max_output_tokens"
KEEP: Final = frozenset({"model", "stream", "stream_options", "store", *governed.CAP_ALIASES})

_READ: Final = frozenset(
    {
        "input", "instructions", "tools", "previous_response_id", "conversation", "prompt", "background", "text",
        "modalities", "include", "web_search_options", *KEEP,
    }
)  # fmt: skip
_ITEM_WORDS: Final = frozenset({"in_progress", "completed", "incomplete", "commentary", "final_answer"})
_ITEM_TYPES: Final = frozenset(
    {
        "message", "reasoning", "compaction", "compaction_trigger", "configuration_update", "additional_tools",
        "mcp_list_tools", "mcp_approval_request", "mcp_approval_response", "tool_search_output", "program",
        "program_output",
    }
)  # fmt: skip
_CALLS: Final = frozenset(
    {
        "function_call", "custom_tool_call", "computer_call", "local_shell_call", "shell_call", "apply_patch_call",
        "mcp_call", "file_search_call", "web_search_call", "code_interpreter_call", "image_generation_call",
        "tool_search_call",
    }
)  # fmt: skip
_BY_ID: Final = {"reasoning": ("encrypted_content", "content"), "image_generation_call": ("result",)}
"""Kinds of items that the provider looks up by their id where none of these members holds their content."""


def read(body: Json) -> Asked:
    """What the body asks. Raises Refused."""
    reading = Reading()
    model = governed.model(body)
    stream = governed.flag(body, "stream")
    if governed.flag(body, "background"):
        message = "`background` is refused: the gate records a reply while it passes, and this one would not pass"
        raise Refused(Deny(Code.PARAMETER_NOT_ALLOWED, message, param="$.background"))
    _read_instructions(reading, body)
    _read_input(reading, body.get("input"))
    _read_references(reading, body)
    if "tools" in body:
        read_tools(reading, governed.optional_members(body, "tools"), "$.tools", responses=True)
    if "text" in body:
        reading.schema(Role.TOOL_DEFINITION, "$.text", governed.section(body, "text"))
    if "include" in body:
        reading.schema(Role.USER, "$.include", governed.optional_members(body, "include"))
    wants_usage(reading, body)
    choices = widened(reading, body)
    reading.unread(body, _READ, WORDS)
    return reading.asked(
        OPERATION,
        model,
        body,
        stream=stream,
        output_cap=governed.output_cap(body),
        choices=choices,
        wants_usage=True,
        end_user=governed.end_user(body, *END_USER),
        tier=governed.tier(body, TIER),
    )


def forward(asked: Asked, model: str | None, cap: int | None) -> Forward:
    """The body to send."""
    body = dict(asked.body)
    if model is not None:
        body["model"] = model
    if body.get("store") is None:
        body["store"] = False
    if cap is not None:
        set_cap(body, CAP_FIELD, cap if asked.output_cap is None else min(cap, asked.output_cap))
    return assemble(body, SPLIT)


def _read_instructions(reading: Reading, body: Json) -> None:
    instructions = body.get("instructions")
    if type(instructions) is list:
        _read_items(reading, instructions, "$.instructions", Role.SYSTEM)
    else:
        reading.content(Role.SYSTEM, "$.instructions", instructions)
    if body.get("prompt") is not None:
        reading.parameters.add("stored_prompt")
        reading.part(Role.USER, "$.prompt", governed.section(body, "prompt"), "")


def _read_input(reading: Reading, value: Any) -> None:
    if type(value) is list:
        _read_items(reading, value, "$.input", Role.USER)
    elif type(value) is str or value is None:
        reading.content(Role.USER, "$.input", value)
    else:
        raise Invalid("$.input", "must be a string or a list of items")


def _read_references(reading: Reading, body: Json) -> None:
    previous = body.get("previous_response_id")
    conversation = body.get("conversation")
    if type(conversation) is dict:
        reading.options("$.conversation", {key: conversation[key] for key in conversation if key != "id"})
        conversation = conversation.get("id", 0)
    for path, reference in (("$.previous_response_id", previous), ("$.conversation", conversation)):
        if type(reference) is str:
            reading.references.append(reference)
        elif reference is not None:
            raise Invalid(path, "must be a string")


def _read_items(reading: Reading, items: list[Any], path: str, role: Role) -> None:
    for index, item in enumerate(items):
        place = f"{path}[{index}]"
        if type(item) is not dict:
            raise Invalid(place, "must be an object")
        variant = case_variant(item, GOVERNED_IN_MESSAGES)
        if variant is not None:
            raise Invalid(child(place, variant), f"must be written {variant.casefold()!r}")
        _read_item(reading, item, place, role)


def _read_item(reading: Reading, item: Json, place: str, role: Role) -> None:
    kind = item.get("type")
    if kind == "item_reference" or (kind is None and set(item) == {"id"}):
        if type(item.get("id")) is not str:
            raise Invalid(f"{place}.id", "must be a string")
        reading.references.append(item["id"])
        reading.options(place, {key: item[key] for key in item if key not in ("id", "type")})
        return
    if is_name_alone(item, kind):
        reading.references.append(item["id"])
    role = _role(item, kind, role)
    for key, value in item.items():
        here = child(place, key)
        if key == "content":
            reading.content(role, here, value)
        elif type(value) is str and _is_word(key, value):
            continue
        elif key in ("result", "screenshot") and type(value) is str and kind == "image_generation_call":
            reading.blob(here, "image/*", value)
        elif key == "tools" and type(value) is list and kind != "mcp_list_tools":
            # Definitions that take effect from here on, as if they stood in the request's own list.
            read_tools(reading, value, here, responses=True)
        elif key == "tools":
            reading.schema(Role.TOOL_DEFINITION, here, value)
        else:
            reading.member(role, here, key, value)


def is_name_alone(item: Json, kind: Any) -> bool:
    """Whether an item is nothing but the name of one that the provider keeps."""
    members = _BY_ID.get(kind) if type(kind) is str else None
    return members is not None and type(item.get("id")) is str and not any(item.get(name) for name in members)


def _role(item: Json, kind: Any, otherwise: Role) -> Role:
    """Whose words an item is."""
    if kind is None or kind == "message":
        name = item.get("role")
        return ROLES.get(name, Role.USER) if type(name) is str else otherwise
    if type(kind) is not str:
        return otherwise
    if kind.endswith("_output"):
        return Role.TOOL_RESULT
    if kind == "program" or kind.endswith(("_call", "_approval_request")):
        return Role.TOOL_CALL
    if kind == "mcp_list_tools":
        return Role.TOOL_DEFINITION
    return Role.ASSISTANT if kind in ("reasoning", "compaction") else otherwise


def _is_word(key: str, value: str) -> bool:
    """Whether a member of an item holds one of the API's own words."""
    match key:
        case "role":
            return value in ROLES
        case "status" | "phase":
            return value in _ITEM_WORDS
        case "type":
            return value in _ITEM_TYPES or value.removesuffix("_output") in _CALLS
        case _:
            return False
