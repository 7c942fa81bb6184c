"""Refusals name the limit in the words of the configuration, what is used and left, and the way out."""

import msgspec
import pytest

from narrows.accounting import messages
from narrows.model.limits import AgentCap, Budget, Concurrency, CostCap, Counted, Per, Rate, Scope, Unit, Window
from narrows.model.refusal import Code
from narrows.model.reservation import Counter, Refused

SECOND = 1_000_000
MINUTE = 60 * SECOND
AT = 1_700_000_000 * SECOND

USD = Budget("research", Unit.USD, Window(Per.DAY, zone="Europe/Berlin"), Scope.USER, 5_000_000, soft=4_000_000)
OWN = Budget("", Unit.TOKENS, Window(Per.MONTH), Scope.GATEWAY, 100)
RATE = Rate("research", Unit.CALLS, 60, MINUTE)


def refused(limit: Counted, wanted: int = 1, used: int = 0, held: int = 0, free: int | None = None) -> Refused:
    return Refused(Counter("n", limit, "corp:alice"), used, held, wanted, free, ("d\x1f\x1fplanner",))


@pytest.mark.parametrize(
    ("limit", "code", "rule"),
    [
        (USD, Code.BUDGET_EXCEEDED, "limits.budgets"),
        (RATE, Code.RATE_LIMITED, "limits.calls"),
        (Rate("p", Unit.TOKENS, 1, MINUTE), Code.RATE_LIMITED, "limits.tokens"),
        (Concurrency("p", 1), Code.CONCURRENCY_EXCEEDED, "limits.concurrent"),
        (AgentCap("p", 1, MINUTE), Code.AGENTS_EXCEEDED, "limits.concurrent"),
    ],
)
def test_each_limit_has_its_code_and_its_setting(limit: Counted, code: Code, rule: str) -> None:
    deny = messages.refusal(refused(limit), AT, ((b"a", b"b"),))
    assert (deny.code, deny.rule, deny.headers) == (code, rule, ((b"a", b"b"),))
    assert deny.policy == limit.policy


def test_a_budget() -> None:
    deny = messages.refusal(refused(USD, 60_000, 4_900_000, 50_000, AT + 2 * 3_600 * SECOND), AT)
    assert deny.message == (
        "The budget `5 usd / day / user (Europe/Berlin)` of policy research has no room for the user corp:alice: "
        "4.9 usd used and 0.05 usd held by calls that run, 0.05 usd left, and this call may come to 0.06 usd. There is "
        "room again at 2023-11-15 00:13:20 UTC at the latest, in about 2 hours."
    )
    assert deny.retry_after == 7_200


@pytest.mark.parametrize(
    ("unit", "way"),
    [
        (Unit.OUTPUT_TOKENS, "ask for less output."),
        (Unit.PROMPT_TOKENS, "shorten the prompt."),
        (Unit.TOKENS, "ask for less output, or shorten the prompt."),
    ],
)
def test_what_can_never_have_room_is_told_the_way_out(unit: Unit, way: str) -> None:
    message = messages.refusal(refused(msgspec.structs.replace(OWN, unit=unit), 101), AT).message
    assert message.endswith(f"That is more than the whole budget: {way}")


def test_a_limit_set_below_what_is_used_leaves_nothing() -> None:
    message = messages.refusal(refused(OWN, 1, 500), AT).message
    assert message.startswith("The budget `100 tokens / month / gateway` of the gateway itself has no room: 500 tokens")
    assert "0 tokens left" in message
    assert messages.refusal(refused(OWN), AT).policy is None


def test_a_rate() -> None:
    deny = messages.refusal(refused(RATE, used=60, free=AT + 2_500_000), AT)
    assert deny.message == "Policy research permits 60 calls / minute; try again in 3 seconds."
    assert deny.retry_after == 3


def test_a_call_larger_than_its_rate() -> None:
    deny = messages.refusal(refused(Rate("p", Unit.TOKENS, 100, MINUTE), wanted=300), AT)
    assert deny.message == (
        "Policy p permits 100 tokens / minute; this call alone may come to 300 tokens: ask for less output, or shorten "
        "the prompt."
    )
    assert deny.retry_after is None


def test_calls_at_once() -> None:
    deny = messages.refusal(refused(Concurrency("p", 2), held=2), AT)
    assert deny.message == "2 calls run for corp:alice now; policy p permits 2 at once. Try again when one has ended."
    assert deny.retry_after == 1


def test_agents() -> None:
    message = messages.refusal(refused(AgentCap("p", 1, 5 * MINUTE)), AT).message
    assert message.startswith("1 other agent of corp:alice is active: planner; policy p permits 1.")
    assert "5 minutes" in message


def test_a_callers_word_is_one_short_line() -> None:
    long = Refused(Counter("n", USD, "a\n" + "b" * 500), 0, 0, 1)
    message = messages.refusal(long, AT).message
    assert "\n" not in message
    assert len(message) < 400


def test_notes_and_events() -> None:
    note = messages.observed(USD)
    assert (note.code, note.policy, note.rule, note.flagged) == (
        Code.BUDGET_EXCEEDED, "research", "limits.budgets", False,
    )  # fmt: skip
    assert messages.softened(USD).flagged
    assert messages.soft_event(Counter("n", USD, "corp:alice")) == (
        "the budget '5 usd / day / user (Europe/Berlin)' of policy research has passed its soft threshold of 4 usd for "
        "'corp:alice'"
    )


def test_what_can_not_be_reckoned() -> None:
    assert "the model 'gpt' has no price" in messages.unpriced(USD, "openai", "gpt").message
    assert "calls without a model have no price" in messages.unpriced(CostCap("p", 1), "openai", None).message
    deny = messages.unbounded(RATE, "it has images")
    assert deny.code is Code.COST_UNBOUNDED
    assert deny.message == (
        "Nobody knows what the call comes to at most, for it has images; the limit `60 calls / minute` of policy "
        "research applies."
    )


def test_the_cost_of_one_call() -> None:
    deny = messages.too_dear(CostCap("", 500_000), 750_000)
    assert deny.message.startswith("The call may cost 0.75 usd at most; the gateway itself permits 0.5 usd for one")
    assert deny.policy is None


def test_the_end_of_what_was_reserved() -> None:
    deny = messages.exhausted(50, USD)
    assert (deny.code, deny.policy, deny.rule) == (Code.BUDGET_EXCEEDED, "research", "limits.budgets")
    assert "50 output tokens" in deny.message
    assert messages.exhausted(1, None).policy is None


def test_a_ledger_that_is_away() -> None:
    assert messages.unavailable(ValueError("disk full")).code is Code.LEDGER_UNAVAILABLE


def test_an_agent_that_does_not_name_itself() -> None:
    deny = messages.undeclared(AgentCap("p", None, 1, declared=True))
    assert (deny.code, deny.param) == (Code.AGENT_UNDECLARED, "narrows-agent")
