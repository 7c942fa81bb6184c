"""Between resources and what is kept: what tells people apart, what is given back, and how much of it is wanted."""

from typing import Any

import pytest

from narrows.config.provisioning import Scim
from narrows.console.scim.attributes import ENTERPRISE
from narrows.console.scim.faults import Fault
from narrows.console.scim.resources import person_of, person_resource, projection, team_of, team_resource
from narrows.model.directory import Named, Person, Team
from narrows.model.secret import Secret

BASE = "https://console/scim/v2/corp"
BLANK = Person("per_1", "corp", "", "", active=True, created=1_000_000, changed=2_500_000, resource={})
TEAM = Team("grp_1", "corp", "", 1_000_000, 1_000_000, {})


def scim(subject: Any = "userName") -> Scim:
    return Scim(token=Secret("t" * 32), subject=subject)


@pytest.mark.parametrize(
    ("subject", "emails", "found"),
    [
        ("userName", [], "ann"),
        ("externalId", [], "00u1"),
        ("email", [{"value": "a@x"}], "a@x"),
        ("email", [{"value": "a@x"}, {"value": "b@x", "primary": "True"}], "b@x"),
    ],
)
def test_what_tokens_say_of_a_person(subject: str, emails: list[Any], found: str) -> None:
    body = {"userName": "ann", "externalid": "00u1", "emails": emails}
    person = person_of(body, BLANK, scim(subject))
    assert (person.subject, person.user_name, person.resource["externalId"]) == (found, "ann", "00u1")


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        ("externalId", {"userName": "ann"}),
        ("email", {"userName": "ann"}),
        ("email", {"userName": "ann", "emails": [{"value": "a@x"}, {"value": "b@x"}]}),
        ("email", {"userName": "ann", "emails": [{"type": "work"}]}),
        ("email", {"userName": "ann", "emails": "a@x"}),
        ("userName", {"userName": "x" * 1025}),
    ],
)
def test_whom_tokens_would_not_name_is_refused(subject: str, body: dict[str, Any]) -> None:
    with pytest.raises(Fault) as refused:
        person_of(body, BLANK, scim(subject))
    assert refused.value.kind == "invalidValue"


def test_who_is_said_nothing_of_stays_as_they_were() -> None:
    out = person_of({"userName": "ann", "active": "FALSE"}, BLANK, scim())
    assert not out.active
    assert not person_of({"userName": "ann"}, out, scim()).active
    assert person_of({"userName": "ann", "active": True}, out, scim()).active


def test_a_person_as_a_resource() -> None:
    person = person_of({"userName": "ann", ENTERPRISE: {"department": "lab"}, "ID": "mine"}, BLANK, scim())
    found = person_resource(person, [Named("grp_1", "lab")], BASE)
    assert found["id"] == "per_1"
    assert found["schemas"][1:] == [ENTERPRISE]
    assert found["groups"] == [{"value": "grp_1", "display": "lab", "$ref": f"{BASE}/Groups/grp_1"}]
    assert found["meta"] == {
        "resourceType": "User",
        "created": "1970-01-01T00:00:01.000000Z",
        "lastModified": "1970-01-01T00:00:02.500000Z",
        "location": f"{BASE}/Users/per_1",
    }


def test_a_group_as_a_resource() -> None:
    team, members = team_of({"displayName": "lab", "members": [{"value": "per_1"}], "externalId": "8aa1"}, TEAM)
    assert (team.name, members, team.resource) == ("lab", ["per_1"], {"externalId": "8aa1"})
    assert team_of({"displayName": "lab"}, TEAM)[1] is None
    found = team_resource(team, [Named("per_1", "ann")], BASE)
    assert found["members"] == [{"value": "per_1", "display": "ann", "type": "User", "$ref": f"{BASE}/Users/per_1"}]
    assert "members" not in team_resource(team, None, BASE)
    for body in ({}, {"displayName": 1}, {"displayName": "x", "members": ["per_1"]}, {"displayName": "a\nb"}, []):
        with pytest.raises(Fault):
            team_of(body, TEAM)


@pytest.mark.parametrize(
    ("only", "without", "left"),
    [
        ("userName", None, {"schemas": 0, "id": 1, "userName": "a"}),
        ("name.given", None, {"schemas": 0, "id": 1, "name": {"given": "A"}}),
        ("emails.value", None, {"schemas": 0, "id": 1, "emails": [{"value": "x"}, {"value": "y"}]}),
        (f"{ENTERPRISE}:d", None, {"schemas": 0, "id": 1, ENTERPRISE: {"d": 1}}),
        (ENTERPRISE, None, {"schemas": 0, "id": 1, ENTERPRISE: {"d": 1, "e": 2}}),
        ("nothing, urn:x:1.0:Y", None, {"schemas": 0, "id": 1}),
        (None, f"emails, NAME, {ENTERPRISE}", {"schemas": 0, "id": 1, "userName": "a"}),
        (
            None,
            f"id, emails.type, name.given, {ENTERPRISE}:d, urn:x:1.0:Y",
            {
                "schemas": 0,
                "id": 1,
                "userName": "a",
                "name": {},
                "emails": [{"value": "x"}, {"value": "y"}],
                ENTERPRISE: {"e": 2},
            },
        ),
    ],
)
def test_what_is_wanted_is_given(only: str | None, without: str | None, left: dict[str, Any]) -> None:
    resource: dict[str, Any] = {
        "schemas": 0,
        "id": 1,
        "userName": "a",
        "name": {"given": "A"},
        "emails": [{"value": "x", "type": "t"}, {"value": "y"}],
        ENTERPRISE: {"d": 1, "e": 2},
    }
    assert projection(only, without).of(resource) == left


def test_what_is_not_wanted_need_not_be_read() -> None:
    assert not projection("userName", None).wants("groups")
    assert projection("groups.value", None).wants("groups")
    assert not projection(None, "members").wants("members")
    assert projection(None, "members.display").wants("members")
    assert projection(None, None).wants("members")
