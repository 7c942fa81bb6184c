"""A configured control refuses in its name; one that only observes refuses nothing, whatever it does."""

import asyncio
import logging
from typing import Any

import pytest

from narrows.model.call import Call
from narrows.model.record import Outcome
from narrows.model.refusal import Code
from narrows.model.reply import Event
from narrows.model.text import Role, Text
from narrows.model.verdict import PROCEED, Deny, Proceed
from narrows.plugins.own_control import OwnControl
from narrows.ports.control import Wait
from narrows.ports.own_control import Configured
from unit.controls.calls import begun, call, event
from unit.plugins.parrot import Words

DENY = Deny(Code.PROMPT_DENIED, "no")


class Says:
    """A control, and its guard, that answers as it is told; it waits where it is told a coroutine function."""

    name = "says"

    def __init__(self, answer: Any = None, *, begins: Any = None) -> None:
        self.answer, self.begins = answer, begins
        self.ended = 0

    def begin(self, about: Call) -> Any:
        if isinstance(self.begins, Exception):
            raise self.begins
        return self

    def _given(self) -> Any:
        if isinstance(self.answer, Exception):
            raise self.answer
        return Wait(self.answer, 60.0) if asyncio.iscoroutinefunction(self.answer) else self.answer

    def on_request(self, about: Call) -> Any:
        return self._given()

    def on_event(self, about: Event) -> Any:
        for delta in about.deltas:
            delta.text = "changed"
        return self._given()

    def on_finish(self) -> Any:
        return self._given()

    def on_end(self, outcome: Outcome, usage: Any) -> None:
        self.ended += 1


def own(control: Any, *, observe: bool = False, timeout: float = 2.0) -> OwnControl:
    return OwnControl("quota", control, observe=observe, timeout=timeout)


async def asked(answer: Any) -> Any:
    return await answer.until() if isinstance(answer, Wait) else answer


async def late() -> Any:
    await asyncio.sleep(60)


async def refuses() -> Any:
    return DENY


async def breaks() -> Any:
    raise KeyError("x")


def test_a_plug_in_that_has_nothing_to_do_has_no_guard() -> None:
    words = Words(Configured("quota", {"word": "pineapple"}))
    for observe in (False, True):
        assert own(words, observe=observe).begin(call()) is None
    guard = begun(own(words), call(asked={"texts": (Text(Role.USER, "$.a", "a pineapple"),)}))
    deny = guard.on_request(call(asked={"texts": (Text(Role.USER, "$.a", "a pineapple"),)}))
    assert deny == Deny(Code.PROMPT_DENIED, "pineapple is not for you", rule="control.quota")
    assert guard.on_event(event("a pine")) is None
    assert guard.on_event(event("apple")) == Deny(Code.REPLY_DENIED, "no pineapple in replies", rule="control.quota")


@pytest.mark.parametrize("answer", [DENY, refuses])
async def test_what_it_refuses_is_refused_in_its_name(answer: Any) -> None:
    guard = begun(own(Says(answer)), call())
    for said in (guard.on_request(call()), guard.on_event(event("x"))):
        if isinstance(said, Wait):
            assert said.seconds == 2.0
        assert await asked(said) == Deny(Code.PROMPT_DENIED, "no", rule="control.quota")
    if answer is DENY:
        assert guard.on_finish() == Deny(Code.PROMPT_DENIED, "no", rule="control.quota")
    named = Deny(Code.PROMPT_DENIED, "no", rule="mine")
    assert begun(own(Says(named)), call()).on_request(call()) == named


def test_what_raises_or_is_no_verdict_is_left_to_the_chain_to_refuse() -> None:
    for answer, failure in ((KeyError("x"), KeyError), ("yes", TypeError), (7, TypeError)):
        guard = begun(own(Says(answer)), call())
        with pytest.raises(failure):
            guard.on_request(call())
        with pytest.raises(failure):
            guard.on_event(event("x"))
    with pytest.raises(TypeError):
        begun(own(Says(None)), call()).on_request(call())


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (DENY, Code.PROMPT_DENIED),
        (refuses, Code.PROMPT_DENIED),
        (KeyError("x"), Code.CONTROL_FAILED),
        (breaks, Code.CONTROL_FAILED),
        (late, Code.CONTROL_FAILED),
        ("yes", Code.CONTROL_FAILED),
    ],
)
async def test_one_that_observes_refuses_nothing_and_is_noted(answer: Any, code: Code) -> None:
    control = Says(answer)
    guard = begun(own(control, observe=True, timeout=0.05), call())
    verdict = await asked(guard.on_request(call()))
    assert isinstance(verdict, Proceed)
    assert verdict.call is not None
    assert [(note.code, note.policy) for note in verdict.call.notes] == [(code, "control.quota")]
    guard.on_end(Outcome.DONE, None)
    assert control.ended == 1


@pytest.mark.parametrize("answer", [DENY, refuses, KeyError("x"), breaks, late, None])
async def test_one_that_observes_changes_and_stops_no_reply(answer: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "narrows.plugins")
    guard = begun(own(Says(answer), observe=True, timeout=0.05), call())
    about = event("as it was")
    assert await asked(guard.on_event(about)) is None
    assert about.deltas[0].text == "as it was"
    if not asyncio.iscoroutinefunction(answer):
        assert guard.on_finish() is None
    assert ("only observes" in caplog.text) is (answer is not None)


def test_one_that_observes_and_can_not_begin_is_noted() -> None:
    guard = begun(own(Says(begins=KeyError("x")), observe=True), call())
    verdict = guard.on_request(call())
    assert isinstance(verdict, Proceed)
    assert verdict.call is not None
    assert verdict.call.notes[0].code is Code.CONTROL_FAILED
    assert guard.on_event(event("x")) is None
    assert guard.on_finish() is None
    guard.on_end(Outcome.DONE, None)


def test_one_that_observes_changes_no_call() -> None:
    changed = Proceed(call(prompt_tokens=7))
    assert begun(own(Says(changed), observe=True), call()).on_request(call()) is PROCEED
    assert begun(own(Says(changed)), call()).on_request(call()) is changed
