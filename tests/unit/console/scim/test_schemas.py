"""What the service says of itself: whole, and only what it does."""

from narrows.console.scim import schemas
from narrows.console.scim.attributes import ENTERPRISE, GROUP, USER

BASE = "https://console.example/scim/v2/corp"


def test_it_says_what_it_does_and_what_it_does_not() -> None:
    found = schemas.service(BASE)
    assert {
        name: found[name]["supported"] for name in ("patch", "bulk", "filter", "changePassword", "sort", "etag")
    } == {
        "patch": True,
        "bulk": False,
        "filter": True,
        "changePassword": False,
        "sort": False,
        "etag": False,
    }
    assert found["meta"]["location"] == f"{BASE}/ServiceProviderConfig"


def test_each_type_has_its_schemas() -> None:
    known = {one["id"] for one in schemas.schemas(BASE)}
    assert known == {USER, GROUP, ENTERPRISE}
    for kind in schemas.resource_types(BASE):
        assert kind["schema"] in known
        assert {each["schema"] for each in kind["schemaExtensions"]} <= known


def test_each_attribute_says_all_of_itself() -> None:
    def each(attributes: list[schemas.Document]) -> None:
        for attribute in attributes:
            assert set(attribute) >= {"name", "type", "multiValued", "required", "mutability", "returned"}
            assert (attribute["type"] == "complex") == ("subAttributes" in attribute), attribute["name"]
            each(attribute.get("subAttributes", []))

    for one in schemas.schemas(BASE):
        each(one["attributes"])
    names = schemas.canonical_names()
    assert (names["username"], names["externalid"], names["displayname"]) == ("userName", "externalId", "displayName")
