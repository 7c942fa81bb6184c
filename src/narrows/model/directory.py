"""People and groups as an identity provider sent them (SCIM). Times are Unix time in microseconds."""

from typing import Any

import msgspec


class Person(msgspec.Struct, frozen=True):
    """A person of an issuer. `subject` is what names them in its tokens. `resource` is what the provider sent, without
    what is said here; never a password."""

    id: str
    issuer: str
    subject: str
    user_name: str
    active: bool
    created: int
    changed: int
    resource: dict[str, Any]

    @property
    def key(self) -> str:
        """`issuer:subject`, as in records."""
        return f"{self.issuer}:{self.subject}"


class Team(msgspec.Struct, frozen=True):
    """A group of an issuer; `name` is what policies call it. `resource` is the rest of what the provider sent."""

    id: str
    issuer: str
    name: str
    created: int
    changed: int
    resource: dict[str, Any]


class Named(msgspec.Struct, frozen=True):
    """A person or group that another one refers to."""

    id: str
    name: str


class Listing(msgspec.Struct, frozen=True):
    """What a directory says of a person: whether they are active, the groups they are in, and which of the groups that
    were asked about it has."""

    active: bool
    groups: frozenset[str]
    known: frozenset[str] = frozenset()


class Lift(msgspec.Struct, frozen=True):
    """To lift what stands against a person (`issuer:subject`) of one containment."""

    subject: str
    containment: str
    by: str
    reason: str
