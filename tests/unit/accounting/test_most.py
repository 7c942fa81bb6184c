"""What can be spent at most."""

import pytest

from narrows.accounting.most import Spending, binding, most
from narrows.model.limits import Budget, Per, Scope, Unit, Window
from narrows.model.principal import Principal

ALICE = Principal("corp", "alice", groups=frozenset({"research"}))
BOT = Principal("narrows", "bot", kind="service_account")
USD = 1_000_000


def budget(dollars: int, per: Per = Per.DAY, scope: Scope = Scope.USER, policy: str = "a", **more: object) -> Budget:
    window = Window(per, rolling=bool(more.pop("rolling", False)), zone=str(more.pop("zone", "UTC")))
    return Budget(policy, Unit.USD, window, scope, dollars * USD, **more)  # type: ignore[arg-type]


def spending(*budgets: Budget, policy: str = "a", always: tuple[str, ...] = (), on: int = 1) -> Spending:
    return Spending(policy, budgets, (policy, *always), tuple(f"c{number}" for number in range(on)))


def dollars(*several: Spending, own: tuple[Budget, ...] = (), per: Per = Per.DAY, zone: str = "UTC") -> int | None:
    found = most(ALICE, several, own, Unit.USD, per, zone).limit
    return None if found is None else found // USD


def test_who_may_do_nothing_spends_nothing() -> None:
    assert dollars() == 0


def test_what_nothing_binds_has_no_end() -> None:
    assert dollars(spending()) is None
    assert dollars(spending(budget(5)), spending(policy="b")) is None
    assert dollars(spending(budget(5, observe=True))) is None


def test_each_policys_budgets_add_up_and_the_lowest_of_one_counts() -> None:
    assert dollars(spending(budget(5), budget(3, scope=Scope.GATEWAY)), spending(budget(7), policy="b")) == 10


def test_a_policy_is_bound_by_one_that_surely_applies_with_it() -> None:
    wide = spending(budget(4, policy="wide"), policy="wide")
    assert dollars(spending(always=("wide",)), wide) == 4
    assert dollars(spending(budget(2), always=("wide",)), wide) == 6
    assert dollars(spending(budget(9), always=("wide",)), wide) == 4


def test_the_gateways_own_bind_everything() -> None:
    own = (budget(6, scope=Scope.GATEWAY, policy=""),)
    assert dollars(spending(), own=own) == 6
    assert dollars(spending(budget(5)), spending(budget(5), policy="b"), own=own) == 6
    assert dollars(spending(budget(1)), own=own) == 1


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (Scope.USER, 5),
        (Scope.GROUP, 5),
        (Scope.SERVICE_ACCOUNT, None),
        (Scope.CONNECTION, 15),
        (Scope.MODEL, None),
        (Scope.END_USER, None),
        (Scope.GATEWAY, 5),
    ],
)
def test_whose_sum_it_is(scope: Scope, expected: int | None) -> None:
    assert dollars(spending(budget(5, scope=scope, groups=("corp:res*",)), on=3)) == expected


def test_a_groups_budget_binds_its_members() -> None:
    of_others = budget(5, scope=Scope.GROUP, groups=("corp:sales",))
    assert binding([of_others], ALICE) == ()
    assert dollars(spending(of_others)) is None


def test_accounts_are_bound_by_their_own() -> None:
    assert binding([budget(5, scope=Scope.SERVICE_ACCOUNT)], BOT)


@pytest.mark.parametrize(
    ("per", "rolling", "zone", "a_day", "a_month"),
    [
        (Per.MINUTE, False, "UTC", 1_440, 44_640),
        (Per.HOUR, False, "UTC", 24, 744),
        (Per.DAY, False, "UTC", 1, 31),
        (Per.DAY, False, "Asia/Tokyo", 2, 32),
        (Per.DAY, True, "UTC", 1, 31),
        (Per.WEEK, False, "UTC", 1, 6),
        (Per.WEEK, True, "UTC", 1, 5),
        (Per.MONTH, False, "UTC", 1, 1),
        (Per.MONTH, True, "UTC", 1, 2),
    ],
)
def test_windows_in_a_period(per: Per, rolling: bool, zone: str, a_day: int, a_month: int) -> None:
    one = spending(budget(1, per, rolling=rolling, zone=zone))
    assert (dollars(one), dollars(one, per=Per.MONTH)) == (a_day, a_month)


def test_a_day_on_which_clocks_are_changed_has_an_hour_more() -> None:
    one = spending(budget(1, Per.HOUR, zone="Europe/Berlin"), budget(40, zone="Europe/Berlin"))
    assert dollars(one, zone="Europe/Berlin") == 25


def test_it_says_which_budgets_bind_and_whether_they_count_everything() -> None:
    found = most(ALICE, [spending(budget(5, unpriced=True), budget(9))], (), Unit.USD, Per.DAY, "UTC")
    assert (found.by, found.unpriced) == ((budget(5, unpriced=True),), True)
    assert most(ALICE, [spending(budget(5))], (), Unit.TOKENS, Per.DAY, "UTC").limit is None
