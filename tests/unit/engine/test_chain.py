import asyncio
import threading
from typing import Any

import msgspec
import pytest

from narrows.engine.chain import Chain
from narrows.model.call import Asked, Call, Source
from narrows.model.originals import Originals
from narrows.model.plan import Plan
from narrows.model.principal import Credential, Principal
from narrows.model.record import Outcome
from narrows.model.refusal import Code
from narrows.model.reply import Event
from narrows.model.reservation import Reservation
from narrows.model.verdict import PROCEED, Deny, Hold, Proceed
from narrows.ports.control import Wait
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


async def _later(answer: Any, moment: float = 0.0) -> Any:
    await asyncio.sleep(moment)
    if isinstance(answer, Exception):
        raise answer
    return answer


def waiting(answer: Any, *, moment: float = 0.0, seconds: float = 5.0) -> Any:
    return Wait(lambda: _later(answer, moment), seconds)


async def judged(run: Chain, *, in_thread: bool = False) -> Any:
    """The verdict of a chain, waited for where it must be."""
    verdict = run.judge()
    return await run.wait(verdict, in_thread=in_thread) if type(verdict) is Wait else verdict


async def said(run: Chain) -> Any:
    """What the guards of a reply say of an event."""
    answer = run.on_event(Event({}))
    return await answer.until() if type(answer) is Wait else answer


@pytest.mark.parametrize("in_thread", [False, True])
async def test_what_follows_a_guard_that_waits_is_asked_with_what_it_made_of_the_call(in_thread: bool) -> None:
    log: list[str] = []
    changed = msgspec.structs.replace(CALL, output_cap=5)
    again = msgspec.structs.replace(changed, output_cap=4)
    run = chain(
        Step("a", log, on_request=waiting(Proceed(changed))),
        Step("b", log),
        Step("c", log, on_request=waiting(Proceed(again))),
        Step("d", log),
    )
    assert await judged(run, in_thread=in_thread) is None
    assert run.call is again
    assert log == [f"{step}.{hook}" for step in "abcd" for hook in ("begin", "on_request")]
    log.clear()
    assert await said(run) is None
    assert log == ["a.on_event", "b.on_event", "c.on_event", "d.on_event"]


@pytest.mark.parametrize("verdict", [Deny(Code.PROMPT_DENIED, "no"), Hold("t")])
async def test_a_refusal_that_was_waited_for_ends_the_round(verdict: Any) -> None:
    log: list[str] = []
    assert await judged(chain(Step("a", log, on_request=waiting(verdict)), Step("b", log))) == verdict
    assert log == ["a.begin", "a.on_request"]


@pytest.mark.parametrize(
    "wait",
    [waiting(ValueError("quotes the prompt")), waiting(PROCEED, moment=5.0, seconds=0.01)],
    ids=["raises", "late"],
)
async def test_who_waits_in_vain_refuses(wait: Any, caplog: pytest.LogCaptureFixture) -> None:
    verdict = await judged(chain(Step("slow", [], on_request=wait)))
    assert isinstance(verdict, Deny)
    assert (verdict.code, verdict.rule) == (Code.CONTROL_FAILED, "slow")
    answer = chain(Step("slow", [], on_event=wait))
    answer.judge()
    deny = await said(answer)
    assert isinstance(deny, Deny)
    assert deny.code is Code.CONTROL_FAILED
    assert "quotes the prompt" not in caplog.text + verdict.message + deny.message


async def test_guards_behind_one_that_waits_hear_of_an_event_after_it_in_order() -> None:
    log: list[str] = []
    deny = Deny(Code.PROMPT_DENIED, "no")
    run = chain(
        Step("a", log, on_event=waiting(None)), Step("b", log, on_event=waiting(None)), Step("c", log, on_event=deny),
        Step("d", log),
    )  # fmt: skip
    run.judge()
    log.clear()
    assert await said(run) is deny
    assert log == ["a.on_event", "b.on_event", "c.on_event"]
    late = chain(Step("a", log, on_event=waiting(None)), Step("b", log, on_event=ValueError()))
    late.judge()
    assert (await said(late)).code is Code.CONTROL_FAILED


async def test_a_caller_who_goes_away_cancels_what_is_waited_for_and_guards_are_released_once() -> None:
    log: list[str] = []
    run = chain(Step("a", log), Step("slow", log, on_request=waiting(PROCEED, moment=60, seconds=60)), Step("c", log))
    task = asyncio.create_task(judged(run))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    run.end(Outcome.CLIENT_GONE, None)
    run.end(Outcome.CLIENT_GONE, None)
    assert [entry for entry in log if entry.endswith("on_end")] == ["a.on_end", "slow.on_end"]
    assert "c.begin" not in log


async def test_a_guard_that_begins_in_a_thread_after_the_end_is_released_there() -> None:
    log: list[str] = []
    begun, gone = threading.Event(), threading.Event()

    class Slow(Step):
        def on_request(self, call: Call) -> Any:
            begun.set()
            gone.wait(5)
            return PROCEED

    run = chain(Slow("slow", log), Step("b", log), Step("c", log))
    judging = asyncio.create_task(asyncio.to_thread(run.judge))
    await asyncio.to_thread(begun.wait)
    run.end(Outcome.CLIENT_GONE, None)
    gone.set()
    await judging
    assert sorted(entry for entry in log if entry.endswith("on_end")) == ["b.on_end", "slow.on_end"]
    assert "b.on_request" not in log
    assert "c.begin" not in log


def test_what_stand_ins_stand_for_is_gathered() -> None:
    log: list[str] = []
    first, second = Originals([("[A:x]", "1")]), Originals([("[B:y]", "2")])
    run = chain(Step("a", log, on_request=Proceed(None, first)), Step("b", log, on_request=Proceed(None, second)))
    assert run.judge() is None
    assert run.originals is not None
    assert run.originals.pairs() == [("[A:x]", "1"), ("[B:y]", "2")]
    assert chain(Step("a", log)).originals is None
    judged = Chain(run.snapshot, CALL, Originals([("[C:z]", "3")]))
    assert judged.judge() is None
    assert judged.originals is not None
    assert len(judged.originals) == 3


async def test_what_a_control_holds_for_the_call_is_kept_whether_it_waits_or_not() -> None:
    held = Reservation(None)
    changed = msgspec.structs.replace(CALL, output_cap=5)
    run = chain(Step("a", []), Step("b", [], on_request=Proceed(changed, None, held)), Step("c", []))
    assert run.judge() is None
    assert run.reservation is held
    assert run.call is changed
    late = chain(Step("a", [], on_request=waiting(Proceed(None, None, held))))
    assert await judged(late) is None
    assert late.reservation is held
    assert chain(Step("a", [])).reservation is None
