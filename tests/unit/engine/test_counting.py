"""What counts every call counts those, too, that were refused apart from the gate."""

from typing import Any

import msgspec
import pytest

from narrows.engine.counting import counted, counting
from narrows.model.call import Call
from narrows.model.record import Outcome
from narrows.model.refusal import Code
from narrows.model.reply import Event
from narrows.model.usage import Usage
from narrows.model.verdict import Deny, Note, Proceed, Verdict
from narrows.ports.control import Wait
from unit.engine.world import POLICY, World, chat

RULE = {"deny": {"pattern": "(?i)drop table", "name": "sql", "message": "No SQL here."}}
LARGE = "many words " * 40_000 + "DROP TABLE users"
SLOW = Deny(Code.RATE_LIMITED, "too fast", policy="research", retry_after=3)
NOTE = Note(Code.RATE_LIMITED, "watching", "limits.calls")


class Rate:
    """A control that counts, and its own guard: it permits so many calls. `waits`: it answers later."""

    name = "rate"

    def __init__(self, permits: int, *, waits: bool = False) -> None:
        self.permits, self.waits = permits, waits
        self.calls: list[Call] = []
        self.ends: list[Outcome] = []

    def begin(self, call: Call) -> "Rate":
        return self

    def on_request(self, call: Call) -> Verdict | Wait[Verdict]:
        self.calls.append(call)
        verdict: Verdict = (
            SLOW
            if len(self.calls) > self.permits
            else Proceed(msgspec.structs.replace(call, notes=(*call.notes, NOTE)))
        )

        async def later() -> Verdict:
            return verdict

        return Wait(later, 1.0) if self.waits else verdict

    def on_event(self, event: Event) -> Deny | None:
        raise AssertionError("there is no reply")

    def on_finish(self) -> Deny | None:
        raise AssertionError("there is no reply")

    def on_end(self, outcome: Outcome, usage: Usage | None) -> None:
        self.ends.append(outcome)

    def into(self, world: World) -> "Rate":
        """Puts it before the controls of the gate; those apart do without."""
        now = world.snapshots.current
        changed = msgspec.structs.replace(now, controls=(self, *now.controls), reply_controls=())
        world.snapshots.current = counting(changed, lambda control: control is self)
        return self


@pytest.mark.parametrize("waits", [False, True])
async def test_a_large_call_that_is_refused_apart_is_counted_once(waits: bool) -> None:
    world = World([POLICY | {"prompts": [RULE]}])
    rate = Rate(2, waits=waits).into(world)
    answers = [await world.call(chat(LARGE)) for _ in range(3)]
    assert [answer.json["error"]["code"] for answer in answers] == ["prompt_denied", "prompt_denied", "rate_limited"]
    assert [answer.status for answer in answers] == [403, 403, 429]
    assert answers[2].headers[b"retry-after"] == b"3"
    assert (len(rate.calls), rate.ends) == (3, [Outcome.REFUSED] * 3)
    assert all(not call.asked.texts for call in rate.calls)
    assert [opened.refusal for opened in world.journal.opened] == ["prompt_denied", "prompt_denied", "rate_limited"]
    assert [NOTE in opened.notes for opened in world.journal.opened] == [True, True, False]
    assert world.upstream.sent == []


@pytest.mark.parametrize("content", [LARGE, "DROP TABLE users"])
async def test_large_and_small_are_told_the_same(content: str) -> None:
    world = World([POLICY | {"prompts": [RULE]}])
    Rate(0).into(world)
    answer = await world.call(chat(content))
    (opened,) = world.journal.opened
    assert (answer.status, opened.refusal, opened.policy, opened.rule) == (429, "rate_limited", "research", None)


async def test_what_counts_and_fails_refuses(caplog: pytest.LogCaptureFixture) -> None:
    world = World([POLICY | {"prompts": [RULE]}])
    rate = Rate(9).into(world)
    rate.calls = None  # type: ignore[assignment]  # so that it raises
    answer = await world.call(chat(LARGE))
    assert (answer.status, answer.json["error"]["code"]) == (503, "control_failed")
    assert "control rate failed: AttributeError" in caplog.text


async def test_where_nothing_counts_nothing_is_asked() -> None:
    world = World()
    snapshot = world.snapshots.current
    assert counting(snapshot, lambda _: False) is snapshot
    untouched: Any = object()
    assert await counted(snapshot, untouched) == (untouched, None)
