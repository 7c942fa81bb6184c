"""A provider's people and groups, made, found and changed: reading no more than is asked for."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from narrows.config.provisioning import Scim
from narrows.console.scim.keeping import Asked, Groups, People, Tenant
from narrows.model.secret import Secret
from narrows.stores.sqlite.people import SqlitePeople
from unit.console.scim.world import PATCH
from unit.console.world import StillClock


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[SqlitePeople]:
    kept = SqlitePeople(tmp_path, StillClock())
    yield kept
    kept.close()


def tenant(number: int) -> Tenant:
    return Tenant("corp", Scim(token=Secret("t" * 32)), "https://console/scim/v2/corp", str(number), number)


def made(directory: SqlitePeople) -> tuple[People, Groups]:
    for number, name in enumerate(("ann", "bob"), 1):
        People(directory, tenant(number)).create({"userName": name})
    Groups(directory, tenant(3)).create({"displayName": "lab", "members": [{"value": "per_1"}]})
    return People(directory, tenant(9)), Groups(directory, tenant(9))


def test_what_says_the_same_again_changes_nothing(directory: SqlitePeople) -> None:
    people, _ = made(directory)
    assert people.replace("per_1", {"userName": "ann"})["meta"]["lastModified"].endswith("00.000001Z")
    assert people.replace("per_1", {"userName": "ann", "title": "x"})["meta"]["lastModified"].endswith("00.000009Z")


def test_people_are_looked_up_by_what_is_equal(directory: SqlitePeople, monkeypatch: pytest.MonkeyPatch) -> None:
    people, groups = made(directory)

    def reads(*_: Any) -> Any:
        raise AssertionError("everybody is read")

    monkeypatch.setattr(directory, "people", reads)
    monkeypatch.setattr(directory, "teams", reads)
    for text, found in (
        ('userName eq "ANN"', 1),
        ('id eq "per_2"', 1),
        ('id eq "per_7"', 0),
        ('userName eq "ann" and active eq false', 0),
        ('externalId eq "x"', 0),
    ):
        assert people.page(Asked(text))["totalResults"] == found, text
    # Entra asks so whether somebody is in a group.
    for text, found in (('id eq "grp_3" and members eq "per_1"', 1), ('id eq "grp_3" and members eq "per_2"', 0)):
        assert groups.page(Asked(text))["totalResults"] == found, text


def test_members_are_read_only_where_they_are_asked_for(
    directory: SqlitePeople, monkeypatch: pytest.MonkeyPatch
) -> None:
    from narrows.console.scim.resources import projection

    _, groups = made(directory)
    monkeypatch.setattr(directory, "members", lambda _: pytest.fail("members are read"))
    asked = Asked('displayName eq "lab"', projection=projection(None, "members"))
    assert [each["id"] for each in groups.page(asked)["Resources"]] == ["grp_3"]


def test_trails_call_them_as_policies_do(directory: SqlitePeople) -> None:
    people, groups = made(directory)
    assert (people.named("per_1"), people.named("per_7")) == ("corp:ann", "per_7")
    assert (groups.named("grp_3"), groups.named("grp_7")) == ("corp:lab", "grp_7")


def test_a_patch_that_can_not_be_done_does_nothing(directory: SqlitePeople) -> None:
    from narrows.console.scim.faults import Fault

    people, _ = made(directory)
    operations = [{"op": "replace", "path": "title", "value": "x"}, {"op": "remove", "path": "userName"}]
    with pytest.raises(Fault):
        people.patch("per_1", {"schemas": [PATCH], "Operations": operations})
    assert "title" not in people.get("per_1", Asked().projection)
