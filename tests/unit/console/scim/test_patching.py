"""Operations on resources: as RFC 7644 has them, as Okta and Entra document theirs, and what is refused."""

from typing import Any

import pytest

from narrows.console.scim.attributes import ENTERPRISE, Resource
from narrows.console.scim.faults import Fault
from narrows.console.scim.patching import MOST, PATCH, operations, patched

ANN: Resource = {
    "userName": "ann",
    "active": True,
    "name": {"givenName": "Ann", "familyName": "Lee"},
    "emails": [{"value": "ann@x", "type": "work", "primary": True}, {"value": "home@x", "type": "home"}],
}
TEAM: Resource = {"displayName": "lab", "members": [{"value": "1"}, {"value": "2"}, {"value": "3"}]}


def after(resource: Resource, *changes: dict[str, Any]) -> Resource:
    return patched(resource, operations({"schemas": [PATCH], "Operations": list(changes)}))


def members(*changes: dict[str, Any]) -> list[str]:
    return [each["value"] for each in after(TEAM, *changes).get("members", [])]


@pytest.mark.parametrize(
    ("change", "active"),
    [
        # Okta: https://developer.okta.com/docs/api/openapi/okta-scim/guides/scim-20
        ({"op": "replace", "value": {"active": False}}, False),
        # Entra, as it is without and with `aadOptscim062020`
        ({"op": "Replace", "path": "active", "value": "False"}, "False"),
        ({"op": "replace", "path": "active", "value": False}, False),
        ({"op": "Add", "path": "active", "value": "True"}, "True"),
        ({"OP": "REPLACE", "Path": "ACTIVE", "Value": False}, False),
        ({"op": "replace", "path": "urn:ietf:params:scim:schemas:core:2.0:User:active", "value": False}, False),
    ],
)
def test_who_leaves_is_deactivated_however_that_is_written(change: dict[str, Any], active: object) -> None:
    assert after(ANN, change) == {**ANN, "active": active}


def test_entra_changes_several_attributes_at_once() -> None:
    """Both forms of "replace multiple attributes" of its page on known issues."""
    one_each = after(
        ANN,
        {"op": "Replace", "path": "displayName", "value": "Pvlo"},
        {"op": "Replace", "path": 'emails[type eq "work"].value', "value": "TestBcwqnm@test.microsoft.com"},
        {"op": "Replace", "path": "name.givenName", "value": "Gtfd"},
        {"op": "Replace", "path": "externalId", "value": "Eqpj"},
        {"op": "Replace", "path": f"{ENTERPRISE}:employeeNumber", "value": "Eqpj"},
    )
    assert one_each["emails"] == [{**ANN["emails"][0], "value": "TestBcwqnm@test.microsoft.com"}, ANN["emails"][1]]
    assert one_each["name"] == {"givenName": "Gtfd", "familyName": "Lee"}
    assert one_each[ENTERPRISE] == {"employeeNumber": "Eqpj"}
    together = after(
        ANN,
        {
            "op": "replace",
            "value": {
                "displayName": "Bjfe",
                "name.givenName": "Kkom",
                "name.familyName": "Unua",
                f"{ENTERPRISE}:employeeNumber": "Aklq",
            },
        },
    )
    assert (together["displayName"], together["name"]) == ("Bjfe", {"givenName": "Kkom", "familyName": "Unua"})
    assert together[ENTERPRISE] == {"employeeNumber": "Aklq"}


def test_entra_adds_what_is_not_there_yet() -> None:
    bare = {"userName": "ann"}
    added = after(
        bare,
        {"op": "Add", "path": 'emails[type eq "work"].value', "value": "a@x"},
        {"op": "Add", "path": "name.givenName", "value": "Ann"},
        {"op": "Add", "path": 'roles[primary eq "True"].value', "value": "dev"},
        {"op": "Add", "path": f"{ENTERPRISE}:manager", "value": "u1"},
    )
    assert added == {
        "userName": "ann",
        "emails": [{"type": "work", "value": "a@x"}],
        "name": {"givenName": "Ann"},
        "roles": [{"primary": "True", "value": "dev"}],
        ENTERPRISE: {"manager": "u1"},
    }


@pytest.mark.parametrize(
    ("change", "left"),
    [
        # Entra without its flag names whom it means in `value`: everybody else stays.
        ({"op": "Remove", "path": "members", "value": [{"value": "2"}]}, ["1", "3"]),
        ({"op": "Remove", "path": "members", "value": [{"$ref": None, "value": "9"}]}, ["1", "2", "3"]),
        # Entra with its flag, and Okta
        ({"op": "remove", "path": 'members[value eq "2"]'}, ["1", "3"]),
        ({"op": "remove", "path": 'members[value eq "2" or value eq "3"]'}, ["1"]),
        ({"op": "remove", "path": "members"}, []),
        ({"op": "replace", "path": "members", "value": None}, []),
        ({"op": "Add", "path": "members", "value": [{"$ref": None, "value": "4"}]}, ["1", "2", "3", "4"]),
        ({"op": "add", "path": "members", "value": [{"value": "2", "display": "x"}]}, ["1", "2", "3"]),
        ({"op": "add", "path": "members", "value": {"value": "4"}}, ["1", "2", "3", "4"]),
        ({"op": "replace", "path": "members", "value": [{"value": "2", "display": "bob@x"}]}, ["2"]),
        ({"op": "replace", "value": {"members": [{"value": "5"}]}}, ["5"]),
        ({"op": "add", "value": {"members": [{"value": "5"}]}}, ["1", "2", "3", "5"]),
    ],
)
def test_members_are_those_that_were_meant(change: dict[str, Any], left: list[str]) -> None:
    assert members(change) == left


def test_okta_sends_the_id_along_when_a_group_is_renamed() -> None:
    found = after(TEAM, {"op": "replace", "value": {"id": "abf4dd94", "displayName": "labs"}})
    assert found == {**TEAM, "displayName": "labs"}


def test_operations_follow_one_another_and_change_nothing_of_what_was() -> None:
    before = {"members": [{"value": "1"}], "name": {"a": 1}}
    found = after(
        before,
        {"op": "add", "path": "members", "value": [{"value": "2"}]},
        {"op": "remove", "path": 'members[value eq "1"]'},
        {"op": "replace", "path": "name.a", "value": 2},
    )
    assert found == {"members": [{"value": "2"}], "name": {"a": 2}}
    assert before == {"members": [{"value": "1"}], "name": {"a": 1}}


def test_the_rfc_in_small() -> None:
    assert after(ANN, {"op": "remove", "path": "name.givenName"})["name"] == {"familyName": "Lee"}
    assert "name" not in after(ANN, {"op": "remove", "path": "name"})
    assert after(ANN, {"op": "remove", "path": "nothing"}) == ANN
    assert after(ANN, {"op": "remove", "path": f"{ENTERPRISE}:department"}) == ANN
    assert after(ANN, {"op": "replace", "path": "name", "value": {"givenName": "A"}})["name"]["familyName"] == "Lee"
    work_gone = after(ANN, {"op": "remove", "path": 'emails[type eq "work"]'})
    assert [each["type"] for each in work_gone["emails"]] == ["home"]
    unset = after(ANN, {"op": "remove", "path": 'emails[type eq "work"].primary'})
    assert "primary" not in unset["emails"][0]
    both = after(ANN, {"op": "replace", "path": 'emails[type eq "work"]', "value": {"value": "n@x"}})
    assert both["emails"][0] == {"value": "n@x", "type": "work", "primary": True}
    every = after(ANN, {"op": "replace", "path": "emails.primary", "value": False})
    assert [each["primary"] for each in every["emails"]] == [False, False]
    extended = after(ANN, {"op": "add", "path": ENTERPRISE, "value": {"department": "lab"}})
    assert after(extended, {"op": "remove", "path": ENTERPRISE}) == ANN


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"Operations": []}, "invalidSyntax"),
        ({"schemas": ["x"], "Operations": [{"op": "remove", "path": "a"}]}, "invalidSyntax"),
        ({"schemas": [PATCH], "Operations": []}, "invalidSyntax"),
        ({"schemas": [PATCH], "Operations": ["x"]}, "invalidSyntax"),
        ({"schemas": [PATCH], "Operations": [{"op": "move", "path": "a"}]}, "invalidSyntax"),
        ({"schemas": [PATCH], "Operations": [{"op": "remove"}]}, "noTarget"),
        ({"schemas": [PATCH], "Operations": [{"op": "remove", "path": 7}]}, "invalidPath"),
        ({"schemas": [PATCH], "Operations": [{"op": "remove", "path": "a["}]}, "invalidPath"),
        ({"schemas": [PATCH], "Operations": [{"op": "add", "value": "x"}]}, "invalidValue"),
        ({"schemas": [PATCH], "Operations": [{"op": "add", "path": "title"}]}, "invalidValue"),
        ({"schemas": [PATCH], "Operations": [{"op": "replace", "path": "id", "value": "x"}]}, "mutability"),
        ({"schemas": [PATCH], "Operations": [{"op": "replace", "path": "groups", "value": []}]}, "mutability"),
        ({"schemas": [PATCH], "Operations": [{"op": "remove", "path": "a"}] * (MOST + 1)}, "tooMany"),
        (
            {"schemas": [PATCH], "Operations": [{"op": "replace", "path": 'emails[type sw "x"].value', "value": "x"}]},
            "noTarget",
        ),
        ({"schemas": [PATCH], "Operations": [{"op": "add", "path": "userName.x", "value": 1}]}, "invalidPath"),
        (
            {"schemas": [PATCH], "Operations": [{"op": "add", "path": 'emails[type eq "work"]', "value": 1}]},
            "invalidValue",
        ),
        ({"schemas": [PATCH], "Operations": [{"op": "add", "path": ENTERPRISE, "value": 1}]}, "invalidValue"),
    ],
)
def test_what_means_nothing_is_refused(body: dict[str, Any], kind: str) -> None:
    with pytest.raises(Fault) as refused:
        patched(ANN, operations(body))
    assert refused.value.kind == kind
