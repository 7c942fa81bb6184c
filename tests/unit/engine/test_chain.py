from typing import Any

import msgspec
import pytest

from narrows.engine.chain import Chain
from narrows.model.call import Asked, Call, Source
from narrows.model.plan import Plan
from narrows.model.principal import Credential, Principal
from narrows.model.record import Outcome
from narrows.model.refusal import Code
from narrows.model.reply import Event
from narrows.model.verdict import PROCEED, Deny, Hold, Proceed
from unit.engine.world import World

CALL = Call(
    id="call_1", request_id="req_1", session="sess_1", at=0, principal=Principal("corp", "alice"),
    credential=Credential("oidc", "c", 0.0), source=Source("192.0.2.1"), connection="openai", dialect="openai",
    method="POST", path="/", asked=Asked("chat", "m", {}), model="m", plan=Plan("r"),
)  # fmt: skip


class Step:
    """A control and its guard in one: says what it is told to, and keeps what it was asked."""

    def __init__(self, name: str, log: list[str], **answers: Any) -> None:
        self.name = name
        self._log = log
        self._answers = answers

    def _answer(self, hook: str, default: Any) -> Any:
        self._log.append(f"{self.name}.{hook}")
        answer = self._answers.get(hook, default)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def begin(self, call: Call) -> Any:
        return self._answer("begin", self)

    def on_request(self, call: Call) -> Any:
        return self._answer("on_request", PROCEED)

    def on_event(self, event: Event) -> Any:
        return self._answer("on_event", None)

    def on_finish(self) -> Any:
        return self._answer("on_finish", None)

    def on_end(self, outcome: Outcome, usage: object) -> Any:
        return self._answer("on_end", None)


def chain(*steps: Any, reply: tuple[Any, ...] | None = None) -> Chain:
    """A chain over these controls."""
    snapshot = World().snapshots.current
    order = steps if reply is None else reply
    return Chain(msgspec.structs.replace(snapshot, controls=steps, reply_controls=order), CALL)


def test_controls_are_asked_in_order_until_one_refuses() -> None:
    log: list[str] = []
    deny = Deny(Code.PROMPT_DENIED, "no")
    run = chain(Step("a", log), Step("b", log, on_request=deny), Step("c", log))
    assert run.judge() is deny
    assert log == ["a.begin", "a.on_request", "b.begin", "b.on_request"]


def test_a_hold_is_given_on() -> None:
    assert chain(Step("a", [], on_request=Hold("t"))).judge() == Hold("t")


def test_a_changed_call_is_what_later_controls_and_the_rest_see() -> None:
    changed = msgspec.structs.replace(CALL, output_cap=5)
    run = chain(Step("a", [], on_request=Proceed(changed)))
    assert run.judge() is None
    assert run.call is changed


def test_a_control_with_nothing_to_do_is_left_out() -> None:
    log: list[str] = []
    run = chain(Step("a", log, begin=None))
    assert run.judge() is None
    run.on_event(Event({}))
    run.end(Outcome.DONE, None)
    assert log == ["a.begin"]


def test_the_reply_has_an_order_of_its_own() -> None:
    log: list[str] = []
    one, two = Step("a", log), Step("b", log)
    run = chain(one, two, reply=(two, one))
    run.judge()
    log.clear()
    assert run.on_event(Event({})) is None
    assert run.on_finish() is None
    assert log == ["b.on_event", "a.on_event", "b.on_finish", "a.on_finish"]


@pytest.mark.parametrize("hook", ["begin", "on_request", "on_event", "on_finish"])
def test_a_hook_that_raises_refuses(hook: str, caplog: pytest.LogCaptureFixture) -> None:
    run = chain(Step("bad", [], **{hook: ValueError("quotes the prompt")}))
    verdict = run.judge()
    if verdict is None:
        verdict = run.on_event(Event({})) or run.on_finish()
    assert isinstance(verdict, Deny)
    assert verdict.code is Code.CONTROL_FAILED
    assert "ValueError" in caplog.text
    assert "quotes the prompt" not in caplog.text + verdict.message


def test_every_guard_is_released_once_even_if_one_raises() -> None:
    log: list[str] = []
    run = chain(Step("a", log, on_end=ValueError()), Step("b", log))
    run.judge()
    run.end(Outcome.DONE, None)
    run.end(Outcome.CUT, None)
    assert [entry for entry in log if entry.endswith("on_end")] == ["a.on_end", "b.on_end"]
