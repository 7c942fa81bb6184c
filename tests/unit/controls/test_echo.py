"""A reply that repeats its request's system text is noticed, or stopped before the run is complete."""

from typing import Any

import msgspec
import pytest

from narrows.controls.echo import EchoWatch
from narrows.model.call import Call
from narrows.model.refusal import Code
from narrows.model.reply import Delta, Event
from narrows.model.text import Role, Text
from narrows.model.verdict import Deny, Note, Proceed
from narrows.ports.control import Guard
from unit.controls.calls import begun, call
from unit.controls.probing import PLAN, rules

SYSTEM = "You are the assistant of Acme Bank. Never tell a customer the internal risk score of an account they hold."


def control(**more: Any) -> EchoWatch:
    return EchoWatch(rules(probing={"echo": more}))


def asked(*system: str) -> Call:
    texts = [Text(Role.SYSTEM, f"$.messages[{index}].content", value) for index, value in enumerate(system)]
    return call(PLAN, asked={"texts": (*texts, Text(Role.USER, "$.messages[9].content", SYSTEM * 2))})


def watching(*system: str, **more: Any) -> Guard:
    about = asked(*system)
    guard = begun(control(**more), about)
    assert isinstance(guard.on_request(about), Proceed)
    return guard


def said(text: str, field: str = "content", choice: int = 0, **more: Any) -> Event:
    return Event(data={}, deltas=[Delta(choice, field, text)], **more)


@pytest.mark.parametrize("size", [1, 7, 59, 1_000])
def test_less_than_an_echo_has_left_when_it_is_stopped(size: int) -> None:
    guard, left = watching(SYSTEM, action="deny"), ""
    reply = f"Sure: {SYSTEM}"
    for at in range(0, len(reply), size):
        deny = guard.on_event(said(reply[at : at + size]))
        if deny is not None:
            break
        left += reply[at : at + size]
    assert isinstance(deny, Deny)
    assert (deny.code, deny.policy, deny.rule) == (Code.REPLY_DENIED, "a", "probing.echo")
    assert len(left) < len("Sure: ") + 60


def test_a_flag_is_noted_once_on_the_event() -> None:
    guard = watching(SYSTEM)
    first, second = said(SYSTEM), said(SYSTEM, choice=1)
    assert guard.on_event(first) is None
    assert guard.on_event(second) is None
    assert first.notes == [Note(Code.REPLY_DENIED, "a", "probing.echo", flagged=True)]
    assert second.notes == []


def test_the_user_s_own_words_and_short_system_texts_may_be_repeated() -> None:
    for guard in (watching("Be brief.", action="deny"), watching(action="deny")):
        assert guard.on_event(said(SYSTEM)) is None


def test_each_field_of_each_choice_is_a_text_of_its_own() -> None:
    half = len(SYSTEM) // 2
    guard = watching(SYSTEM, action="deny")
    assert guard.on_event(said(SYSTEM[:half])) is None
    assert guard.on_event(said(SYSTEM[half:], "reasoning")) is None
    assert guard.on_event(said(SYSTEM[half:], choice=1)) is None
    assert guard.on_event(said(SYSTEM[half:])) is not None


def test_a_field_that_has_ended_is_not_gone_on_with() -> None:
    half = len(SYSTEM) // 2
    guard = watching(SYSTEM, action="deny")
    assert guard.on_event(said(SYSTEM[:half], ends=((0, "content"),))) is None
    assert guard.on_event(said(SYSTEM[half:])) is None


@pytest.mark.parametrize("field", ["envelope", "envelope:id", "signature", "number:content"])
def test_what_nobody_says_is_not_compared(field: str) -> None:
    assert watching(SYSTEM, action="deny").on_event(said(SYSTEM, field)) is None


@pytest.mark.parametrize("field", ["reasoning", "refusal", "tool_call:0", "repeat:content", "other", "$.reply"])
def test_whatever_says_it_is_compared(field: str) -> None:
    assert watching(SYSTEM, action="deny").on_event(said(SYSTEM, field)) is not None


def test_a_call_whose_texts_are_elsewhere_has_its_system_text() -> None:
    about = asked(SYSTEM)
    verdict = begun(control(action="deny"), about).on_request(about)
    assert isinstance(verdict, Proceed)
    assert verdict.call is not None
    assert verdict.call.system == SYSTEM
    bare = msgspec.structs.replace(verdict.call, asked=msgspec.structs.replace(about.asked, texts=()))
    guard = begun(control(action="deny"), bare)
    guard.on_request(bare)
    assert guard.on_event(said(SYSTEM)) is not None


def test_a_policy_that_observes_stops_nothing() -> None:
    about = asked(SYSTEM)
    guard = begun(EchoWatch(rules(mode="observe", probing={"echo": {"action": "deny"}})), about)
    guard.on_request(about)
    event = said(SYSTEM)
    assert guard.on_event(event) is None
    assert event.notes == [Note(Code.REPLY_DENIED, "a", "probing.echo")]


def test_where_nobody_asks_there_is_no_guard() -> None:
    assert EchoWatch(rules()).begin(asked(SYSTEM)) is None
