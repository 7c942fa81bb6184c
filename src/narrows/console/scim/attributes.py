"""Names of attributes: in whatever case they come (RFC 7643, section 2.1), with or without their schema, and where in a
resource what they name is found. Pure.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from narrows.console.scim.faults import Fault

Resource = dict[str, Any]

USER: Final = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP: Final = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE: Final = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
CORE: Final = (USER, GROUP)

EXACT: Final = frozenset({"id", "externalid", "$ref", "members"})
"""Attributes whose values are compared as they are written, in lower case."""

BOOLEANS: Final = frozenset({"active", "primary"})
"""Attributes that are true or false; some providers write them as texts."""

_NAME: Final = re.compile(r"[A-Za-z$][A-Za-z0-9_$-]*")
_TRUTH: Final = {"true": True, "false": False}


class Path(msgspec.Struct, frozen=True):
    """`[schema:]attribute[.sub]`; `attribute` is empty where a whole extension is named."""

    attribute: str
    sub: str | None = None
    schema: str | None = None


def path_of(text: str) -> Path:
    """What a name stands for. Raises Fault."""
    schema, rest = _schema_of(text)
    if schema is not None and not rest:
        return Path("", None, schema)
    attribute, dot, sub = rest.partition(".")
    if not _NAME.fullmatch(attribute) or (dot and not _NAME.fullmatch(sub)):
        raise Fault(400, "a path names no attribute", "invalidPath")
    return Path(attribute, sub or None, schema)


def _schema_of(text: str) -> tuple[str | None, str]:
    """The extension that a name begins with, and the name in it. The schemas of the core add nothing to a name."""
    if not text.lower().startswith("urn:"):
        return None, text
    for core in CORE:
        if text.lower().startswith(core.lower() + ":"):
            return None, text[len(core) + 1 :]
    head, _, name = text.rpartition(":")
    # `…:2.0:User` is the extension itself: its last part is no attribute but what it extends.
    if re.search(r":\d+\.\d+$", head):
        return text, ""
    return (head, name) if name else (None, "")


def find(holder: Mapping[str, Any], name: str) -> str | None:
    """The key by which an object has an attribute."""
    if name in holder:
        return name
    folded = name.lower()
    return next((key for key in holder if key.lower() == folded), None)


def member(holder: Any, name: str) -> Any:
    """An attribute of an object; None where it has none."""
    key = find(holder, name) if isinstance(holder, Mapping) else None
    return None if key is None else holder[key]


def values(resource: Mapping[str, Any], path: Path) -> Iterator[Any]:
    """Every value that a path reaches; of what has several, each, and of one with a `value`, that."""
    holder: Any = resource if path.schema is None else member(resource, path.schema)
    found = holder if not path.attribute else member(holder, path.attribute)
    for each in found if isinstance(found, list) else [found]:
        value = each
        if path.sub is not None:
            value = member(each, path.sub)
        elif isinstance(each, Mapping) and find(each, "value") is not None:
            value = member(each, "value")
        if value is not None:
            yield value


def truth(value: Any) -> Any:
    """A text that is meant to be true or false, as that; everything else as it is."""
    return _TRUTH.get(value.lower(), value) if isinstance(value, str) else value


def tidied(value: Any, name: str = "") -> Any:
    """A value as it is kept: booleans are some, nothing is there that is null or empty, and no name twice. Raises
    Fault."""
    if isinstance(value, Mapping):
        found: Resource = {}
        seen: set[str] = set()
        for key, each in value.items():
            if key.lower() in seen:
                raise Fault(400, f"an attribute is given twice: {key[:64]}", "invalidSyntax")
            seen.add(key.lower())
            kept = tidied(each, key)
            if kept is not None and kept not in ([], {}):
                found[key] = kept
        return found
    if isinstance(value, list):
        return [kept for each in value if (kept := tidied(each, name)) is not None]
    return truth(value) if name.lower() in BOOLEANS else value
