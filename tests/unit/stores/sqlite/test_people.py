"""The directory in control.db: people, groups, what deactivating somebody does, and what a gate hears of it."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from narrows.model.directory import Lift, Listing, Named, Person, Team
from narrows.model.revocation import Revocation, Revoked
from narrows.ports.directory import DirectoryUnavailable, Effects, NameTaken
from narrows.stores.sqlite import people as module
from narrows.stores.sqlite.people import PeopleWatch, SqlitePeople
from narrows.stores.sqlite.revocations import SqliteRevocations
from unit.stores.sqlite.records import NOW, StillClock

NOTHING = Effects()


def person(name: str, **changes: Any) -> Person:
    usual = Person(f"per_{name}", "corp", name, f"{name.title()}@corp.example", True, NOW, NOW, {"title": "x"})
    return msgspec.structs.replace(usual, **changes)


def team(word: str, **changes: Any) -> Team:
    return msgspec.structs.replace(Team(f"grp_{word}", "corp", word, NOW, NOW, {"externalId": word}), **changes)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def people(folder: Path) -> Iterator[SqlitePeople]:
    kept = SqlitePeople(folder, StillClock())
    yield kept
    kept.close()


@pytest.fixture
def watch(folder: Path, people: SqlitePeople) -> Iterator[PeopleWatch]:
    watch = PeopleWatch(folder)
    assert watch.news() is None
    yield watch
    watch.close()


def test_people_are_found_by_what_is_said_of_them(people: SqlitePeople) -> None:
    ann, bob = person("ann", resource={"externalId": "00u1"}), person("bob")
    for each in (ann, bob, person("ann", id="per_9", issuer="other")):
        people.put_person(each, NOTHING)
    assert people.person("corp", ann.id) == ann
    assert people.person("other", ann.id) is None
    assert people.people_with("corp", "user_name", "ANN@corp.EXAMPLE") == [ann]
    assert people.people_with("corp", "subject", "bob") == [bob]
    assert people.people_with("corp", "external_id", "00u1") == [ann]
    assert people.people_with("corp", "external_id", "00u2") == []
    assert (list(people.people("corp")), people.count_people("corp")) == ([ann, bob], 2)
    assert list(people.people("corp", 1, 5)) == [bob]


def test_two_people_have_neither_a_name_nor_a_subject_in_common(people: SqlitePeople) -> None:
    people.put_person(person("ann"), NOTHING)
    for other in (person("bob", user_name="ANN@corp.example"), person("bob", subject="ann")):
        with pytest.raises(NameTaken):
            people.put_person(other, NOTHING)
    people.put_person(person("ann", id="per_2", issuer="other"), NOTHING)
    people.put_person(person("ann", user_name="Ann.B@corp.example"), NOTHING)
    assert [each.user_name for each in people.people("corp")] == ["Ann.B@corp.example"]


def test_groups_hold_people_of_their_issuer_whom_the_directory_knows(people: SqlitePeople) -> None:
    for name in ("ann", "bob"):
        people.put_person(person(name), NOTHING)
    people.put_person(person("eve", issuer="other"), NOTHING)
    people.put_team(team("lab"), {"per_ann", "per_eve", "per_nobody"})
    people.put_team(team("ops"), {"per_ann", "per_bob"})
    assert people.members("grp_lab") == [Named("per_ann", "Ann@corp.example")]
    assert people.teams_of("per_ann") == [Named("grp_lab", "lab"), Named("grp_ops", "ops")]
    people.put_team(team("ops", name="operations"))
    assert [each.id for each in people.members("grp_ops")] == ["per_ann", "per_bob"]
    people.put_team(team("ops"), {"per_bob"})
    assert people.teams_of("per_ann") == [Named("grp_lab", "lab")]
    with pytest.raises(NameTaken):
        people.put_team(team("new", name="lab"))
    assert people.teams_named("corp", "lab") == [team("lab")]
    assert ([each.name for each in people.teams("corp")], people.count_teams("corp")) == (["lab", "ops"], 2)
    assert people.team("other", "grp_lab") is None
    people.drop_team(team("lab"))
    people.drop_person(person("bob"), NOTHING)
    assert (people.teams_of("per_ann"), people.members("grp_ops")) == ([], [])


def test_a_change_and_what_it_does_are_both_kept_or_neither(people: SqlitePeople, folder: Path) -> None:
    revocations = SqliteRevocations(folder, StillClock())
    out = Revocation("rev_1", Revoked.USER, "corp:ann", NOW, "corp:", "left", containment="con_1")
    by_hand = Revocation("rev_2", Revoked.USER, "corp:ann", NOW, "local:root", "odd", containment="con_2")
    revocations.add([by_hand])
    people.put_person(person("bob"), NOTHING)
    with pytest.raises(NameTaken):
        people.put_person(person("ann", user_name="bob@corp.example"), Effects((out,)))
    assert revocations.standing() == [by_hand]
    people.put_person(person("ann", active=False), Effects((out,)))
    assert revocations.standing() == [by_hand, out]
    people.put_person(person("ann"), Effects((), (Lift("corp:ann", "con_1", "corp:", "back"),)))
    assert revocations.standing() == [by_hand]
    people.put_person(person("ann"), Effects((), (Lift("corp:ann", "con_1", "corp:", "back"),)))
    people.drop_person(person("ann"), Effects((msgspec.structs.replace(out, id="rev_3"),)))
    assert [each.id for each in revocations.standing()] == ["rev_2", "rev_3"]
    assert people.person("corp", "per_ann") is None
    revocations.close()


def test_a_message_is_heard_once_until_its_time_is_over(folder: Path) -> None:
    clock = StillClock()
    people = SqlitePeople(folder, clock)
    out = Effects((Revocation("rev_1", Revoked.USER, "corp:ann", NOW, "corp:", "left", before=NOW),))
    assert people.hear("corp", "jti-1", clock.now() + 10, out)
    assert not people.hear("corp", "jti-1", clock.now() + 10, out)
    assert people.hear("other", "jti-1", clock.now() + 10, NOTHING)
    clock.time += 11
    assert people.hear("corp", "jti-1", clock.now() + 10, NOTHING)
    people.close()
    revocations = SqliteRevocations(folder, clock)
    assert list(revocations.standing()) == list(out.revoked)
    revocations.close()


def test_a_gate_hears_of_whom_something_changed(people: SqlitePeople, watch: PeopleWatch) -> None:
    assert watch.news() == ()
    people.put_person(person("ann"), NOTHING)
    people.put_person(person("bob"), NOTHING)
    assert watch.news() == {"corp:ann", "corp:bob"}
    people.put_person(person("ann", active=False), NOTHING)
    assert watch.news() == {"corp:ann"}
    people.put_person(person("ann", subject="ann2"), NOTHING)
    assert watch.news() == {"corp:ann", "corp:ann2"}
    people.put_team(team("lab"), {"per_ann"})
    assert watch.news() == {"corp:", "corp:ann2"}
    people.put_team(team("lab", resource={}), {"per_ann", "per_bob"})
    assert watch.news() == {"corp:bob"}
    people.put_team(team("lab", name="labs"))
    assert watch.news() == {"corp:", "corp:ann2", "corp:bob"}
    people.drop_person(person("bob"), NOTHING)
    assert watch.news() == {"corp:bob"}
    people.drop_team(team("lab"))
    assert watch.news() == {"corp:", "corp:ann2"}
    people.hear("corp", "jti", NOW, NOTHING)
    assert watch.news() == set()
    assert watch.news() == ()


def test_a_gate_reads_what_is_said_of_a_person(people: SqlitePeople, watch: PeopleWatch) -> None:
    people.put_person(person("ann"), NOTHING)
    people.put_person(person("bob", active=False), NOTHING)
    people.put_team(team("lab"), {"per_ann"})
    people.put_team(team("ops"), {"per_ann"})
    assert watch.listing("corp", "ann", ["lab", "hr"]) == Listing(True, frozenset({"lab", "ops"}), frozenset({"lab"}))
    assert watch.listing("corp", "bob") == Listing(False, frozenset())
    assert watch.listing("corp", "Ann") is None
    assert watch.listing("other", "ann") is None


def test_a_gate_that_has_not_looked_for_long_begins_anew(
    people: SqlitePeople, watch: PeopleWatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "KEPT", 2)
    people.put_person(person("ann"), NOTHING)
    people.put_person(person("bob"), NOTHING)
    assert watch.news() == {"corp:ann", "corp:bob"}
    for _ in range(3):
        people.put_person(person("ann"), NOTHING)
    assert watch.news() is None
    assert watch.news() == ()


def test_before_anything_was_written_nobody_is_known(tmp_path: Path) -> None:
    watch = PeopleWatch(tmp_path)
    assert watch.listing("corp", "ann") is None
    assert watch.news() is None
    watch.close()


def test_what_cannot_be_read_is_said(people: SqlitePeople, folder: Path) -> None:
    people.put_person(person("ann"), NOTHING)
    raw = sqlite3.connect(folder / "control.db")
    raw.execute("UPDATE person SET said = '{}'")
    raw.commit()
    raw.close()
    with pytest.raises(DirectoryUnavailable, match="per_ann of the directory can't be read"):
        people.person("corp", "per_ann")
