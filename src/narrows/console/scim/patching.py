"""Operations on a resource (RFC 7644, section 3.5.2), as the RFC has them and as Okta and Entra write them. Pure.

Entra writes `Replace` and `"False"`, names members to remove in `value` instead of the path, and paths as keys of a
value; Okta sends the resource's `id` along. Read only as the RFC has it, the first leaves people active who have left,
and the second removes everybody from a group.
"""

from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

from narrows.console.scim.attributes import Path, Resource, find, member
from narrows.console.scim.faults import Fault
from narrows.console.scim.filters import Selection, equalities, matches, parse_path

PATCH: Final = "urn:ietf:params:scim:api:messages:2.0:PatchOp"

MOST: Final = 1_000
"""Operations of one request."""

READ_ONLY: Final = frozenset({"id", "meta", "schemas", "groups"})
"""What is not the provider's to change. Named in a value it is passed over, since some send it along; named as a path
it is refused."""

SEVERAL: Final = frozenset(
    {"emails", "phonenumbers", "ims", "photos", "addresses", "entitlements", "roles", "x509certificates", "members"}
)
"""Attributes that have several values, in lower case."""

Op = Literal["add", "replace", "remove"]


class Operation(msgspec.Struct, frozen=True):
    """One of them. `selection` is None where the value names what it is about."""

    op: Op
    selection: Selection | None
    value: Any


def operations(body: Mapping[str, Any]) -> list[Operation]:
    """The operations of a request. Raises Fault."""
    schemas = member(body, "schemas")
    if not isinstance(schemas, list) or PATCH not in schemas:
        raise Fault(400, f"`schemas` must name {PATCH}", "invalidSyntax")
    given = member(body, "Operations")
    if not isinstance(given, list) or not given:
        raise Fault(400, "`Operations` must be a list that is not empty", "invalidSyntax")
    if len(given) > MOST:
        raise Fault(400, f"more than {MOST} operations in one request", "tooMany")
    return [_operation(each) for each in given]


def patched(resource: Mapping[str, Any], changes: list[Operation]) -> Resource:
    """The resource after all of them. Raises Fault; then nothing is changed."""
    found: Resource = _copy(resource)
    for change in changes:
        if change.selection is None:
            for key, value in change.value.items():
                selection = parse_path(key)
                if selection.path.attribute.lower() not in READ_ONLY:
                    _apply(found, change.op, selection, value)
        else:
            _apply(found, change.op, change.selection, change.value)
    return found


def _operation(given: Any) -> Operation:
    op, path = member(given, "op"), member(given, "path")
    value = member(given, "value")
    if not isinstance(op, str) or op.lower() not in ("add", "replace", "remove"):
        raise Fault(400, "`op` must be add, replace or remove", "invalidSyntax")
    name: Op = op.lower()  # type: ignore[assignment]
    if path is None or path == "":
        if name == "remove":
            raise Fault(400, "what is removed must be named by a path", "noTarget")
        if not isinstance(value, dict):
            raise Fault(400, "without a path the value must be an object", "invalidValue")
        return Operation(name, None, value)
    if not isinstance(path, str):
        raise Fault(400, "`path` must be a text", "invalidPath")
    selection = parse_path(path)
    if selection.path.attribute.lower() in READ_ONLY:
        raise Fault(400, f"{selection.path.attribute} can't be changed", "mutability")
    if name != "remove" and find(given, "value") is None:
        raise Fault(400, f"{name} needs a `value`", "invalidValue")
    return Operation(name, selection, value)


def _apply(resource: Resource, op: Op, selection: Selection, value: Any) -> None:
    holder, path = _holder(resource, selection.path, make=op != "remove")
    if holder is None:
        return
    if not path.attribute:
        _extension(resource, op, path, value)
    elif selection.only is not None:
        _selected(holder, op, selection, value)
    elif selection.sub is not None:
        _sub(holder, op, selection, value)
    elif op == "remove" or value is None:
        _removed(holder, path.attribute, value)
    else:
        _whole(holder, op, path.attribute, value)


def _holder(resource: Resource, path: Path, *, make: bool) -> tuple[Resource | None, Path]:
    """The object that has the attribute: the resource, or an extension of it."""
    if path.schema is None or not path.attribute:
        return resource, path
    key = find(resource, path.schema)
    if key is None:
        if not make:
            return None, path
        key = path.schema
        resource[key] = {}
    holder = resource[key]
    if not isinstance(holder, dict):
        raise Fault(400, "an extension is no object", "invalidPath")
    return holder, path


def _extension(resource: Resource, op: Op, path: Path, value: Any) -> None:
    name = path.schema or ""
    key = find(resource, name) or name
    if op == "remove" or value is None:
        resource.pop(key, None)
    elif not isinstance(value, dict):
        raise Fault(400, "the value of an extension must be an object", "invalidValue")
    else:
        held = resource.get(key)
        resource[key] = _merged(held if isinstance(held, dict) else {}, value)


def _selected(holder: Resource, op: Op, selection: Selection, value: Any) -> None:
    """Some of the values of an attribute that has several."""
    only = selection.only
    if only is None:
        return
    name = selection.path.attribute
    key = find(holder, name) or name
    held = holder.get(key, [])
    each = [one if isinstance(one, dict) else {"value": one} for one in (held if isinstance(held, list) else [held])]
    hits = [matches(only, one) for one in each]
    if op == "remove" or value is None:
        if selection.sub is None:
            each = [one for one, hit in zip(each, hits, strict=True) if not hit]
        else:
            for one, hit in zip(each, hits, strict=True):
                if hit:
                    one.pop(find(one, selection.sub) or "", None)
    else:
        if not any(hits):
            # Entra changes the work address of people who have none yet: what it asks for says what is to be made.
            made = equalities(only)
            if made is None:
                raise Fault(400, "the path selects nothing", "noTarget")
            each.append(dict(made))
            hits.append(True)
        each = [_changed(one, selection.sub, value) if hit else one for one, hit in zip(each, hits, strict=True)]
    holder[key] = each


def _changed(one: Resource, sub: str | None, value: Any) -> Resource:
    if sub is not None:
        return {**one, find(one, sub) or sub: value}
    if not isinstance(value, dict):
        raise Fault(400, "the value must be an object", "invalidValue")
    return _merged(one, value)


def _sub(holder: Resource, op: Op, selection: Selection, value: Any) -> None:
    """An attribute of an attribute; of one that has several values, of each."""
    name, sub = selection.path.attribute, selection.sub or ""
    key = find(holder, name) or name
    held = holder.get(key)
    if held is None:
        if op == "remove" or value is None:
            return
        held = holder[key] = [{}] if name.lower() in SEVERAL else {}
    for one in held if isinstance(held, list) else [held]:
        if not isinstance(one, dict):
            raise Fault(400, f"{name} has no attributes", "invalidPath")
        if op == "remove" or value is None:
            one.pop(find(one, sub) or "", None)
        else:
            one[find(one, sub) or sub] = value


def _removed(holder: Resource, name: str, value: Any) -> None:
    key = find(holder, name)
    if key is None:
        return
    held = holder[key]
    if isinstance(held, list) and value is not None:
        # Some name here what is to go. Whatever else they said, it was not all of it.
        gone = {_identity(one) for one in (value if isinstance(value, list) else [value])}
        holder[key] = [one for one in held if _identity(one) not in gone]
    else:
        del holder[key]


def _whole(holder: Resource, op: Op, name: str, value: Any) -> None:
    key = find(holder, name) or name
    held = holder.get(key)
    if name.lower() in SEVERAL or isinstance(held, list):
        given = value if isinstance(value, list) else [value]
        if op == "replace":
            holder[key] = given
        else:
            before = held if isinstance(held, list) else []
            known = {_identity(one) for one in before}
            holder[key] = [*before, *(one for one in given if _identity(one) not in known)]
    elif isinstance(held, dict) and isinstance(value, dict):
        holder[key] = _merged(held, value)
    else:
        holder[key] = value


def _merged(held: Mapping[str, Any], value: Mapping[str, Any]) -> Resource:
    found = dict(held)
    for key, each in value.items():
        found[find(found, key) or key] = each
    return found


def _identity(one: Any) -> str:
    """What makes a value of several the same as another: its `value`, and for what it is."""
    if isinstance(one, Mapping):
        value, kind = member(one, "value"), member(one, "type")
        if value is not None:
            named = kind if isinstance(value, str) and isinstance(kind, str) and "@" in value else ""
            return f"{value}\n{named}"
    return repr(one) if isinstance(one, Mapping) else f"{one}\n"


def _copy(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _copy(each) for key, each in value.items()}
    return [_copy(each) for each in value] if isinstance(value, list) else value
