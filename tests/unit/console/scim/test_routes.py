"""SCIM over HTTP: each provider has its own people and nobody else's, and what it says takes effect."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from narrows.config.provisioning import Scim
from narrows.model.secret import Secret
from narrows.ports.directory import DirectoryUnavailable
from unit.console.scim.world import OLD, PATCH, TOKENS, USER, ScimWorld, issuer, running

ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
OFF = {"op": "replace", "path": "active", "value": False}
ON = {"op": "replace", "path": "active", "value": True}


async def test_a_person_comes_goes_and_comes_back(scim: ScimWorld) -> None:
    ann = await scim.user("ann@corp.example")
    path = f"/Users/{ann['id']}"
    assert (await scim.call("GET", path)).json() == ann
    assert scim.revoked() == []
    off = await scim.patch(path, OFF)
    assert (off.status_code, off.json()["active"]) == (200, False)
    (found,) = scim.revoked()
    assert (found.subject, found.by, found.before, found.kind) == ("corp:ann@corp.example", "corp:", None, "user")
    assert (await scim.patch(path, OFF)).json()["active"] is False
    assert len(scim.revoked()) == 1
    assert (await scim.patch(path, ON)).json()["active"] is True
    assert scim.revoked() == []
    assert (await scim.call("DELETE", path)).status_code == 204
    assert [one.reason for one in scim.revoked()] == ["deleted by the provider"]
    assert (await scim.call("GET", path)).status_code == 404
    await scim.user("ann@corp.example")
    assert scim.revoked() == []
    acts = [each for each in scim.trail() if each[3] == "done"]
    who = "corp:ann@corp.example"
    assert acts == [
        ("corp:", "scim.user.create", "corp:", "done"),
        *[("corp:", "scim.user.change", who, "done")] * 3,
        ("corp:", "scim.user.delete", who, "done"),
        ("corp:", "scim.user.create", "corp:", "done"),
    ]


async def test_who_is_sent_inactive_is_out_from_the_beginning(scim: ScimWorld) -> None:
    await scim.user("ann", active=False)
    assert [one.subject for one in scim.revoked()] == ["corp:ann"]


async def test_a_name_that_is_given_up_ends_what_it_had(scim: ScimWorld) -> None:
    ann = await scim.user("ann")
    await scim.patch(f"/Users/{ann['id']}", {"op": "replace", "path": "userName", "value": "ann.b"})
    (old,) = scim.revoked()
    assert (old.subject, old.reason) == ("corp:ann", "the provider gave this name up")
    assert old.before is not None
    assert old.before > scim.clock.time


async def test_groups_have_members_and_members_have_groups(scim: ScimWorld) -> None:
    ann, bob = await scim.user("ann"), await scim.user("bob")
    members = [{"value": ann["id"], "display": "Ann"}, {"value": "per_nobody"}]
    lab = await scim.made("/Groups", {"schemas": ["x"], "displayName": "lab", "members": members})
    assert [each["value"] for each in lab["members"]] == [ann["id"]]
    path = f"/Groups/{lab['id']}"
    added = await scim.patch(path, {"op": "add", "path": "members", "value": [{"value": bob["id"]}]})
    assert (added.status_code, added.content) == (204, b"")
    assert {each["value"] for each in (await scim.call("GET", path)).json()["members"]} == {ann["id"], bob["id"]}
    shown = (await scim.call("GET", f"/Users/{bob['id']}")).json()
    assert [(each["value"], each["display"]) for each in shown["groups"]] == [(lab["id"], "lab")]
    await scim.patch(path, {"op": "remove", "path": f'members[value eq "{ann["id"]}"]'})
    assert "members" not in (await scim.call("GET", path, params={"excludedAttributes": "members"})).json()
    listed = (await scim.call("GET", "/Groups", params={"filter": f'members.value eq "{bob["id"]}"'})).json()
    assert [each["displayName"] for each in listed["Resources"]] == ["lab"]
    replaced = await scim.call("PUT", path, {"displayName": "labs", "members": []})
    assert (replaced.json()["displayName"], replaced.json()["members"]) == ("labs", [])
    again = await scim.call("POST", "/Groups", {"displayName": "labs"})
    assert (again.status_code, again.json()["scimType"]) == (409, "uniqueness")
    assert (await scim.call("DELETE", path)).status_code == 204
    assert (await scim.call("GET", path)).status_code == 404


async def test_what_is_sent_is_kept_and_given_back_but_no_password(scim: ScimWorld) -> None:
    extension = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
    ann = await scim.user(
        "ann",
        password="canary",
        externalId="00u1",
        name={"givenName": "Ann", "familyName": ""},
        emails=[{"value": "ann@corp.example", "primary": "True"}],
        nickName=None,
        groups=[{"value": "grp_1"}],
        **{extension: {"department": "lab"}},
    )
    assert ann["schemas"] == [USER, extension]
    assert ann[extension] == {"department": "lab"}
    assert ann["emails"] == [{"value": "ann@corp.example", "primary": True}]
    assert {"nickName", "groups", "password"} & set(ann) == set()
    assert ann["meta"]["created"] == ann["meta"]["lastModified"]
    replaced = await scim.call("PUT", f"/Users/{ann['id']}", {"schemas": [USER], "userName": "ann"})
    assert "externalId" not in replaced.json()
    assert not any(b"canary" in path.read_bytes() for path in scim.folder.iterdir())


async def test_only_the_providers_own_token_opens_its_directory(scim: ScimWorld) -> None:
    for shown in (None, "", "Bearer ", f"Bearer {TOKENS['other']}", "Bearer ana", f"Basic {TOKENS['corp']}"):
        headers = {} if shown is None else {"authorization": shown}
        reply = await scim.client.get("/scim/v2/corp/Users", headers=headers)
        assert (reply.status_code, reply.json()["schemas"], reply.json()["status"]) == (401, [ERROR], "401"), shown
        assert reply.headers["www-authenticate"].startswith("Bearer")
        assert reply.headers["content-type"] == "application/scim+json"


async def test_nothing_opens_what_no_provider_has(scim: ScimWorld) -> None:
    for name in ("plain", "unknown"):
        reply = await scim.client.get(f"/scim/v2/{name}/Users", headers={"authorization": f"Bearer {TOKENS['corp']}"})
        assert reply.status_code == 401
    twice = [("authorization", f"Bearer {TOKENS['corp']}")] * 2
    assert (await scim.client.get("/scim/v2/corp/Users", headers=twice)).status_code == 401


async def test_a_token_of_before_is_taken_while_it_is_named(scim: ScimWorld) -> None:
    assert (await scim.call("GET", "/Users", token=OLD)).status_code == 200
    scim.providers.known([issuer("corp", Scim(token=Secret(TOKENS["corp"])))])
    assert (await scim.call("GET", "/Users", token=OLD)).status_code == 401


async def test_one_provider_sees_nothing_of_another(scim: ScimWorld) -> None:
    ann = await scim.user("ann")
    lab = await scim.made("/Groups", {"displayName": "lab", "members": [{"value": ann["id"]}]})
    for path in (f"/Users/{ann['id']}", f"/Groups/{lab['id']}"):
        for method, body in (
            ("GET", None),
            ("PUT", {"userName": "x", "displayName": "x"}),
            ("PATCH", {"schemas": [PATCH], "Operations": [OFF]}),
            ("DELETE", None),
        ):
            assert (await scim.call(method, path, body, issuer="other")).status_code == 404, (method, path)
    assert (await scim.call("GET", "/Users", issuer="other")).json()["totalResults"] == 0
    theirs = await scim.made("/Groups", {"displayName": "lab", "members": [{"value": ann["id"]}]}, "other")
    assert theirs["members"] == []
    assert scim.revoked() == []


async def test_lists_have_pages_and_filters(scim: ScimWorld) -> None:
    for number in range(5):
        await scim.user(f"u{number}@corp.example", externalId=f"ext{number}", title="a" if number % 2 else "b")

    async def names(**params: Any) -> tuple[list[str], int]:
        reply = await scim.call("GET", "/Users", params=params)
        assert reply.status_code == 200, reply.text
        page = reply.json()
        assert page["itemsPerPage"] == len(page["Resources"])
        return [each["userName"].partition("@")[0] for each in page["Resources"]], page["totalResults"]

    assert await names() == (["u0", "u1", "u2", "u3", "u4"], 5)
    assert await names(startIndex=4, count=2) == (["u3", "u4"], 5)
    assert await names(startIndex=0, count=-1) == ([], 5)
    assert await names(filter='userName eq "U3@CORP.example"') == (["u3"], 1)
    assert await names(filter='externalId eq "ext1"') == (["u1"], 1)
    assert await names(filter='externalId eq "EXT1"') == ([], 0)
    assert await names(filter='title eq "a" and userName sw "u"', startIndex=2) == (["u3"], 2)
    assert await names(filter='userName eq "nobody"') == ([], 0)
    one = (await scim.call("GET", "/Users", params={"attributes": "userName", "count": "1"})).json()["Resources"]
    assert set(one[0]) == {"schemas", "id", "userName"}
    for params in ({"filter": "userName xx 1"}, {"count": "many"}, {"attributes": "a", "excludedAttributes": "b"}):
        assert (await scim.call("GET", "/Users", params=params)).status_code == 400


async def test_a_search_need_not_be_in_the_address(scim: ScimWorld) -> None:
    ann = await scim.user("ann", title="x")
    await scim.user("bob")
    await scim.made("/Groups", {"displayName": "lab", "members": [{"value": ann["id"]}]})
    schemas = ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"]
    search = {"schemas": schemas, "filter": "title pr", "attributes": ["userName"], "startIndex": 1, "count": 10}
    found = await scim.call("POST", "/Users/.search", search)
    assert [set(each) for each in found.json()["Resources"]] == [{"schemas", "id", "userName"}]
    groups = await scim.call("POST", "/Groups/.search", {"schemas": schemas, "excludedAttributes": ["members"]})
    assert ["members" in each for each in groups.json()["Resources"]] == [False]
    for start, count, names in ((1, 9, ["ann", "bob", None]), (2, 2, ["bob", None]), (3, 1, [None]), (1, 1, ["ann"])):
        page = (await scim.call("POST", "/.search", {"startIndex": start, "count": count})).json()
        assert ([each.get("userName") for each in page["Resources"]], page["totalResults"]) == (names, 3)
    for wrong in ([], {"attributes": "userName"}, {"filter": 7}, {"count": "x"}, {"filter": "x"}):
        assert (await scim.call("POST", "/Users/.search", wrong)).status_code == 400, wrong


async def test_what_is_not_there_is_refused_in_its_own_form(scim: ScimWorld) -> None:
    for method, path in (("GET", "/Bulk"), ("POST", "/Me"), ("DELETE", "/Bulk")):
        reply = await scim.call(method, path)
        assert (reply.status_code, reply.headers["content-type"]) == (404, "application/scim+json"), path
    assert (await scim.call("GET", "/Bulk", token="x" * 40)).status_code == 401


async def test_it_tells_what_it_can(scim: ScimWorld) -> None:
    for path, key in (("/ServiceProviderConfig", "patch"), ("/ResourceTypes", "Resources"), ("/Schemas", "Resources")):
        assert key in (await scim.call("GET", path)).json()
    assert (await scim.call("GET", "/ResourceTypes/User")).json()["endpoint"] == "/Users"
    assert (await scim.call("GET", f"/Schemas/{USER}")).json()["id"] == USER
    assert (await scim.call("GET", "/Schemas/urn:none")).status_code == 404


MALFORMED: list[tuple[bytes, int, str | None]] = [
    (b"{", 400, "invalidSyntax"),
    (b'{"userName": "a", "userName": "b"}', 400, "invalidSyntax"),
    (b'{"userName": "a", "USERNAME": "b"}', 400, "invalidSyntax"),
    (b'{"userName": "a", "active": true, "Active": false}', 400, "invalidSyntax"),
    (b"[]", 400, "invalidSyntax"),
    (b"{}", 400, "invalidValue"),
    (b'{"userName": ""}', 400, "invalidValue"),
    (b'{"userName": "a\\u0000"}', 400, "invalidValue"),
    (b'{"userName": 1}', 400, "invalidValue"),
    (b'{"userName": "a", "active": "maybe"}', 400, "invalidValue"),
    (b'{"userName": "a", "externalId": 7}', 400, "invalidValue"),
    (b'{"userName": "taken"}', 409, "uniqueness"),
    (b"x" * (2 * 1024 * 1024 + 1), 413, None),
]


async def test_what_can_be_read_two_ways_or_none_is_refused(scim: ScimWorld) -> None:
    await scim.user("taken")
    headers = {"authorization": f"Bearer {TOKENS['corp']}", "content-type": "application/scim+json"}
    for body, status, kind in MALFORMED:
        reply = await scim.client.post("/scim/v2/corp/Users", content=body, headers=headers)
        said = (reply.status_code, reply.json().get("scimType"), reply.json()["schemas"])
        assert said == (status, kind, [ERROR]), body[:80]
    assert (await scim.call("GET", "/Users")).json()["totalResults"] == 1


async def test_another_kind_of_body_is_not_read(scim: ScimWorld) -> None:
    headers = {"authorization": f"Bearer {TOKENS['corp']}"}
    reply = await scim.client.post("/scim/v2/corp/Users", data={"userName": "a"}, headers=headers)
    assert reply.status_code == 415


async def test_a_refusal_stands_in_the_trail(scim: ScimWorld) -> None:
    await scim.user("ann")
    await scim.call("POST", "/Users", {"userName": "ann"})
    assert [(act.outcome.value, act.code) for act in scim.books.audit.acts[-2:]] == [
        ("begun", None),
        ("refused", "uniqueness"),
    ]


async def test_what_cannot_be_written_is_not_done(scim: ScimWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise DirectoryUnavailable("control.db: the disk is full")

    ann = await scim.user("ann")
    monkeypatch.setattr(scim.books.directory, "put_person", fails)
    reply = await scim.patch(f"/Users/{ann['id']}", OFF)
    assert (reply.status_code, reply.headers["retry-after"]) == (503, "5")
    assert "disk" not in reply.text
    scim.books.audit.fails = True
    monkeypatch.undo()
    assert (await scim.patch(f"/Users/{ann['id']}", OFF)).status_code == 503
    assert scim.revoked() == []


@pytest.fixture
async def by_id(tmp_path: Path) -> AsyncIterator[ScimWorld]:
    async with running(tmp_path, subject="externalId") as world:
        yield world


async def test_people_may_be_known_by_another_attribute(by_id: ScimWorld) -> None:
    await by_id.user("ann@corp.example", externalId="0a21f0f2", active=False)
    # Whatever names its owner by the address ends with them.
    assert [one.subject for one in by_id.revoked()] == ["corp:0a21f0f2", "corp:ann@corp.example"]
    reply = await by_id.call("POST", "/Users", {"userName": "bob"})
    assert (reply.status_code, reply.json()["scimType"]) == (400, "invalidValue")
