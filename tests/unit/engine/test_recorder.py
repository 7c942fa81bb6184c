import pytest

from narrows.engine.recorder import Recorder, opened
from narrows.model.record import Content, Outcome
from narrows.model.refusal import Code
from narrows.model.reply import Delta, Event
from narrows.model.usage import Usage
from narrows.model.verdict import Deny
from narrows.ports.journal import JournalUnavailable
from unit.engine.test_chain import CALL
from unit.engine.world import MemoryJournal, Ticking


def recorder() -> tuple[Recorder, MemoryJournal]:
    """A recorder and what it writes to."""
    journal = MemoryJournal()
    return Recorder(journal, Ticking(), CALL, 0), journal


def test_a_refused_call_is_one_entry_that_says_why() -> None:
    deny = Deny(Code.MODEL_NOT_ALLOWED, "no such model for you", policy="p", rule="r", param="model")
    entry = opened(CALL, (Content("$", b"{}"),), deny)
    assert not entry.forwarded
    assert (entry.refusal, entry.reason, entry.policy, entry.rule, entry.param, entry.status) == (
        "model_not_allowed", "no such model for you", "p", "r", "model", 403,
    )  # fmt: skip


async def test_the_ending_is_written_once() -> None:
    record, journal = recorder()
    await record.open(())
    first = record.close(Outcome.DONE, 200)
    assert record.close(Outcome.CUT, 503) == first
    (closed,) = journal.closed
    assert closed.outcome is Outcome.DONE
    assert closed.at == CALL.at + closed.duration


async def test_what_could_not_be_opened_is_not_closed() -> None:
    record, journal = recorder()
    journal.failing = True
    with pytest.raises(JournalUnavailable):
        await record.open(())
    record.never_opened()
    record.close(Outcome.REFUSED, 503)
    assert journal.entries == []


async def test_the_facts_of_all_events_meet_in_the_ending() -> None:
    record, journal = recorder()
    await record.open(())
    record.stream(Event({}, deltas=[Delta(0, "content", "a"), Delta(0, "repeat:content", "a")], model="m-1"))
    record.stream(Event({}, usage=Usage(prompt=3), response_id="resp_1"))
    record.stream(Event({}, usage=Usage(completion=4), response_id="resp_1", finish="stop"))
    record.close(Outcome.DONE, 200)
    (closed,) = journal.closed
    assert closed.usage == Usage(prompt=3, completion=4)
    assert (closed.model, closed.finish, closed.response_ids) == ("m-1", "stop", ("resp_1",))
    assert closed.contents[0].data.count(b'"a"') == 1, "what a stream repeats is not recorded twice"
