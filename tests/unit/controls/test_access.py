"""Access refuses what the plan refuses, names the model, and takes the plan's notes into the call."""

import msgspec

from narrows.controls.access import Access
from narrows.model.call import Source
from narrows.model.plan import Plan
from narrows.model.refusal import Code
from narrows.model.verdict import Deny, Note
from unit.controls.calls import call, judged

NOTE = Note(Code.MODEL_NOT_ALLOWED, "watch")


def test_a_granted_call_needs_no_guard() -> None:
    assert Access().begin(call(Plan("r", policies=("a",)))) is None


def test_a_refusal_is_given() -> None:
    refusal = Deny(Code.NOT_PERMITTED, "No policy names this identity.")
    assert judged(Access(), call(Plan("r", refusal=refusal))) == refusal


def test_a_refused_model_is_named() -> None:
    refusal = Deny(Code.MODEL_NOT_ALLOWED, "permitted: gpt*.", param="$.model")
    verdict = judged(Access(), call(Plan("r", refusal=refusal), asked={"model": "o1\n\x1b[31m"}))
    assert isinstance(verdict, Deny)
    assert verdict.message == r"Model 'o1\n\x1b[31m': permitted: gpt*."
    assert verdict.param == "$.model"


def test_a_long_model_is_named_in_part() -> None:
    refusal = Deny(Code.MODEL_NOT_ALLOWED, "no")
    verdict = judged(Access(), call(Plan("r", refusal=refusal), asked={"model": "x" * 10_000}))
    assert isinstance(verdict, Deny)
    assert len(verdict.message) < 150


def test_notes_are_added() -> None:
    earlier = Note(Code.PROMPT_TOO_LONG, "b")
    after = judged(Access(), call(Plan("r", notes=(NOTE,)), notes=(earlier,)))
    assert not isinstance(after, Deny)
    assert after.notes == (earlier, NOTE)


REASON = Source("127.0.0.1", justification="ticket 12")
BLANK = Source("127.0.0.1", justification="  ")


def test_what_is_permitted_only_with_a_reason_is_refused_without_one() -> None:
    plan = Plan("r", policies=("a",), justification=("a", "b"))
    for about in (call(plan), msgspec.structs.replace(call(plan), source=BLANK)):
        verdict = judged(Access(), about)
        assert isinstance(verdict, Deny)
        assert (verdict.code, verdict.policy, verdict.param) == (
            Code.JUSTIFICATION_REQUIRED, "a", "Narrows-Justification",
        )  # fmt: skip
        assert "Narrows-Justification" in verdict.message
    reasoned = msgspec.structs.replace(call(plan), source=REASON)
    assert judged(Access(), reasoned) == reasoned


def test_a_policy_that_only_observes_notes_that_there_is_no_reason() -> None:
    plan = Plan("r", notes=(NOTE,), justification_watchers=("w",))
    after = judged(Access(), call(plan))
    assert not isinstance(after, Deny)
    assert after.notes == (NOTE, Note(Code.JUSTIFICATION_REQUIRED, "w", param="Narrows-Justification"))
    reasoned = judged(Access(), msgspec.structs.replace(call(plan), source=REASON))
    assert not isinstance(reasoned, Deny)
    assert reasoned.notes == (NOTE,)


def test_what_is_refused_anyway_is_not_asked_for_a_reason() -> None:
    refusal = Deny(Code.NOT_PERMITTED, "No policy names this identity.")
    assert judged(Access(), call(Plan("r", refusal=refusal, justification=("a",)))) == refusal
