"""Access refuses what the plan refuses, names the model, and takes the plan's notes into the call."""

from narrows.controls.access import Access
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
