"""Collects what a request holds: every text a model reads, every part nobody can inspect, every widening parameter.

The rule of the whole package: a string is a text unless its place has a closed vocabulary and it is one of those
words. So a field that no dialect knows is still seen. Keys of objects whose shape no dialect defines are texts, too,
and so are their numbers (see `numbers`). Where the caller names a value, its text says how: `{"cvv": "123"}`.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Mapping
from types import NoneType
from typing import Any, Final

from narrows.dialects.numbers import API_NUMBERS, PART_NUMBERS, SCHEMA_NUMBERS, literal, long_source
from narrows.dialects.strict_json import case_variant
from narrows.model.call import Asked, Json
from narrows.model.names import named
from narrows.model.path import child, element
from narrows.model.refusal import Code
from narrows.model.text import Opaque, Role, Text
from narrows.model.verdict import Deny

ROLES: Final[Mapping[str, Role]] = {
    "system": Role.SYSTEM,
    "developer": Role.SYSTEM,
    "user": Role.USER,
    "assistant": Role.ASSISTANT,
    "tool": Role.TOOL_RESULT,
    "function": Role.TOOL_RESULT,
}

GOVERNED_IN_MESSAGES: Final = frozenset(
    {"role", "content", "type", "text", "tool_calls", "name", "arguments", "input", "tool", "tools"}
)
_GOVERNED_IN_ADDITIONS: Final = frozenset({"type", "definition"})

_MEDIA_URLS: Final = frozenset(
    {
        "image_url", "video_url", "audio_url", "file_url", "document_url", "input_image", "image", "images", "video",
        "audio",
    }
)  # fmt: skip
_MEDIA_BLOBS: Final = frozenset(
    {
        "file_data", "b64_json", "image_data", "audio_data", "multimodal_data", "image_embeds", "audio_embeds",
        "video_embeds",
    }
)  # fmt: skip
_MEDIA_HOLDERS: Final = _MEDIA_URLS | {"input_audio", "file", "source"}
_REMOTE: Final = re.compile(r"\s*[A-Za-z][A-Za-z0-9+.-]*://")
"""How an address begins that a provider would fetch, in a place where the content itself is expected."""

_PART_KEYS: Final = (
    _MEDIA_HOLDERS
    | _MEDIA_BLOBS
    | {"content", "text", "function", "custom", "tool_calls", "function_call", "cache_control", "summary", "output"}
)
"""Members of a part whose objects and lists are parts again; what stands under any other key is read whole."""

_MEDIA_WORDS: Final = frozenset({"auto", "low", "high", "original", "base64", "url", "file", "wav", "mp3", "ephemeral"})
_PART_TYPES: Final = frozenset(
    {
        "text", "input_text", "output_text", "summary_text", "reasoning_text", "refusal", "image_url", "input_image",
        "image", "input_audio", "audio", "video_url", "video", "file", "input_file", "document", "thinking",
        "redacted_thinking", "tool_use", "tool_result", "message", "content", "function", "custom",
    }
)  # fmt: skip
_SCHEMA_KEYWORDS: Final = frozenset(
    {
        "type", "properties", "required", "description", "items", "enum", "additionalProperties", "anyOf", "oneOf",
        "allOf", "title", "default", "format", "minimum", "maximum", "strict", "name", "schema", "parameters", "const",
        "$defs", "$ref", "minItems", "maxItems", "minLength", "maxLength", "pattern", "examples", "json_schema",
        "function", "custom", "input_schema", "cache_control",
    }
)  # fmt: skip
_SCHEMA_TYPES: Final = frozenset(
    {
        "object", "string", "number", "integer", "boolean", "array", "null", "json_schema", "json_object", "text",
        "function", "custom", "ephemeral",
    }
)  # fmt: skip
_GIVEN: Final = frozenset({"default", "example", "examples", "enum", "const"})
"""Keywords of a schema whose values are no schemas but what the schema is about."""

_API_MEMBERS: Final = frozenset(
    {
        "acknowledged_safety_checks", "action", "actions", "annotations", "approval_request_id", "arguments", "audio",
        "cache_control", "call_id", "caller", "citations", "cited_text", "code", "container", "container_id", "content",
        "context", "context_management", "data", "detail", "diff", "encrypted_content", "environment", "error",
        "filename", "function", "id", "input", "instructions", "logprobs", "media_type", "model", "namespace",
        "operation", "output", "path", "pending_safety_checks", "phase", "prompt_cache_key", "prompt_cache_retention",
        "queries", "reasoning", "reasoning_content", "reasoning_effort", "refusal", "results", "role",
        "safety_identifier", "server_label", "service_tier", "signature", "status", "stop", "stop_sequences", "suffix",
        "summary", "text", "thinking", "title", "tool_call_id", "tool_choice", "tool_use_id", "type", "url", "user",
        "verbosity",
    }
)  # fmt: skip
"""Members of requests, messages and their parts that the APIs define. Their names say nothing of what is in them."""

_SWITCHES: Final = frozenset({bool, NoneType})
_FIGURES: Final = frozenset({int, float})
_NONE: Final[frozenset[str]] = frozenset()


class Refused(Exception):
    """Ends a reading; it becomes the Deny it carries at the dialect's border."""

    def __init__(self, deny: Deny) -> None:
        super().__init__(deny.message)
        self.deny = deny


class Invalid(Refused):
    """A body that is JSON but no request of the dialect."""

    def __init__(self, param: str, must: str) -> None:
        super().__init__(Deny(Code.BODY_INVALID, f"{param} {must}", param=param))


class Reading:
    """One request being read. `define` reads a tool's definition that a message brings along; where the dialect knows
    of none, such a tool counts as one that the server runs."""

    __slots__ = ("_define", "opaque", "parameters", "references", "texts")

    def __init__(self, define: "Callable[[Reading, Any, str], None] | None" = None) -> None:
        self._define = define
        self.texts: list[Text] = []
        self.opaque: list[Opaque] = []
        self.parameters: set[str] = set()
        self.references: list[str] = []

    def strings(self, role: Role, path: str, value: Any, *, numbers: bool = True) -> None:
        """Every string and key below `value` is a text, where the API says what is there; with `numbers` each number
        is one, too, but for those of API_NUMBERS."""
        if type(value) is str:
            self.texts.append(Text(role, path, value))
        elif type(value) is list:
            if not numbers or not self._long(role, path, value, ""):
                for index, inner in enumerate(value):
                    self.strings(role, element(path, index), inner, numbers=numbers)
        elif type(value) is dict:
            for key, inner in value.items():
                place = child(path, key)
                self.texts.append(Text(role, place + "~", key))
                self.strings(role, place, inner, numbers=numbers and key not in API_NUMBERS)
        elif numbers and type(value) not in _SWITCHES:
            self._number(role, path, value, "")

    def own(self, role: Role, path: str, value: Any, name: str = "") -> None:
        """What the caller chooses, names of members and all: every string, key, number and switch below `value` is a
        text. `name` is what `value` is called."""
        if type(value) is str:
            self.texts.append(Text(role, path, value, name))
        elif type(value) is list:
            if not self._long(role, path, value, name):
                for index, inner in enumerate(value):
                    self.own(role, element(path, index), inner, name)
        elif type(value) is dict:
            for key, inner in value.items():
                place = child(path, key)
                self.texts.append(Text(role, place + "~", key))
                self.own(role, place, inner, named(key, name))
        else:
            self._number(role, path, value, name)

    def _number(self, role: Role, path: str, value: Any, name: str) -> None:
        spelled = literal(value)
        if spelled is not None:
            self.texts.append(Text(role, path, spelled, name, True))  # noqa: FBT003 - a number

    def _long(self, role: Role, path: str, value: list[Any], name: str) -> bool:
        """Reads a list of many numbers, and nothing else, as one text."""
        source = long_source(value)
        if source is not None:
            self.texts.append(Text(role, path, source, name, True))  # noqa: FBT003 - numbers
        return source is not None

    def schema(self, role: Role, path: str, value: Any) -> None:
        """The same for JSON Schema and the definitions around it: its own keywords and type names are no texts."""
        if type(value) is str:
            self.texts.append(Text(role, path, value))
        elif type(value) is list:
            for index, inner in enumerate(value):
                self.schema(role, element(path, index), inner)
        elif type(value) is dict:
            for key, inner in value.items():
                place = child(path, key)
                if key not in _SCHEMA_KEYWORDS:
                    self.texts.append(Text(role, place + "~", key))
                elif key == "type" and type(inner) is str and inner in _SCHEMA_TYPES:
                    continue
                if key in _GIVEN and type(inner) is not dict:
                    self.own(role, place, inner)
                elif type(inner) in (str, dict, list) or key not in SCHEMA_NUMBERS | API_NUMBERS:
                    self.schema(role, place, inner)
        elif type(value) not in _SWITCHES:
            self._number(role, path, value, "")

    def content(self, role: Role, path: str, value: Any) -> None:
        """The content of a message: a string, or parts of it."""
        if type(value) is str:
            self.texts.append(Text(role, path, value))
        elif type(value) is list:
            for index, part in enumerate(value):
                self.part(role, element(path, index), part, "")
        elif type(value) is dict:
            self.part(role, path, value, "")
        elif value is not None:
            raise Invalid(path, "must be a string or a list of parts")

    def part(self, role: Role, path: str, value: Any, holder: str) -> None:
        """A part, at any depth: texts, media, and whatever else it holds. `holder` is the key it stands under."""
        if type(value) is str:
            if holder in _MEDIA_URLS or (holder in _MEDIA_BLOBS and _REMOTE.match(value) is not None):
                self.media_url(role, path, value)
            elif holder in _MEDIA_BLOBS:
                self.blob(path, "", value)
            else:
                self.texts.append(Text(role, path, value, _name(holder)))
        elif type(value) is list:
            for index, inner in enumerate(value):
                self.part(role, element(path, index), inner, holder)
        elif type(value) is dict:
            self._members(role, path, value, holder)
        elif type(value) not in _SWITCHES and holder not in PART_NUMBERS:
            self._number(role, path, value, _name(holder))

    def call(self, path: str, value: Any) -> None:
        """A tool call or a list of them; arguments that are objects are read whole, keys included."""
        self.part(Role.TOOL_CALL, path, value, "tool_calls")

    def member(self, role: Role, path: str, key: str, value: Any) -> None:
        """A member of a message beside its content: a part where its key names one, read whole otherwise."""
        if key == "output" and type(value) is dict and "type" not in value:
            self.own(role, path, value)  # What a tool gave, where the API wants it as a text.
        elif type(value) is str or key in _PART_KEYS:
            self.part(role, path, value, key)
        elif key == "tool" and type(value) is dict:
            self._addition(role, path, value)
        else:
            self._unknown(role, path, key, value, PART_NUMBERS)

    def _unknown(self, role: Role, path: str, key: str, value: Any, numbers: frozenset[str]) -> None:
        """A member that is no string: the API's, or one that no dialect knows. `numbers` are the API's for numbers."""
        if key in numbers:
            self.strings(role, path, value, numbers=False)
        elif key in _API_MEMBERS and key not in ("arguments", "input"):
            self.strings(role, path, value)
        else:
            self.own(role, path, value, named(key))

    def _members(self, role: Role, path: str, part: Json, holder: str) -> None:
        kind = part.get("type")
        if type(kind) is str and kind.endswith(("tool_use", "tool_result")):
            role = Role.TOOL_CALL if kind.endswith("use") else Role.TOOL_RESULT
        variant = case_variant(part, GOVERNED_IN_MESSAGES)
        if variant is not None:
            raise Invalid(child(path, variant), f"must be written {variant.casefold()!r}")
        media = holder in _MEDIA_HOLDERS
        for key, inner in part.items():
            place = child(path, key)
            if type(inner) is not str:
                self.member(role, place, key, inner)
            elif key == "type":
                if inner not in _PART_TYPES and inner not in _MEDIA_WORDS:
                    self.texts.append(Text(role, place, inner))
            elif key == "file_id" or (media and key == "id"):
                # What the provider keeps belongs to its account, not to this caller.
                self.parameters.add("stored_files")
                self.opaque.append(Opaque(place, "", _sha256(inner.encode()), 0))
            elif media and key == "url":
                self.media_url(role, place, inner)
            elif media and key == "data" and not (holder == "source" and kind == "text"):
                self.blob(place, _media_type(part), inner)
            elif (media or key == "detail") and inner in _MEDIA_WORDS:
                continue
            else:
                self.part(role, place, inner, key)

    def _addition(self, role: Role, path: str, tool: Json) -> None:
        """A tool that a message adds to the request's own: defined here, or named."""
        variant = case_variant(tool, _GOVERNED_IN_ADDITIONS)
        if variant is not None:
            raise Invalid(child(path, variant), f"must be written {variant.casefold()!r}")
        definition = tool.get("definition")
        if definition is not None:
            if self._define is None:
                self.parameters.add("server_tools")
                self.strings(Role.TOOL_DEFINITION, f"{path}.definition", definition)
            else:
                self._define(self, definition, f"{path}.definition")
            tool = {key: value for key, value in tool.items() if key != "definition"}
        self.strings(role, path, tool)

    def media_url(self, role: Role, path: str, url: str) -> None:
        """A `data:` URL is an opaque part; any other one the provider would fetch."""
        if url[:5].lower() == "data:":
            self.blob(path, "", url)
            return
        self.parameters.add("remote_urls")
        self.texts.append(Text(role, path, url))
        self.opaque.append(Opaque(path, "", _sha256(url.encode()), 0))

    def blob(self, path: str, media_type: str, data: str) -> None:
        """An opaque part that the request carries itself, as a `data:` URL or bare; hashed as bytes where it is
        base64."""
        length = len(data)
        if data[:5].lower() == "data:":
            head, _, data = data[5:].partition(",")
            media_type = head.partition(";")[0]
        try:
            content = base64.b64decode(data, validate=True)
        except (binascii.Error, ValueError):
            content = data.encode()
        self.opaque.append(Opaque(path, media_type[:128], _sha256(content), len(content), length))

    def unread(self, body: Json, known: frozenset[str], words: Mapping[str, frozenset[str]]) -> None:
        """Every member of `body` that its reader doesn't know: each string and number in it is a text of the user's.
        `words` are the vocabularies of members that have one."""
        for key, value in body.items():
            kind = type(value)
            if key in known or kind in _SWITCHES or (kind in _FIGURES and key in API_NUMBERS):
                continue
            if kind is not str:
                self._unknown(Role.USER, child("$", key), key, value, API_NUMBERS)
            elif key not in words or value not in words[key]:
                self.texts.append(Text(Role.USER, child("$", key), value, _name(key)))

    def options(self, path: str, section: Json) -> None:
        """Switches, whose names are the API's: only what is no switch is a text."""
        for key, value in section.items():
            if type(value) not in _SWITCHES:
                self.strings(Role.USER, child(path, key), value, numbers=key not in API_NUMBERS)

    def asked(
        self,
        operation: str,
        model: str | None,
        body: Json,
        stream: bool = False,  # noqa: FBT001, FBT002 - by position, as in `Asked`: named ones cost more
        output_cap: int | None = None,
        choices: int = 1,
        wants_usage: bool = False,  # noqa: FBT001, FBT002
        end_user: str | None = None,
        tier: str | None = None,
    ) -> Asked:
        """What was read, as one value."""
        return Asked(
            operation,
            model,
            body,
            tuple(self.texts),
            tuple(self.opaque) if self.opaque else (),
            stream,
            frozenset(self.parameters) if self.parameters else _NONE,
            tuple(self.references) if self.references else (),
            output_cap,
            choices,
            wants_usage,
            end_user,
            tier,
        )


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _media_type(part: Json) -> str:
    named = part.get("media_type") or part.get("format")
    return named if type(named) is str else ""


def _name(key: str) -> str:
    """What a string or a number is called that stands beside the API's own members."""
    return "" if key in _API_MEMBERS else named(key)
