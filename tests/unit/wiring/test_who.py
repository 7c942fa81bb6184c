"""Reading what is kept of an identity: its names, its groups, what its budgets have left."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from narrows.config.provisioning import Scim
from narrows.config.schema import Config
from narrows.model.access import Request
from narrows.model.approval import Approvers
from narrows.model.directory import Person, Team
from narrows.model.principal import Principal, Scope
from narrows.model.secret import Secret
from narrows.ports.accounts import ServiceAccount
from narrows.ports.directory import Effects
from narrows.ports.revocations import RevocationRefused
from narrows.wiring.configuration import compiled
from narrows.wiring.revisions import rules
from narrows.wiring.who import Readers, opened
from unit.policy.world import limiting, policy, settings
from unit.stores.sqlite.records import NOW, StillClock

LATER = 3_600_000_000


def configuration(*, scim: str | None = None) -> Config:
    plain = settings(policy("research", limits=limiting(budgets=["5 usd / day / user"])))
    if scim is None:
        return plain

    (issuer,) = plain.identity.issuers
    kept = msgspec.structs.replace(issuer, scim=Scim(token=Secret("x" * 40), groups=scim))  # type: ignore[arg-type]
    return msgspec.structs.replace(plain, identity=msgspec.structs.replace(plain.identity, issuers=(kept,)))


@pytest.fixture
def readers(tmp_path: Path) -> Iterator[Readers]:
    with opened(tmp_path, StillClock()) as found:
        yield found


def directory(readers: Readers, *, active: bool = True) -> None:
    person = Person("u1", "corp", "ana", "ana@example.com", active, 1, 1, {})
    readers.people.put_person(person, Effects())
    readers.people.put_team(Team("t1", "corp", "research", 1, 1, {}), ["u1"])


def asked(readers: Readers, at: int, *groups: str) -> None:
    who = Principal("corp", "ana", groups=frozenset(groups))
    scope = Scope(("*",), ("*",), ("*",))
    readers.grants.ask(Request(f"grt_{at}", who, scope, 1, "why", at, at + LATER, "r", Approvers(), 0))


def test_whoever_is_named_is_found(readers: Readers) -> None:
    config = configuration()
    readers.accounts.create(ServiceAccount("k", "etl", "corp:ana", 1, NOW + LATER, b"\0" * 32))
    directory(readers)
    for written, full in (
        ("corp:ana", "corp:ana"),
        ("ana", "corp:ana"),
        ("Ana@Example.com", "corp:ana"),
        ("etl", "narrows:etl"),
        ("narrows:gone", "narrows:gone"),
        ("zoe", "corp:zoe"),
    ):
        assert readers.name(written, config) == full
    with pytest.raises(RevocationRefused):
        readers.name("", config)


@pytest.mark.parametrize(
    ("scim", "expected"),
    [
        (None, ({"old"}, "credential")),
        ("token", ({"old"}, "credential")),
        ("directory", ({"research"}, "directory")),
        ("both", ({"old", "research"}, "directory")),
    ],
)
def test_groups_are_those_of_the_directory_or_of_the_last_credential(
    readers: Readers, scim: str | None, expected: tuple[set[str], str]
) -> None:
    config = configuration(scim=scim)
    directory(readers)
    asked(readers, NOW - 9, "older")
    asked(readers, NOW - 5, "old")
    known = readers.who("ana", config, rules(config, compiled(config))).radius.known
    assert (known.principal.groups, known.source) == expected
    # The directory keeps no past.
    then = readers.who("ana", config, rules(config, compiled(config)), at=NOW - 7).radius.known
    assert (then.principal.groups, then.source, then.at) == ({"older"}, "credential", NOW - 9)


def test_a_budget_that_nobody_has_used_is_whole(readers: Readers) -> None:
    config = configuration()
    found = readers.who("ana", config, rules(config, compiled(config)), groups=["research"])
    assert found.left is not None
    assert [(one.subject, one.left, one.resets) for one in found.left] == [("corp:ana", 5_000_000, None)]
    assert readers.who("ana", config, rules(config, compiled(config)), at=NOW).left is None


def test_rules_say_who_signs_in_and_what_is_offered() -> None:
    config = configuration()
    found = rules(config, compiled(config), 7)
    assert found.sign_ins == {"corp": ("oidc",)}
    assert "chat" in found.offered["openai"]
    assert (found.since, found.exchange) == (7, {})


def test_whoever_is_owner_by_an_address_owns_it(readers: Readers) -> None:
    config = configuration()
    directory(readers)
    readers.accounts.create(ServiceAccount("k", "etl", "Ana@example.com", 1, NOW + LATER, b"\0" * 32))
    found = readers.who("ana", config, rules(config, compiled(config)))
    assert [one.name for one in found.radius.owns] == ["etl"]
    assert readers.who("zoe", config, rules(config, compiled(config))).radius.owns == ()
