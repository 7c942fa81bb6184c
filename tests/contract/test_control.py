"""What every control holds, whatever the call: no raise, no guard without reason, and no refusal by what observes."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from narrows.controls.access import Access
from narrows.controls.media import Media
from narrows.controls.output_cap import OutputCap
from narrows.controls.parameters import Parameters
from narrows.controls.prompt_rules import PromptRules
from narrows.controls.prompt_size import PromptSize
from narrows.model.call import Call
from narrows.model.plan import Limit, Plan, Rule
from narrows.model.record import Outcome
from narrows.model.refusal import Code
from narrows.model.text import Finding, Opaque
from narrows.model.usage import Usage
from narrows.model.verdict import Deny, Note, Proceed
from narrows.ports.control import Control, Fitting
from unit.controls.calls import call, event

CONTROLS: tuple[type[Control], ...] = (Access, Parameters, PromptSize, Media, PromptRules, OutputCap)
every_control = pytest.mark.parametrize("kind", CONTROLS, ids=lambda kind: kind.__name__)


class _Never:
    def find(self, text: str) -> tuple[int, int] | None:
        return None


# Lone surrogates on purpose: a claim or a model's name may hold one.
texts = st.text(st.characters(), max_size=20)
names = st.sampled_from(["a", "b", "prompts[0]", ""])
numbers = st.integers(-1, 50)
flags = st.booleans()
parameters = st.frozensets(st.sampled_from(["n", "store", "teleport"]))


def limits(observe: st.SearchStrategy[bool]) -> st.SearchStrategy[Any]:
    return st.lists(st.builds(Limit, names, st.integers(1, 40), observe), max_size=3).map(tuple)


def rules(observe: st.SearchStrategy[bool]) -> st.SearchStrategy[Any]:
    rule = st.builds(Rule, names, names, st.just(_Never()), texts, st.just(frozenset()), observe)
    return st.lists(rule, max_size=3).map(tuple)


notes = st.lists(st.builds(Note, st.sampled_from(Code), names), max_size=2).map(tuple)
some_names = st.lists(names, max_size=2).map(tuple)

observing_plans = st.builds(
    Plan,
    st.just("r"),
    observed=some_names,
    notes=notes,
    prompt_tokens=limits(st.just(True)),
    output_tokens=limits(st.just(True)),
    rules=rules(st.just(True)),
    enforced=st.just(False),
    observed_parameters=st.none() | parameters,
    media_watchers=some_names,
)
plans = observing_plans | st.builds(
    Plan,
    st.just("r"),
    policies=some_names,
    refusal=st.none() | st.builds(Deny, st.sampled_from(Code), texts),
    notes=notes,
    parameters=parameters,
    prompt_tokens=limits(flags),
    output_tokens=limits(flags),
    rules=rules(flags),
    media=flags,
    inspects=flags,
    observed_parameters=st.none() | parameters,
    media_refusers=some_names,
    media_watchers=some_names,
)


@st.composite
def calls(draw: st.DrawFn, planned: st.SearchStrategy[Plan] = plans) -> Call:
    asked = {
        "model": draw(st.none() | texts),
        "opaque": draw(st.lists(st.builds(Opaque, texts, texts, texts, numbers), max_size=2).map(tuple)),
        "parameters": draw(parameters),
        "output_cap": draw(st.none() | numbers),
        "choices": draw(numbers),
    }
    findings = draw(st.lists(st.builds(Finding, names, names, texts, numbers, numbers), max_size=3).map(tuple))
    return call(draw(planned), asked=asked, prompt_tokens=draw(numbers), findings=findings)


events = st.builds(lambda said, used: event(*said, completion=used), st.lists(texts, max_size=5), st.none() | numbers)


@every_control
@given(about=calls(), replies=st.lists(events, max_size=4))
def test_no_hook_raises_or_changes_a_reply(kind: type[Control], about: Call, replies: list[Any]) -> None:
    guard = kind().begin(about)
    if guard is None:
        return
    verdict = guard.on_request(about)
    assert isinstance(verdict, Proceed | Deny)
    for reply in replies:
        before = [delta.text for delta in reply.deltas]
        assert isinstance(guard.on_event(reply), Deny | None)
        assert [delta.text for delta in reply.deltas] == before
    assert isinstance(guard.on_finish(), Deny | None)
    guard.on_end(Outcome.DONE, Usage(completion=1))


@every_control
@given(about=calls(st.just(Plan("r"))))
def test_a_plan_that_asks_for_nothing_gets_no_guard(kind: type[Control], about: Call) -> None:
    if kind is Parameters and about.asked.parameters:
        return  # nothing permits them, and that is its business
    assert kind().begin(about) is None


@every_control
@given(about=calls(observing_plans), replies=st.lists(events, max_size=4))
def test_what_observes_never_refuses(kind: type[Control], about: Call, replies: list[Any]) -> None:
    guard = kind().begin(about)
    if guard is None:
        return
    verdict = guard.on_request(about)
    assert isinstance(verdict, Proceed)
    if verdict.call is not None:
        assert verdict.call.output_cap == about.output_cap
        assert verdict.call.asked is about.asked
    assert not any(isinstance(guard.on_event(reply), Deny) for reply in replies)
    assert guard.on_finish() is None


@every_control
@given(about=calls())
def test_a_judgement_is_the_same_twice_and_keeps_earlier_notes(kind: type[Control], about: Call) -> None:
    control = kind()
    first, second = control.begin(about), control.begin(about)
    assert (first is None) == (second is None)
    if first is None or second is None:
        return
    verdict = first.on_request(about)
    assert verdict == second.on_request(about)
    if isinstance(verdict, Proceed) and verdict.call is not None:
        assert verdict.call.notes[: len(about.notes)] == about.notes


@every_control
@given(about=calls(), replies=st.lists(events, max_size=3))
def test_under_a_plan_it_does_what_it_does(kind: type[Control], about: Call, replies: list[Any]) -> None:
    control = kind()
    if not isinstance(control, Fitting):
        assert kind is Parameters, "what a request asks is in no plan"
        return
    fitted = control.under(about.plan)
    assert fitted is None or fitted.name == control.name
    one, other = control.begin(about), None if fitted is None else fitted.begin(about)
    assert (one is None) == (other is None)
    if one is None or other is None:
        return
    assert one.on_request(about) == other.on_request(about)
    for reply in replies:
        assert one.on_event(reply) == other.on_event(reply)


@every_control
def test_its_name_is_its_files(kind: type[Control]) -> None:
    assert kind().name == kind.__module__.rpartition(".")[2]
