"""The reply is capped before it starts, and stopped once it is certainly past the cap."""

from collections.abc import Sequence

import pytest

from narrows.controls.output_cap import ApprovedCap, OutputCap
from narrows.model.call import Call
from narrows.model.plan import Limit, Plan
from narrows.model.record import Outcome
from narrows.model.refusal import Code
from narrows.model.reply import Delta, Event
from narrows.model.verdict import PROCEED, Deny
from narrows.ports.control import Guard
from unit.controls.calls import begun, call, event, judged

OBSERVED = Limit("w", 5, observe=True)


def outcome(*limits: Limit, cap: int | None = None, choices: int = 1) -> Call | Deny:
    return judged(OutputCap(), call(Plan("r", output_tokens=limits), asked={"output_cap": cap, "choices": choices}))


def running(limit: int, cap: int | None = None, choices: int = 1) -> Guard:
    about = call(Plan("r", output_tokens=(Limit("a", limit),)), asked={"output_cap": cap, "choices": choices})
    guard = begun(OutputCap(), about)
    guard.on_request(about)
    return guard


def test_without_limits_there_is_no_guard() -> None:
    assert OutputCap().begin(call(asked={"output_cap": 7})) is None


@pytest.mark.parametrize("operation", ["models", "count_tokens", "embeddings"])
def test_what_generates_nothing_is_neither_capped_nor_noted(operation: str) -> None:
    limits = (Limit("a", 100), OBSERVED)
    assert OutputCap().begin(call(Plan("r", output_tokens=limits), asked={"operation": operation})) is None


@pytest.mark.parametrize(
    ("limits", "asked", "choices", "cap"),
    [
        ((100,), None, 1, 100),
        ((100,), 7, 1, 7),
        ((100,), 700, 1, 100),
        ((100, 30), None, 1, 30),
        ((100,), None, 3, 33),
        ((100,), 50, 3, 33),
        ((100,), 5, 0, 5),
    ],
)
def test_the_cap_of_each_choice(limits: Sequence[int], asked: int | None, choices: int, cap: int) -> None:
    after = outcome(*(Limit("a", limit) for limit in limits), cap=asked, choices=choices)
    assert isinstance(after, Call)
    assert after.output_cap == cap


def test_more_choices_than_tokens_are_refused() -> None:
    verdict = outcome(Limit("a", 3), choices=4)
    assert isinstance(verdict, Deny)
    assert (verdict.code, verdict.policy) == (Code.OUTPUT_LIMIT, "a")
    assert "4 replies" in verdict.message


@pytest.mark.parametrize(("cap", "noted"), [(None, True), (6, True), (5, False)])
def test_an_observed_limit_notes_a_request_that_could_pass_it(cap: int | None, noted: bool) -> None:
    after = outcome(OBSERVED, cap=cap)
    assert isinstance(after, Call)
    assert after.output_cap is None
    assert [note.policy for note in after.notes] == (["w"] if noted else [])


def test_an_observed_limit_neither_caps_nor_stops() -> None:
    about = call(Plan("r", output_tokens=(OBSERVED,)))
    guard = begun(OutputCap(), about)
    guard.on_request(about)
    assert guard.on_event(event(*["x"] * 100, completion=1_000)) is None


def test_an_observed_limit_does_not_tighten_an_enforced_one() -> None:
    after = outcome(Limit("a", 100), OBSERVED)
    assert isinstance(after, Call)
    assert after.output_cap == 100


def test_deltas_are_counted() -> None:
    guard = running(3)
    assert guard.on_event(event("a", "", "b")) is None
    assert guard.on_event(event("")) is None
    assert guard.on_event(event("c")) is None
    verdict = guard.on_event(event("d"))
    assert verdict is not None
    assert (verdict.code, verdict.policy, verdict.rule) == (Code.OUTPUT_LIMIT, "a", "limits.output_tokens")


@pytest.mark.parametrize(
    ("field", "counts"),
    [
        ("content", True),
        ("reasoning", True),
        ("tool_call:0", True),
        ("$.anything", True),
        ("repeat:content", False),
        ("logprobs", False),
        ("envelope", False),
        ("envelope:id", False),
    ],
)
def test_what_is_generated_counts(field: str, counts: bool) -> None:
    said = Event(data={}, deltas=[Delta(0, field, "x" * 65)])
    assert (running(2).on_event(said) is not None) is counts


@pytest.mark.parametrize(
    ("text", "stopped"), [("x" * 64, False), ("x" * 65, True), ("漢" * 21, False), ("漢" * 22, True)]
)
def test_bytes_are_counted(text: str, stopped: bool) -> None:
    assert (running(2).on_event(event(text)) is not None) is stopped


@pytest.mark.parametrize(("completion", "stopped"), [(10, False), (11, True)])
def test_reported_usage_is_counted_so_a_buffered_reply_is_refused_too(completion: int, stopped: bool) -> None:
    assert (running(10).on_event(event("whole reply", completion=completion)) is not None) is stopped


def test_the_callers_own_cap_is_held_too() -> None:
    assert running(100, cap=2).on_event(event("a", "b", "c")) is not None


def test_choices_share_the_limit() -> None:
    guard = running(10, choices=2)
    assert guard.on_event(event(*"abcdefghij")) is None
    assert guard.on_event(event("k")) is not None


def test_odd_texts_do_not_raise() -> None:
    guard = running(5)
    assert guard.on_event(event("\ud800", "\0")) is None
    assert guard.on_finish() is None
    guard.on_end(Outcome.DONE, None)


def capped(cap: int | None, choices: int = 1) -> Call:
    return call(asked={"choices": choices}, approved_cap=cap)


def held_to(cap: int, choices: int = 1) -> Guard:
    about = capped(cap, choices)
    guard = begun(ApprovedCap(), about)
    assert guard.on_request(about) is PROCEED
    return guard


def test_where_no_approver_set_a_cap_nothing_is_read() -> None:
    assert ApprovedCap().begin(capped(None)) is None


@pytest.mark.parametrize("choices", [0, 1, 3])
def test_a_reply_may_come_to_the_cap_of_each_choice_and_no_further(choices: int) -> None:
    guard = held_to(2, choices)
    for _ in range(2 * max(choices, 1)):
        assert guard.on_event(event("word")) is None
    deny = guard.on_event(event("word"))
    assert isinstance(deny, Deny)
    assert deny.code is Code.OUTPUT_LIMIT
    assert f"passed {2 * max(choices, 1)} output tokens" in deny.message


def test_long_texts_and_what_is_reported_count_as_well() -> None:
    assert held_to(2).on_event(event("a" * 64)) is None
    assert isinstance(held_to(2).on_event(event("a" * 65)), Deny)
    assert held_to(2).on_event(event("a", completion=2)) is None
    assert isinstance(held_to(2).on_event(event("a", completion=3)), Deny)


def test_a_cap_of_nothing_lets_nothing_through() -> None:
    guard = held_to(0)
    assert guard.on_event(Event(data={}, deltas=[Delta(0, "content", "")])) is None
    assert isinstance(guard.on_event(event("a")), Deny)
