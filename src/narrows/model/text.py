"""Texts: everything a model reads or writes, with where it stands in the body."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec


class Role(StrEnum):
    """Whose words a text is; prompt rules select on it with `in:`."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL_DEFINITION = "tool_definition"
    TOOL_CALL = "tool_call"
    TOOL_RESULT = "tool_result"


class Text(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """One text of a request. `path` is a JSON path such as `$.messages[0].content`.

    `name` is what the value is called where its holder names it (`narrows.model.names`); the API's own members name
    nothing. `number`: it stands there as a number, `true` or `false`, and `value` is its literal; or it is a long list
    of numbers, and `value` is its source. What takes its place becomes a string.
    """

    role: Role
    path: str
    value: str
    name: str = ""
    number: bool = False


class Opaque(msgspec.Struct, frozen=True, gc=False):
    """A part that can't be inspected: an image, audio or a file; recorded by hash and size (bytes). `length` is in
    characters, as it stands in the body; 0: it stands elsewhere."""

    path: str
    media_type: str
    sha256: str
    size: int
    length: int = 0


class Masked(msgspec.Struct, frozen=True, gc=False):
    """What masking changed at one place: an entity, the detector that found it (or the field rule), and how often;
    never the value. `path` is the JSON path of a request's text, or the field of a reply. `observed`: found by a rule
    that only observes, and left as it was.
    """

    path: str
    entity: str
    detector: str
    count: int
    observed: bool = False


class Finding(msgspec.Struct, frozen=True, gc=False):
    """What the one scan found in a text: a rule or detector and a place, never the value.

    `start` and `end` are character offsets into the text at `path`. `view` names the decoded view of it in which
    it was found, and then they are those of what was decoded; empty: the text as it is.
    """

    rule: str
    policy: str
    path: str
    start: int
    end: int
    view: str = ""


Labels = Mapping[str, tuple[str, ...]]
"""By text: what a classifier says of it. A text that is not there has not been classified."""

NO_LABELS: Final[Labels] = {}
