"""Who clauses: every key must match, a key matches by any value, and one issuer's names are never another's."""

from typing import Any

import pytest

from narrows.config.who import Who
from narrows.model.principal import Principal
from narrows.policy.who import WhoIndex, normalise, qualify
from unit.policy.world import account, person


def matches(principal: Principal, issuers: tuple[str, ...] = ("corp",), **who: Any) -> bool:
    index = WhoIndex([normalise(Who(**who), issuers)])
    return index.satisfied(principal) == (0,)


def test_groups_match_by_any() -> None:
    assert matches(person("a", "b"), groups=("x", "b"))
    assert not matches(person("a"), groups=("x", "b"))
    assert not matches(person(), groups=("*",))
    assert matches(person("team-7"), groups=("team-*",))


def test_every_key_must_match() -> None:
    assert matches(person("a"), users=("alice",), groups=("a",))
    assert not matches(person("a"), users=("bob",), groups=("a",))
    assert not matches(person("b"), users=("alice",), groups=("a",))


def test_attributes_match_by_claim() -> None:
    principal = person(department=("research", "ops"), region=("eu",))
    assert matches(principal, attributes={"department": ("ops",)})
    assert matches(principal, attributes={"department": ("ops",), "region": ("e*",)})
    assert not matches(principal, attributes={"department": ("ops",), "region": ("us",)})
    assert not matches(principal, attributes={"level": ("*",)})


def test_service_accounts_are_no_users_and_users_no_service_accounts() -> None:
    assert matches(account("ci"), service_accounts=("ci",))
    assert not matches(account("ci"), users=("*",))
    assert not matches(person(subject="ci"), service_accounts=("*",))
    assert not matches(account("alice"), users=("narrows:alice", "alice"))


def test_one_issuers_names_are_not_anothers() -> None:
    two = ("corp", "partner")
    assert matches(person("admin"), two, groups=("corp:admin",))
    assert not matches(person("admin", issuer="partner"), two, groups=("corp:admin",))
    assert not matches(person("corp:admin", issuer="partner"), two, groups=("corp:admin",))
    assert not matches(person("admin", issuer="partner"), two, groups=("admin",))
    assert not matches(person(issuer="partner", role=("x",)), two, attributes={"corp:role": ("x",)})
    assert matches(person(issuer="partner", role=("x",)), two, attributes={"partner:role": ("x",)})


def test_a_bare_name_with_a_colon_of_its_own() -> None:
    assert matches(person("role:admin"), groups=("role:admin",))


@pytest.mark.parametrize("who", [{}, {"users": ()}, {"attributes": {}}])
def test_an_empty_clause_matches_nobody(who: dict[str, Any]) -> None:
    assert not matches(person("a"), **who)


def test_without_an_issuer_names_match_nobody() -> None:
    assert not matches(person("a"), (), groups=("*",))
    assert not matches(person("a"), (), groups=("corp:a",))


def test_qualify() -> None:
    assert qualify("a", ("corp",)) == "corp:a"
    assert qualify("corp:a", ("corp", "x")) == "corp:a"
    assert qualify("a", ("corp", "x")) is None
    assert qualify("a", ()) is None


def test_equal_clauses_have_one_spelling() -> None:
    one = normalise(Who(users=("b", "a", "a"), groups=("corp:g",)), ("corp",))
    assert one == normalise(Who(groups=("g",), users=("corp:a", "b")), ("corp",))


def test_several_clauses_at_once() -> None:
    clauses = [normalise(Who(groups=(name,)), ("corp",)) for name in ("a", "b*", "*", "c")]
    assert WhoIndex(clauses).satisfied(person("a", "bb")) == (0, 1, 2)
    assert WhoIndex(clauses).satisfied(person()) == ()


@pytest.mark.parametrize(
    ("presented", "asked", "met"),
    [
        ("grant", ("grant",), True),
        ("oidc", ("grant",), False),
        ("opaque", ("oidc",), True),
        ("exchange", ("grant", "exchange"), True),
        ("gate", ("grant", "oidc", "login", "exchange", "service_account"), False),
        (None, ("grant", "oidc"), False),
    ],
)
def test_what_was_presented_is_one_more_fact(presented: str | None, asked: tuple[Any, ...], met: bool) -> None:
    index = WhoIndex([normalise(Who(groups=("a",), credential=asked), ("corp",))])
    assert index.satisfied(person("a"), presented) == ((0,) if met else ())
    assert index.satisfied(person("b"), presented) == ()
