"""Widening parameters need a policy that permits them."""

from narrows.controls.parameters import Parameters
from narrows.model.call import Call
from narrows.model.plan import Plan
from narrows.model.refusal import Code
from narrows.model.verdict import Deny, Note
from unit.controls.calls import call, judged


def outcome(plan: Plan, *used: str) -> Call | Deny:
    return judged(Parameters(), call(plan, asked={"parameters": frozenset(used)}))


def test_a_call_that_widens_nothing_needs_no_guard() -> None:
    assert Parameters().begin(call()) is None


def test_what_is_not_permitted_is_named() -> None:
    verdict = outcome(Plan("r", policies=("a",), parameters=frozenset({"n"})), "store", "n", "echo")
    assert isinstance(verdict, Deny)
    assert verdict.code is Code.PARAMETER_NOT_ALLOWED
    assert verdict.message == "The request uses echo, store, which no policy permits; permitted: n."
    assert (verdict.policy, verdict.param) == ("a", "echo")


def test_what_is_permitted_passes() -> None:
    assert isinstance(outcome(Plan("r", parameters=frozenset({"n", "store"})), "n"), Call)


def test_a_parameter_no_policy_can_name_is_refused() -> None:
    assert isinstance(outcome(Plan("r", parameters=frozenset({"n"})), "teleport"), Deny)


def test_observing_policies_note() -> None:
    plan = Plan("r", observed=("w",), parameters=frozenset({"n", "store"}), observed_parameters=frozenset({"n"}))
    after = outcome(plan, "n", "store")
    assert isinstance(after, Call)
    assert after.notes == (Note(Code.PARAMETER_NOT_ALLOWED, "w", param="store"),)


def test_where_only_observing_policies_cover_the_call_it_passes() -> None:
    after = outcome(Plan("r", observed=("w",), enforced=False, observed_parameters=frozenset()), "store")
    assert isinstance(after, Call)
    assert [note.policy for note in after.notes] == ["w"]
