"""Names that are refused are counted for their identity, and everything is refused once they are too many."""

from typing import Any

import msgspec
import pytest

from narrows.controls.enumeration import Enumeration
from narrows.inspection.enumeration import Distinct, PerIdentity
from narrows.model.call import Call
from narrows.model.plan import Plan
from narrows.model.principal import Principal
from narrows.model.refusal import Code
from narrows.model.verdict import Deny, Note
from unit.controls.calls import call, judged
from unit.controls.probing import rules

ADA, BOB = (Principal("corp", name, groups=frozenset({"research"})) for name in ("ada", "bob"))
SECOND = 1_000_000


def control(**more: Any) -> Enumeration:
    return Enumeration(
        rules(probing={"enumeration": {"names": 3, "within": 60, **more}}), PerIdentity[str, Distinct](Distinct)
    )


def about(principal: Principal = ADA, at: int = 0, model: str = "gpt", plan: Plan | None = None, **more: Any) -> Call:
    made = call(plan, asked={"model": model, **more.pop("asked", {})})
    return msgspec.structs.replace(made, principal=principal, at=at * SECOND, **more)


def refusal(code: Code = Code.MODEL_NOT_ALLOWED) -> Deny:
    return Deny(code, "no")


def tries(control: Enumeration, *models: str, principal: Principal = ADA, at: int = 0) -> list[tuple[Call, Deny]]:
    return [control.refused(about(principal, at, model), refusal()) for model in models]


def test_the_name_that_makes_it_too_many_is_answered_so_and_everything_after_it() -> None:
    watching = control(action="deny")
    answers = tries(watching, "one", "two", "two", "three")
    assert [deny.code for _, deny in answers] == [*[Code.MODEL_NOT_ALLOWED] * 3, Code.PROBING_SUSPECTED]
    refused = judged(watching, about(at=20))
    assert isinstance(refused, Deny)
    assert (refused.code, refused.policy, refused.rule) == (Code.PROBING_SUSPECTED, "a", "probing.enumeration")
    assert refused.retry_after == 40
    assert isinstance(judged(watching, about(at=20 + 40)), Call)
    assert isinstance(judged(watching, about(BOB, at=20)), Call), "an identity of its own"


def test_who_goes_on_trying_is_kept_waiting() -> None:
    watching = control(action="deny")
    tries(watching, "one", "two", "three")
    suspected = judged(watching, about(at=50, model="four", plan=Plan("r", refusal=refusal())))
    assert isinstance(suspected, Deny)
    after = watching.refused(about(at=50, model="four", plan=Plan("r", refusal=refusal())), suspected)
    assert after[1] is suspected
    tries(watching, "five", "six", at=50)
    assert isinstance(judged(watching, about(at=70)), Deny)


def test_a_suspected_call_that_is_permitted_counts_for_nothing() -> None:
    watching = control(action="deny")
    tries(watching, "one", "two", "three")
    watching.refused(about(at=59), refusal(Code.PROBING_SUSPECTED))
    assert isinstance(judged(watching, about(at=61)), Call)


def test_flags_are_notes_of_the_refused_calls() -> None:
    watching = control()
    answers = tries(watching, "one", "two", "three", "three")
    assert [bool(made.notes) for made, _ in answers] == [False, False, True, True]
    assert answers[-1][0].notes == (Note(Code.PROBING_SUSPECTED, "a", "probing.enumeration", flagged=True),)
    assert {deny.code for _, deny in answers} == {Code.MODEL_NOT_ALLOWED}
    assert watching.begin(about()) is None, "nothing is refused for it"


@pytest.mark.parametrize(
    ("code", "calls"),
    [
        (Code.ROUTE_UNKNOWN, [{"path": f"/{number}"} for number in range(3)]),
        (Code.OPERATION_NOT_ALLOWED, [{"path": f"/{number}"} for number in range(3)]),
        (Code.CONNECTION_NOT_ALLOWED, [{"connection": f"c{number}"} for number in range(3)]),
        (Code.REFERENCE_NOT_ALLOWED, [{"asked": {"references": ("r1", "r2", "r3")}}]),
    ],
)
def test_every_kind_of_name_counts(code: Code, calls: list[dict[str, Any]]) -> None:
    watching = control()
    answers = [watching.refused(about(**more), refusal(code)) for more in calls]
    assert [bool(made.notes) for made, _ in answers] == [*[False] * (len(calls) - 1), True]


@pytest.mark.parametrize("code", [Code.PROMPT_DENIED, Code.BODY_MALFORMED, Code.CONTROL_FAILED, Code.NOT_PERMITTED])
def test_other_refusals_are_no_names(code: Code) -> None:
    watching = control()
    for number in range(5):
        made, deny = watching.refused(about(model=str(number)), refusal(code))
        assert (made.notes, deny.code) == ((), code)


def test_who_no_policy_is_about_is_not_counted() -> None:
    watching = control()
    stranger = Principal("corp", "eve", groups=frozenset({"other"}))
    assert not any(made.notes for made, _ in tries(watching, *"abcdef", principal=stranger))
