"""Between what a provider sends and what the directory keeps: people and groups out of resources, and back. Pure."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from narrows.config.provisioning import Scim
from narrows.console.scim.attributes import ENTERPRISE, GROUP, USER, Path, Resource, find, member, path_of, tidied
from narrows.console.scim.faults import Fault, wrong_value
from narrows.console.scim.schemas import canonical_names
from narrows.model.directory import Named, Person, Team

LONGEST: Final = 1024
"""Characters of a name, as of a claim of a token."""

_NOT_KEPT: Final = frozenset({"id", "meta", "schemas", "groups", "password", "username", "active"})
"""What is said elsewhere, or must not be kept, in lower case."""

_CANONICAL: Final = canonical_names()


class Projection(msgspec.Struct, frozen=True):
    """What of a resource is wanted (RFC 7644, section 3.9): these, or all but those."""

    only: tuple[Path, ...] = ()
    without: tuple[Path, ...] = ()

    def wants(self, name: str) -> bool:
        """Whether an attribute is to be given, so that it must be read."""
        if self.only:
            return any(path.attribute.lower() == name for path in self.only)
        return not any(path.attribute.lower() == name and path.sub is None for path in self.without)

    def of(self, resource: Resource) -> Resource:
        """The resource as it is wanted; `id` and `schemas` are always there."""
        if self.only:
            found: Resource = {key: resource[key] for key in ("schemas", "id") if key in resource}
            for path in self.only:
                _take(found, resource, path)
            return found
        for path in self.without:
            _drop(resource, path)
        return resource


def projection(attributes: str | None, excluded: str | None) -> Projection:
    """Of the two parameters of a request. Raises Fault."""
    if attributes and excluded:
        raise Fault(400, "`attributes` and `excludedAttributes` exclude each other", "invalidValue")
    return Projection(_paths(attributes), _paths(excluded))


def person_of(body: Any, before: Person, scim: Scim) -> Person:
    """A person as a resource has them; `before` is what of them stays. Raises Fault."""
    resource = _resource(body)
    active = member(resource, "active")
    if active is None:
        active = before.active
    if not isinstance(active, bool):
        raise wrong_value("`active` must be true or false")
    name = text(member(resource, "userName"), "userName")
    kept = {_CANONICAL.get(key.lower(), key): value for key, value in resource.items() if key.lower() not in _NOT_KEPT}
    external = kept.get("externalId")
    if external is not None:
        text(external, "externalId")
    subject = _subject(scim, name, kept)
    return msgspec.structs.replace(before, subject=subject, user_name=name, active=active, resource=kept)


def team_of(body: Any, before: Team) -> tuple[Team, list[str] | None]:
    """A group as a resource has it, and the ids of who is in it; None where it says nothing of them. Raises Fault."""
    resource = _resource(body)
    name = text(member(resource, "displayName"), "displayName")
    kept = {
        _CANONICAL.get(key.lower(), key): value
        for key, value in resource.items()
        if key.lower() not in _NOT_KEPT | {"displayname", "members"}
    }
    key = find(body, "members")
    members = None if key is None else _members(member(resource, "members"))
    return msgspec.structs.replace(before, name=name, resource=kept), members


def person_resource(person: Person, teams: Sequence[Named], base: str) -> Resource:
    """What a provider is told of a person."""
    extended = [ENTERPRISE] if find(person.resource, ENTERPRISE) is not None else []
    groups = [{"value": team.id, "display": team.name, "$ref": f"{base}/Groups/{team.id}"} for team in teams]
    return {
        "schemas": [USER, *extended],
        "id": person.id,
        **person.resource,
        "userName": person.user_name,
        "active": person.active,
        **({"groups": groups} if groups else {}),
        "meta": _meta("User", person.created, person.changed, f"{base}/Users/{person.id}"),
    }


def team_resource(team: Team, members: Sequence[Named] | None, base: str) -> Resource:
    """What a provider is told of a group; None: nothing of who is in it."""
    inside = [
        {"value": one.id, "display": one.name, "type": "User", "$ref": f"{base}/Users/{one.id}"}
        for one in members or ()
    ]
    return {
        "schemas": [GROUP],
        "id": team.id,
        **team.resource,
        "displayName": team.name,
        **({} if members is None else {"members": inside}),
        "meta": _meta("Group", team.created, team.changed, f"{base}/Groups/{team.id}"),
    }


def text(value: Any, name: str) -> str:
    """A text that can be recorded and compared. Raises Fault."""
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST or not value.isprintable():
        raise wrong_value(f"`{name}` must be a printable text of at most {LONGEST} characters")
    return value


def _resource(body: Any) -> Resource:
    if not isinstance(body, Mapping):
        raise Fault(400, "the body must be a JSON object", "invalidSyntax")
    found: Resource = tidied(body)
    return found


def _subject(scim: Scim, user_name: str, resource: Mapping[str, Any]) -> str:
    if scim.subject == "userName":
        return user_name
    if scim.subject == "externalId":
        return text(resource.get("externalId"), "externalId")
    emails = resource.get("emails")
    found = [one for one in emails if isinstance(one, Mapping)] if isinstance(emails, list) else []
    first = next((one for one in found if member(one, "primary") is True), found[0] if len(found) == 1 else None)
    if first is None:
        raise wrong_value("one of `emails` must be primary")
    return text(member(first, "value"), "emails.value")


def _members(value: Any) -> list[str]:
    found = []
    for one in [] if value is None else value if isinstance(value, list) else [value]:
        ident = member(one, "value")
        if not isinstance(ident, str):
            raise wrong_value("each of `members` must have a `value`")
        found.append(ident)
    return found


def _meta(kind: str, created: int, changed: int, location: str) -> Resource:
    return {
        "resourceType": kind,
        "created": _moment(created),
        "lastModified": _moment(changed),
        "location": location,
    }


def _moment(at: int) -> str:
    return datetime.fromtimestamp(at / 1e6, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _paths(names: str | None) -> tuple[Path, ...]:
    return tuple(path_of(name.strip()) for name in (names or "").split(",") if name.strip())


def _take(found: Resource, resource: Resource, path: Path) -> None:
    held, into = resource, found
    if path.schema is not None:
        key = find(resource, path.schema)
        if key is None:
            return
        if not path.attribute:
            found[key] = resource[key]
            return
        held, into = resource[key], found.setdefault(key, {})
    name = find(held, path.attribute)
    if name is None:
        return
    if path.sub is None:
        into[name] = held[name]
    elif isinstance(held[name], list):
        into[name] = [{key: one[key]} for one in held[name] if (key := find(one, path.sub)) is not None]
    elif isinstance(held[name], dict) and (key := find(held[name], path.sub)) is not None:
        into.setdefault(name, {})[key] = held[name][key]


def _drop(resource: Resource, path: Path) -> None:
    held: Any = resource
    if path.schema is not None:
        key = find(resource, path.schema)
        if key is None:
            return
        if not path.attribute:
            del resource[key]
            return
        held = resource[key]
    name = find(held, path.attribute)
    if name is None or name in ("id", "schemas"):
        return
    if path.sub is None:
        del held[name]
        return
    inner = held[name]
    for one in inner if isinstance(inner, list) else [inner]:
        if isinstance(one, dict) and (key := find(one, path.sub)) is not None:
            del one[key]
