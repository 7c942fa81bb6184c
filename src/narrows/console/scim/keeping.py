"""What a provider asks for, done on the directory: people and groups made, found, changed and forgotten.

Runs on the desk's thread. It knows nothing of HTTP; what a person loses or gets back by it is `offboarding`'s to say.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, TypeVar

import msgspec

from narrows.config.provisioning import Scim
from narrows.console.offboarding import effects
from narrows.console.scim import resources
from narrows.console.scim.attributes import Resource
from narrows.console.scim.faults import Fault, unknown
from narrows.console.scim.filters import Filter, equalities, matches, parse
from narrows.console.scim.patching import operations, patched
from narrows.console.scim.resources import Projection
from narrows.console.scim.schemas import PAGE, Document, listed
from narrows.model.directory import Person, Team
from narrows.ports.directory import Directory, Field, NameTaken

One = TypeVar("One")

_FAST: Final[dict[str, Field]] = {"username": "user_name", "externalid": "external_id"}
"""What people are found by without reading all of them."""


class Asked(msgspec.Struct, frozen=True):
    """What a list is asked for; `start` counts from 1."""

    filter: str | None = None
    start: int = 1
    count: int = PAGE
    projection: Projection = Projection()


class Tenant(msgspec.Struct, frozen=True):
    """One provider's part of the directory, for one request. `ident` is a text that no other request has."""

    issuer: str
    scim: Scim
    base: str
    ident: str
    at: int


class People:
    """`/Users` of one provider."""

    def __init__(self, directory: Directory, tenant: Tenant) -> None:
        self._directory = directory
        self._tenant = tenant

    def get(self, ident: str, wanted: Projection) -> Resource:
        """One of them. Raises Fault."""
        return self._shown(self._found(ident), wanted)

    def page(self, asked: Asked) -> Document:
        """Those that a filter lets through. Raises Fault."""
        issuer = self._tenant.issuer
        if asked.filter is None:
            total = self._directory.count_people(issuer)
            found = list(self._directory.people(issuer, asked.start - 1, asked.count)) if asked.count else []
        else:
            question = parse(asked.filter)
            total, found = _paged(self._matching(question), asked)
        return listed([self._shown(one, asked.projection) for one in found], total, asked.start)

    def create(self, body: Any) -> Resource:
        """Makes one. Raises Fault."""
        tenant = self._tenant
        blank = Person(
            f"per_{tenant.ident}", tenant.issuer, "", "", active=True, created=tenant.at, changed=tenant.at, resource={}
        )
        return self._put(None, resources.person_of(body, blank, tenant.scim))

    def replace(self, ident: str, body: Any) -> Resource:
        """Changes all of one. Raises Fault."""
        before = self._found(ident)
        return self._put(before, resources.person_of(body, before, self._tenant.scim))

    def patch(self, ident: str, body: Any) -> Resource:
        """Changes some of one. Raises Fault."""
        before = self._found(ident)
        known = {**before.resource, "userName": before.user_name, "active": before.active}
        changed = patched(known, operations(body))
        return self._put(before, resources.person_of(changed, before, self._tenant.scim))

    def delete(self, ident: str) -> None:
        """Forgets one. Raises Fault."""
        before = self._found(ident)
        self._directory.drop_person(before, effects(before, None, self._tenant.ident, self._tenant.at))

    def named(self, ident: str) -> str:
        """What they are called in the trail: as in records, where they are known."""
        found = self._directory.person(self._tenant.issuer, ident)
        return ident if found is None else found.key

    def _put(self, before: Person | None, after: Person) -> Resource:
        tenant = self._tenant
        if before is None or before != after:
            after = msgspec.structs.replace(after, changed=tenant.at)
            _unique(lambda: self._directory.put_person(after, effects(before, after, tenant.ident, tenant.at)))
        return self._shown(after, Projection())

    def _found(self, ident: str) -> Person:
        found = self._directory.person(self._tenant.issuer, ident)
        if found is None:
            raise unknown(ident)
        return found

    def _matching(self, question: Filter) -> Iterator[Person]:
        for one in self._candidates(question):
            if matches(question, self._shown(one, Projection())):
                yield one

    def _candidates(self, question: Filter) -> Iterable[Person]:
        issuer = self._tenant.issuer
        for name, value in (equalities(question) or {}).items():
            if name.lower() == "id":
                found = self._directory.person(issuer, str(value))
                return () if found is None else (found,)
            if name.lower() in _FAST and isinstance(value, str):
                return self._directory.people_with(issuer, _FAST[name.lower()], value)
        return self._directory.people(issuer)

    def _shown(self, person: Person, wanted: Projection) -> Resource:
        teams = self._directory.teams_of(person.id) if wanted.wants("groups") else ()
        return wanted.of(resources.person_resource(person, teams, self._tenant.base))


class Groups:
    """`/Groups` of one provider."""

    def __init__(self, directory: Directory, tenant: Tenant) -> None:
        self._directory = directory
        self._tenant = tenant

    def get(self, ident: str, wanted: Projection) -> Resource:
        """One of them. Raises Fault."""
        return self._shown(self._found(ident), wanted)

    def page(self, asked: Asked) -> Document:
        """Those that a filter lets through. Raises Fault."""
        issuer = self._tenant.issuer
        if asked.filter is None:
            total = self._directory.count_teams(issuer)
            found = list(self._directory.teams(issuer, asked.start - 1, asked.count)) if asked.count else []
        else:
            total, found = _paged(self._matching(parse(asked.filter), asked.filter), asked)
        return listed([self._shown(one, asked.projection) for one in found], total, asked.start)

    def create(self, body: Any) -> Resource:
        """Makes one. Raises Fault."""
        tenant = self._tenant
        blank = Team(f"grp_{tenant.ident}", tenant.issuer, "", tenant.at, tenant.at, {})
        team, members = resources.team_of(body, blank)
        return self._put(team, members or [])

    def replace(self, ident: str, body: Any) -> Resource:
        """Changes all of one: whom it does not name is in it no more. Raises Fault."""
        team, members = resources.team_of(body, self._found(ident))
        return self._put(team, members or [])

    def patch(self, ident: str, body: Any) -> None:
        """Changes some of one. Raises Fault."""
        before = self._found(ident)
        known = {
            **before.resource,
            "displayName": before.name,
            "members": [{"value": one.id} for one in self._directory.members(ident)],
        }
        changed = patched(known, operations(body))
        team, members = resources.team_of(changed, before)
        self._put(team, members or [])

    def delete(self, ident: str) -> None:
        """Forgets one. Raises Fault."""
        self._directory.drop_team(self._found(ident))

    def named(self, ident: str) -> str:
        """What it is called in the trail: as in policies, where it is known."""
        found = self._directory.team(self._tenant.issuer, ident)
        return ident if found is None else f"{found.issuer}:{found.name}"

    def _put(self, team: Team, members: list[str]) -> Resource:
        after = msgspec.structs.replace(team, changed=self._tenant.at)
        _unique(lambda: self._directory.put_team(after, members))
        return self._shown(after, Projection())

    def _found(self, ident: str) -> Team:
        found = self._directory.team(self._tenant.issuer, ident)
        if found is None:
            raise unknown(ident)
        return found

    def _matching(self, question: Filter, written: str) -> Iterator[Team]:
        # Who is in a group is read only where that is asked.
        inside = "members" in written.lower()
        for one in self._candidates(question):
            members = self._directory.members(one.id) if inside else None
            if matches(question, resources.team_resource(one, members, self._tenant.base)):
                yield one

    def _candidates(self, question: Filter) -> Iterable[Team]:
        for name, value in (equalities(question) or {}).items():
            if name.lower() == "id":
                found = self._directory.team(self._tenant.issuer, str(value))
                return () if found is None else (found,)
        return self._directory.teams(self._tenant.issuer)

    def _shown(self, team: Team, wanted: Projection) -> Resource:
        members = self._directory.members(team.id) if wanted.wants("members") else None
        return wanted.of(resources.team_resource(team, members, self._tenant.base))


def everything(people: People, groups: Groups, asked: Asked) -> Document:
    """People, and behind them groups, that a filter lets through. Raises Fault."""
    first = people.page(asked)
    shown, total = first["Resources"], first["totalResults"]
    rest = msgspec.structs.replace(asked, start=max(1, asked.start - total), count=asked.count - len(shown))
    second = groups.page(rest)
    return listed([*shown, *second["Resources"]], total + second["totalResults"], asked.start)


def _paged(found: Iterator[One], asked: Asked) -> tuple[int, list[One]]:
    every = list(found)
    return len(every), every[asked.start - 1 : asked.start - 1 + asked.count]


def _unique(put: Callable[[], None]) -> None:
    try:
        put()
    except NameTaken as taken:
        raise Fault(409, str(taken), "uniqueness") from None
