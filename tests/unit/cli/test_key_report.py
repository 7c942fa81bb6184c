"""The report of keys: what gates saw, what providers said of owners, and what was revoked."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from narrows.cli.account_rules import AccountRules
from narrows.cli.key_report import last_uses, report, show
from narrows.config.access import Access
from narrows.config.exchange import Exchange, Reach
from narrows.config.schema import Issuer
from narrows.model.directory import Person
from narrows.model.revocation import Revocation, Revoked
from narrows.ports.accounts import ServiceAccount
from narrows.ports.directory import Effects
from narrows.ports.sightings import Use
from narrows.stores.sqlite.people import SqlitePeople
from narrows.stores.sqlite.revocations import SqliteRevocations
from narrows.stores.sqlite.sightings import SqliteSightings
from narrows.wiring.clock import SystemClock

DAY = 86_400_000_000
CLOCK = SystemClock()
NOW = CLOCK.now()
CORP = Issuer(name="corp", issuer="https://corp", audience="a")
RULE = Exchange(
    name="main",
    issuer="ci",
    claims={"repository": ("acme/*",)},
    account="deploy",
    owner="ana",
    may=Reach(connections=("*",), operations=("*",)),
)
RULES = AccountRules(issuers=(CORP,), configured=True)


def key(ident: str, **changes: Any) -> ServiceAccount:
    usual = ServiceAccount(ident, "etl", "corp:ana", NOW - 60 * DAY, NOW + DAY, ident.encode().ljust(32, b"."))
    return msgspec.structs.replace(usual, **changes)


def person(store: Path, subject: str, *, active: bool) -> None:
    people = SqlitePeople(store, CLOCK)
    people.put_person(Person(subject, "corp", subject, subject, active, NOW, NOW, {}), Effects())
    people.close()


def found(store: Path, *accounts: ServiceAccount, rules: AccountRules = RULES) -> dict[str, list[str]]:
    return {
        one.held.id: [str(fault) for fault in one.faults] for one in report(store, accounts, rules, CLOCK, 30 * DAY)
    }


async def test_what_gates_saw_is_the_last_use(tmp_path: Path) -> None:
    sightings = SqliteSightings(tmp_path, CLOCK)
    await sightings.start()
    sightings.used(
        [Use("a", "narrows:etl", NOW - DAY, "192.0.2.7"), Use("b", "narrows:etl", NOW - 50 * DAY, "192.0.2.8")]
    )
    await sightings.stop()
    assert last_uses(tmp_path)["a"].address == "192.0.2.7"
    assert found(tmp_path, key("a"), key("b"), key("c")) == {"a": [], "b": ["stale"], "c": ["never used"]}


def test_without_a_directory_nobody_can_be_missed(tmp_path: Path) -> None:
    young = {"created": NOW}
    accounts = [key("a", **young), key("b", owner="ana@example.com", **young), key("c", owner="ana", **young)]
    assert found(tmp_path, *accounts) == {"a": [], "b": [], "c": []}
    assert found(tmp_path, *accounts, rules=AccountRules()) == {
        "a": [],
        "b": ["owner not told"],
        "c": ["owner not told"],
    }


def test_a_directory_tells_who_left(tmp_path: Path) -> None:
    person(tmp_path, "ana", active=True)
    person(tmp_path, "ben", active=False)
    accounts = [
        key(name, owner=owner, created=NOW) for name, owner in {"a": "corp:ana", "b": "corp:ben", "c": "eve"}.items()
    ]
    assert found(tmp_path, *accounts) == {"a": [], "b": ["owner deactivated"], "c": ["owner unknown"]}


def test_a_contained_owner_is_told(tmp_path: Path) -> None:
    revocations = SqliteRevocations(tmp_path, CLOCK)
    revocations.add([Revocation("rev_1", Revoked.USER, "corp:ana", NOW, "local:op", "gone")])
    revocations.add([Revocation("rev_2", Revoked.USER, "corp:ben", NOW, "local:op", "new password", before=NOW)])
    revocations.close()
    assert found(tmp_path, key("a", created=NOW), key("b", created=NOW, owner="corp:ben")) == {
        "a": ["owner contained"],
        "b": [],
    }


def test_rules_of_exchange_are_reviewed_too(tmp_path: Path) -> None:
    person(tmp_path, "ana", active=False)
    rules = AccountRules(Access(exchange=(RULE,)), (CORP,), configured=True)
    assert found(tmp_path, rules=rules) == {"main": ["owner deactivated", "never used"]}


def test_only_what_is_wrong_is_shown_unless_all_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reviewed = report(tmp_path, [key("good", created=NOW), key("bad")], RULES, CLOCK, 30 * DAY)
    show(reviewed, everything=False, as_json=False)
    shown = capsys.readouterr()
    assert "bad" in shown.out
    assert "good" not in shown.out
    assert "1 of 2" in shown.err
    show(reviewed, everything=True, as_json=True)
    rows = [msgspec.json.decode(line) for line in capsys.readouterr().out.splitlines()]
    assert [(row["id"], row["kind"], row["found"]) for row in rows] == [
        ("good", "key", []),
        ("bad", "key", ["never used"]),
    ]
