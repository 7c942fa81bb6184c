"""What a call comes to at most is known where a limit asks, and only there."""

from typing import Any

import pytest

from narrows.controls.bounds import Bounds
from narrows.model.call import Call
from narrows.model.limits import Budget, Concurrency, CostCap, Limits, Per, Rate, Scope, Unit, Window
from narrows.model.plan import Plan
from narrows.model.reply import Event
from narrows.model.text import Masked, Role, Text
from narrows.policy.tokens import CALL, EstimatingCounter
from unit.controls.asking import condition, requirement
from unit.controls.calls import begun, call, judged

DAY = Window(Per.DAY)
MASKED = (Masked("$.messages[0].content", "PERSON", "names", 1),)


def budget(unit: Unit, **more: Any) -> Limits:
    return Limits(budgets=(Budget("p", unit, DAY, Scope.USER, 1_000, **more),))


def control(*, changed: bool = False) -> Bounds:
    return Bounds(EstimatingCounter(), {"openai": 4_096}, changed=changed)


def bounded(limits: Limits, *, changed: bool = False, asked: dict[str, Any] | None = None, **facts: Any) -> Call:
    after = judged(control(changed=changed), call(Plan("r", limits=limits), asked=asked, **facts))
    assert isinstance(after, Call)
    return after


def test_where_nothing_is_limited_there_is_no_guard() -> None:
    assert control().under(Plan("r")) is None
    assert control().begin(call(asked={"output_cap": 7})) is None


@pytest.mark.parametrize(
    ("limits", "cap"),
    [
        (budget(Unit.USD), 4_096),
        (budget(Unit.TOKENS), 4_096),
        (budget(Unit.OUTPUT_TOKENS), 4_096),
        (budget(Unit.COMPUTE), 4_096),
        (budget(Unit.PROMPT_TOKENS), None),
        (budget(Unit.CALLS), None),
        (Limits(rates=(Rate("p", Unit.TOKENS, 9, 60),)), 4_096),
        (Limits(rates=(Rate("p", Unit.CALLS, 9, 60),)), None),
        (Limits(costs=(CostCap("p", 9),)), 4_096),
        (Limits(concurrency=(Concurrency("p", 9),)), None),
        (budget(Unit.USD, observe=True), None),
        (Limits(rates=(Rate("p", Unit.TOKENS, 9, 60, observe=True),), costs=(CostCap("p", 9, observe=True),)), None),
    ],
)
def test_a_reply_is_capped_where_an_enforced_limit_counts_it(limits: Limits, cap: int | None) -> None:
    assert bounded(limits).output_cap == cap
    # The caller's own cap and a policy's stand in any case.
    assert bounded(limits, asked={"output_cap": 12}).output_cap == 12
    assert bounded(limits, asked={"output_cap": 12}, output_cap=5).output_cap == 5


@pytest.mark.parametrize("operation", ["models", "count_tokens", "embeddings", "moderations"])
def test_what_generates_nothing_is_not_capped(operation: str) -> None:
    assert bounded(budget(Unit.USD), asked={"operation": operation}).output_cap is None


def test_a_cap_below_zero_is_none_at_all_to_spend() -> None:
    assert bounded(budget(Unit.USD), asked={"output_cap": -5}).output_cap == 0


def test_a_connection_without_a_default_is_not_guessed() -> None:
    about = call(Plan("r", limits=budget(Unit.USD)))
    with pytest.raises(KeyError):
        begun(Bounds(EstimatingCounter(), {}), about).on_request(about)


def test_a_prompt_that_grew_is_measured_anew() -> None:
    body = {"messages": [{"role": "user", "content": "[PERSON:0123456789abcdef]" * 4}]}
    asked = {"body": body, "texts": (Text(Role.USER, "$.messages[0].content", "x"),), "output_cap": 1}
    size = len(b'{"messages":[{"role":"user","content":"' + b"[PERSON:0123456789abcdef]" * 4 + b'"}]}') + CALL
    assert bounded(budget(Unit.USD), asked=asked, prompt_bound=50).prompt_bound == 50
    assert bounded(budget(Unit.USD), asked=asked, prompt_bound=50, masked=MASKED).prompt_bound == size
    assert bounded(budget(Unit.USD), asked=asked, prompt_bound=50, changed=True).prompt_bound == size
    # It does not shrink: whoever looks at the bound before masks do sees one that holds.
    assert bounded(budget(Unit.USD), asked=asked, prompt_bound=9_000, masked=MASKED).prompt_bound == 9_000


def test_of_a_call_that_was_judged_apart_the_bound_stands() -> None:
    class Prepared(dict[str, Any]):
        pass

    asked = {"body": Prepared(), "output_cap": 1}
    assert bounded(budget(Unit.USD), asked=asked, prompt_bound=50, masked=MASKED, changed=True).prompt_bound == 50


def test_replies_are_left_alone() -> None:
    about = call(Plan("r", limits=budget(Unit.USD)))
    guard = begun(control(), about)
    assert guard.on_event(Event({})) is None
    assert guard.on_finish() is None


def test_what_people_are_asked_about_for_its_cost_is_capped_as_well() -> None:
    dear = condition(requirement(), cost=10)
    assert judged(control(), call(dear)).output_cap == 4_096  # type: ignore[union-attr]
    assert judged(control(), call(condition(requirement(observe=True), cost=10))).output_cap is None  # type: ignore[union-attr]
    assert control().under(condition(requirement(), first_use=True)) is None
