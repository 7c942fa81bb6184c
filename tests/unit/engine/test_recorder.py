import json

import msgspec
import pytest

from narrows.engine.recorder import Recorder, opened, refused
from narrows.model.call import Asked, Call, Source
from narrows.model.plan import Plan
from narrows.model.record import Content, Opened, Outcome
from narrows.model.refusal import Code
from narrows.model.reply import Delta, Event
from narrows.model.reservation import Reservation, Reserved
from narrows.model.usage import Usage
from narrows.model.verdict import Deny, Note
from narrows.ports.journal import JournalUnavailable
from unit.engine.test_chain import CALL
from unit.engine.world import MemoryJournal, Ticking


def recorder() -> tuple[Recorder, MemoryJournal]:
    """A recorder and what it writes to."""
    journal = MemoryJournal()
    return Recorder(journal, Ticking(), CALL, 0), journal


async def test_what_rules_saw_in_a_reply_is_told_at_its_end() -> None:
    record, journal = recorder()
    await record.open(())
    first, second = Note(Code.REPLY_DENIED, "p", "a", "content", flagged=True), Note(Code.REPLY_DENIED, "p", "b")
    record.stream(Event(None, notes=[first]))
    record.stream(Event(None))
    record.stream(Event(None, notes=[second]))
    record.close(Outcome.DONE, 200)
    assert journal.closed[0].notes == (first, second)


def test_every_fact_of_a_forwarded_call_stands_in_its_own_place() -> None:
    """The entry is made by position, so this compares it with one that is made by name."""
    asked = Asked("chat", "asked-model", {}, stream=True)
    source = Source("192.0.2.1", "agent", "declared-agent", "declared-session", "justification")
    plan = Plan("revision", policies=("policy",))
    call = Call(
        "call", "request", "session", 7, CALL.principal, CALL.credential, source, "connection", "dialect", "METHOD",
        "/path", asked, "model", plan, prompt_tokens=11, output_cap=13, notes=(Note(Code.PROMPT_DENIED, "watcher"),),
    )  # fmt: skip
    contents, reserved = (Content("$", b"{}"),), Reserved(("a|b",), (3,), "v1")
    assert opened(call, contents, reserved) == Opened(
        call="call", at=7, request_id="request", session="session", principal=CALL.principal,
        credential=CALL.credential.id, address="192.0.2.1", agent="agent", connection="connection", dialect="dialect",
        operation="chat", method="METHOD", path="/path", model_asked="asked-model", model="model", stream=True,
        revision="revision", forwarded=True, policies=("policy",), notes=call.notes, justification="justification",
        declared_agent="declared-agent", prompt_tokens=11, output_cap=13, contents=contents,
        reserved=reserved,
    )  # fmt: skip


def test_a_refused_call_is_one_entry_that_says_why() -> None:
    deny = Deny(Code.MODEL_NOT_ALLOWED, "no such model for you", policy="p", rule="r", param="model")
    entry = refused(CALL, (Content("$", b"{}"),), deny)
    assert not entry.forwarded
    assert (entry.refusal, entry.reason, entry.policy, entry.rule, entry.param, entry.status) == (
        "model_not_allowed", "no such model for you", "p", "r", "model", 403,
    )  # fmt: skip


def test_a_path_that_holds_what_masks_hide_is_recorded_without() -> None:
    assert opened(msgspec.structs.replace(CALL, shown_path="/[US_SSN]"), ()).path == "/[US_SSN]"


async def test_the_ending_is_written_once() -> None:
    record, journal = recorder()
    await record.open(())
    first = record.close(Outcome.DONE, 200)
    assert record.close(Outcome.CUT, 503) == first
    (closed,) = journal.closed
    assert closed.outcome is Outcome.DONE
    assert closed.at == CALL.at + closed.duration


async def test_what_a_call_holds_is_in_both_entries() -> None:
    journal, held = MemoryJournal(), Reservation(Reserved(("a|b", "c|d"), (3, 4)))
    record = Recorder(journal, Ticking(), CALL, 0, held)
    await record.open(())
    held.settled, held.cost, held.counted = (1, 0), 5, Usage(8, 9)
    record.close(Outcome.DONE, 200)
    assert [entry.reserved for entry in journal.opened] == [held.record]
    assert [(entry.settled, entry.cost, entry.counted) for entry in journal.closed] == [((1, 0), 5, Usage(8, 9))]
    assert journal.closed[0].usage is None


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


async def test_what_no_dialect_classifies_is_on_record_once_however_often_it_is_said() -> None:
    record, journal = recorder()
    await record.open(())
    for text in ("a", "b", "c"):
        envelope = [Delta(0, "other", "provider"), Delta(0, "other", f"only {text}")]
        record.stream(Event({}, deltas=[Delta(0, "content", text), *envelope, Delta(0, "repeat:content", text)]))
    record.close(Outcome.DONE, 200)
    (content,) = journal.closed[0].contents
    streams = {stream["field"]: stream["text"] for stream in json.loads(content.data)["streams"]}
    assert streams == {"content": "abc", "other": "provideronly aonly bonly c"}
