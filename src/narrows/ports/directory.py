"""The directory: people and groups as providers sent them, kept on one side, followed by the gate on the other.

The two sides are two protocols because the gate never writes it.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Literal, Protocol

import msgspec

from narrows.model.directory import Lift, Listing, Named, Person, Team
from narrows.model.revocation import Revocation


class DirectoryUnavailable(Exception):
    """The directory can't be read or written; the message says why."""


class NameTaken(Exception):
    """Another person or group of this issuer has that name; the message says which."""


class Effects(msgspec.Struct, frozen=True):
    """What a change of a person does to what they hold."""

    revoked: Sequence[Revocation] = ()
    lifted: Sequence[Lift] = ()


Field = Literal["user_name", "subject", "external_id"]


class Directory(Protocol):
    """The writing side, for the console. Every method raises DirectoryUnavailable; ids are those of one issuer."""

    def person(self, issuer: str, ident: str) -> Person | None:
        """The person of that id."""

    def people_with(self, issuer: str, field: Field, value: str) -> Sequence[Person]:
        """Those of whom it is said; a user name in whatever case."""

    def people(self, issuer: str, offset: int = 0, limit: int = -1) -> Iterator[Person]:
        """Everybody, in the order in which they came; `limit` of -1: all."""

    def count_people(self, issuer: str) -> int:
        """How many there are."""

    def put_person(self, person: Person, effects: Effects) -> None:
        """Keeps a person, new or changed, and does what that has for effects, both or nothing. Raises NameTaken."""

    def drop_person(self, person: Person, effects: Effects) -> None:
        """Forgets a person, who is in no group any more, and does what that has for effects."""

    def teams_of(self, person: str) -> Sequence[Named]:
        """The groups that a person is in."""

    def team(self, issuer: str, ident: str) -> Team | None:
        """The group of that id."""

    def teams_named(self, issuer: str, name: str) -> Sequence[Team]:
        """The group of that name, if there is one."""

    def teams(self, issuer: str, offset: int = 0, limit: int = -1) -> Iterator[Team]:
        """Every group, in the order in which they came."""

    def count_teams(self, issuer: str) -> int:
        """How many there are."""

    def put_team(self, team: Team, members: Collection[str] | None = None) -> None:
        """Keeps a group, new or changed, and, unless None, who is in it: ids of people. Whom the directory does not
        know is left out. Raises NameTaken."""

    def drop_team(self, team: Team) -> None:
        """Forgets a group."""

    def members(self, team: str) -> Sequence[Named]:
        """Who is in a group; `name` is their user name."""

    def hear(self, issuer: str, message: str, until: int, effects: Effects) -> bool:
        """Notes a message of a provider by its id and does what it has for effects, both or nothing; False, and nothing
        is done, if it was heard before. Forgotten after `until`."""


class DirectoryWatch(Protocol):
    """The gate's side: read-only. Every method raises DirectoryUnavailable."""

    def news(self) -> Collection[str] | None:
        """Of whom something has changed since it was asked last: `issuer:subject`, and `issuer:` where groups of an
        issuer came, went or were renamed. None: of everybody. Cheap enough to ask several times a second."""

    def listing(self, issuer: str, subject: str, groups: Collection[str] = ()) -> Listing | None:
        """What the directory says of a person, and which of these groups it has; None where it does not know them."""

    def close(self) -> None:
        """Closes what is open."""
