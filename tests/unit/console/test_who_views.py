"""A blast radius as it is shown: amounts with their units, times in UTC."""

from datetime import UTC, datetime

from narrows.console.who_views import Left, Who, who_view
from narrows.identity.at_moment import Moment
from narrows.identity.radius import Book, Known, Rules, radius
from narrows.model.limits import Budget, Per, Scope, Unit, Window
from narrows.model.principal import Principal
from narrows.policy.access import NO_RULES
from unit.policy.world import compiled, limiting, policy

ANA = Principal("corp", "ana", groups=frozenset({"research"}), attributes={"dept": ("x",)})
BUDGET = Budget("research", Unit.USD, Window(Per.DAY), Scope.USER, 5_000_000)
RULES = Rules(
    compiled(policy("research", limits=limiting(budgets=["5 usd / day / user"]))),
    NO_RULES,
    {"openai": ("chat",)},
    {"corp": ("oidc",)},
    since=1_000_000,
)
FOUND = radius(Known(ANA, "credential", 2_000_000), RULES, Book(), Moment(3_000_000, ()))


def test_amounts_and_times_can_be_read_by_anybody() -> None:
    left = (Left(BUDGET, "corp:ana", 1_500_000, 250_000, 86_400_000_000), Left(BUDGET, "corp:ana", 9_000_000))
    shown = who_view(Who(FOUND, left, (), (), ()))
    assert shown.as_of == datetime(1970, 1, 1, 0, 0, 3, tzinfo=UTC)
    assert (shown.groups, shown.groups_from, shown.groups_at) == (
        ("corp:research",),
        "credential",
        datetime(1970, 1, 1, 0, 0, 2, tzinfo=UTC),
    )
    assert [(one.per, one.limit, one.by) for one in shown.most] == [
        ("day", "5 usd", ("research: 5 usd / day / user",)),
        ("month", "155 usd", ("research: 5 usd / day / user",)),
    ]
    assert shown.budgets is not None
    assert [(one.used, one.held, one.left) for one in shown.budgets] == [
        ("1.5 usd", "0.25 usd", "3.25 usd"),
        ("9 usd", "0 usd", "0 usd"),
    ]
    assert [way.models for door in shown.reach for way in door.reaches] == [("*",)]
    assert (shown.attributes, shown.contained, shown.revision_since) == (
        {"dept": ("x",)},
        False,
        datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC),
    )


def test_of_the_past_budgets_are_not_told() -> None:
    assert who_view(Who(FOUND, None, (), (), ())).budgets is None
