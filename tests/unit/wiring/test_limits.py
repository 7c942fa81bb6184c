"""What counts calls is built from settings: only what some policy asks for."""

import threading
from typing import Any

import msgspec
import pytest

from narrows.accounting.counters import Subjects, parse
from narrows.accounting.end_users import Pseudonyms
from narrows.config.limits import ComputeWeight
from narrows.config.schema import Config, Timeouts
from narrows.model.plan import Plan
from narrows.model.price import Price, Rates
from narrows.model.principal import Credential, Identity, Principal
from narrows.policy.compile import compile_policies
from narrows.wiring.detectors import vocabulary
from narrows.wiring.limits import GATE_ONLY, NO_LIMITS, LimitControls, end_users, limit_controls
from unit.controls.calls import call
from unit.controls.limited import Shelf, Stopwatch
from unit.policy.world import limiting, policy, settings

PRICE = Price(((0, Rates(1, 1, 1, 1, 1, 1)),))


class Table:
    """Prices of one model."""

    version = "v7"

    def __init__(self) -> None:
        self.asked: list[tuple[str, str | None, str | None]] = []

    def of(self, connection: str, model: str | None, tier: str | None = None) -> Price | None:
        self.asked.append((connection, model, tier))
        return PRICE if model == "gpt" else None


def built(config: Config, prices: Table | None = None) -> LimitControls:
    return limit_controls(config, compile_policies(config), Shelf(), Stopwatch(), prices)


def with_limits(**limits: Any) -> Config:
    return settings(policy("a", limits=limiting(**limits)))


def test_nothing_is_built_where_nothing_is_limited() -> None:
    assert built(settings(policy("a"))) is NO_LIMITS
    assert built(with_limits(prompt_tokens=5)) is NO_LIMITS


def test_calls_are_throttled_only_where_they_have_a_rate() -> None:
    budgets = built(with_limits(budgets=["5 calls / day / user"]))
    assert (budgets.throttle, budgets.peek) == ((), None)
    assert len(budgets.reserve) == 1
    rated = built(with_limits(calls=["60 / minute"]))
    assert len(rated.throttle) == 1
    assert rated.peek is not None
    assert {rated.throttle[0].name, rated.reserve[0].name} == GATE_ONLY


def test_a_call_is_reckoned_by_its_connection_and_model() -> None:
    table = Table()
    config = with_limits(budgets=["5 usd / day / user"])
    one = msgspec.structs.replace(
        config.connections["openai"],
        media_tokens=700,
        prompt_overhead=90,
        timeouts=Timeouts(total=10.0),
        compute=(ComputeWeight(models=("gpt*",), prompt_token=2), ComputeWeight(models=("*",), second=1)),
    )
    config = msgspec.structs.replace(config, connections={"openai": one})
    terms = built(config, table).reserve[0].accounts.terms("openai", "gpt", "flex")
    assert (terms.price, terms.media, terms.longest, terms.capped) == (PRICE, 700, 10_000_000, True)
    assert (terms.default, terms.overhead) == (one.output_default, 90)
    assert terms.compute is not None
    assert terms.compute.prompt_token == 2
    assert table.asked == [("openai", "gpt", "flex")]
    other = built(config, table).reserve[0].accounts
    assert other.prices == "v7"
    assert other.terms("openai", "o9", None).price is None
    without = other.terms("openai", None, None).compute
    assert without is not None
    assert without.second == 1


def test_a_refused_call_says_for_whom_it_was_where_a_budget_counts_them() -> None:
    budgets = {"budgets": ["1 usd / day / end user", "5 usd / day / user"]}
    config = with_limits(**budgets)
    policies = compile_policies(config)
    this = call(Plan("r", limits=policies.policies[0].limits), end_user="ann")
    named = built(config, Table()).whose(this)
    assert named is not None
    assert [parse(name).subject for name in named.counters] == ["corp:alice/ann"]
    assert named.amounts == (0,)
    assert built(config, Table()).whose(call(Plan("r"))) is None
    assert built(with_limits(budgets=["5 usd / day / user"])).whose(this) is None


def test_the_ledger_belongs_to_the_thread_that_built() -> None:
    accounts = built(with_limits(calls=["60 / minute"])).reserve[0].accounts
    assert accounts.thread == accounts.running() == threading.get_ident()


@pytest.mark.parametrize(
    ("mask", "hidden"),
    [
        (None, False),
        ({}, True),
        ({"where": ["response"]}, False),
        ({"mode": "observe"}, False),
    ],
)
def test_end_users_are_hidden_where_any_policy_masks_prompts(mask: dict[str, Any] | None, hidden: bool) -> None:
    budgets = limiting(budgets=["1 usd / day / end user"])
    masks = [] if mask is None else [{"entities": ["EMAIL_ADDRESS"], **mask}]
    config = settings(policy("a", limits=budgets), policy("b", mask=masks))
    policies = compile_policies(config, vocabulary(config.detectors))
    pseudonyms = Pseudonyms(bytes(32))
    made = limit_controls(config, policies, Shelf(), Stopwatch(), None, pseudonyms)
    caller = Subjects(Principal("corp", "ann"), "openai", "gpt", "ben@example.com")
    (counter,) = made.reserve[0].accounts.counters.of(policies.policies[0].limits, caller).reserved
    assert ("ben@" not in counter.name) is hidden


def test_trusted_services_name_their_end_users_in_a_header() -> None:
    config = settings(policy("a"), own={"end_user": {"header": "X-End-User", "from": ["portal-*"]}})
    named = end_users(config)
    assert named is not None
    credential = Credential("service_account", "k", 1.0)
    portal = Identity(Principal("narrows", "portal-1", "service_account"), credential)
    headers = {b"x-end-user": "zoë".encode()}
    assert named(portal, headers) == "zoë"
    assert named(portal, {}) is None
    assert named(portal, {b"x-end-user": b"a" * 600}) == "a" * 512
    assert named(Identity(Principal("narrows", "batch", "service_account"), credential), headers) is None
    assert named(Identity(Principal("corp", "portal-1"), credential), headers) is None
    assert end_users(settings(policy("a"))) is None
