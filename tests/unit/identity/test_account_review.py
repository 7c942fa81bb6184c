"""What nobody uses and what nobody answers for is found, and nothing else is."""

import pytest

from narrows.identity.account_review import Fault, Held, OwnerState, keys, review
from narrows.ports.accounts import ServiceAccount
from narrows.ports.sightings import Use

DAY = 86_400_000_000
NOW = 1_700_000_000_000_000
MONTH = 30 * DAY


def held(ident: str = "k1", **changes: object) -> Held:
    usual: dict[str, object] = {
        "id": ident,
        "kind": "key",
        "account": "etl",
        "owner": "corp:ana",
        "since": NOW - 90 * DAY,
    }
    return Held(**usual | changes)  # type: ignore[arg-type]


def faults(*one: Held, used: int | None = None, owner: OwnerState = "known", ident: str = "k1") -> list[list[Fault]]:
    uses = {} if used is None else {ident: Use(ident, "narrows:etl", NOW - used, "192.0.2.7")}
    found = review(one or (held(),), uses, {"corp:ana": owner}, NOW, MONTH)
    return [list(each.faults) for each in found]


def test_only_keys_in_force_are_looked_at() -> None:
    def account(ident: str, expires: int, revoked: int | None = None) -> ServiceAccount:
        return ServiceAccount(ident, "etl", "corp:ana", NOW - DAY, expires, b"." * 32, "nightly", revoked)

    found = keys([account("a", NOW + 1), account("b", NOW), account("c", NOW + 1, NOW - 5)], NOW)
    assert found == [Held("a", "key", "etl", "corp:ana", NOW - DAY, "nightly", NOW + 1)]


def test_a_key_in_use_whose_owner_is_there_is_fine() -> None:
    assert faults(used=DAY) == [[]]
    assert faults(used=MONTH) == [[]]


def test_a_key_is_stale_once_nobody_has_used_it_for_so_long() -> None:
    assert faults(used=MONTH + 1) == [[Fault.STALE]]


def test_a_key_that_was_never_used_is_told_once_it_is_old_enough() -> None:
    assert faults() == [[Fault.NEVER_USED]]
    assert faults(held(since=NOW - MONTH)) == [[]]


@pytest.mark.parametrize(
    ("owner", "expected"),
    [
        ("known", []),
        ("untold", []),
        ("unnamed", [Fault.OWNER_UNNAMED]),
        ("unknown", [Fault.OWNER_UNKNOWN]),
        ("inactive", [Fault.OWNER_INACTIVE]),
        ("contained", [Fault.OWNER_CONTAINED]),
    ],
)
def test_what_is_known_of_an_owner_is_told(owner: OwnerState, expected: list[Fault]) -> None:
    assert faults(used=DAY, owner=owner) == [expected]


def test_one_may_have_both_faults() -> None:
    assert faults(owner="inactive") == [[Fault.OWNER_INACTIVE, Fault.NEVER_USED]]


def test_a_rule_of_exchange_is_used_whenever_its_account_is() -> None:
    rule = held("main", kind="exchange", since=0)
    assert faults(rule) == [[Fault.NEVER_USED]]
    assert faults(rule, used=DAY, ident="tok_1") == [[]]
    assert faults(rule, used=MONTH + 1, ident="tok_1") == [[Fault.STALE]]
    assert faults(held("main", kind="exchange", since=0, account="other"), used=DAY, ident="tok_1") == [
        [Fault.NEVER_USED]
    ]


def test_another_keys_use_is_not_a_keys_own() -> None:
    assert faults(held("k2"), used=DAY) == [[Fault.NEVER_USED]]


def test_the_last_of_several_uses_counts() -> None:
    uses = {
        name: Use(name, "narrows:etl", NOW - ago, "192.0.2.7")
        for name, ago in {"tok_1": 40 * DAY, "tok_2": DAY, "tok_3": 35 * DAY}.items()
    }
    (found,) = review([held("main", kind="exchange", since=0)], uses, {"corp:ana": "known"}, NOW, MONTH)
    assert found.used == uses["tok_2"]
    assert found.faults == ()
