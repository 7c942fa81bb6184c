"""The estimate is held against every policy's limit; the smallest is named."""

import pytest

from narrows.controls.prompt_size import PromptSize
from narrows.model.call import Call
from narrows.model.plan import Limit, Plan
from narrows.model.refusal import Code
from narrows.model.verdict import Deny, Note
from unit.controls.calls import call, judged


def outcome(size: int, *limits: Limit) -> Call | Deny:
    return judged(PromptSize(), call(Plan("r", prompt_tokens=limits), prompt_tokens=size))


@pytest.mark.parametrize("size", [0, 9, 10])
def test_within_the_limit_there_is_no_guard(size: int) -> None:
    plan = Plan("r", prompt_tokens=(Limit("a", 10), Limit("w", 10, observe=True)))
    assert PromptSize().begin(call(plan, prompt_tokens=size)) is None


def test_over_the_limit_the_message_has_both_figures() -> None:
    verdict = outcome(11, Limit("a", 10))
    assert isinstance(verdict, Deny)
    assert (verdict.code, verdict.policy, verdict.rule) == (Code.PROMPT_TOO_LONG, "a", "limits.prompt_tokens")
    assert "estimated at 11 tokens" in verdict.message
    assert "permits 10" in verdict.message


def test_the_smallest_limit_is_named() -> None:
    verdict = outcome(100, Limit("a", 50), Limit("b", 20), Limit("w", 1, observe=True))
    assert isinstance(verdict, Deny)
    assert verdict.policy == "b"


def test_an_observed_limit_is_noted() -> None:
    after = outcome(15, Limit("a", 50), Limit("w", 10, observe=True), Limit("v", 20, observe=True))
    assert isinstance(after, Call)
    assert after.notes == (Note(Code.PROMPT_TOO_LONG, "w", "limits.prompt_tokens"),)
